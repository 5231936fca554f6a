"""What every test may ask for: a scripted call before a core; and which examples hypothesis tries."""

import asyncio
import functools
import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import coverage
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

# A shell that starts this in the background has Ctrl-C ignored, by all that is started here as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent
# These files take longest. A worker has two files at a time: what follows the first four waits for them, so that the
# fifth is a short one.
LONG = (
    "test_compiled.py",
    "console/web/test_in_a_browser.py",
    "console/api/test_by_its_document.py",
    "test_steps_per_octet.py",
    "test_architecture.py",
    "console/web/test_desk_in_a_browser.py",
    "live/test_changes.py",
    "test_conformance.py",
    "live/test_browser.py",
    "live/test_service.py",
    "live/test_failover.py",
    "ringfence/test_node.py",
    "ringfence/test_rule_changes.py",
    "proxy/test_torture_running.py",
    "live/test_registrations.py",
    "live/test_under_systemd.py",
    "live/test_softphones.py",
    "live/test_asterisk.py",
    "live/test_spellings.py",
    "live/test_dns.py",
    "live/test_telephones_behind_translation.py",
    "rules/judging/test_engine.py",
    "rules/lists/test_undoing.py",
    "proxy/test_server.py",
    "console/api/test_serving.py",
    "test_package.py",
    "test_table_of_files.py",
    "test_monitoring.py",
    "rules/judging/test_fact_sources.py",
    "console/phones/test_demo_table.py",
    "console/cli/desk/test_complaint_demo.py",
    "console/test_who_may_what.py",
    "desk/test_desk_machine.py",
    "desk/test_reckoning.py",
    "proxy/test_any_header_value.py",
    "rules/lists/test_import_batch.py",
    "console/cli/node/test_top.py",
    "console/cli/node/test_trace.py",
    "live/test_second_hop.py",
)
MEASURED = 40  # examples of a property

settings.load_profile(SAME)  # `make fuzz` asks pytest for the other, which is loaded after this and before any test


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Every worker collects all tests: half of that was looking among them for what nobody holds, and later again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_report_header() -> str:
    """Which build is tested (tests/test_compiled.py runs the call path's tests on the compiled one)."""
    return f"build: {BUILD}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, or every core but one waits for it in the end."""
    turns = {str(ROOT / name): turn for turn, name in enumerate(LONG)}
    assert all(map(os.path.isfile, turns)), "one of the long files has another name now"
    items.sort(key=lambda item: turns.get(str(item.path), len(turns)))


class Measuring:
    """Which lines are reached, as long as that is asked; a worker has two measurements, one within the other."""

    def __init__(self) -> None:
        self.paused: list[coverage.Coverage] = []

    def turn(self, *, on: bool) -> None:
        while on and self.paused:
            self.paused.pop().start()
        while not on and (going := coverage.Coverage.current()) is not None:
            going.stop()
            self.paused.append(going)


MEASURING = Measuring()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What of `proxy` and `rules` is reached is asked of their own tests: others would take half as long again."""
    MEASURING.turn(on=item.path.is_relative_to(ROOT / "proxy") or item.path.is_relative_to(ROOT / "rules"))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Which lines a property reaches its first examples tell: the others are not measured, and take half the time."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None or asyncio.iscoroutinefunction(handle.inner_test) or coverage.Coverage.current() is None:
        return (yield)
    inner, tried = handle.inner_test, 0

    @functools.wraps(inner)
    def counted(*values: object, **named: object) -> object:
        nonlocal tried
        tried += 1
        if tried == MEASURED:
            MEASURING.turn(on=False)
        return inner(*values, **named)

    handle.inner_test = counted
    try:
        return (yield)
    finally:
        handle.inner_test = inner
        MEASURING.turn(on=True)


@pytest.fixture
def play() -> Iterator[Playbook]:
    """A core with one trunk and one PBX; whatever the test leaves open must end by itself."""
    playbook = Playbook()
    yield playbook
    playbook.wait(1200)
    assert playbook.held == 0, "something is held for ever"
