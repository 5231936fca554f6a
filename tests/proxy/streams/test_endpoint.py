"""Connections over real sockets on loopback: taken, opened, reused, bounded and closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxy.proxy_settings import LimitSettings
from proxy.sip.flow import Listener
from proxy.sip.framing import Unframed
from proxy.sockets import Sockets
from proxy.streams.connection import Connection, Remote
from proxy.streams.endpoint import PAUSE_AT, StreamEndpoint
from proxy.streams.room import Room
from proxy.streams.ways import Plain
from proxy.transport import GONE, NOWHERE, SENT
from proxy.urgency import IN_TURN
from tests import wire
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.streaming import street

MESSAGE = wire.request("OPTIONS")


class Watch:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.open: list[Connection] = []
        self.closed: list[str] = []
        self.faults: list[str] = []
        self.lost_messages: list[bytes] = []
        self.refusals: list[tuple[str, str]] = []
        self.relaxes = False

    def source(self, listener: Listener, host: str) -> str:
        return host

    def is_named(self, listener: Listener, host: str) -> bool:
        return False

    def may_prove(self, listener: Listener) -> bool:
        return False

    def made(self, listener: Listener, connection: Connection) -> None:
        self.open.append(connection)

    def lost(self, listener: Listener, connection: Connection) -> None:
        self.open.remove(connection)
        self.closed.append(connection.why)

    def refused(self, listener: Listener, host: str, why: str, port: int = 0) -> None:
        self.refusals.append((host, why))

    def unframed(self, listener: Listener, connection: Connection, fault: Unframed) -> bool:
        self.faults.append(fault.why)
        return self.relaxes

    def unsent(self, listener: Listener, remote: Remote, messages: list[bytes], why: str) -> None:
        self.lost_messages += messages


class Play:
    """An endpoint that runs, and what came to it."""

    def __init__(self, host: str = "", *, most: int = 100, **limits: Any) -> None:
        at = self.at = new_endpoint(host)
        listener = Listener(0, "TCP", at.host, at.port, str(at))
        self.watch, self.room = Watch(), Room(most, most)
        sock = Sockets().open(socket.SOCK_STREAM, at.host, at.port)
        self.endpoint = StreamEndpoint(listener, sock, LimitSettings(**limits), self.room, Plain())
        self.endpoint.watched_by(self.watch)
        self.messages: list[bytes] = []
        self.sources: list[Remote] = []
        self.handled = asyncio.Event()
        self.handled.set()

    def handle(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        self.messages.append(data)
        self.sources.append(remote[0].remote)

    def begin(self) -> None:
        self.endpoint.receive(self.handle, lambda: None, lambda listener, data, remote: (IN_TURN, ("", "")))

    async def join(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.at.host, self.at.port)


@contextlib.asynccontextmanager
async def playing(host: str = "", **words: Any) -> AsyncIterator[Play]:
    play = Play(host, **words)
    play.begin()
    try:
        yield play
    finally:
        play.endpoint.close()
        await eventually(lambda: not len(play.endpoint), "all closed")


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    async with playing() as found:
        yield found


@pytest.mark.parametrize("host", ["", "::1"])
async def test_a_connection_is_taken_and_answered_on(host: str):
    async with playing(host) as play:
        reader, writer = await play.join()
        writer.write(MESSAGE + MESSAGE[:20])
        await eventually(lambda: play.messages, "the message")
        assert play.messages == [MESSAGE]
        assert play.endpoint.send(b"answer", play.sources[0]) == SENT
        assert await reader.read(100) == b"answer"
        writer.close()


async def test_every_connection_is_another_although_its_address_comes_again(play: Play):
    serials = []
    for _ in range(3):
        _, writer = await play.join()
        await eventually(lambda: play.watch.open, "it is open")
        serials.append(play.watch.open[0].remote[3])
        writer.close()
        await eventually(lambda: not play.watch.open, "it is closed")
    assert len({*serials}) == 3
    assert 0 not in serials
    assert play.room.held == 0


async def test_an_answer_whose_connection_is_gone_is_told(play: Play):
    _, writer = await play.join()
    writer.write(MESSAGE)
    await eventually(lambda: play.messages, "the message")
    writer.close()
    await eventually(lambda: not play.watch.open, "it is closed")
    assert play.endpoint.send(b"SIP/2.0 200 OK", play.sources[0]) == GONE
    assert play.endpoint.send(MESSAGE, play.sources[0]) == GONE, "nobody listens at the port that it came from"


@contextlib.asynccontextmanager
async def neighbour(at: Endpoint) -> AsyncIterator[list[bytes]]:
    """Somebody who listens, and what he got."""
    got: list[bytes] = []
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65_536):
            got.append(data)
            if data == b"answer me":
                writer.write(MESSAGE)

    server = await asyncio.start_server(serve, at.host, at.port)
    try:
        yield got
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0)


async def test_a_connection_is_opened_once_from_our_own_address_and_used_both_ways(play: Play):
    there = new_endpoint()
    async with neighbour(there) as got:
        remote = (there.host, there.port, "", 0)
        for message in (b"one ", b"two ", b"three"):
            assert play.endpoint.send(message, remote) == SENT
        await eventually(lambda: b"".join(got) == b"one two three", "all in order")
        assert play.endpoint.send(b"answer me", remote) == SENT
        await eventually(lambda: play.messages == [MESSAGE], "what comes back")
        assert [each.info("sockname")[0] for each in play.watch.open] == [play.at.host]
        assert play.sources == [remote]
        assert play.room.held == 1


async def test_what_nobody_takes_is_told_at_once(play: Play):
    nobody = new_endpoint()
    assert play.endpoint.send(MESSAGE, (nobody.host, nobody.port, "", 0)) == SENT
    await eventually(lambda: play.watch.lost_messages == [MESSAGE], "it is told")
    assert play.room.held == 0
    assert play.watch.refusals[0][0] == nobody.host
    assert play.endpoint.refused.total() == 1


async def test_a_connection_that_does_not_open_is_given_up():
    """A listener whose queue is full lets SYNs wait."""
    with socket.socket() as full, contextlib.ExitStack() as fillers:
        there = new_endpoint()
        full.bind(there)
        full.listen(0)
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(there)
        async with playing(connect_s=0.2) as play:
            assert play.endpoint.send(MESSAGE, (*there, "", 0)) == SENT
            await eventually(lambda: play.watch.lost_messages == [MESSAGE], "it is told")
            assert play.endpoint.refused == {"timed out": 1}


async def test_no_more_than_some_messages_wait_for_a_connection(play: Play):
    nobody = new_endpoint()
    sent = [play.endpoint.send(MESSAGE, (nobody.host, nobody.port, "", 0)) for _ in range(100)]
    assert sent.count(SENT) == 64
    assert sent[-1] == NOWHERE
    await eventually(lambda: len(play.watch.lost_messages) == 64, "they are told")


async def test_beyond_the_room_nobody_is_taken_and_none_is_opened():
    async with playing(most=10) as play:
        writers = [(await play.join())[1] for _ in range(9)]
        await eventually(lambda: len(play.endpoint) == 9, "nine are in")
        reader, writer = await play.join()
        assert await reader.read() == b"", "the tenth is closed at once"
        assert [why for _, why in play.watch.refusals] == ["there is no room for it"]
        writer.close()
        nobody = new_endpoint()
        play.room.take("")
        assert play.endpoint.send(MESSAGE, (nobody.host, nobody.port, "", 0)) == NOWHERE
        play.room.give_back("")
        for each in writers:
            each.close()


async def test_what_can_not_be_read_is_told_and_closed(play: Play):
    reader, writer = await play.join()
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.read() == b""
    assert play.watch.faults == ["not SIP"]
    await eventually(lambda: play.watch.closed, "it is closed")
    assert play.endpoint.closed == {"not SIP": 1}
    writer.close()


async def test_a_message_without_length_may_be_taken_as_it_is(play: Play):
    play.watch.relaxes = True
    _, writer = await play.join()
    bare = MESSAGE.replace(b"Content-Length: 0\r\n", b"")
    writer.write(bare)
    await eventually(lambda: play.messages == [bare], "it is taken")
    writer.write(MESSAGE)
    await eventually(lambda: len(play.messages) == 2, "and what follows")
    writer.close()


async def test_who_sends_more_than_is_handled_is_read_no_further(play: Play):
    _, writer = await play.join()
    many = 20 * PAUSE_AT
    writer.write(MESSAGE * many)
    most = 0

    def handled() -> bool:
        nonlocal most
        most = max(most, len(play.endpoint.arrivals))
        return len(play.messages) == many

    await eventually(handled, "all handled")
    assert most < PAUSE_AT + 300_000 // len(MESSAGE)
    assert play.endpoint.arrivals.overflowed == 0
    writer.close()


async def test_when_it_closes_every_connection_does():
    async with playing() as play:
        reader, writer = await play.join()
        await eventually(lambda: play.watch.open, "it is open")
        play.endpoint.close()
        assert await reader.read() == b""
        writer.close()


async def test_in_overload_the_calls_of_a_connection_are_refused_as_they_come_as_well():
    """On it answers go back whatever port its Via names."""
    async with street("udp", "tcp") as house:
        line = await house.join()
        [endpoint] = [each for each in house.metrics.endpoints if each.listener.reliable]
        await eventually(lambda: len(endpoint), "the connection is taken")
        connection = next(iter(endpoint._connections.values()))
        shedding, arrivals = house.core.shedding, endpoint.arrivals
        via = f"SIP/2.0/TCP {house.trunk_at.host}:5060;branch=z9hG4bKshed"
        for number in range(100):
            arrivals.put_nowait((house.invite(line, number, via=f"{via}{number}"), (connection,)))
        shedding.on = shedding.closed = True
        house.server._shed_early()
        arrivals.put_nowait((house.invite(line, 200, via=f"{via}200"), (connection,)))
        dialled = f"sip:110@{house.ends['tcp']}"
        arrivals.put_nowait((house.invite(line, 201, via=f"{via}201", uri=dialled), (connection,)))
        assert (len(arrivals), shedding.refused) == (101, 1), "the emergency call waits"
        while wire.status(answer := await line.heard()) < 200:
            pass
        assert (wire.status(answer), wire.header(answer, "Call-ID")) == (503, "stream-200")


@pytest.mark.parametrize("end", ["close", "leave_to_another"])
async def test_whoever_gets_the_number_of_a_closed_socket_next_is_not_taken_for_it(end: str):
    loop = asyncio.get_running_loop()
    async with street("tcp") as house:
        (listening,) = house.server._endpoints
        assert isinstance(listening, StreamEndpoint)
        await asyncio.sleep(0)  # it accepts
        number = listening.descriptor()
        with socket.create_server(("127.0.0.1", 0)) as other, socket.socket() as any_number:
            getattr(listening, end)()
            with socket.socket(fileno=os.dup2(any_number.fileno(), number)) as same_number:
                same_number.setblocking(False)
                await loop.sock_connect(same_number, other.getsockname())
                other.accept()[0].close()
                assert await asyncio.wait_for(loop.sock_recv(same_number, 1), 60) == b""
