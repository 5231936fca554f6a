"""A request on its way out: where it goes (RFC 3261 16.5), what of it changes (16.6), and the token that it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final

from proxy.auto_answer import ALERT_INFO, CALL_INFO, plain_uri, without_auto_answer
from proxy.context import EMERGENCY_MARK, Context, Node
from proxy.diversion import diversion, divert, history
from proxy.effects import Resolve
from proxy.far_end import show_trunk_host, targets_in_dialog
from proxy.flows import PeerFlow
from proxy.forwarding import Plan, edit_lines, for_next_hop, record_routes, share_breadth, with_host
from proxy.labels import dress, mark_of, unlabel
from proxy.mask import hide, show, shown_uri
from proxy.neighbours import IDENTITY_HEADERS, OWN_ONLY, UNWEIGHED, Destination, Target
from proxy.next_hops import Hop, lots_of
from proxy.proxy_settings import LimitSettings
from proxy.screening import Screening, asserted_in, asserts_unread
from proxy.sip.headers import MAGIC_COOKIE
from proxy.sip.transaction import InviteClient, NonInviteClient
from proxy.sip.uri import Uri, named_part, parse_uri
from proxy.stir.signing import Signing
from proxy.token import DIVERTED, EMERGENCY, FROM_PBX, FROM_TRUNK, LABELLED, MASKED, NO_CALL, PARTY, Token
from proxy.validation import Refusal, is_unread
from proxy.verstat import OFF, tell
from proxy.vouching import vouch, vouch_for_diversion
from rules.model import Action, Verdict

_DIALOG_METHODS: Final = frozenset((b"INVITE", b"SUBSCRIBE", b"REFER", b"NOTIFY"))
SHOWING: Final = frozenset((b"INVITE", b"UPDATE"))  # within a dialog these may change the name on a telephone
_SIPS_NOT_ALLOWED: Final = Refusal(  # RFC 5630 5.4
    480, "Temporarily Unavailable", (b'Warning: 380 ringfence "no next hop is reached by TLS"',)
)
LARGEST: Final = 1300  # octets of a request that go by UDP on a way whose MTU nobody knows (RFC 3261 18.1.1)


class Onward(Node):
    """What the core does with a request once nothing stands against it."""

    screening: Screening
    limits: LimitSettings
    record_route: bool
    streamless: dict[tuple[str, int], float]  # addresses without TCP, and until when that counts
    _branches: int
    signing: Signing | None  # by what calls are signed that leave
    signed: Counter[str]  # calls by what was signed: A, B, C, div; fault: what should have been and could not

    def admit(self, context: Context, now: float) -> None:
        """The request goes on: choose its targets (16.5), make the edits that all of them share, forward it."""
        request, fields, plan, peer = context.request, context.fields, context.plan, context.peer
        destination, called = context.topology.destination_of(context.verdict), plan.uri_bytes
        if destination is not None:
            plan = divert(plan, destination)
        if context.is_emergency_call and self._leaves_for_trunk(context):
            led = bool(plan.routes)  # by a Route of the PBX, to somebody who may know nothing of emergencies
            plan = Plan(plan.uri, plan.uri_bytes, [], plan.users, plan.named_us, plan.changed or led)
        next_hop = parse_uri(plan.routes[0][1]) if plan.routes else plan.uri
        context.targets = self._targets(context, destination, plan, next_hop)
        if context.flow.reliable and context.flow.listener.secure and self._must_stay_secret(context):
            context.targets = [each for each in context.targets if each.transport == "TLS"]
            if not context.targets:
                self._answer_finally(context, _SIPS_NOT_ALLOWED, now)
                return
        known = bool(context.targets)
        self._order(context, now)
        if not context.targets:
            self._answer_nowhere(context, 503 if known else 404, now)
            return
        if not self.peers.plain and self._refuse_closed(context, context.targets, now):
            return
        plan = context.plan = for_next_hop(plan, next_hop, context.targets[0])
        dropped = peer.dropped
        if peer.trunk.identity_trusted and asserts_unread(request):
            dropped |= IDENTITY_HEADERS
        if peer.from_pbx and not context.topology.places.is_pbx(context.targets[0]):
            dropped = OWN_ONLY
            if context.server.invite and not fields.to_tag and context.led is None:
                self.dialogs.leaves(fields, context.request.uri)
            if not context.topology.trusts(context.targets[0]):
                dropped |= self.screening.withheld_names(request)
        context.lines = edit_lines(request, fields.forwards, plan, dropped)
        if destination is not None:
            context.lines.insert(0, diversion(called))
            context.lines += history(request, called, destination)
        self._show_who_calls(context)
        if self.signing is not None and not context.masked and context.server.invite and not fields.to_tag:
            self._vouch(context, self.signing, destination, now)
        if context.server.invite:
            self.say_trying(context, now)
        self.forward(context, now)

    def _show_who_calls(self, context: Context) -> None:
        """What the callee is to see of the caller; and the caller of himself, in what the callee sends."""
        request, peer, token = context.request, context.peer, context.token
        if context.verdict is not None:
            self._mark(context, context.verdict)
            if token is not None and not peer.from_pbx and MASKED in token.flags:
                self._mask_again(context, token)  # a text whose call a restart forgot
        elif peer.from_pbx:
            if token is not None and MASKED in token.flags:
                context.masked = True
                context.as_sent = show(context.lines, request, self.dialogs.party_of(token))
                context.plan.uri_bytes = shown_uri(context.plan.uri_bytes, self.tokens)
            elif token is not None:
                context.as_sent = unlabel(context.lines, request, token)
            context.as_sent += show_trunk_host(context.lines, request, context.targets[0])
        elif token is not None:
            self._mark_again(context, token)
        if peer.from_pbx:
            return
        stranger = not peer.trunk.identity_trusted
        if context.masked:
            known = self.dialogs.names_of(token) if token is not None else []
            context.as_sent = hide(context.lines, request, context.label or "", self.tokens, known)
        else:
            context.as_sent = dress(context.lines, request, context.label, stranger=stranger)
        if context.attestation and not context.masked and context.topology.verstat != OFF:
            context.as_sent = tell(context, context.topology.verstat)
        if stranger:
            self._let_no_phone_answer(context)

    def _mark(self, context: Context, verdict: Verdict) -> None:
        context.label = self.screening.apply(context.lines, context.request, verdict)
        context.masked = verdict.mask and context.label is not None

    def _vouch(self, context: Context, signing: Signing, destination: Destination | None, now: float) -> None:
        """Sign what leaves for somebody who verifies; whatever goes wrong with that, the call goes on unsigned."""
        at = float(self.dialogs.wall(now))
        if at > signing.ends:
            return  # unsigned is better than signed by what has ended; `ringfence health` says so
        try:
            told = ""
            if destination is not None:
                told = vouch_for_diversion(context, signing, destination, at)
            elif context.peer.from_pbx and context.led is None and not context.is_emergency_call:
                hidden = not context.topology.trusts(context.targets[0])
                withheld = hidden and bool(self.screening.withheld_names(context.request))
                told = vouch(context, signing, at, withheld=withheld)
        except Exception:
            told = "fault"
        if told:
            self.signed[told] += 1

    def _targets(self, context: Context, destination: Destination | None, plan: Plan, next_hop: Uri) -> list[Target]:
        """Where the request goes (16.5): a list of its own, since it loses those that were tried."""
        if destination is not None:
            return [destination.target]
        if context.led is not None and not context.is_emergency_call:
            return context.led.copy()
        if not plan.routes and self._leaves_for_trunk(context):
            return context.peer.pbx.outbound.copy()
        if context.token is None:
            return context.topology.targets(context.peer, next_hop).copy()
        return targets_in_dialog(context.topology, self.tokens, context.token, context.peer, next_hop).copy()

    def _mark_again(self, context: Context, token: Token) -> None:
        """Within a marked call the label stays before the caller's name, and a text of his is marked as his INVITE was.

        A text stands on the telephone by itself: whoever reads it may not see of which call it is.
        """
        method = context.request.method
        if method == b"MESSAGE" and (verdict := self.dialogs.verdict_on(token)) is not None:
            self._mark(context, verdict)
        elif method in SHOWING and self.screening.reasoned:
            verdict = self.dialogs.verdict_on(token)
            known = self.label_of(token) if LABELLED in token.flags else ""
            self.screening.reason(context.lines, known or (self.screening.label_for(verdict) if verdict else ""))
        if MASKED in token.flags:
            self._mask_again(context, token)
        elif (method in SHOWING or context.masked) and not context.label and LABELLED in token.flags:
            context.label = self.label_of(token)

    def _mask_again(self, context: Context, token: Token) -> None:
        """Who was masked as his call began is masked in all of it, whatever a message of it is judged to be."""
        context.masked = True
        if not context.label and LABELLED in token.flags:
            context.label = self.label_of(token)

    def label_of(self, token: Token) -> str:
        """The label of a dialog; empty where nobody knows any more which one it was."""
        return self.screening.label_of(token.flags.partition(LABELLED)[2])

    def _must_stay_secret(self, context: Context) -> bool:
        """What came by TLS for a sips: URI goes on by TLS alone (RFC 3261 26.2.2); an emergency call goes on anyhow."""
        return context.plan.uri.scheme == b"sips" and not context.loop.startswith(EMERGENCY_MARK)

    def _answer_finally(self, context: Context, refusal: Refusal, now: float) -> None:
        server = context.server
        data = self.answers.refusal(context.request, refusal, server.proof)
        self.finished(context, refusal.status, now)
        context.close()
        server.respond(refusal.status, data, now)
        self.refused[refusal.status] += 1

    def _answer_nowhere(self, context: Context, status: int, now: float) -> None:
        """404: there is no next hop; 503: the only ones take no new calls."""
        server, request = context.server, context.request
        self.finished(context, status, now)
        context.close()
        server.respond(status, self.answers.final(request, status, server.proof), now)
        self.refused[status] += 1

    def _leaves_for_trunk(self, context: Context) -> bool:
        """Does a call of the PBX side go to its outbound trunk, whatever host its Request-URI names?

        An emergency call does, and one that names the PBX itself: it would ring the PBX with its own call.
        """
        peer = context.peer
        if not peer.from_pbx or context.token is not None or not context.server.invite or not peer.pbx.outbound:
            return False
        if context.is_emergency_call:
            return True  # also with a To tag that nobody gave
        host, port = context.plan.uri.address
        itself = (host.decode("ascii", "replace"), port) == (context.flow.host, context.flow.port)
        return itself and not context.fields.to_tag

    def _refuse_closed(self, context: Context, targets: list[Target], now: float) -> bool:
        """Refuse a new call that nobody would take; none that may save somebody, it is tried all the same."""
        if not context.server.invite or context.fields.to_tag or context.may_ring_on:
            return False
        refusal = self.closed(self.peers.targets_closed_for(targets, now))
        if refusal is not None:
            self._answer_finally(context, refusal, now)
        return refusal is not None

    def _order(self, context: Context, now: float) -> None:
        """Targets by weight, who lives first. Whether one speaks again is tried by no emergency call."""
        targets, peers = context.targets, self.peers
        if peers.plain and (len(targets) < 2 or (targets[0].weight == UNWEIGHED and context.token is None)):
            return
        if context.fields.to_tag:
            context.targets = self.in_turn(targets, context.fields.call_id, context.token, now)
            return
        emergency = context.is_emergency_call
        found = peers.choose(targets, now, lots_of(self.seed_of(context.fields.call_id)), may_try=not emergency)
        left = found if peers.plain else peers.without_drained(found)
        context.targets = [*left, *(each for each in found if each not in left)] if emergency else left

    def in_turn(self, targets: list[Target], call_id: bytes, token: Token | None, now: float) -> list[Target]:
        """The targets of a request inside a dialog: where its call was answered first, then who lives."""
        if len(targets) < 2:
            return targets
        # The far end on a trunk is found by its Contact (proxy/far_end.py), that at a PBX by who answered.
        at = self.dialogs.address_of(token) if targets[0].listener is None else None
        first = [each for each in targets if at is not None and each.is_at(at.host, at.port, at.transport)]
        if not first:
            return self.peers.choose(targets, now, lots_of(self.seed_of(call_id)), may_try=False)
        return [*first, *(each for each in targets if each not in first)]

    def forward(self, context: Context, now: float) -> None:
        """Send the request to its next target, or ask for that target's address."""
        target = context.targets.pop(0)
        if not target.literal:
            self.effects.append(
                Resolve(target, partial(self.resolved, context, target), self.seed_of(context.fields.call_id))
            )
            return
        listener = context.topology.listener_for(context.flow.listener, target)
        if listener is None:
            context.unreachable(now)
            return
        request = context.request
        if listener.reliable:
            connection = self.flow_to.to_target(listener, target)
            if connection is None:
                context.unreachable(now)
                return
            flow = connection
        else:
            flow = self.flow_to(listener, target.host, target.port)
        self._branches += 1
        branch = b"%s%x.%x%s" % (MAGIC_COOKIE, self.salt, self._branches, context.loop)
        uri = self._shown_uri(context, target)
        head = [request.method + b" " + uri + b" SIP/2.0", listener.via + branch + b";rport"]
        if self.record_route and request.method in _DIALOG_METHODS and not context.fields.to_tag:
            secret = (listener.reliable or context.flow.reliable) and context.plan.uri.scheme == b"sips"
            head += record_routes(listener, context.flow.listener, self._sign(context, flow, now), secret=secret)
        data = b"\r\n".join((*head, *context.lines_for(listener, target), b"", request.body))
        if context.targets or context.pending:
            whole, data = data, share_breadth(data, context.under_way, len(context.targets))
            if not data and context.leave_silent(now):
                data = share_breadth(whole, context.under_way, len(context.targets))
            if not data:  # another one rings: this one has its turn should that fail
                context.targets.insert(0, target)
                return
        if len(data) > LARGEST and not listener.reliable and self._may_have_stream(context, target, now):
            context.targets[:0] = [target.by("TCP"), target.by("UDP")]
            self.forward(context, now)
            return
        client: InviteClient | NonInviteClient
        if context.server.invite:
            client = InviteClient(self.layer, branch, flow, data, context, now)
            context.ring(now)
        else:
            client = NonInviteClient(self.layer, branch, flow, data, context, now)
        context.pending.append(client)
        if context.targets:
            client.leave_after(self.limits.silent_s, now)

    def _may_have_stream(self, context: Context, target: Target, now: float) -> bool:
        """A request that is too large for a datagram on most ways goes by TCP where the next hop has it (18.1.1).

        Whether it has is tried, unless somebody has said how it is reached, and remembered where it has not.
        """
        if target.fixed or "TCP" not in context.topology.transports:
            return False
        until = self.streamless.get((target.host, target.port))
        return (until is None or now >= until) and context.topology.listener_for(
            context.flow.listener, target.by("TCP")
        ) is not None

    def resolved(self, context: Context, target: Target, hops: Sequence[Hop], now: float) -> None:
        """Where a target's host leads, best first; nowhere when it can't be resolved."""
        if context.done:
            return
        found = [target.at(hop) for hop in context.topology.may_be_sent_to(target, hops)]
        if not found:
            context.unreachable(now)
            return
        targets = [*found, *context.targets]
        if context.fields.to_tag:
            targets = self.in_turn(targets, context.fields.call_id, context.token, now)
        elif not self.peers.plain:
            emergency = context.is_emergency_call
            targets = self.peers.living_first(targets, now, may_try=not emergency)
            left = self.peers.without_drained(targets)
            targets = [*left, *(each for each in targets if each not in left)] if emergency else left
        context.targets = targets
        if not targets:
            context.unreachable(now)
            return
        fresh = not (self.peers.plain or context.finals or context.pending)
        if fresh and self._refuse_closed(context, targets, now):
            return
        self.forward(context, now)

    def _shown_uri(self, context: Context, target: Target) -> bytes:
        """The Request-URI as this target gets it."""
        plan = context.plan
        if target.pbx is not None and (target.pbx.rewrite_host or is_unread(plan.uri)):
            return with_host(plan.uri_bytes, b"%s:%d" % (target.shown_host, target.port))
        trunk = target.trunk
        if trunk is None or (context.fields.to_tag and not self._leaves_for_trunk(context)):
            return plan.uri_bytes
        named = trunk.rewrite_host
        if named is None:
            named = context.topology.names_us(plan.uri) or self._leaves_for_trunk(context)
        return with_host(plan.uri_bytes, trunk.shown) if named else plan.uri_bytes

    def _let_no_phone_answer(self, context: Context) -> None:
        """From a trunk that is not trusted nothing goes on that makes a phone answer by itself."""
        request, plan = context.request, context.plan
        if ALERT_INFO in request.where or CALL_INFO in request.where:
            context.lines = without_auto_answer(context.lines, request)
        if plan.uri.params:
            plan.uri_bytes = plain_uri(plan.uri_bytes, plan.uri.params)

    def _sign(self, context: Context, onward: PeerFlow, now: float) -> bytes:
        from_pbx = context.peer.from_pbx
        fields, dialogs = context.fields, self.dialogs
        flags = FROM_PBX if from_pbx else FROM_TRUNK
        flags += PARTY + self.tokens.mark(named_part(fields.called if from_pbx else fields.sender.uri))
        if not context.server.invite:
            flags += NO_CALL
        elif context.is_emergency_call:
            flags += EMERGENCY
        if context.label:
            flags += LABELLED + mark_of(context.label)
            if context.masked:
                flags += MASKED
        destination = context.topology.destination_of(context.verdict)
        if destination is not None:
            flags += DIVERTED + destination.mark
        there = onward if from_pbx else context.flow
        sealed = there.sealed
        if sealed is None:
            sealed = there.sealed = self.tokens.seal(there.place)
        user = self.tokens.sign(
            context.decision, flags, fields.call_id, fields.from_tag, made=dialogs.wall(now), sealed=sealed
        )
        call = context.call = dialogs.begin(user, fields, now, context.call, from_pbx=from_pbx)
        if from_pbx:
            call.reached_at(context.request.line(b"contact"))
            return user
        call.called = context.request.uri
        if context.verdict is not None and context.verdict.action is not Action.FORWARD:
            call.verdict = context.verdict
        if context.peer.trunk.identity_trusted:
            call.asserted = asserted_in(context.request)
        return user

    def say_trying(self, context: Context, now: float) -> None:
        """100 Trying, once: the caller need not send its INVITE again."""
        if not context.server.last:
            context.server.respond(100, self.answers.trying(context.request), now)
