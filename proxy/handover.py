"""Two processes on the same sockets for a while: the new one reads them, and gives the old one what is the old one's.

What belongs to a transaction of the old process (a response by its branch, a repeated request, an ACK or CANCEL by the
key of its transaction) goes to it over a channel between the two; everything else is the new one's. So no call that is
being set up is lost, and no new one is refused. A dialog that stands is anybody's, by its token.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final

from proxy.sip.flow import Listener
from proxy.sip.headers import MAGIC_COOKIE
from proxy.sip.transaction import ServerKey

READY: Final = b"ready"
KEYS: Final = b"k"
GO: Final = b"g"
STOP: Final = b"stop"
DATAGRAM: Final = b"d"
_OCTETS: Final = 12  # of the digest of a key
_AT_ONCE: Final = 4_000  # digests in one message
LONGEST: Final = 70_000  # octets of a message: a datagram and who sent it
_BRANCH: Final = b";branch=" + MAGIC_COOKIE
_HEAD: Final = 500  # octets of a response within which its top Via begins

Place = tuple[str, str, int]  # transport, address and port of a listener


def new_channel() -> tuple[socket.socket, socket.socket]:
    """Its two ends: what is sent as one message arrives as one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.setblocking(False)
    return here, there


def place_of(listener: Listener) -> Place:
    """How both processes know a listener."""
    return listener.transport, listener.host, listener.port


def digest(key: ServerKey) -> bytes:
    """Stands for the key of a transaction."""
    return blake2b(repr(key).encode(), digest_size=_OCTETS).digest()


def told(keys: Iterable[ServerKey], salt: int, before: Predecessor | None = None) -> Iterator[bytes]:
    """What the old process tells of itself: the keys of its transactions, and how its branches begin.

    And those of the process before it, while that one ends its calls: what is its own comes by this one.
    """
    digests, salts = [digest(key) for key in keys], [b"%x." % salt]
    if before is not None and before.alive:
        digests += before.keys
        salts += before.salts
    for start in range(0, len(digests), _AT_ONCE):
        yield KEYS + b"".join(digests[start : start + _AT_ONCE])
    yield GO + b" ".join(salts)


def packed(data: bytes, remote: tuple[Any, ...], listener: Listener) -> bytes:
    """A datagram with the addresses it came by."""
    transport, host, port = place_of(listener)
    return DATAGRAM + f"{transport} {host} {port} {remote[0]} {remote[1]}\n".encode() + data


def unpacked(message: bytes) -> tuple[bytes, tuple[Any, ...], Place]:
    """The same, read again. Raises ValueError."""
    head, _, data = message[len(DATAGRAM) :].partition(b"\n")
    transport, host, port, remote, remote_port = head.decode().split(" ")
    return data, (remote, int(remote_port)), (transport, host, int(port))


class Predecessor:
    """The process before this one, while it ends its calls."""

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.keys: set[bytes] = set()
        self.salts: list[bytes] = []  # its own, and those of processes before it that it has to do with
        self._branches: tuple[bytes, ...] = ()  # how they begin: those of calls, and those of probes
        self._ended = asyncio.Event()
        self.alive = True
        self.given = 0  # datagrams
        self.lost = 0

    async def begin(self, ended: Callable[[], None]) -> None:
        """Say that all is ready here, and learn what is its own. From then on it reads the sockets no more.

        `ended` is called when it has gone.
        """
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # it has gone without a word: all is ours
            await loop.sock_sendall(self._channel, READY)
            while message := await loop.sock_recv(self._channel, LONGEST):
                if message.startswith(KEYS):
                    digests = message[len(KEYS) :]
                    self.keys.update(digests[at : at + _OCTETS] for at in range(0, len(digests), _OCTETS))
                elif message.startswith(GO):
                    self.salts = message[len(GO) :].split(b" ")
                    self._branches = (*self.salts, *(b"probe" + salt for salt in self.salts))
                    break

        def gone() -> None:
            try:
                if self._channel.recv(LONGEST):
                    return
            except BlockingIOError:
                return
            except OSError:
                pass
            loop.remove_reader(self._channel.fileno())
            self._channel.close()
            self.alive = False
            self._ended.set()
            ended()

        loop.add_reader(self._channel.fileno(), gone)

    def owns_response(self, data: bytes) -> bool:
        """Is its branch one of that process?"""
        at = data.find(_BRANCH, 0, _HEAD) + len(_BRANCH)
        return at >= len(_BRANCH) and bool(self._branches) and data.startswith(self._branches, at)

    def owns_request(self, key: ServerKey) -> bool:
        """Does it belong to a transaction of that process: repeated, its ACK, or its CANCEL?"""
        if not self.keys:
            return False
        return digest(key) in self.keys or digest((*key[:-1], b"INVITE")) in self.keys

    def give(self, data: bytes, remote: tuple[Any, ...], listener: Listener) -> None:
        """It is that process's."""
        try:
            self._channel.send(packed(data, remote, listener))
            self.given += 1
        except OSError:  # lost like any datagram, its sender repeats it
            self.lost += 1

    async def stop(self) -> None:
        """This process is to end: that one waits for its calls no longer than a stop does, and is waited for."""
        with suppress(OSError):  # it has just ended
            await asyncio.get_running_loop().sock_sendall(self._channel, STOP)
        await self._ended.wait()


class Successor:
    """The process after this one, which has its sockets."""

    def __init__(self, channel: socket.socket, pid: int) -> None:
        self._channel = channel
        self.pid = pid
        self.stops = asyncio.Event()  # it is to end, and so is this one
        self.died = False  # without a word

    async def ready(self) -> bool:
        """Wait until it could take over; False when it ended before."""
        return await asyncio.get_running_loop().sock_recv(self._channel, LONGEST) == READY

    async def go(
        self, keys: Iterable[ServerKey], salt: int, take: Callable[[bytes], None], before: Predecessor | None = None
    ) -> None:
        """Tell it what is ours, or of the process before us; let it begin. `take` gets what it gives us of that."""
        loop = asyncio.get_running_loop()
        for message in told(keys, salt, before):
            await loop.sock_sendall(self._channel, message)

        def hear() -> None:
            for _ in range(64):
                try:
                    message = self._channel.recv(LONGEST)
                except BlockingIOError:
                    return
                except OSError:
                    message = b""
                if message.startswith(DATAGRAM):
                    take(message)
                elif message == STOP:
                    self.stops.set()
                elif not message:
                    loop.remove_reader(self._channel.fileno())
                    self.died = not self.stops.is_set()
                    self.stops.set()
                    return

        loop.add_reader(self._channel.fileno(), hear)

    async def stops_within(self, seconds: float) -> bool:
        """Wait so long at most whether it is to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stops.wait(), seconds)
        return self.stops.is_set()

    def close(self) -> None:
        """Let it know that this process has ended."""
        if self._channel.fileno() >= 0:
            try:
                asyncio.get_running_loop().remove_reader(self._channel.fileno())
            finally:
                self._channel.close()
