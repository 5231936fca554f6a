"""The way of an ACK: without a transaction (RFC 3261 16.11); the one for a response of ours ends here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from proxy.answers import Answers
from proxy.diversion import targets_in_dialog
from proxy.effects import Effect, Resolve
from proxy.forwarding import FlowTo, Plan, edit_lines, find_token, for_next_hop, plan_route
from proxy.labels import dress, unlabel
from proxy.routing import Peer, Target, Topology
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Flow
from proxy.sip.headers import MAGIC_COOKIE, Via
from proxy.sip.message import Request
from proxy.sip.transaction import Layer
from proxy.sip.uri import Uri, parse_uri
from proxy.token import Tokens
from proxy.validation import Refusal, read_fields, read_forwards


class Node(Protocol):
    """What the way of an ACK needs of the proxy core."""

    answers: Answers
    dropped: Counter[str]
    effects: list[Effect]
    flow_to: FlowTo
    layer: Layer
    salt: int
    tokens: Tokens
    topology: Topology


def forward_ack(core: Node, request: Request, via: Via, flow: Flow, now: float) -> None:
    """Send an ACK for a 2xx on. Nothing is ever answered to it, so that only what its way depends on is read."""
    if core.answers.acknowledges_us(request):
        core.dropped["ACK to a response of ours"] += 1
        return
    peer: Peer = flow.peer
    try:
        if not (request.raw(b"cseq") or b"").endswith(b"ACK"):
            raise BadHeader("CSeq", request.raw(b"cseq") or b"")
        forwards = read_forwards(request)
        plan = plan_route(request, request.request_uri, core.topology)
        next_hop = parse_uri(plan.routes[0][1]) if plan.routes else plan.uri
    except BadHeader:
        core.dropped["malformed ACK"] += 1
        return
    targets = _targets(core, request, via, plan, peer, next_hop)
    if request.fault or not targets or forwards == 0 or _is_preloaded(core, request, via, plan, peer):
        core.dropped["ACK to nowhere"] += 1
        return
    plan = for_next_hop(plan, next_hop, targets[0])
    lines = edit_lines(request, forwards, plan, peer.dropped)
    if peer.from_pbx and plan.users:
        fields = read_fields(request, via)
        if not isinstance(fields, Refusal):
            unlabel(lines, request, plan, fields, core.tokens)
    elif not peer.from_pbx and b"from" in request.where:
        dress(lines, request, None, stranger=not peer.trunk.identity_trusted)
    # A retransmitted ACK must get the same branch (16.11).
    mark = hash((via.branch or request.raw(b"via"), request.raw(b"call-id"))) & 0xFFFFFFFFFFFF
    branch = b"%sack%x.%x" % (MAGIC_COOKIE, core.salt, mark)
    start = b"ACK " + plan.uri_bytes + b" SIP/2.0"

    def send(addresses: Sequence[str], _: float) -> None:
        target = targets[0].at(addresses[0]) if addresses else None
        listener = core.topology.listener_for(flow.listener, target) if target else None
        if target is None or listener is None:
            core.dropped["ACK to nowhere"] += 1
            return
        data = b"\r\n".join((start, listener.via + branch, *lines, b"", request.body))
        core.layer.send(core.flow_to(listener, target.host, target.port), data)

    if targets[0].literal:
        send((targets[0].host,), now)
    else:
        core.effects.append(Resolve(targets[0], send))


def _targets(core: Node, request: Request, via: Via, plan: Plan, peer: Peer, next_hop: Uri) -> list[Target]:
    """Where it goes: the way of the INVITE that it acknowledges, also where that was diverted."""
    if core.topology.destinations:
        fields = read_fields(request, via)
        if not isinstance(fields, Refusal):
            return targets_in_dialog(core.topology, core.tokens, plan, fields, peer, next_hop)
    return core.topology.targets(peer, next_hop)


def _is_preloaded(core: Node, request: Request, via: Via, plan: Plan, peer: Peer) -> bool:
    """Does a trunk-side ACK try to choose its path, without the token of a dialog that may?"""
    if not (plan.named_us and plan.routes) or peer.from_pbx:
        return False
    fields = read_fields(request, via)
    return isinstance(fields, Refusal) or find_token(plan, fields, core.tokens, from_pbx=False) is None
