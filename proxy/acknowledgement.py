"""The way of an ACK: without a transaction (RFC 3261 16.11); the one for a response of ours ends here."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.context import Node
from proxy.effects import Resolve
from proxy.far_end import show_trunk_host, targets_in_dialog
from proxy.flows import PeerFlow
from proxy.forwarding import Plan, edit_lines, for_next_hop, plan_route
from proxy.labels import dress, unlabel
from proxy.mask import hide, is_masked, show, shown_uri
from proxy.neighbours import OWN_ONLY, Peer, Target
from proxy.next_hops import Hop
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Listener
from proxy.sip.headers import MAGIC_COOKIE, Via
from proxy.sip.message import Request
from proxy.sip.uri import parse_uri
from proxy.token import LABELLED, MASKED, Token
from proxy.validation import Refusal, read_fields, read_forwards


def forward_ack(core: Node, request: Request, via: Via, flow: PeerFlow, peer: Peer, now: float) -> None:
    """Send an ACK for a 2xx on. Nothing is ever answered to it, so that only what its way depends on is read."""
    if core.answers.acknowledges_us(request):
        core.dropped["ACK to a response of ours"] += 1
        return
    try:
        if not (request.raw(b"cseq") or b"").endswith(b"ACK"):
            raise BadHeader("CSeq", request.raw(b"cseq") or b"")
        forwards = read_forwards(request)
        plan = plan_route(request, request.request_uri, core.topology)
        next_hop = parse_uri(plan.routes[0][1]) if plan.routes else plan.uri
    except BadHeader:
        core.dropped["malformed ACK"] += 1
        return
    token = _token(core, request, via, plan, peer)
    if token is None and peer.redirect:  # of a call that was never forwarded
        core.dropped["ACK to nowhere"] += 1
        return
    targets = targets_in_dialog(core.topology, core.tokens, token, peer, next_hop)
    if len(targets) > 1:
        targets = core.in_turn(targets, request.call_id, token, now)
    # A trunk-side ACK may not choose its path without the token of a dialog that may.
    preloaded = plan.named_us and plan.routes and token is None and not peer.from_pbx
    if request.fault or not targets or forwards == 0 or preloaded:
        core.dropped["ACK to nowhere"] += 1
        return
    plan = for_next_hop(plan, next_hop, targets[0])
    outside = peer.from_pbx and not core.topology.places.is_pbx(targets[0])
    lines = edit_lines(request, forwards, plan, OWN_ONLY if outside else peer.dropped)
    if peer.from_pbx:
        if token is not None and MASKED in token.flags:
            show(lines, request, core.dialogs.party_of(token))
            plan.uri_bytes = shown_uri(plan.uri_bytes, core.tokens)
        elif token is not None:
            unlabel(lines, request, token)
        show_trunk_host(lines, request, targets[0])
    elif is_masked(plan.users) and b"from" in request.where:
        known = core.dialogs.names_of(token) if token is not None else ()
        label = core.label_of(token) if token is not None and LABELLED in token.flags else ""
        hide(lines, request, label, core.tokens, known)
    elif b"from" in request.where:
        dress(lines, request, None, stranger=not peer.trunk.identity_trusted)
    # A retransmitted ACK must get the same branch (16.11).
    mark = hash((via.branch or request.raw(b"via"), request.raw(b"call-id"))) & 0xFFFFFFFFFFFF
    branch = b"%sack%x.%x" % (MAGIC_COOKIE, core.salt, mark)
    start = b"ACK " + plan.uri_bytes + b" SIP/2.0"
    if targets[0].literal:
        _send(core, flow.listener, targets[0], (start, branch), lines, request.body)
        return

    def resolved(hops: Sequence[Hop], _: float) -> None:
        found = [targets[0].at(hop) for hop in core.topology.may_be_sent_to(targets[0], hops)]
        found = core.in_turn([*found, *targets[1:]], request.call_id, token, now)
        _send(core, flow.listener, found[0] if found else None, (start, branch), lines, request.body)

    core.effects.append(Resolve(targets[0], resolved, core.seed_of(request.call_id)))


def _send(
    core: Node, arrived: Listener, target: Target | None, head: tuple[bytes, bytes], lines: list[bytes], body: bytes
) -> None:
    """Once, to this target, with this start line and branch."""
    listener = core.topology.listener_for(arrived, target) if target is not None else None
    flow: PeerFlow | None = None
    if target is not None and listener is not None:
        if listener.reliable:
            flow = core.flow_to.to_target(listener, target)
        else:
            flow = core.flow_to(listener, target.host, target.port)
    if listener is None or flow is None:
        core.dropped["ACK to nowhere"] += 1
        return
    data = b"\r\n".join((head[0], listener.via + head[1], *lines, b"", body))
    core.layer.send(flow, data)


def _token(core: Node, request: Request, via: Via, plan: Plan, peer: Peer) -> Token | None:
    """The token of its dialog, where its way depends on it: from a caller without leftover routes it does not."""
    topology = core.topology
    several = peer.redirect or len(peer.pbx.targets) != 1 or not peer.pbx.targets[0].literal
    depends = peer.from_pbx or plan.routes or several or topology.destinations or topology.former_targets(plan.uri)
    if not plan.users or not depends:
        return None
    fields = read_fields(request, via)
    if isinstance(fields, Refusal):
        return None
    return core.dialogs.find_token(plan, fields, core.tokens, from_pbx=peer.from_pbx)
