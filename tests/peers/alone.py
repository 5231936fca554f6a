"""Tests that run where only loopback exists: what follows a foreign address leaves no machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

AS_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]
_ROOT = Path(__file__).resolve().parents[2]
_HERE = "RINGFENCE_ALONE_ON_LOOPBACK"


def is_alone(file: str) -> bool:
    """Does this test file run there?"""
    return os.environ.get(_HERE) == file


def passes_alone(file: str) -> None:
    """Run a test file there; what it says is told when a test of it fails."""
    run = subprocess.run(
        ["unshare", *AS_ROOT, "--net", sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", file],
        cwd=_ROOT,
        env={**os.environ, _HERE: file},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
