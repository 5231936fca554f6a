"""Asking the addresses of the configuration by OPTIONS whether they live (RFC 3261 11), while no call tells."""

from __future__ import annotations

from typing import Final

from proxy.context import Node
from proxy.neighbours import Target
from proxy.peers import REFUSED, PeerAddress
from proxy.sip.flow import Flow, Listener
from proxy.sip.headers import MAGIC_COOKIE
from proxy.sip.message import ResponseHead
from proxy.sip.transaction import ClientTransaction, NonInviteClient

SWEEP_S: Final = 1.0
AGAIN_S: Final = 1.0  # after a probe without an answer, while that is no verdict yet
_AT_ONCE: Final = 50  # in one sweep


class Asking:
    """One OPTIONS that is under way."""

    __slots__ = ("address", "prober")

    def __init__(self, address: PeerAddress, prober: Prober) -> None:
        self.address = address
        self.prober = prober
        address.asked = True

    def on_response(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        """It lives, whatever it says but 503."""
        if response.status >= 200:
            self.address.asked = False
            self.address.probe_answered(response.status, now)

    def on_timeout(self, client: ClientTransaction, now: float) -> None:
        """It said 100 and no more."""
        self.address.asked = False
        if not self.prober.over:
            self.address.probe_missed(now)

    def on_silence(self, client: ClientTransaction, now: float) -> None:
        """Nothing came for as long as a call would have waited."""
        client.end()
        self.on_timeout(client, now)
        self.address.probe_at = min(self.address.probe_at, now + AGAIN_S)

    def on_transport_failure(self, client: ClientTransaction, now: float, why: str = REFUSED) -> None:
        """Nobody listens there, or there is no way."""
        self.address.asked = False
        self.address.refused(now, why)


class Prober:
    """Looks once a second who is to be asked; a timer of the core's like any other."""

    __slots__ = ("_asked", "_core", "over")

    def __init__(self, core: Node) -> None:
        self._core = core
        self._asked = 0
        self.over = False  # the process after this one asks now, and gets the answers to what was asked here

    def begin(self, now: float) -> None:
        """The sockets are open."""
        self._core.peers.begin(now)
        self._core.layer.timers.start(SWEEP_S, "sweep", self, now)

    def on_timer(self, letter: str, now: float) -> None:
        """A second has passed."""
        if self.over:
            return
        self._core.layer.timers.start(SWEEP_S, "sweep", self, now)
        self._core.peers.sweep(now)
        left = _AT_ONCE
        for address in self._core.peers:
            every_s = address.owner.watch.every_s
            if every_s and now >= address.probe_at and not address.asked and left:
                left -= 1
                address.probe_at = now + every_s
                self.ask(address, now)

    def ask(self, address: PeerAddress, now: float) -> None:
        """Ask this one now: a call that it says nothing to may be one that it can't read."""
        if address.asked or self.over:
            return
        core = self._core
        target = Target(address.host, address.port, transport=address.transport, domain=address.domain)
        listener = core.topology.listener_for(core.topology.listeners[0], target)
        if listener is None:
            return
        there = core.flow_to.to_target(listener, target) if listener.reliable else None
        there = there or core.flow_to(listener, address.host, address.port)
        self._asked += 1
        branch = b"%sprobe%x.%x" % (MAGIC_COOKIE, core.salt, self._asked)
        flow = Flow(listener, there.remote)  # of its own: what comes there is told by `Asking` alone
        client = NonInviteClient(
            core.layer, branch, flow, self._options(listener, target, branch), Asking(address, self), now
        )
        client.leave_after(core.silent_s, now)

    def _options(self, listener: Listener, target: Target, branch: bytes) -> bytes:
        """An OPTIONS to the address itself and to nobody behind it."""
        there = b"sip:%s:%d" % (target.shown_host, target.port)
        mark = hash((self._core.salt, branch)) & 0xFFFFFFFFFFFF
        return b"\r\n".join(
            (
                b"OPTIONS " + there + b" SIP/2.0",
                listener.via + branch + b";rport",
                b"Max-Forwards: 70",
                b"From: <sip:ringfence@%s>;tag=%x" % (listener.sent_by, mark),
                b"To: <%s>" % there,
                b"Call-ID: %x@%s" % (mark, listener.sent_by),
                b"CSeq: 1 OPTIONS",
                b"Accept: application/sdp",
                b"Content-Length: 0",
                b"",
                b"",
            )
        )
