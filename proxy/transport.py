"""The seam to the sockets: what comes waits in `Arrivals` and is handed over in batches; UDP through asyncio-dgram.

Streams are in `proxy/streams/`. A datagram goes out straight on the socket, which is practically always writable: the
coroutine of the library costs 3 us a datagram. Receiving does without its reader as well: whatever arrived in one turn
of the loop is handed to a plain function in the next, with no task to wake and no await between receive and send.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Final, cast

from asyncio_dgram.aio import Protocol

from proxy.sip.flow import Listener
from proxy.sockets import Sockets, said_of
from proxy.turns import Datagram, Turns
from proxy.urgency import FIRST, IN_TURN

MOST_OCTETS: Final = 65_535  # of a datagram
RECEIVE_BUFFER = 4 * 1024 * 1024  # bytes the kernel holds for us during a pause; it may grant less
BATCH: Final = 16  # datagrams handled before what they caused is sent: a burst of sends wakes its receiver once
FEW: Final = 8  # and while many wait: the loop must read faster than it handles, or the kernel drops unseen
READ_ON: Final = 64  # datagrams read at most by one look whether more have come: four times as many as are handled
MANY: Final = 64  # datagrams that wait, some 30 ms, from which those in haste overtake the others

ROUND: Final = 4  # messages of which one is taken that came in its turn, whatever overtakes
SHEDDING_ROUND: Final = 16  # and while overload lasts

# What became of a message that was to be sent.
SENT: Final = 0
NOWHERE: Final = 1
TOO_LARGE: Final = 2
GONE: Final = 3  # its connection is closed

Handler = Callable[[bytes, tuple[Any, ...], Listener, float], None]
Owner = tuple[str, str]  # group and source, each with a line of its own
Haste = Callable[[Listener, bytes, tuple[Any, ...]], tuple[int, Owner]]
Flush = Callable[[], None]


class Arrivals:
    """The datagrams that wait to be handled: stamped on arrival, and bounded.

    While many wait, those whose `haste` is FIRST overtake the others, those to be taken AT_ONCE overtake these, and of
    them answers go first, since what was begun has to end before more is begun; each has as much room again. Then each
    sender has a line of his own, and they are served in turn.
    Stands where asyncio-dgram's protocol expects the queue that it puts into.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Datagram] = deque()  # as they came, until many wait
        self._in_turn = Turns(most)
        self._first = Turns(most)
        self._at_once = Turns(most)
        self._answers = Turns(most)
        self._turn = 0
        # How urgent it is, and whose: (haste, (group, source)).
        self.haste: Callable[[bytes, tuple[Any, ...]], tuple[int, Owner]] | None = None
        self._call: Callable[[], None] | None = None
        self._called = False
        self._lost = 0
        # While overload lasts: deals with what is to be refused as it comes. True: it need not wait here.
        self.shed: Callable[[bytes, tuple[Any, ...]], bool] | None = None

    @property
    def overflowed(self) -> int:
        """Datagrams dropped because too many waited."""
        turns = (self._in_turn, self._first, self._at_once, self._answers)
        return self._lost + sum(each.dropped for each in turns)

    def __len__(self) -> int:
        return len(self._waiting) + self._behind()

    def _behind(self) -> int:
        return self._in_turn.count + self._first.count + self._at_once.count + self._answers.count

    def waiting_of(self, group: str) -> int:
        """How many of this group wait in their turn."""
        return self._in_turn.count_of(group)

    def put_nowait(self, item: tuple[Any, Any]) -> None:
        """Called by the protocol for each datagram; (None, None) tells that the socket is closed."""
        data, remote = item
        if data is None or (self.shed is not None and self.shed(data, remote)):
            return
        waiting = self._waiting
        datagram = (data, remote, monotonic())
        if self.haste is not None and (len(waiting) >= MANY or self._in_turn.count):
            haste, owner = self.haste(data, remote)
            if haste == IN_TURN:
                self._in_turn.put(owner, datagram, len(waiting))
            elif haste == FIRST:
                self._first.put(owner, datagram)
            elif data[:4] == b"SIP/":
                self._answers.put(owner, datagram)
            else:
                self._at_once.put(owner, datagram)
        elif len(waiting) < self._most:
            waiting.append(datagram)
        else:
            self._lost += 1
        if not self._called and self._call is not None and (waiting or self._behind()):
            self._called = True
            self._call()

    def pop(self) -> Datagram:
        """The next of those that wait; there must be one.

        Anybody can dial an emergency number and nothing may stand still for it: of each four that overtake, one gives
        way to what goes first, and one to what came in its turn. While overload lasts only one of sixteen does the
        latter: a new call makes five messages more that go first, and what is begun has to end.
        """
        waiting, first = self._waiting, self._first
        if self._behind():
            at_once = self._answers if self._answers.count else self._at_once
            if at_once.count or first.count:
                self._turn = turn = (self._turn + 1) % (ROUND if self.shed is None else SHEDDING_ROUND)
                if turn or not (waiting or self._in_turn.count):
                    return (first if not at_once.count or (turn % ROUND == 3 and first.count) else at_once).pop()
            if not waiting:
                return self._in_turn.pop()
        return waiting.popleft()

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


