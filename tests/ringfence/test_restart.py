"""Another process takes over, or nothing has changed: what starts it, what is handed to it, and when it is refused."""

import asyncio
import os
import signal
import sys
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from ringfence import restart as module
from ringfence.control import Refused
from ringfence.restart import Left, Restarting, told

SAYS_READY = """
import os, socket, sys, time
channel = socket.socket(fileno=int(os.environ["RINGFENCE_BEFORE"]))
channel.send(b"ready")
print(channel.recv(100), flush=True)
"""


class Server:
    """A server with nothing under way."""

    def __init__(self) -> None:
        self.stopping, self.successor, self.descriptors = asyncio.Event(), None, []

    async def hand_over(self, successor) -> None:
        self.successor = successor
        await successor.go([], 7, lambda message: None)


@pytest.fixture
def stage(file, monkeypatch):
    """What is restarted, with a command of the test's own."""
    done = []

    async def note(what):
        done.append(what)

    def made(script):
        left = Left([-1], "", lambda: note("let go"), lambda: note("ended"))
        return Restarting(file, lambda: left, command=[sys.executable, "-c", script])

    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    return SimpleNamespace(made=made, done=done, server=Server(), file=file)


async def test_it_takes_over_when_it_is_ready(stage):
    answer = await stage.made(SAYS_READY).restart(stage.server, "wren")
    assert answer["done"]
    assert stage.done == ["let go", "ended"]
    assert stage.server.stopping.is_set()
    assert stage.server.successor.pid == answer["pid"]
    assert told(answer).startswith(f"Process {answer['pid']} has taken over")
    stage.server.successor.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [("raise SystemExit(3)", "ended with status 3"), ("import time; time.sleep(60)", "not ready within")],
)
async def test_one_that_is_not_ready_changes_nothing(stage, monkeypatch, script, why):
    monkeypatch.setattr(module, "START_S", 3.0 if "Exit" in script else 0.3)
    restarting = stage.made(script)
    with capture_logs() as lines, pytest.raises(Refused, match=why):
        await restarting.restart(stage.server, "wren")
    assert lines[0]["event"] == "not restarted: this process goes on"
    assert (stage.done, stage.server.stopping.is_set()) == ([], False)
    with pytest.raises(Refused, match=why):  # it may be tried again
        await restarting.restart(stage.server, "wren")


async def test_one_that_is_told_to_stop_meanwhile_stops_and_nobody_takes_over(stage):
    restarting = stage.made("import time; time.sleep(60)")
    asyncio.get_running_loop().call_later(0.3, stage.server.stopping.set)
    with capture_logs() as lines, pytest.raises(Refused, match="told to stop"):
        await restarting.restart(stage.server, "wren")
    assert [line["event"] for line in lines] == ["not restarted: this process stops"]
    assert (stage.done, stage.server.successor) == ([], None)


async def test_a_stop_that_comes_while_it_hands_over_stops_the_one_that_took_over(stage):
    hand_over = stage.server.hand_over

    async def told_to_stop(successor) -> None:
        await hand_over(successor)
        stage.server.stopping.set()

    stage.server.hand_over = told_to_stop
    answer = await stage.made(SAYS_READY + "time.sleep(60)").restart(stage.server, "wren")
    _, status = await asyncio.to_thread(os.waitpid, answer["pid"], 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    stage.server.successor.close()


async def test_a_faulty_configuration_is_named_before_anything_is_started(stage):
    stage.file.write_text(stage.file.read_text().replace("country: CN", "country: XX"))
    with pytest.raises(Refused, match=r"ringfence\.yaml:\d+:\d+: "):
        await stage.made(SAYS_READY).restart(stage.server, "wren")
    assert stage.done == []


async def test_not_while_it_starts_or_stops(stage):
    restarting = stage.made(SAYS_READY)
    with pytest.raises(Refused, match="starting, stopping"):
        await restarting.restart(None, "wren")
    stage.server.stopping.set()
    with pytest.raises(Refused, match="starting, stopping"):
        await restarting.restart(stage.server, "wren")


async def test_what_is_started_is_what_was_started(file):
    assert Restarting(file, lambda: None)._command == [sys.executable, *sys.orig_argv[1:]]


async def test_it_is_kept_by_whoever_keeps_this_one(stage, monkeypatch):
    started = []
    monkeypatch.setattr(module.os, "posix_spawn", lambda program, command, env, **_: started.append(env))
    stage.made("")._start([], 5)
    monkeypatch.setattr(module, "is_kept", lambda: True)
    monkeypatch.setenv("RINGFENCE_KEPT", "41")
    stage.made("")._start([], 5)
    assert [each["RINGFENCE_KEPT"] for each in started] == [str(os.getpid()), "41"]
    monkeypatch.setenv("NOTIFY_SOCKET", "@systemd")
    monkeypatch.delenv("RINGFENCE_KEPT")
    stage.made("")._start([], 5)
    assert "RINGFENCE_KEPT" not in started[-1]
