"""What systemd is told: ready, alive, stopping; and nothing where nobody asks."""

import asyncio
import socket

import pytest

from ringfence import supervisor


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What comes in at $NOTIFY_SOCKET."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield lambda: sock.recv(1000).decode()


def test_it_is_told_line_by_line(told):
    assert supervisor.is_there()
    supervisor.tell("READY=1", "STATUS=serving")
    assert told() == "READY=1\nSTATUS=serving"


def test_an_abstract_socket_is_one_too(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0ringfence-test-notify")
        monkeypatch.setenv("NOTIFY_SOCKET", "@ringfence-test-notify")
        supervisor.tell("READY=1")
        assert sock.recv(100) == b"READY=1"


def test_without_one_nothing_happens(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    supervisor.tell("READY=1")
    assert not supervisor.is_there()
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    supervisor.tell("READY=1")


def test_who_does_not_listen_is_given_a_moment_and_no_more(told):
    for number in range(100):
        supervisor.tell(f"STATUS={number}", wait_s=0.001)
    assert told() == "STATUS=0"


async def test_the_watchdog_is_fed_from_the_loop(told, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    feeding = asyncio.create_task(supervisor.feed_watchdog())
    await asyncio.sleep(0.1)
    assert [told() for _ in range(3)] == ["WATCHDOG=1"] * 3
    feeding.cancel()


@pytest.mark.parametrize("text", ["", "0", "nonsense"])
async def test_where_nobody_wants_a_watchdog_none_is_fed(told, monkeypatch, text):
    monkeypatch.setenv("WATCHDOG_USEC", text)
    await asyncio.wait_for(supervisor.feed_watchdog(), 60)
    with pytest.raises(BlockingIOError):
        told()


async def test_a_stop_gets_the_time_that_its_calls_take(told, monkeypatch):
    monkeypatch.setattr(supervisor, "_STEP_S", 0.01)
    asking = asyncio.create_task(supervisor.ask_for_time())
    await asyncio.sleep(0.1)
    assert told().startswith("STOPPING=1\n")
    assert [told() for _ in range(2)] == ["EXTEND_TIMEOUT_USEC=30000000"] * 2
    asking.cancel()
