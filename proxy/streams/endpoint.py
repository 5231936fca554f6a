"""One listening socket of a stream: connections taken, opened when something is to be sent, and found again."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Protocol

from proxy.proxy_settings import LimitSettings
from proxy.sip.flow import Listener
from proxy.sip.framing import Unframed
from proxy.streams.certificates import NOBODY, why_refused
from proxy.streams.connection import STOPPED, Connection, Framing, Remote
from proxy.streams.room import ALL, Room
from proxy.transport import GONE, MANY, NOWHERE, SENT, Arrivals, Endpoint, Flush, Handler, Haste

BACKLOG: Final = 1024  # connections that the kernel takes for us during a pause
PAUSE_AT: Final = 4 * MANY  # messages that wait, from which nobody who sends more is read any further
_WAITING: Final = 64  # messages that wait for one connection to be opened
_KINDS: Final = 50  # of reasons why connections do not begin that are told apart
_SERIALS: Final = 0xFFFFFFFF
NO_ROOM: Final = "there is no room for it"
GAVE_WAY: Final = "it gave way to a newer one"


def _gave_way(_: Connection) -> str:
    return GAVE_WAY


class Watch(Protocol):
    """Who is told of connections (`proxy/streams/watch.py`)."""

    def source(self, listener: Listener, host: str) -> str:
        """The address if nobody names it, else empty."""

    def is_named(self, listener: Listener, host: str) -> bool:
        """Does the configuration name who connects from there, be it by a network?"""

    def may_prove(self, listener: Listener) -> bool:
        """May whoever connects there show a certificate that somebody is known by?"""

    def made(self, listener: Listener, connection: Connection) -> None:
        """It is open: give it its flow."""

    def lost(self, listener: Listener, connection: Connection) -> None:
        """It is closed."""

    def refused(self, listener: Listener, host: str, why: str, port: int = 0) -> None:
        """One did not begin; with a port it is one that was to be opened there."""

    def unframed(self, listener: Listener, connection: Connection, fault: Unframed) -> bool:
        """It can't be read any further: answer that. True: what came of the message may be taken as it is."""

    def unsent(self, listener: Listener, remote: Remote, messages: list[bytes], why: str) -> None:
        """No connection could be opened for these."""


class Ways(Protocol):
    """How connections of one transport are taken and opened (`proxy/streams/ways.py`)."""

    def framing(self, limits: LimitSettings, origins: Collection[str] = ()) -> Framing:
        """How messages lie in a new one; of WebSocket those of pages of these origins alone, or of any."""

    async def take(self, sock: socket.socket, connection: Connection, seconds: float) -> None:
        """Let a connection begin on a socket that was accepted, within that time. Raises OSError."""

    async def open(self, connection: Connection, local: str) -> None:
        """Let a connection begin to its address. Raises OSError, also TimeoutError."""


