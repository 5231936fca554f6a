"""A connection that asks nothing, or never ends asking, is closed; one that is being answered is not."""

import asyncio
from unittest.mock import MagicMock

import pytest
import uvicorn
from uvicorn.server import ServerState

from console.api.read_timeout import HEAD_S, ReadTimeoutProtocol
from tests.peers.process import eventually

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


class Clocked:
    """The running loop, whose timers ring when they are told to."""

    def __init__(self) -> None:
        self.timers: list[MagicMock] = []
        self.create_task = asyncio.get_running_loop().create_task

    def call_later(self, delay, callback, *more):
        timer = MagicMock(delay=delay, callback=callback, waits=True)
        timer.cancel = lambda: setattr(timer, "waits", False)
        self.timers.append(timer)
        return timer

    def waiting_for_heads(self) -> list[MagicMock]:
        return [timer for timer in self.timers if timer.waits and timer.delay == HEAD_S]


class Connection:
    """A client's bytes, and what became of the connection."""

    def __init__(self) -> None:
        async def application(scope, receive, send):
            await self.go.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        config = uvicorn.Config(application, lifespan="off", log_config=None, http=ReadTimeoutProtocol)
        config.load()
        self.go, self.loop, self.transport = asyncio.Event(), Clocked(), MagicMock()
        self.transport.is_closing.return_value = False
        self.protocol = ReadTimeoutProtocol(config, ServerState(), {}, _loop=self.loop)
        self.protocol.connection_made(self.transport)

    def says(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def answers(self) -> int:
        return b"".join(call.args[0] for call in self.transport.write.mock_calls).count(b" 204 ")


@pytest.fixture
async def connection() -> Connection:
    return Connection()


async def test_who_says_nothing_is_closed(connection):
    (timer,) = connection.loop.waiting_for_heads()
    timer.callback()
    connection.transport.close.assert_called_once()


async def test_one_byte_more_of_a_head_gains_no_time(connection):
    (timer,) = connection.loop.waiting_for_heads()
    for byte in HEAD:
        connection.says(bytes([byte]))
    assert connection.loop.waiting_for_heads() == [timer]


async def test_who_is_being_answered_is_not_closed(connection):
    connection.says(HEAD + b"\r\n")
    assert connection.loop.waiting_for_heads() == []
    connection.go.set()
    await eventually(connection.answers, "the answer was sent")
    connection.transport.close.assert_not_called()


async def test_a_further_request_has_its_own_time(connection):
    connection.go.set()
    connection.says(HEAD + b"\r\n")
    await eventually(connection.answers, "the answer was sent")
    connection.says(HEAD)
    assert len(connection.loop.waiting_for_heads()) == 1
    connection.says(b"\r\n")
    assert connection.loop.waiting_for_heads() == []
    await eventually(lambda: connection.answers() == 2, "the second answer was sent")


async def test_a_client_that_leaves_is_not_waited_for(connection):
    connection.protocol.connection_lost(None)
    assert connection.loop.waiting_for_heads() == []
