"""One connection: octets in, whole messages out; closed when it is idle, slow, or can't be read any further."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, cast

from proxy.flows import PeerFlow
from proxy.proxy_settings import LimitSettings
from proxy.sip.framing import Unframed

# Why a connection was closed, beside what `proxy/sip/framing.py` says.
BY_PEER: Final = "by the peer"
IDLE: Final = "idle"
UNREAD: Final = "unread"  # what we sent was not taken
STOPPED: Final = "stopped"
BROKEN: Final = "broken"
CLOSED_FOR: Final = (BY_PEER, IDLE, UNREAD, STOPPED, BROKEN)

_LAST_S: Final = 0.2  # how long who sends no more may wait for an answer
_SILENT: Final = 3  # times as long as for half a message a stranger may say nothing at all

Remote = tuple[str, int, str, int]  # address, port, the name that it was opened for, serial of one that was taken


class Framing(Protocol):
    """How messages lie in the stream: `proxy.sip.framing.Framer`, or frames of WebSocket."""

    @property
    def answer(self) -> bytes:
        """What is to be written back at once, after `feed`."""

    @property
    def fault(self) -> Unframed | None:
        """Why it can't be read any further."""

    @property
    def partial(self) -> bool:
        """Has a message begun that has not ended?"""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""

    def give_up(self) -> Unframed | None:
        """The rest of what has begun does not come."""

    def relax(self) -> None:
        """A message without its length was taken as it was: go on behind it."""

    def wrap(self, message: bytes) -> bytes:
        """A message as it is written."""

    def end(self) -> bytes:
        """What is written last."""


class Keeper(Protocol):
    """Who holds it: `proxy.streams.endpoint.StreamEndpoint`."""

    def made(self, connection: Connection) -> None:
        """It is open."""

    def arrived(self, connection: Connection, message: bytes) -> None:
        """A message came."""

    def unframed(self, connection: Connection, fault: Unframed) -> None:
        """It can't be read any further."""

    def lost(self, connection: Connection) -> None:
        """It is closed."""


class Connection:
    """The protocol that asyncio drives, in either direction."""

    __slots__ = (
        "_keeper", "_loop", "_patience", "_since", "_timer", "_transport", "_unread_since", "agreeing", "began",
        "check", "error", "flow", "framing", "heard", "names", "remote", "silent", "source", "spoken", "why",
    )  # fmt: skip

    def __init__(self, keeper: Keeper, remote: Remote, framing: Framing, patience: LimitSettings) -> None:
        self._keeper = keeper
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0  # since when a message has begun that has not ended; 0: there is none
        self._unread_since = 0.0  # since when too much waits to be sent; 0: it does not
        self.framing = framing
        self.remote = remote
        self.names: tuple[str, ...] = ()  # what the other end's certificate names
        self.source = ""  # its address, where it counts by that
        self.agreeing = False  # the way is there, and TLS begins on it
        self.began = False
        self.check: Callable[[Connection], str] | None = None  # why its other end is refused; empty: it is not
        self.flow: PeerFlow | None = None
        self.heard = 0.0  # when a whole message came last
        self.spoken = False  # a whole message has come
        self.error: Exception | None = None  # what ended it
        self.silent = False  # a stranger who has said nothing yet: he is not waited for long
        self.why = BY_PEER

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open, and if it is enciphered, its keys are agreed."""
        self._transport = cast(asyncio.Transport, transport)
        if self.check is not None and (refusal := self.check(self)):
            self.why = refusal
            self._transport.abort()
            return
        self.began = True
        self.heard = self._loop.time()
        self._keeper.made(self)
        if not self._transport.is_closing():
            self._arm()

    def data_received(self, data: bytes) -> None:
        """Octets came."""
        if self._transport is None or self._transport.is_closing():
            return
        framing = self.framing
        messages = framing.feed(data)
        now = self._loop.time()
        if framing.answer:
            self._transport.write(framing.answer)
        if messages or framing.answer:
            self.heard = now
            self.spoken = True
            self._since = 0.0
            self.silent = False
        for message in messages:
            self._keeper.arrived(self, message)
        if framing.fault is not None:
            self._keeper.unframed(self, framing.fault)
        elif not framing.partial:
            self._since = 0.0
        elif not self._since:
            self._since = now
            self._arm()

    def eof_received(self) -> bool:
        """The other end sends no more. What it sent is still answered, where half a connection may stay open."""
        if self._transport is None or self._transport.is_closing():
            return False  # over TLS the other end's last words come after ours: what was wrong is answered already
        fault = self.framing.give_up()
        if fault is not None:
            self._keeper.unframed(self, fault)
        if fault is not None or self.info("sslcontext") is not None:
            return False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_LAST_S, partial(self.close, BY_PEER))
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed."""
        self.error = error
        if error is not None and self.why == BY_PEER:
            self.why = BROKEN
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = None
        if self.began:
            self._keeper.lost(self)

    def pause_writing(self) -> None:
        """The other end takes less than we send."""
        self._unread_since = self._loop.time()
        self._arm()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._unread_since = 0.0

    # ---- what its keeper asks

    def info(self, name: str) -> Any:
        """What the transport knows of it."""
        return None if self._transport is None else self._transport.get_extra_info(name)

    def send(self, message: bytes) -> bool:
        """Write a message; False where it is closed. Who takes nothing of what is sent is left."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(self.framing.wrap(message))
        if transport.get_write_buffer_size() > self._patience.unsent_octets:
            self.why = UNREAD
            transport.abort()
            return False
        return True

    def pause(self) -> None:
        """Read no more for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self, why: str) -> None:
        """Close it, once what was sent is out, and after a while in any case."""
        transport = self._transport
        if transport is None:
            return
        if not transport.is_closing():
            self.why = why
            if last := self.framing.end():
                transport.write(last)
            transport.close()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(self._patience.message_s, transport.abort)

    # ---- time

    def _arm(self) -> None:
        """Look again when the first of what is waited for is over."""
        at = self.heard + self._idle_s
        for since in (self._since, self._unread_since):
            if since:
                at = min(at, since + self._patience.message_s)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._look)

    @property
    def _idle_s(self) -> float:
        patience = self._patience
        if self.silent:
            return min(_SILENT * patience.message_s, patience.connection_idle_s)
        return patience.connection_idle_s

    def _look(self) -> None:
        """Has it been idle, slow to send, or slow to take, for too long?"""
        now, patience = self._loop.time(), self._patience
        self._timer = None
        if self._transport is None or self._transport.is_closing():
            return
        if self._unread_since and now - self._unread_since >= patience.message_s:
            self.why = UNREAD
            self._transport.abort()
        elif self._since and now - self._since >= patience.message_s:
            fault = self.framing.give_up()
            if fault is not None:
                self._keeper.unframed(self, fault)
        elif now - self.heard >= self._idle_s:
            self.close(IDLE)
        else:
            self._arm()
