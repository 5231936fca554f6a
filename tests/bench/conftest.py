"""The contender runs compiled: where that build is stale, it is made before a test's clock runs."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    subprocess.run([Path(__file__).resolve().parents[2] / "tools" / "compile"], check=True, timeout=1800)
