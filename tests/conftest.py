"""What every test may ask for: a scripted call before a core; and which examples hypothesis tries."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from proxy.build import BUILD
from tests.examples import SAME
from tests.playbook import Playbook

pytest_plugins = ["tests.installed", "tests.desk.town"]

# Databases of tests lie in memory where there is room: on a disk half of the time is waiting. No test cuts the power.
_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))  # as pytest calls the folder above all tmp_path

settings.load_profile(SAME)  # `make fuzz` asks pytest for the other, which is loaded after this and before any test


def pytest_report_header() -> str:
    """Which build is tested (tests/test_compiled.py runs the call path's tests on the compiled one)."""
    return f"build: {BUILD}"


@pytest.fixture
def play() -> Iterator[Playbook]:
    """A core with one trunk and one PBX; whatever the test leaves open must end by itself."""
    playbook = Playbook()
    yield playbook
    playbook.wait(1200)
    assert playbook.held == 0, "something is held for ever"
