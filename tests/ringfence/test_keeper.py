"""What the first process becomes: it waits for those after it, hands signals on, and ends as the last one ends."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ringfence import keeper
from tests.peers.process import until

pytestmark = pytest.mark.live
CHILD = """
import os, signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
signal.signal(signal.SIGHUP, lambda *_: Path(sys.argv[1]).write_text("heard"))
Path(sys.argv[2]).write_text(str(os.getpid()))
while True:
    time.sleep(0.05)
"""


def kept(script: str, *words: str) -> subprocess.Popen:
    """A process that starts another by this script and becomes its keeper."""
    first = f"""
    import subprocess, sys
    from ringfence.keeper import adopt, become_keeper
    adopt()
    subprocess.Popen([sys.executable, "-c", {script!r}, *{words!r}])
    become_keeper()
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(first)])


def test_signals_reach_the_child_and_its_status_is_the_keepers(tmp_path):
    heard, pid = tmp_path / "heard", tmp_path / "pid"
    with kept(CHILD, str(heard), str(pid)) as process:
        until(lambda: pid.exists() and pid.read_text(), "the child runs")
        until(lambda: b"keeper.py" in Path(f"/proc/{process.pid}/cmdline").read_bytes(), "it is a keeper")
        until(lambda: _asked(process, heard), "the child hears of it")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 7


def _asked(process, heard) -> bool:
    process.send_signal(signal.SIGHUP)
    return heard.exists()


def test_a_grandchild_is_kept_when_its_parent_ends(tmp_path):
    heard, pid = tmp_path / "heard", tmp_path / "pid"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {CHILD!r}, *sys.argv[1:]])"
    with kept(parent, str(heard), str(pid)) as process:
        until(lambda: pid.exists() and pid.read_text(), "the grandchild runs")
        until(lambda: int(pid.read_text()) in _children(process.pid), "it is the keeper's child")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 7


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_child_that_was_killed_is_told_by_the_status(tmp_path):
    with kept("import os; os.kill(os.getpid(), 9)") as process:
        assert process.wait(60) == 128 + 9


def test_who_is_kept_knows_it(monkeypatch):
    monkeypatch.setenv(keeper.KEPT, str(os.getppid()))
    assert keeper.is_kept()
    monkeypatch.setenv(keeper.KEPT, "1x")
    assert not keeper.is_kept()
    assert isinstance(keeper.children(), list)
