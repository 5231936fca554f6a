"""Diverted calls: a named destination becomes their Request-URI, and the rest of their dialog follows them there."""

from __future__ import annotations

from proxy.forwarding import Plan, find_flag
from proxy.routing import Destination, Peer, Target, Topology
from proxy.sip.uri import Uri, parse_uri
from proxy.token import DIVERTED, Tokens
from proxy.validation import Fields
from rules.model import Action, Verdict


def destination_of(verdict: Verdict | None, topology: Topology) -> Destination | None:
    """Where a verdict sends its call instead of to the PBX of its trunk."""
    if verdict is None or verdict.action is not Action.DIVERT:
        return None
    return topology.destinations.get(verdict.destination)


def divert(plan: Plan, destination: Destination) -> Plan:
    """The route of a diverted call: its Request-URI is the destination, and no Route that the caller chose is left."""
    changed = plan.changed or bool(plan.routes)
    return Plan(parse_uri(destination.uri), destination.uri, [], plan.users, plan.named_us, changed)


def diversion(called: bytes) -> bytes:
    """The header line that tells the destination who was called (RFC 5806); the topmost entry is the newest.

    History-Info (RFC 7044) would be the newer way, but mailboxes and desks look for their subscriber here.
    """
    return b"Diversion: <%s>;reason=unconditional;counter=1" % called


def targets_in_dialog(
    topology: Topology, tokens: Tokens, plan: Plan, fields: Fields, peer: Peer, next_hop: Uri
) -> list[Target]:
    """Where a request goes (RFC 3261 16.5): inside a diverted call to its destination, whatever its Contact names."""
    if topology.destinations and plan.users and not peer.from_pbx:
        mark = find_flag(DIVERTED, plan, fields, tokens, from_pbx=False)
        found = topology.targets_of_diverted(mark, next_hop) if mark else None
        if found is not None:
            return found
    return topology.targets(peer, next_hop)
