"""Whose a flow is, by the configuration; and all flows by their remote address, made once each."""

from __future__ import annotations

from typing import Any

from proxy.neighbours import Peer, Target
from proxy.peers import PeerAddress, Peers
from proxy.routing import Topology
from proxy.sip.flow import Flow, Listener
from proxy.sip.headers import Via
from proxy.sources import source_of


class PeerFlow(Flow):
    """A flow, and what the configuration says of who is at its other end."""

    __slots__ = ("address", "counted", "former", "line", "pbx_side", "peer", "source", "via", "watched")

    def __init__(
        self, listener: Listener, remote: tuple[Any, ...], peer: Peer | None = None, *, serial: int = 0
    ) -> None:
        super().__init__(listener, remote, serial=serial)
        self.peer = peer  # who sends from there; None: nobody we know
        self.address: PeerAddress | None = None  # its state, where the configuration names the address
        self.line: tuple[str, str] = "", ""  # whose line it waits in while many do (`proxy/urgency.py`)
        self.counted = ""  # its address, where what it holds counts by that as well: no trunk names it
        self.via = b""  # how a Via of whoever sends from there begins, as nearly all write it, once it is asked for
        self.source = ""  # what stands for whoever sends from there, if he can be banned
        self.watched = False  # no trunk names him: he is banned for what he does, too
        # The same as a flow of the PBX side, for emergency calls from a PBX's address and another port than its own.
        self.pbx_side: PeerFlow | None = None
        # The same as a flow of whom the configuration named before, for what belongs to his dialogs.
        self.former: PeerFlow | None = None

    @property
    def sender(self) -> Peer:
        """Who sends from there, of whom it is known that he is somebody."""
        assert self.peer is not None
        return self.peer

    @property
    def speaker(self) -> Peer | None:
        """Who may make an emergency call from there: the PBX, whatever port of its address it comes from."""
        return self.peer if self.pbx_side is None else self.pbx_side.peer

    def spoke(self, now: float) -> None:
        """A response to a request of ours came from there."""
        self.heard = now
        if self.address is not None:
            self.address.spoke(now)

    def answered(self, status: int) -> None:
        """A final response to an INVITE came from there."""
        if self.address is not None:
            self.address.answered(status)

    def timed_out(self) -> None:
        """An INVITE got no final response from there."""
        if self.address is not None:
            self.address.timed_out()


def address_of(flow: Flow) -> PeerAddress | None:
    """The state of the address that it leads to, where the configuration names that."""
    return flow.address if isinstance(flow, PeerFlow) else None


def peer_of(flow: Flow) -> Peer | None:
    """Who sends from there."""
    return flow.peer if isinstance(flow, PeerFlow) else None


def reply_flow(flow: PeerFlow, via: Via, flow_to: FlowTo) -> PeerFlow:
    """Where responses go (RFC 3261 18.2.2, RFC 3581).

    A sent-by that is the source's own address is believed as to the port. Any other sender is behind address
    translation or names itself by a host name; the port there says nothing of where it can be reached, so
    responses go back to where the request came from. `maddr` is not followed: it would send our answers to
    whomever the request names.
    """
    if via.wants_rport or via.host != flow.shown_host or flow.reliable:
        return flow
    port = via.port or 5060
    return flow if port == flow.port else flow_to(flow.listener, flow.host, port)


