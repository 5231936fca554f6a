"""One connection between a scripted transport and a scripted clock: when it is closed, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from proxy.proxy_settings import LimitSettings
from proxy.sip.framing import Framer, Unframed
from proxy.streams import connection as module
from proxy.streams.connection import BROKEN, BY_PEER, IDLE, UNREAD, Connection
from tests import wire

LIMITS = LimitSettings(connection_idle_s=100, message_s=10, unsent_octets=65_536)


class Handle:
    """A timer that was started."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Stands for the loop."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Handle:
        self.handles.append(Handle(at, call))
        return self.handles[-1]

    def call_later(self, delay: float, call: Callable[[], None]) -> Handle:
        return self.call_at(self.now + delay, call)

    def wait(self, seconds: float) -> None:
        """Time passes; what is due is called at its moment."""
        until = self.now + seconds
        while due := [each for each in self.handles if not each.cancelled and each.at <= until]:
            first = min(due, key=lambda each: each.at)
            self.now = max(self.now, first.at)
            first.cancelled = True
            first.call()
        self.now = until


class Wire:
    """Stands for the transport."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.unsent = 0
        self.state = "open"

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.state != "open"

    def close(self) -> None:
        self.state = "closed"

    def abort(self) -> None:
        self.state = "aborted"

    def pause_reading(self) -> None:
        self.state = "paused"

    def get_extra_info(self, name: str) -> str | None:
        return None


class Keeper:
    """Notes what the connection tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def made(self, connection: Connection) -> None:
        self.told.append("made")

    def arrived(self, connection: Connection, message: bytes) -> None:
        self.told.append(message)

    def unframed(self, connection: Connection, fault: Unframed) -> None:
        self.told.append(fault.why)
        connection.close(fault.why)

    def lost(self, connection: Connection) -> None:
        self.told.append(connection.why)


class Play:
    """A connection that has begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, silent: bool = False) -> None:
        self.clock, self.wire, self.keeper = Clock(), Wire(), Keeper()
        monkeypatch.setattr(module.asyncio, "get_running_loop", lambda: self.clock)
        self.connection = Connection(self.keeper, ("192.0.2.66", 40_000, "", 1), Framer(65_535), LIMITS)
        self.connection.silent = silent
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]
        self.keeper.told.clear()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    return Play(monkeypatch)


def test_messages_are_told_and_keep_alives_answered(play: Play):
    play.connection.data_received(b"\r\n\r\n" + wire.invite())
    assert play.keeper.told == [wire.invite()]
    assert play.wire.written == [b"\r\n"]


def test_an_idle_connection_is_closed_and_a_keep_alive_keeps_it(play: Play):
    play.clock.wait(99)
    play.connection.data_received(b"\r\n\r\n")
    play.clock.wait(99)
    assert play.wire.state == "open"
    play.clock.wait(2)
    assert (play.wire.state, play.connection.why) == ("closed", IDLE)


def test_half_a_message_is_waited_for_a_while(play: Play):
    play.connection.data_received(wire.invite()[:100])
    play.clock.wait(9)
    assert play.keeper.told == []
    play.clock.wait(2)
    assert play.keeper.told == ["unfinished"]


def test_octet_by_octet_gains_nobody_any_time(play: Play):
    for at in range(300):
        play.connection.data_received(wire.invite()[at : at + 1])
        play.clock.wait(0.1)
    assert play.keeper.told == ["unfinished"]
    assert play.wire.state != "open"


def test_half_a_message_and_the_end_is_unfinished(play: Play):
    play.connection.data_received(wire.invite()[:100])
    play.connection.eof_received()
    assert play.keeper.told == ["unfinished"]


def test_who_sends_no_more_is_still_answered_for_a_moment(play: Play):
    play.connection.data_received(wire.invite())
    assert play.connection.eof_received()
    assert play.connection.send(b"answer")
    play.clock.wait(1)
    assert (play.wire.state, play.connection.why) == ("closed", BY_PEER)


def test_a_message_in_time_leaves_the_next_one_its_own_time(play: Play):
    message = wire.invite()
    for _ in range(10):
        play.connection.data_received(message[:50])
        play.clock.wait(8)
        play.connection.data_received(message[50:])
    assert play.keeper.told == [message] * 10


def test_what_follows_garbage_is_not_read(play: Play):
    play.connection.data_received(b"GET / HTTP/1.1\r\n\r\n" + wire.invite())
    play.connection.data_received(wire.invite())
    assert play.keeper.told == ["not SIP"]


def test_who_takes_nothing_is_left_when_too_much_waits(play: Play):
    assert play.connection.send(b"x")
    play.wire.unsent = 70_000
    assert not play.connection.send(b"x")
    assert (play.wire.state, play.connection.why) == ("aborted", UNREAD)
    assert not play.connection.send(b"x")


def test_who_takes_nothing_is_left_after_a_while(play: Play):
    play.connection.pause_writing()
    play.clock.wait(9)
    play.connection.resume_writing()
    play.connection.pause_writing()
    play.clock.wait(9)
    assert play.wire.state == "open"
    play.clock.wait(2)
    assert (play.wire.state, play.connection.why) == ("aborted", UNREAD)


def test_a_stranger_who_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch):
    play = Play(monkeypatch, silent=True)
    play.clock.wait(31)
    assert (play.wire.state, play.connection.why) == ("closed", IDLE)


def test_a_stranger_who_says_something_stays(monkeypatch: pytest.MonkeyPatch):
    play = Play(monkeypatch, silent=True)
    play.connection.data_received(wire.invite())
    play.clock.wait(90)
    assert play.wire.state == "open"


def test_what_was_sent_gets_out_before_the_end_but_not_for_ever(play: Play):
    play.connection.close("too long")
    assert play.wire.state == "closed"
    play.clock.wait(11)
    assert (play.wire.state, play.connection.why) == ("aborted", "too long")


@pytest.mark.parametrize(("error", "why"), [(None, BY_PEER), (ConnectionResetError(), BROKEN)])
def test_its_end_is_told_with_the_reason(play: Play, error: Exception | None, why: str):
    play.connection.connection_lost(error)
    assert play.keeper.told == [why]
    assert not play.connection.send(b"x")
    play.clock.wait(1000)


async def test_pausing_and_asking_what_is_closed_does_nothing():
    connection = Connection(Keeper(), ("192.0.2.66", 40_000, "", 1), Framer(65_535), LIMITS)
    connection.pause()
    connection.resume()
    connection.close("never begun")
    assert connection.info("socket") is None
    assert asyncio.get_running_loop()
