"""The one seam to the sockets: UDP datagrams in through asyncio-dgram, out straight on the socket.

Sending bypasses the stream's coroutine: a datagram socket is practically always writable, and the coroutine
costs 3 us a datagram. Receiving does without its reader as well: whatever arrived in one turn of the loop is handed
to a plain function in the next, with no task to wake and no await between receive and send.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Final, cast

from asyncio_dgram.aio import Protocol

from proxy.sip.flow import Listener
from proxy.urgency import AT_ONCE, IN_TURN

_ADVICE = {  # why a listener does not open, and what helps
    errno.EADDRINUSE: "; end who has it, or choose another under `listen`",
    errno.EADDRNOTAVAIL: "; `listen` takes addresses of this machine, `advertise` the one that others see",
}
RECEIVE_BUFFER = 4 * 1024 * 1024  # bytes the kernel holds for us during a pause; it may grant less
BATCH: Final = 16  # datagrams handled before what they caused is sent: a burst of sends wakes its receiver once
MANY: Final = 64  # datagrams that wait, some 30 ms, from which those in haste overtake the others

# What became of a datagram that was to be sent.
SENT: Final = 0
NOWHERE: Final = 1
TOO_LARGE: Final = 2

Handler = Callable[[bytes, tuple[Any, ...], Listener, float], None]
Haste = Callable[[Listener, bytes, tuple[Any, ...]], int]
Flush = Callable[[], None]


class Arrivals:
    """The datagrams that wait to be handled: stamped on arrival, and bounded.

    While many wait, those whose `haste` is FIRST overtake the others, and those to be taken AT_ONCE overtake these;
    each of the three has as much room again.
    Stands where asyncio-dgram's protocol expects the queue that it puts into.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[bytes, tuple[Any, ...], float]] = deque()
        self._first: deque[tuple[bytes, tuple[Any, ...], float]] = deque()
        self._at_once: deque[tuple[bytes, tuple[Any, ...], float]] = deque()
        self._turn = 0
        self.haste: Callable[[bytes, tuple[Any, ...]], int] | None = None
        self._call: Callable[[], None] | None = None
        self._called = False
        self.overflowed = 0  # datagrams dropped because too many waited

    def __len__(self) -> int:
        return len(self._waiting) + len(self._first) + len(self._at_once)

    def put_nowait(self, item: tuple[Any, Any]) -> None:
        """Called by the protocol for each datagram; (None, None) tells that the socket is closed."""
        data, remote = item
        if data is None:
            return
        line = self._waiting
        if len(line) >= MANY and self.haste is not None and (haste := self.haste(data, remote)) != IN_TURN:
            line = self._at_once if haste == AT_ONCE else self._first
        if len(line) >= self._most:
            self.overflowed += 1
            return
        line.append((data, remote, monotonic()))
        if not self._called and self._call is not None:
            self._called = True
            self._call()

    def pop(self) -> tuple[bytes, tuple[Any, ...], float]:
        """The next of those that wait; there must be one.

        Anybody can dial for help and nothing may stand still for it: of each four that overtake, one gives way to what
        goes first, and one to what came in its turn.
        """
        at_once, first = self._at_once, self._first
        if at_once or first:
            self._turn = turn = (self._turn + 1) % 4
            if turn or not self._waiting:
                return (first if not at_once or (turn == 3 and first) else at_once).popleft()
        return self._waiting.popleft()

    def tell(self, call: Callable[[], None] | None) -> None:
        """Call this when something waits, once until `rest`; None: nobody wants to know any more."""
        self._call = call
        self._called = False
        self.rest()

    def rest(self) -> None:
        """Those that were called for are handled: call again for what waits now, or for the next that arrives."""
        self._called = len(self) > 0 and self._call is not None
        if self._called and self._call is not None:
            self._call()


class Unheard:
    """Stands where the protocol expects the queue of its errors."""

    def put_nowait(self, error: Exception) -> None:
        """What the socket reports of an earlier datagram says nothing of the next."""


class UdpEndpoint:
    """One bound UDP socket."""

    def __init__(
        self, listener: Listener, sock: socket.socket, transport: asyncio.BaseTransport, arrivals: Arrivals
    ) -> None:
        self.listener = listener
        self.arrivals = arrivals
        self._sock = sock
        self._transport = transport
        self._handle: Handler | None = None
        self._flush: Flush | None = None
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
            words = f"can't listen on {listener.host} port {listener.port}: {error.strerror}"
            raise OSError(error.errno, words + _ADVICE.get(error.errno or 0, "")) from None
        arrivals, drained = Arrivals(receive_queue), asyncio.Event()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Protocol(cast(Any, arrivals), cast(Any, Unheard()), drained), sock=sock
        )
        return cls(listener, sock, transport, arrivals)

    def send(self, data: bytes, remote: tuple[Any, ...]) -> int:
        """Send one datagram: SENT, also if it may be lost; NOWHERE (no route, a name, a bad address); TOO_LARGE."""
        try:
            self._sock.sendto(data, remote)
        except BlockingIOError:
            self.send_errors += 1  # the buffer is full: lost like any datagram, its sender repeats it
        except OSError as error:
            self.send_errors += 1
            if error.errno == errno.EMSGSIZE:
                return TOO_LARGE
            return SENT if error.errno in (errno.ENOBUFS, errno.EINTR) else NOWHERE
        except (OverflowError, ValueError, TypeError):
            self.send_errors += 1
            return NOWHERE  # no address at all
        return SENT

    def receive(self, handle: Handler, flush: Flush, haste: Haste) -> None:
        """Hand every datagram to `handle(data, remote, listener, arrived)` until the socket is closed.

        While many wait, `haste(listener, data, remote)` says which go first; it may not raise.

        `flush` is called after each batch: a datagram that finds its receiver asleep costs four times one that
        follows another closely.
        """
        loop = asyncio.get_running_loop()
        self._handle, self._flush = handle, flush
        self.arrivals.haste = partial(haste, self.listener)

        def soon() -> None:
            loop.call_soon(self._hand_over)

        self.arrivals.tell(soon)

    def _hand_over(self) -> None:
        """One batch of those that wait; the loop has its turn before the next."""
        handle, flush, arrivals, listener = self._handle, self._flush, self.arrivals, self.listener
        if handle is None or flush is None:
            return
        try:
            for _ in range(min(len(arrivals), BATCH)):
                data, remote, arrived = arrivals.pop()
                handle(data, remote, listener, arrived)
            flush()
        finally:
            arrivals.rest()

    def close(self) -> None:
        """Close the socket; what still waits is not handled."""
        self.arrivals.tell(None)
        self._handle = self._flush = None
        self._transport.close()


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