class Endpoint(ABC):
    """One bound socket: what it receives waits in `arrivals`, and is handed over in batches."""

    def __init__(self, listener: Listener, arrivals: Arrivals) -> None:
        self.listener = listener
        self.arrivals = arrivals
        self._handle: Handler | None = None
        self._flush: Flush | None = None
        self._haste: Haste | None = None
        self._all_read = False  # the kernel holds nothing that was not read: a batch may take its time
        self.send_errors = 0
        self.unsent_for = ""  # why the last message went NOWHERE

    @abstractmethod
    def send(self, data: bytes, remote: tuple[Any, ...]) -> int:
        """Send one message: SENT, also if it may be lost; NOWHERE, TOO_LARGE or GONE."""

    def receive(self, handle: Handler, flush: Flush, haste: Haste) -> None:
        """Hand every message to `handle(data, remote, listener, arrived)` until the socket is closed.

        While many wait, `haste(listener, data, remote)` says which go first, and whose they are; it may not raise.

        `flush` is called after each batch: a datagram that finds its receiver asleep costs four times one that
        follows another closely.
        """
        loop = asyncio.get_running_loop()
        self._handle, self._flush, self._haste = handle, flush, haste
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
            waiting = len(arrivals)
            for _ in range(min(waiting, BATCH if waiting < MANY or self._all_read else FEW)):
                data, remote, arrived = arrivals.pop()
                handle(data, remote, listener, arrived)
            flush()
        finally:
            arrivals.rest()

    def rename(self, listener: Listener) -> None:
        """The same socket as another configuration has it."""
        self.listener = listener
        if self._haste is not None:
            self.arrivals.haste = partial(self._haste, listener)

    @abstractmethod
    def descriptor(self) -> int:
        """Of the socket that is bound, to hand it over."""

    def leave_to_another(self) -> None:
        """Another process reads what comes from now on: handle all that was read here, and go on sending."""
        while len(self.arrivals):
            self._hand_over()

    def close(self) -> None:
        """Close the socket; what still waits is not handled."""
        self.arrivals.tell(None)
        self._handle = self._flush = None


class UdpEndpoint(Endpoint):
    """One bound UDP socket."""

    def __init__(
        self, listener: Listener, sock: socket.socket, transport: asyncio.BaseTransport, arrivals: Arrivals
    ) -> None:
        super().__init__(listener, arrivals)
        self._sock = sock
        self._transport = transport
        self._is_ours = True  # no other process reads from it

    def _hand_over(self) -> None:
        """While overload lasts what has come meanwhile is read at once, in half the time that the loop takes for it."""
        super()._hand_over()
        self._all_read = self.arrivals.shed is not None and self._is_ours and self._read_on()

    def _read_on(self) -> bool:
        """Read what the kernel holds. False: there may be more."""
        receive, arrivals = self._sock.recvfrom, self.arrivals
        try:
            for _ in range(READ_ON):
                arrivals.put_nowait(receive(MOST_OCTETS))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @classmethod
    async def open(cls, listener: Listener, receive_queue: int, sockets: Sockets | None = None) -> UdpEndpoint:
        """Take or bind the listener's address. Raises OSError, with the address in its text."""
        sock = (sockets or Sockets()).open(socket.SOCK_DGRAM, listener.host, listener.port)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
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
            if error.errno in (errno.ENOBUFS, errno.EINTR):
                return SENT
            self.unsent_for = said_of(error.errno or 0)
            return NOWHERE
        except (OverflowError, ValueError, TypeError):
            self.send_errors += 1
            self.unsent_for = "no address"
            return NOWHERE  # no address at all
        return SENT

    def descriptor(self) -> int:
        """Of the socket that is bound, to hand it over."""
        return self._sock.fileno()

    def leave_to_another(self) -> None:
        """Another process reads what comes from now on: handle all that was read here, and go on sending."""
        self._is_ours = False
        self._sock = self._sock.dup()
        self._transport.close()  # it knows no other way to stop reading
        super().leave_to_another()

    def close(self) -> None:
        """Close the socket; what still waits is not handled."""
        super().close()
        self._is_ours = False
        self._transport.close()
        self._sock.close()


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
