"""The one seam to the sockets: UDP datagrams in through asyncio-dgram, out straight on the socket.

Sending bypasses the stream's coroutine: a datagram socket is practically always writable, and the coroutine
costs 3 us a datagram. Receiving hands whole batches to a plain function, with no await between receive and send.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, cast

from asyncio_dgram.aio import DatagramServer, Protocol, TransportClosed

from proxy.sip.flow import Listener

RECEIVE_BUFFER = 4 * 1024 * 1024  # bytes the kernel holds for us during a pause; it may grant less
BATCH = 16  # datagrams handled before what they caused is sent: a burst of sends wakes its receiver once

Handler = Callable[[bytes, tuple[Any, ...], Listener, float], None]


Received = tuple[Any, Any]  # bytes and remote address; None and None once the socket is closed


class Arrivals(asyncio.Queue[Received]):
    """The datagrams that wait to be handled: stamped on arrival, bounded, and cheap to take many of.

    Stands between asyncio-dgram's protocol, which puts, and its stream, which gets.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._waiting: deque[tuple[bytes, tuple[Any, ...], float]] = deque()
        self._reader: asyncio.Future[None] | None = None
        self.overflowed = 0  # datagrams dropped because too many waited

    def __len__(self) -> int:
        return len(self._waiting)

    def put_nowait(self, item: Received) -> None:
        """Called by the protocol for each datagram; (None, None) tells that the socket is closed."""
        if len(self._waiting) >= self._most:
            self.overflowed += 1
            return
        self._waiting.append((item[0], item[1], monotonic()))
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Received:
        """The next datagram and its sender, for the stream's `recv`."""
        while not self._waiting:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data, remote, _ = self._waiting.popleft()
        return data, remote

    def pop(self) -> tuple[bytes, tuple[Any, ...], float]:
        """The next of those that wait; there must be one."""
        return self._waiting.popleft()


class UdpEndpoint:
    """One bound UDP socket."""

    def __init__(self, listener: Listener, sock: socket.socket, stream: DatagramServer, arrivals: Arrivals) -> None:
        self.listener = listener
        self.arrivals = arrivals
        self._sock = sock
        self._stream = stream
        self.send_errors = 0

    @classmethod
    async def open(cls, listener: Listener, receive_queue: int) -> UdpEndpoint:
        """Bind the listener's address. Raises OSError, with the address in its text."""
        family = socket.AF_INET6 if listener.family == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if listener.family == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((listener.host, listener.port))
        except OSError as error:
            sock.close()
            raise OSError(
                error.errno, f"can't listen on {listener.host} port {listener.port}: {error.strerror}"
            ) from None
        arrivals, errors = Arrivals(receive_queue), asyncio.Queue[Exception]()
        drained = asyncio.Event()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Protocol(arrivals, errors, drained), sock=sock
        )
        # asyncio-dgram's annotation names the protocol where its code takes the transport.
        return cls(listener, sock, DatagramServer(cast(Any, transport), arrivals, errors, drained), arrivals)

    def send(self, data: bytes, remote: tuple[Any, ...]) -> bool:
        """Send one datagram; False when it can't be sent there at all (no route, a name, a bad address)."""
        try:
            self._sock.sendto(data, remote)
        except BlockingIOError:
            self.send_errors += 1  # the buffer is full: lost like any datagram, its sender repeats it
        except OSError as error:
            self.send_errors += 1
            return error.errno in (errno.EMSGSIZE, errno.ENOBUFS, errno.EINTR)
        except (OverflowError, ValueError, TypeError):
            self.send_errors += 1
            return False  # no address at all
        return True

    async def receive(self, handle: Handler, flush: Callable[[], None]) -> None:
        """Hand every datagram to `handle(data, remote, listener, arrived)` until the socket is closed.

        `flush` is called after each batch: a datagram that finds its receiver asleep costs four times one that
        follows another closely.
        """
        listener, arrivals = self.listener, self.arrivals
        while True:
            arrived = monotonic()
            try:
                data, remote = await self._stream.recv()
            except TransportClosed:
                return
            except OSError:
                continue  # what the socket reports of an earlier datagram says nothing of the next
            handle(data, cast(tuple[Any, ...], remote), listener, arrived)
            for _ in range(min(len(arrivals), BATCH - 1)):
                data, remote, arrived = arrivals.pop()
                if data is None:
                    return
                handle(data, remote, listener, arrived)
            flush()

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()


async def refuses(host: str, port: int, seconds: float) -> bool:
    """Does this address answer a keep-alive (RFC 5626 4.4.1) with ICMP port unreachable within the time?

    Asked on a socket of its own: only a connected one hears of ICMP errors, and the error queue of the listening
    one (IP_RECVERR) makes libuv read past its buffer.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect((host, port))
            probe.send(b"\r\n\r\n")
            async with asyncio.timeout(seconds):
                await loop.sock_recv(probe, 1)
        except ConnectionRefusedError:
            return True
        except (OSError, TimeoutError):
            return False
    return False