class FlowTo:
    """Flows by remote address, made once each."""

    def __init__(
        self, topology: Topology, peers: Peers | None = None, most: int = 50_000, *, before: FlowTo | None = None
    ) -> None:
        """`before` is what this one takes the connections over from."""
        self._topology = topology
        self._peers = peers
        self._flows: dict[tuple[int, str, int], PeerFlow] = {}
        self._most = most
        # Of streams: each connection that is there or is being opened, and the latest one at each address.
        self._connections: dict[tuple[int, tuple[str, int, str, int]], PeerFlow] = {}
        self._at: dict[tuple[int, str, int], PeerFlow] = {}
        if before is not None:
            self._renew(before)

    def forget(self) -> None:
        """Look at who sends anew: a name has led to other addresses."""
        self._flows.clear()
        self._renew(self)

    def _renew(self, before: FlowTo) -> None:
        """The connections that are there, and who is at their other end now; what is under way keeps its old flows."""
        there, latest = list(before._connections.values()), {id(flow) for flow in before._at.values()}
        self._connections, self._at = {}, {}
        for flow in sorted(there, key=lambda each: id(each) in latest):
            listener = self._topology.listener_numbered(flow.listener.number)
            found = self.connected(listener, flow.remote, flow.names)
            found.waiting = flow.waiting

    def present(self, flow: PeerFlow) -> PeerFlow:
        """The flow that stands for this connection now, by the configuration of now."""
        return self._connections.get((flow.listener.number, flow.remote), flow)

    def __call__(self, listener: Listener, host: str, port: int) -> PeerFlow:
        """The flow from that listener to that address."""
        key = (listener.number, host, port)
        flow = self._flows.get(key)
        if flow is None:
            if listener.reliable:
                return self.opened(listener, host, port, "")
            if len(self._flows) >= self._most:
                self._flows.clear()  # flows are values: those in use live on with their transactions
            remote = (host, port) if listener.family == 4 else (host, port, 0, 0)
            flow = PeerFlow(listener, remote)
            self._identify(flow)
            self._flows[key] = flow
        return flow

    def _identify(self, flow: PeerFlow) -> None:
        """Who is at its other end, by the configuration."""
        topology, listener, host, port = self._topology, flow.listener, flow.host, flow.port
        if flow.serial:
            peer = topology.places.peer_connected(listener, host, flow.names)
        else:
            peer = topology.places.peer_of(listener, host, port)
        flow.peer = peer
        if self._peers is not None and not flow.serial:
            flow.address = self._peers.at(host, port, listener.transport)
        flow.counted = "" if topology.places.names_address(host, peer) else host
        if peer is not None:
            flow.line = ("pbx " if peer.from_pbx else "trunk ") + peer.name, flow.counted
        if not topology.places.is_shielded(host, peer):
            flow.source = source_of(host)
            flow.watched = topology.places.is_unnamed(host, peer)
        if (pbx := topology.places.pbx_at(host, peer)) is not None:
            flow.pbx_side = PeerFlow(listener, flow.remote, pbx, serial=flow.serial)
        if (former := topology.places.former_at(host, port, peer)) is not None:
            flow.former = PeerFlow(listener, flow.remote, former, serial=flow.serial)
            flow.watched = flow.watched and not former.known

    # ---- streams

    def to_target(self, listener: Listener, target: Target) -> PeerFlow | None:
        """The connection to this target: the one that it means, one that is there, or one that is to be opened."""
        if target.serial:
            flow = self._at.get((listener.number, target.host, target.port))
            return flow if flow is not None and flow.serial == target.serial else None
        domain = target.domain if listener.transport == "TLS" and target.domain != target.host else ""
        return self.opened(listener, target.host, target.port, domain)

    def opened(self, listener: Listener, host: str, port: int, domain: str) -> PeerFlow:
        """A connection to this address; where a name must be proven, one that was opened for that name."""
        remote = (host, port, domain, 0)
        flow = self._connections.get((listener.number, remote))
        if flow is None and not domain:
            flow = self._at.get((listener.number, host, port))
        return flow if flow is not None else self.connected(listener, remote, ())

    def connected(self, listener: Listener, remote: tuple[str, int, str, int], names: tuple[str, ...]) -> PeerFlow:
        """The flow of a connection, also of one that is being opened; `names` are those of a certificate."""
        key = listener.number, remote
        flow = self._connections.get(key)
        if flow is None:
            flow = self._connections[key] = PeerFlow(listener, remote, serial=remote[3])
            flow.names = names
            self._identify(flow)
            where = listener.number, flow.host, flow.port
            self._at[where] = flow
            self._topology.connected[where] = flow.serial
        return flow

    def disconnected(self, flow: PeerFlow) -> None:
        """It is closed."""
        listener, where = flow.listener, (flow.listener.number, flow.host, flow.port)
        if self._connections.get((listener.number, flow.remote)) is flow:
            del self._connections[listener.number, flow.remote]
        if self._at.get(where) is flow:
            del self._at[where]
            del self._topology.connected[where]
