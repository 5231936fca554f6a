"""Tells the core of connections: who is at their other end, which are gone, and what could not be sent or read."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from proxy.core import Core
from proxy.fault_log import FaultLog
from proxy.flows import address_of, peer_of
from proxy.peers import REFUSED
from proxy.sip.errors import BadHeader, BadMessage
from proxy.sip.flow import Flow, Listener
from proxy.sip.framing import Unframed
from proxy.sip.headers import parse_via
from proxy.sip.message import parse_request, parse_response
from proxy.sip.uri import SIP_PORT, SIPS_PORT
from proxy.streams.certificates import NOT_TAKEN, reason_of
from proxy.streams.connection import BY_PEER, IDLE, STOPPED, Connection, Remote
from proxy.streams.endpoint import StreamEndpoint
from proxy.transport import Endpoint

_ORDINARY: Final = (BY_PEER, IDLE, STOPPED)  # ends of a connection that nobody need be told of


class Watch:
    """One for all stream endpoints of a node."""

    def __init__(self, core: Core, flush: Callable[[], None], faults: FaultLog) -> None:
        self._core = core
        self._flush = flush
        self._faults = faults

    def source(self, listener: Listener, host: str) -> str:
        """The address if nobody names it, else empty."""
        topology = self._core.topology
        return "" if topology.places.names_address(host, topology.places.peer_connected(listener, host)) else host

    def is_named(self, listener: Listener, host: str) -> bool:
        """Does the configuration name who connects from there, be it by a network?"""
        peer = self._core.topology.places.peer_connected(listener, host)
        return peer is not None and peer.known

    def may_prove(self, listener: Listener) -> bool:
        """May whoever connects there show a certificate that somebody is known by?"""
        return listener.secure and self._core.topology.places.asks_for_certificates

    def made(self, listener: Listener, connection: Connection) -> None:
        """It is open: give it its flow. A stranger who then says nothing is not waited for long."""
        flow = connection.flow = self._core.flow_to.connected(listener, connection.remote, connection.names)
        if flow.serial and flow.peer is not None and flow.peer.known:
            self._core.peers.let_in(flow.peer.name)
        connection.silent = flow.serial != 0 and (flow.peer is None or not flow.peer.known)

    def lost(self, listener: Listener, connection: Connection) -> None:
        """It is closed: requests that wait on it for a first response have failed."""
        now = monotonic()
        if connection.why not in _ORDINARY:
            host, port = connection.remote[:2]
            self._faults.warning(
                "a connection was closed", now, why=connection.why, transport=listener.transport, source=host, port=port
            )
        if connection.flow is not None:
            flow = self._core.flow_to.present(connection.flow)
            self._core.flow_to.disconnected(flow)
            address = address_of(flow)
            if address is not None and isinstance(connection.error, ssl.SSLError) and not connection.spoken:
                address.refused(now, f"{NOT_TAKEN}: {reason_of(connection.error)}")
            self._core.connection_lost(flow, now)
            self._flush()

    def refused(self, listener: Listener, host: str, why: str, port: int = 0) -> None:
        """One did not begin: its certificate, or what is no TLS at all.

        Lines about a peer are counted apart: strangers can't use up those that say why he has no calls.
        """
        now = monotonic()
        words: dict[str, Any] = {"why": why, "transport": listener.transport, "host": host}
        if port:
            address = self._core.peers.at(host, port, listener.transport)
            name = address.name if address is not None else ""
            words["port"] = port
        elif name := self._core.topology.places.known_at(host):
            self._core.peers.turned_away(name, why, now)
        if name:
            words["peer"] = name
        self._faults.warning("a connection was refused", now, apart=name, **words)

    def unframed(self, listener: Listener, connection: Connection, fault: Unframed) -> bool:
        """It can't be read any further: answer that. True for an emergency call: it goes on as it came."""
        if connection.flow is None or not fault.status:
            return False
        flow = self._core.flow_to.present(connection.flow)
        taken = self._core.unframed(fault, flow, monotonic())
        self._flush()
        return taken

    def unsent(self, listener: Listener, remote: Remote, messages: list[bytes], why: str) -> None:
        """No connection could be opened for these: requests go elsewhere (RFC 3261 18.4)."""
        core, now = self._core, monotonic()
        flow = core.flow_to.connected(listener, remote, ())
        core.flow_to.disconnected(flow)
        for message in messages:
            if branch := branch_of(message):
                core.address_refused(flow, branch, now, why or REFUSED)
        self._flush()

    def answer_elsewhere(self, data: bytes, flow: Flow, endpoint: Endpoint) -> None:
        """A response whose connection is gone goes by a new one to the sent-by port at its address (RFC 3261 18.2.2).

        For those alone whom the configuration names: no stranger makes us open connections.
        """
        topology = self._core.topology
        peer = peer_of(flow)
        if peer is None or not (peer.known and topology.places.names_address(flow.host, peer)):
            return
        try:
            via = parse_via(parse_response(data).raw(b"via") or b"")
        except (BadMessage, BadHeader):
            return
        transport = flow.listener.transport
        port = via.port or topology.places.port_led_to(via.host.decode("ascii", "replace"), flow.host, transport)
        port = port or (SIPS_PORT if transport == "TLS" else SIP_PORT)
        there = self._core.flow_to.opened(flow.listener, flow.host, port, "")
        if isinstance(endpoint, StreamEndpoint):
            endpoint.send_or_open(data, there.remote)


def branch_of(message: bytes) -> bytes:
    """The branch of a request of ours; empty for a response."""
    if message[:4] == b"SIP/":
        return b""
    try:
        return parse_request(message).via.branch
    except (BadMessage, BadHeader):
        return b""