class StreamEndpoint(Endpoint):
    """All connections of one listener."""

    def __init__(self, listener: Listener, sock: socket.socket, limits: LimitSettings, room: Room, ways: Ways) -> None:
        super().__init__(listener, Arrivals(2**31))  # whoever sends too much is not read any further
        self._sock = sock
        self.limits = limits
        self.room = room
        self._ways = ways
        self._watch: Watch | None = None
        self._connections: dict[Remote, Connection] = {}
        self._opening: dict[Remote, list[bytes]] = {}
        self._proving: dict[Connection, asyncio.Task[None]] = {}  # who may yet show a certificate, the oldest first
        self._paused: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None
        self._serial = secrets.randbits(32)  # of this start: a token of an earlier one finds no connection of another
        self.closed: Counter[str] = Counter()  # by why
        self.refused: Counter[str] = Counter()  # before they began

    def __len__(self) -> int:
        return len(self._connections)

    def watched_by(self, watch: Watch) -> None:
        """Tell this one of connections; before `receive`."""
        self._watch = watch

    def receive(self, handle: Handler, flush: Flush, haste: Haste) -> None:
        """Take connections, and hand over what comes on them."""
        begins = self._handle is None
        super().receive(handle, flush, haste)
        if begins:
            self._sock.listen(BACKLOG)
            self._accepting = asyncio.create_task(self._accept())

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- sending

    def send(self, data: bytes, remote: tuple[Any, ...]) -> int:
        """Send one message on its connection, or have one opened for it."""
        connection = self._connections.get(remote)
        if connection is not None and connection.send(data):
            return SENT
        if remote[3] or data[:4] == b"SIP/":
            self.send_errors += 1
            return GONE
        return self._queue(data, remote)

    def send_or_open(self, data: bytes, remote: tuple[Any, ...]) -> None:
        """Send a response there, by a new connection if need be."""
        connection = self._connections.get(remote)
        if connection is None or not connection.send(data):
            self._queue(data, remote)

    def _queue(self, data: bytes, where: tuple[Any, ...]) -> int:
        remote: Remote = (where[0], where[1], where[2], where[3])
        waiting = self._opening.get(remote)
        if waiting is None:
            if self._watch is None or not self.room.take(""):
                self.send_errors += 1
                self.unsent_for = NO_ROOM
                return NOWHERE
            waiting = self._opening[remote] = []
            self._spawn(self._open(remote))
        if len(waiting) >= _WAITING:
            self.send_errors += 1
            self.unsent_for = "too much waits for a connection"
            return NOWHERE
        waiting.append(data)
        return SENT

    async def _open(self, remote: Remote) -> None:
        """Open a connection and send what waits for it; what can't be sent is told."""
        connection = Connection(self, remote, self._ways.framing(self.limits), self.limits)
        why = ""
        local = "" if self.listener.host in ("0.0.0.0", "::") else self.listener.host  # noqa: S104
        try:
            await asyncio.wait_for(self._ways.open(connection, local), self.limits.connect_s)
        except Exception as error:
            why = self._refuse(error, remote[0], agreeing=connection.agreeing, port=remote[1])
        if not connection.began:
            self.room.give_back("")
        if (unsent := self._opening.pop(remote, None)) is not None and self._watch is not None:
            self._watch.unsent(self.listener, remote, unsent, why)

    def _refuse(self, error: BaseException, host: str, *, agreeing: bool = False, port: int = 0) -> str:
        """Count and tell it; why."""
        why = why_refused(error, agreeing=agreeing)
        kind = why.partition(":")[0]
        self.refused[kind if kind in self.refused or len(self.refused) < _KINDS else "other"] += 1
        if self._watch is not None:
            self._watch.refused(self.listener, host, why, port)
        return why

    def close_idle(self, busy: Collection[tuple[Any, ...]]) -> None:
        """Close the connections but those of these remotes."""
        for remote, connection in [*self._connections.items()]:
            if remote not in busy:
                connection.close(STOPPED)

    # ---- taking

    async def _accept(self) -> None:
        """Take whoever comes, for as long as there is room."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, where = await loop.sock_accept(self._sock)
            except OSError as error:  # no file is left, or it went before we came
                self._refuse(error, "")
                await asyncio.sleep(_REST_S)
                continue
            host = str(where[0])
            source = self._watch.source(self.listener, host) if self._watch is not None else host
            named = self._watch is not None and self._watch.is_named(self.listener, host)
            proving = not named and self._watch is not None and self._watch.may_prove(self.listener)
            if (named or proving) and self._proving and self.room.lacks(source):
                self._let_one_give_way()
            if not self.room.take(source, kept=named or proving):
                sock.close()
                if self._watch is not None:
                    self._watch.refused(self.listener, host, NO_ROOM)
                continue
            self._serial = self._serial % _SERIALS + 1
            framing = self._ways.framing(self.limits, self.listener.origins)
            connection = Connection(self, (host, int(where[1]), "", self._serial), framing, self.limits)
            connection.source = source
            task = self._spawn(self._take(sock, connection))
            if proving:
                self._proving[connection] = task
                await asyncio.sleep(0)  # it begins, so that it can be ended

    def _let_one_give_way(self) -> None:
        """Of those who have not said yet who they are the oldest: else who stays there keeps everybody else out."""
        connection = next(iter(self._proving))
        task = self._proving.pop(connection)
        connection.check = _gave_way  # should it be through at this very moment
        self.room.give_back(connection.source)
        connection.source = GAVE_WAY
        task.cancel()
        if self._watch is not None:
            self._watch.refused(self.listener, connection.remote[0], GAVE_WAY)

    async def _take(self, sock: socket.socket, connection: Connection) -> None:
        host = connection.remote[0]
        try:
            await self._ways.take(sock, connection, self.limits.connect_s)
        except Exception as error:
            self._refuse(error, host, agreeing=connection.agreeing)
            sock.close()
        finally:
            self._proving.pop(connection, None)
            if not connection.began and connection.source != GAVE_WAY:
                self.room.give_back(connection.source)

    # ---- what a connection tells

    def made(self, connection: Connection) -> None:
        """It is open."""
        self._connections[connection.remote] = connection
        proving = self._proving.pop(connection, None) is not None
        if self._watch is not None:
            self._watch.made(self.listener, connection)
        if proving and connection.silent and self.room.is_tight:
            self.room.refused[ALL] += 1
            connection.close(NO_ROOM)
        for message in self._opening.pop(connection.remote, []):
            connection.send(message)

    def arrived(self, connection: Connection, message: bytes) -> None:
        """A message came. While many wait, who sends more is read no further until they are handled."""
        self.arrivals.put_nowait((message, (connection,)))
        if len(self.arrivals) >= PAUSE_AT and connection not in self._paused:
            connection.pause()
            self._paused.append(connection)

    def unframed(self, connection: Connection, fault: Unframed) -> None:
        """It can't be read any further: what came of the message is answered, then it is closed."""
        if self._watch is not None and self._watch.unframed(self.listener, connection, fault):
            connection.framing.relax()
            self.arrived(connection, fault.head)
            return
        connection.close(fault.why)

    def lost(self, connection: Connection) -> None:
        """It is closed."""
        if self._connections.get(connection.remote) is connection:
            del self._connections[connection.remote]
        self.room.give_back(connection.source)
        self.closed[connection.why] += 1
        if connection in self._paused:
            self._paused.remove(connection)
        if self._watch is not None:
            self._watch.lost(self.listener, connection)

    def _hand_over(self) -> None:
        super()._hand_over()
        if self._paused and len(self.arrivals) < MANY:
            paused, self._paused = self._paused, []
            for connection in paused:
                connection.resume()

    def review(self, knows: Callable[[Sequence[str]], bool]) -> None:
        """Another configuration: whoever showed a certificate that nobody is known by any more has to go."""
        for connection in list(self._connections.values()):
            if connection.remote[3] and connection.names and not knows(connection.names):
                connection.close(NOBODY)

    # ---- the end

    def descriptor(self) -> int:
        """Of the socket that is bound, to hand it over."""
        return self._sock.fileno()

    def leave_to_another(self) -> None:
        """Another process takes new connections from now on; those that are open go on here until they are closed."""
        self._take_no_more()
        self._sock.close()

    def _take_no_more(self) -> None:
        """The loop forgets the socket before it is closed: another may have its number next, and be taken for it."""
        if self._accepting is not None:
            self._accepting.cancel()
            if self._sock.fileno() >= 0:
                self._accepting.get_loop().remove_reader(self._sock)

    def close(self) -> None:
        """Take no more, and close all that are open."""
        super().close()
        self._take_no_more()
        for task in self._tasks:
            task.cancel()
        self._sock.close()
        for connection in list(self._connections.values()):
            connection.close(STOPPED)


_REST_S: Final = 0.1  # before it is tried again to take a connection
