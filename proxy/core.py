"""The proxy core: RFC 3261 section 16 in its own order. Messages and time in, effects out; no I/O.

`receive` takes a datagram; `effects` holds what the shell has to do afterwards. A request is matched to its
transaction, validated (16.3), its route prepared (16.4), judged when it is a trunk-side INVITE without a
valid token, and forwarded (16.6); responses find their context by branch (16.7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import Final

from proxy.acknowledgement import forward_ack
from proxy.bans import Bans
from proxy.context import EMERGENCY_MARK, Context
from proxy.dialogs import Dialogs
from proxy.effects import Finished, HungUp, PassedUnjudged, PeerChanged, Probe, Stranger, Verify
from proxy.flows import FlowTo, PeerFlow, address_of, reply_flow
from proxy.forwarding import (
    Plan,
    for_judgement,
    is_loop,
    loop_hash,
    plan_route,
    stamp_via,
)
from proxy.load import DIALOGS, HELP_OF_PBX, HELP_OF_TRUNK, Hold, Load
from proxy.neighbours import METHODS_OF_CALLS, Peer, Target
from proxy.next_hops import Hop
from proxy.outgoing import Outgoing
from proxy.pace import Meter
from proxy.peers import DOWN, PeerAddress, Peers
from proxy.peers import REFUSED as REFUSED_THERE
from proxy.probing import Asking, Prober
from proxy.proofs import JUDGED, METHODS_WITHIN, Proofs, is_judged
from proxy.proxy_settings import LimitSettings
from proxy.redirecting import CONTACT, go_on, judges_any, redirection
from proxy.refusing import BANNED, NO_ROOM, Refusing
from proxy.registrations import (
    PARAMETER,
    Binding,
    Registration,
    contact_of,
    led_by,
    own_contact,
    path_of,
    refuse_contacts,
)
from proxy.routing import Topology
from proxy.scanners import Scanners
from proxy.screening import Screening, asserted_in
from proxy.shedding import Shedding
from proxy.sip.bounds import PERHAPS_TOO_MANY_HOPS, SMALL, TOO_LARGE, TOO_MANY_VALUES, Bounds, beginning
from proxy.sip.errors import BadHeader, BadMessage
from proxy.sip.flow import Flow
from proxy.sip.framing import NO_LENGTH, Unframed
from proxy.sip.headers import Via, parse_via
from proxy.sip.message import Request, ResponseHead, parse_request
from proxy.sip.transaction import (
    ClientTransaction,
    InviteServer,
    Layer,
    NonInviteServer,
    ServerKey,
    ServerTransaction,
    State,
    server_key,
)
from proxy.sip.uri import parse_uri, user_part
from proxy.strangers import Strangers
from proxy.token import (
    FROM_PBX,
    NO_CALL,
    NO_DECISION,
    Token,
    Tokens,
)
from proxy.validation import (
    NO_ANSWER,
    Fields,
    Refusal,
    read_asked,
    read_emergency,
    read_fields,
    refuse_control,
    refuse_to_forward,
)
from rules.model import Action, Outcome, Step, Verdict

_KEEP_ALIVE: Final = b"\r\n\0 \t"
_TOO_LATE: Final = Refusal(503, "Service Unavailable", (b"Retry-After: 1",))
_FULL: Final = Refusal(503, "Service Unavailable", (b"Retry-After: 5",))
_EXCESS: Final = {
    TOO_MANY_VALUES: Refusal(400, "Too Many Header Field Values"),
    PERHAPS_TOO_MANY_HOPS: Refusal(483, "Too Many Hops"),
    TOO_LARGE: Refusal(513, "Message Too Large"),
}
_OVER_RATE: Final = Refusal(NO_ANSWER, "over its rate")
_BANNED: Final = Refusal(NO_ANSWER, BANNED)
_FORBIDDEN: Final = Refusal(403, "Forbidden")
_STREAMLESS_S: Final = 600.0  # how long an address that takes no connection is not asked for one again
_MOST_STREAMLESS: Final = 10_000
_ONLY_ASKED: Final = Refusal(405, "Method Not Allowed", (b"Allow: ACK, CANCEL, INVITE, OPTIONS",))
_UNKNOWN_CALL: Final = Refusal(481, "Call/Transaction Does Not Exist")


# Why a datagram got no answer: known beforehand, so that a figure is there before its first event.
DROPPED: Final = (
    "keep-alive",
    "not SIP",
    "no Via",
    "malformed response",
    "stray response",
    "malformed ACK",
    "ACK to nowhere",
    "ACK to a response of ours",
    "too many unacknowledged rejections",
    "response of too many values",
    "over its rate",
    BANNED,
    NO_ROOM,
    "too many answers to strangers",
)
# With which status requests are answered here, beside those of reply profiles.
REFUSED: Final = (302, 400, 403, 404, 405, 416, 420, 430, 440, 480, 481, 482, 483, 500, 501, 503, 505, 513)


def _quotable(text: str) -> bytes:
    return text.encode("ascii", "replace").replace(b"\\", b"/").replace(b'"', b"'")


def _none_further() -> Sequence[str]:
    return ()


class Core(Refusing):
    """A stateful proxy for one node."""

    def __init__(
        self,
        topology: Topology,
        tokens: Tokens,
        screening: Screening,
        outgoing: Outgoing,
        limits: LimitSettings,
        *,
        salt: int,
        record_route: bool = True,
        epoch: float = 0.0,
    ) -> None:
        """`salt` is a random number of this start, so that a restart never repeats a branch (16.6 step 8).

        `epoch` is what is to be added to the time that the core is told for seconds since the epoch.
        """
        super().__init__(
            topology,
            tokens,
            Layer(self._send, self._ask_whether_alive, self._unheard_since),
            Dialogs(limits.token_hours * 3600, limits.remembered_calls, epoch=epoch),
            Peers(limits.retry_silent_s, self._peer_changed),
            ring_s=limits.timer_c_s,
            salt=salt,
        )
        self.screening = screening
        self.outgoing = outgoing
        self.proofs = Proofs(self.dialogs, tokens, outgoing)
        self.limits = limits
        self.load = Load(limits)
        self.bounds = Bounds(octets=limits.header_octets, values=limits.values, vias=limits.vias)
        self.record_route = record_route
        self.peers.keep(topology.places, 0.0)
        self.layer.proven.lasts_s = limits.acknowledged_s
        self.statuses = {*REFUSED, *screening.statuses}
        self.strangers = Strangers()
        self.bans = Bans(topology.bans)
        self.scanners = Scanners(topology.bans, self.load.sources)
        self.shedding = Shedding(limits.shed_ms / 1000)
        self.too_late = False  # what is received now waited so long that no new call is taken
        self._answered = Meter()  # refusals to strangers
        self._pace_answers(limits)
        self._now = 0.0  # when the message came that is being handled
        self._unheard = False  # it is of a banned source
        self.prober = Prober(self)
        self.further_ailments: Callable[[], Sequence[str]] = _none_further
        self.draining = False
        self.streamless: dict[tuple[str, int], float] = {}  # addresses without TCP, and until when that counts
        self._branches = 0
        self.signing = None
        self.signed = Counter()

    def take(
        self,
        topology: Topology,
        tokens: Tokens,
        screening: Screening,
        outgoing: Outgoing,
        limits: LimitSettings,
        now: float,
        *,
        record_route: bool,
    ) -> None:
        """Go by another configuration from the next message on.

        What is under way ends by the one that it began with: a context keeps its topology, its peer and its targets.
        """
        screening.take_over(self.screening)
        outgoing.reports = self.outgoing.reports
        for listener in topology.leaving:
            listener.leaving = True
        self.topology, self.tokens, self.screening, self.outgoing = topology, tokens, screening, outgoing
        self.proofs.tokens, self.proofs.outgoing = tokens, outgoing
        self.peers.retry_s = limits.retry_silent_s
        self.peers.keep(topology.places, now)
        self.flow_to = FlowTo(topology, self.peers, before=self.flow_to)
        self.record_route = record_route
        self.limits = limits
        self.load.bound(limits)
        self.bans.bound(topology.bans)
        self.shedding.bound(limits.shed_ms / 1000)
        self._pace_answers(limits)
        self.scanners.bound(topology.bans)
        self.bounds = Bounds(octets=limits.header_octets, values=limits.values, vias=limits.vias)
        self.dialogs.bound(limits.token_hours * 3600, limits.remembered_calls)
        self.ring_s = limits.timer_c_s
        self.layer.proven.lasts_s = limits.acknowledged_s
        self.statuses |= screening.statuses

    @property
    def silent_s(self) -> float:
        """How long an address that says nothing is waited for."""
        return self.limits.silent_s

    def _ask_whether_alive(self, flow: Flow, branch: bytes, now: float) -> None:
        self.effects.append(Probe(flow, branch))
        address = address_of(flow)
        if address is not None and address.owner.watch.every_s:
            self.prober.ask(address, now)

    def _unheard_since(self, client: ClientTransaction, since: float, now: float) -> None:
        """An INVITE got nothing from there; whoever answered others meanwhile, or our OPTIONS, is not silent.

        There are requests that a PBX drops without a word, and anybody can write them. So where OPTIONS are answered
        those of strangers say nothing, and it takes several callers in a row, and none with an answer between them.
        """
        flow, user = client.flow, client.user
        if flow.heard >= since or not isinstance(flow, PeerFlow) or flow.address is None:
            return
        if flow.address.heard < since:
            flow.address.is_silent(now)
        elif isinstance(user, Context) and user.peer.known and not user.done:
            flow.address.let_wait(user_part(user.fields.sender.uri), now)

    def unheard(self, client: ClientTransaction, now: float) -> None:
        """A request got nothing from there while another target waited for its turn."""
        self._note_streamless(client.flow, now)
        self._unheard_since(client, now - self.limits.silent_s, now)

    def _note_streamless(self, flow: Flow, now: float) -> None:
        """A connection was tried for a large request alone: its address can be reached by UDP as before."""
        if flow.reliable and address_of(flow) is None:
            if len(self.streamless) >= _MOST_STREAMLESS:
                self.streamless.clear()
            self.streamless[flow.host, flow.port] = now + _STREAMLESS_S

    def _peer_changed(self, address: PeerAddress, before: str, seconds: float, now: float) -> None:
        """Tell it; whoever waits there in vain waits no longer, since what one call learns the others need not."""
        name, shown = address.name, address.shown
        self.effects.append(PeerChanged(name, shown, address.state, address.why, before=before, seconds=seconds))
        if address.state == DOWN:
            for client in [each for each in self.layer.clients.values() if address_of(each.flow) is address]:
                client.give_way(now)

    def learn(self, target: Target, hops: Sequence[Hop], now: float) -> None:
        """A name of the configuration leads there now."""
        self.topology.places.learn(target, hops)
        self.peers.keep(self.topology.places, now)
        self.flow_to.forget()

    # ---- messages in -------------------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: PeerFlow, now: float) -> Context | None:
        """One datagram. Never raises for what a peer can send.

        Returns a call that is to be judged; `decided` takes its verdict. Where that is not known at once,
        `Context.await_answer` lets the caller have a 100 in time.
        """
        first = data[:1]
        if (first == b"S" or first == b"s") and data[:4].upper() == b"SIP/":
            self._receive_response(data, now)
            return None
        self._now = now
        self._unheard = self.bans.count > 0 and self._is_banned(flow, now)
        if self._unheard and flow.peer is None:
            self.dropped[BANNED] += 1
            return None
        if first == b"\r":
            data = data.lstrip(b"\r\n")
        try:
            request = self.bounds.read_small(data) if len(data) <= self.bounds.small else None
            if request is None:
                excess = self.bounds.excess(data)
                if excess or (len(data) > SMALL and flow.peer is None):
                    return self._receive_large(data, excess, flow, now)
                request = parse_request(data)
        except BadMessage:
            if data.strip(_KEEP_ALIVE):
                self.dropped["not SIP"] += 1
                self._note_refused(flow, hash(data))
            else:
                self.dropped["keep-alive"] += 1
            return None
        return self._receive_request(request, len(data), flow, now, 0)

    def _receive_large(self, data: bytes, excess: int, flow: PeerFlow, now: float) -> Context | None:
        """A request that may be too large: of one that is refused only the beginning is read. Raises BadMessage.

        Nothing that it has too much of is a reason to refuse an emergency call, to keep an ACK from a call that was
        answered, or to tell whoever only asks about a call that it may go on unjudged.
        """
        request = parse_request(beginning(data))
        peer = flow.speaker
        if peer is None or not excess:
            return self._receive_request(request if excess else parse_request(data), len(data), flow, now, excess)
        if request.method == b"ACK" or self._dials_emergency(request, peer):
            return self._receive_request(parse_request(data), len(data), flow, now, 0)
        if excess != TOO_MANY_VALUES and (excess == PERHAPS_TOO_MANY_HOPS or judges_any(request, peer)):
            whole = parse_request(data)
            if excess == TOO_LARGE or self.bounds.has_too_many_hops(whole):
                request = whole
            else:
                request, excess = whole, 0
        if excess and judges_any(request, peer):
            request.fault, excess = _EXCESS[excess].phrase, 0
        return self._receive_request(request, len(data), flow, now, excess)

    def key_of(self, data: bytes, flow: PeerFlow) -> ServerKey | None:
        """The key of the transaction that a request belongs to; None where it has none."""
        try:
            request = parse_request(data.lstrip(b"\r\n"))
            via = parse_via(request.lines[request.where[b"via"]].partition(b":")[2].strip())
        except (BadMessage, BadHeader, KeyError):
            return None
        stamp_via(request, via, flow)
        return server_key(request, via, flow.host)

    def _receive_response(self, data: bytes, now: float) -> None:
        if len(data) > SMALL and not self.bounds.allow(data):
            self.dropped["response of too many values"] += 1
            return
        try:
            if not self.layer.on_response(ResponseHead(data), now):
                self.dropped["stray response"] += 1  # RFC 6026 section 7: never forwarded
        except (BadMessage, BadHeader):
            self.dropped["malformed response"] += 1

    def _receive_request(self, request: Request, size: int, flow: PeerFlow, now: float, excess: int) -> Context | None:
        """`excess` is what a request is refused with that has too much of something; 0 for none."""
        if flow.watched and not flow.reliable:
            request.room = size
        at = request.where.get(b"via")
        if at is None:
            self.dropped["no Via"] += 1
            return None
        if request.version != b"SIP/2.0" and request.version.upper() != b"SIP/2.0":
            self._refuse_on(flow, request, Refusal(505, "Version Not Supported"))
            return None
        try:
            via = parse_via(request.lines[at].partition(b":")[2].strip())
        except BadHeader:
            self._refuse_on(flow, request, Refusal(400, "Malformed Via"))
            return None
        stamp_via(request, via, flow)
        key = server_key(request, via, flow.host)
        server = self.layer.servers.get(key)
        if server is not None and self._absorb(server, request, now):
            return None
        back = flow if request.method == b"ACK" else reply_flow(flow, via, self.flow_to)
        if flow.pbx_side is not None and self._is_of_pbx(request, via, key, flow.pbx_side.peer):
            flow = flow.pbx_side
        if flow.former is not None and self._is_of_former(request, via, flow.former.peer):
            flow = flow.former
        if flow.watched and b"user-agent" in request.where:
            self._ban_scanner(request, flow, now)
        if self._unheard and not self._may_speak(request, flow):
            self.dropped[BANNED] += 1
            return None
        peer = flow.peer if flow.peer is not None else self._former_peer(request, key, flow)
        if peer is None:
            self._refuse_stranger(request, flow, back, now)
            return None
        if self.too_late and self._is_new_call(request, peer):
            self.shedding.refused += 1
            self._refuse_on(back, request, _TOO_LATE)
            return None
        if excess:
            self._refuse_on(back, request, _EXCESS[excess])
            return None
        if request.method == b"ACK":
            if self.layer.proven.expects and not peer.known:
                answered = reply_flow(flow, via, self.flow_to)
                self.layer.proven.acknowledged(answered, request.call_id, request.to_tag, now)
            forward_ack(self, request, via, flow, peer, now)
            return None
        fields = read_fields(request, via)
        if isinstance(fields, Refusal):
            fields = self._read_all_the_same(request, via, peer, fields)
        if isinstance(fields, Refusal):
            self._refuse_on(back, request, fields)
            return None
        if request.method == b"CANCEL":
            self._cancel(request, key, back, now)
            return None
        return self._start(request, size, fields, key, flow, back, now)

    def _read_all_the_same(self, request: Request, via: Via, peer: Peer, refusal: Refusal) -> Fields | Refusal:
        """What is read of an emergency call whatever is wrong with it, and of a call that is only asked about."""
        fields: Fields | None = None
        helps = self._dials_emergency(request, peer)
        if helps:
            fields = read_emergency(request, via)
        if fields is None and (judges_any(request, peer) or (helps and peer.redirect)):
            fields = read_asked(request, via)
            if fields is not None:
                request.fault = refusal.phrase
        return fields or refusal

    def _is_new_call(self, request: Request, peer: Peer) -> bool:
        """Is it an INVITE outside a dialog, and no emergency call?"""
        if request.method != b"INVITE" or request.to_tag:
            return False
        return not self._dials_emergency(request, peer)

    def _is_of_pbx(self, request: Request, via: Via, key: ServerKey, peer: Peer | None) -> bool:
        """From a PBX's address and another port: is it an emergency call, or a request that belongs to one?"""
        assert peer is not None
        if request.method == b"CANCEL":
            invite = self.layer.servers.get((*key[:-1], b"INVITE"))
            return invite is not None and isinstance(invite.user, Context) and invite.user.peer is peer
        fields = read_fields(request, via)
        if isinstance(fields, Refusal):
            return self._dials_emergency(request, peer)
        try:
            plan = plan_route(request, fields.uri, self.topology)
        except BadHeader:
            return self._dials_emergency(request, peer)
        token = self.dialogs.find_token(plan, fields, self.tokens, from_pbx=True)
        if token is not None:
            return token.flags.startswith(FROM_PBX)
        return request.method == b"INVITE" and self.outgoing.is_emergency_call(fields.uri, peer)

    def _refuse_stranger(self, request: Request, flow: PeerFlow, back: PeerFlow, now: float) -> None:
        """403 for a source in no trunk, and a line now and then, but for `ringfence health`: it asks for a reason."""
        if request.method == b"OPTIONS" and self.topology.places.is_this_machine(flow.host):
            self._refuse_on(back, request, Refusal(403, "Forbidden", self._warnings()))
            return
        self._refuse_on(back, request, _FORBIDDEN)
        if request.method != b"ACK" and (requests := self.strangers.came(flow.host, now)):
            method = request.method[:20].decode("ascii", "replace")
            self.effects.append(Stranger(flow.host, flow.port, method, requests))

    def _may_speak(self, request: Request, flow: PeerFlow) -> bool:
        """What is taken of a banned source all the same: emergency calls, and what may belong to one."""
        if flow.peer is None:
            return False
        method = request.method
        if method == b"ACK" or method == b"CANCEL" or b"route" in request.where:
            return True  # none of them is answered but in a call that is there
        return self._dials_emergency(request, flow.peer)

    def _warnings(self) -> tuple[bytes, ...]:
        """What ails us, for `ringfence health` (RFC 3261 20.43: 399, miscellaneous)."""
        return tuple(b'Warning: 399 ringfence "%s"' % _quotable(each) for each in self.ailments())

    def setups(self) -> Counter[str]:
        """Calls in set-up by the address where they are, as it is shown."""
        waiting = (State.CALLING, State.PROCEEDING)
        clients = [each for each in list(self.layer.clients.values()) if each.invite and each.state in waiting]
        addresses = [address_of(each.flow) for each in clients]
        return Counter(each.shown for each in addresses if each is not None)

    def pbx_lives(self, now: float) -> bool:
        """Is there a PBX that a call would reach? Where there is none at all, calls are only asked about."""
        pbxes = self.topology.pbxes
        return not pbxes or any(self.peers.may_have_calls("pbx", name, now) for name in pbxes)

    def why_no_calls(self, now: float) -> str:
        """Why no call would reach a PBX, if none would."""
        names = list(self.topology.pbxes)
        known = [address for name in names for address in self.peers.of("pbx", name)]
        if all(each.drained for each in known) and known:
            return "each PBX is drained"
        if any(self.peers.closed_for(self.peers.of("pbx", name), now) for name in names):
            return "no PBX takes calls: they ask for none (503 with Retry-After)"
        return "no PBX answers"

    def ailments(self) -> list[str]:
        """What an operator should see to, a sentence each."""
        found = ["stopping: new calls get 503"] if self.draining else []
        found += self.peers.ailments()
        return [*found, *self.further_ailments()]

    def _absorb(self, server: ServerTransaction, request: Request, now: float) -> bool:
        """Is it a retransmission, or the ACK of a final response that this hop sent?"""
        if request.method != b"ACK":
            server.on_retransmission()
            return True
        if not isinstance(server, InviteServer):
            return False
        if not server.known:
            server.prove(request, now)
        return server.on_ack(now)

    def _is_of_former(self, request: Request, via: Via, peer: Peer | None) -> bool:
        """From whoever the configuration no longer names: does it belong to a dialog that he had before?"""
        fields = read_fields(request, via)
        if isinstance(fields, Refusal) or peer is None:
            return False
        try:
            plan = plan_route(request, fields.uri, self.topology)
        except BadHeader:
            return False
        return self.dialogs.find_token(plan, fields, self.tokens, from_pbx=peer.from_pbx) is not None

    def _former_peer(self, request: Request, key: ServerKey, flow: PeerFlow) -> Peer | None:
        """Who is nobody now and gives up a call that came from there while he was in a trunk: whom that call is of."""
        invite = self.layer.servers.get((*key[:-1], b"INVITE")) if request.method == b"CANCEL" else None
        context = invite.user if invite is not None else None
        return context.peer if isinstance(context, Context) and context.flow.host == flow.host else None

    def _cancel(self, request: Request, key: ServerKey, back: PeerFlow, now: float) -> None:
        """CANCEL has a transaction of its own, and ends that of its INVITE (9.2, 16.10)."""
        invite = self.layer.servers.get((*key[:-1], b"INVITE"))
        if not isinstance(invite, InviteServer):
            # Every INVITE that we forwarded has a transaction: there is nothing below to cancel.
            self._refuse_on(back, request, _UNKNOWN_CALL)
            return
        server = NonInviteServer(self.layer, key, back)
        server.respond(200, self.answers.final(request, 200, invite.proof), now)
        if invite.user is not None:
            invite.user.cancel(now, request.raw_all(b"reason"))

    # ---- a new request -----------------------------------------------------------------------------------------

    def _start(
        self, request: Request, size: int, fields: Fields, key: ServerKey, flow: PeerFlow, back: PeerFlow, now: float
    ) -> Context | None:
        peer = flow.sender  # of nobody only a CANCEL gets this far
        asked = self._find_contact(request, fields) if PARAMETER in fields.uri.params else None
        if request.method == b"OPTIONS" and self._asks_us(fields, peer):
            self._answer_probe(request, flow, peer, back, now)
            return None
        plan = self._plan(request, fields, peer)
        if isinstance(plan, Refusal):
            self._refuse_on(back, request, plan)
            return None
        loop = loop_hash(request, fields, plan, peer)
        token = self.dialogs.find_token(plan, fields, self.tokens, from_pbx=peer.from_pbx) if plan.users else None
        led: list[Target] | Refusal | None = None
        if token is None and (plan.users or asked is not None or request.method == b"REGISTER"):
            led = self._lead(request, plan, asked, flow, peer)
        another = token is not None and not peer.from_pbx and self.proofs.names_another(request, fields, token, peer)
        elsewhere = token is not None and not peer.from_pbx and self.proofs.leads_elsewhere(request, plan, token)
        stands = not (another or elsewhere) and self.proofs.stands(request, fields, token, peer, now)
        in_dialog = stands or peer.from_pbx
        judged = another or is_judged(request.method, in_dialog=in_dialog)
        looped = self._is_looped(request, fields, loop, None if in_dialog else peer)
        onward = not peer.redirect
        refused = refuse_to_forward(request, fields, looped=looped, onward=onward)
        refusal = led if isinstance(led, Refusal) else refused
        if refusal is None and not in_dialog and judged:
            refusal = self._refuse_control(request, fields, peer)
        if refusal is None and not in_dialog:
            refusal = self._refuse_outside_dialogs(request, fields, plan, flow, peer, now)
        if refusal is not None and not looped and self._dials_emergency(request, peer):
            refusal = None  # an emergency call goes on where another would be refused; its Route is not followed
        if refusal is not None:
            self._refuse_on(back, request, refusal)
            return None
        hold = self._room_for(request, size, fields, plan, flow, peer, token)
        if hold is None:
            self._refuse_on(back, request, _FULL)
            return None
        server = self._serve(request, fields, key, peer, back)
        server.hold = hold
        if request.method == b"REGISTER":
            context: Context = Registration(self, request, fields, plan, loop, flow, server, now)
        else:
            context = Context(self, request, fields, plan, loop, flow, server, now)
        context.led = led if isinstance(led, list) else None
        if token is not None:
            self._within(context, token, now, stands=stands)
        # A MESSAGE shows words on the telephone: only a call that is known to stand lets it pass as it passed itself.
        if judged:
            known = peer.from_pbx or server.invite or (token is not None and self.dialogs.remembers(token))
            if not in_dialog:
                context.plan = for_judgement(plan, fields)
            if not (in_dialog and known):
                return None if self.topology.verifies and self._verifies(context) else context
        if not in_dialog and request.method not in METHODS_WITHIN and request.method not in METHODS_OF_CALLS:
            self.effects.append(PassedUnjudged(request.method.decode("ascii", "replace"), peer.name, flow.host))
        if not (peer.from_pbx and self.outgoing.takes(self, context, now)):
            self.admit(context, now)
        return None

    def _verifies(self, context: Context) -> bool:
        """Is it judged once it is known who vouches for its caller? An emergency call waits for nothing."""
        if b"identity" not in context.request.where or not context.server.invite:
            return False
        if self.outgoing.is_emergency_call(context.plan.uri, context.peer):
            return False
        self.effects.append(Verify(context))
        return True

    def _is_looped(self, request: Request, fields: Fields, loop: bytes, peer: Peer | None) -> bool:
        """Was it here before (16.3 step 4)? Where it begins a call of a `peer`, it may be one of our own, too."""
        return is_loop(request, self.topology.listeners, loop) or (
            peer is not None and self.proofs.is_own(request, fields, peer)
        )

    def _plan(self, request: Request, fields: Fields, peer: Peer) -> Plan | Refusal:
        """Its route; an emergency call goes on without one that can't be read."""
        try:
            return plan_route(request, fields.uri, self.topology)
        except BadHeader as error:
            refusal = Refusal(400, f"Malformed {error.name}")
            if judges_any(request, peer):
                request.fault = refusal.phrase
            elif not self._dials_emergency(request, peer):
                return refusal
            return Plan(fields.uri, request.uri, [], [], False, True)

    def _find_contact(self, request: Request, fields: Fields) -> Binding | Refusal | None:
        """A Contact that we wrote into a REGISTER comes back as Request-URI: who registered gets his own."""
        found = contact_of(fields.uri, self.topology, self.tokens)
        if isinstance(found, Binding):
            own = own_contact(fields.uri, found).partition(b"?")[0]
            try:
                fields.uri = parse_uri(own)
            except BadHeader:
                return None
            request.uri = own
        return found

    def _lead(
        self, request: Request, plan: Plan, asked: Binding | Refusal | None, flow: PeerFlow, peer: Peer
    ) -> list[Target] | Refusal | None:
        """Where a binding leads, by which a request comes outside dialogs; None where it comes by none."""
        if request.method == b"REGISTER":
            return refuse_contacts(request, flow, self.topology)
        by_path = asked is None
        binding = path_of(plan.users, self.tokens) if asked is None else asked
        if not isinstance(binding, Binding):
            return binding
        led = led_by(binding, self.topology, peer, plan.uri)
        if by_path and not peer.from_pbx:
            plan.routes, plan.changed = [], True  # they could choose nothing but our way, which is known
        return led

    def _within(self, context: Context, token: Token, now: float, *, stands: bool) -> None:
        """It has the token of a dialog: what its call is remembered by."""
        context.token = token
        from_pbx, fields = context.peer.from_pbx, context.fields
        if stands and NO_CALL not in token.flags:
            taken_up = self.dialogs.take_up(token, fields, now, from_pbx=from_pbx)
            if taken_up is not None and not from_pbx:
                taken_up.asserted = asserted_in(context.request)
                taken_up.reached_at(b"Contact: <%s>" % context.plan.uri_bytes)
            if from_pbx:
                self.dialogs.reached_at(token, context.request.line(b"contact"))
            if context.server.invite and not from_pbx:
                context.call = taken_up
        if context.request.method == b"BYE":
            self._note_end(context, token, stands=stands)

    def _refuse_over_rate(self, request: Request, host: str, peer: Peer, now: float) -> Refusal | None:
        """Does a new call or text come faster than its trunk, or one stranger, may send them? None: it does not."""
        wait = self.load.wait_of(peer, host, now)
        if not wait or self._dials_emergency(request, peer):
            return None
        self.load.note_over_rate(peer, host)
        if self.limits.over_rate == "drop":
            return _OVER_RATE
        return Refusal(503, "Service Unavailable", (b"Retry-After: %d" % ceil(wait),))

    def _answer_probe(self, request: Request, flow: PeerFlow, peer: Peer, back: PeerFlow, now: float) -> None:
        """OPTIONS to us: 200, or 503 while we stop or his PBX is gone, so that he sends his calls elsewhere."""
        if self._unheard:
            self.dropped[BANNED] += 1
            return
        warnings = self._warnings() if self.topology.places.is_this_machine(flow.host) else ()
        if self.draining or flow.listener.leaving:
            self._refuse_on(back, request, Refusal(503, "Service Unavailable", (*_FULL.fields, *warnings)))
        elif self.topology.options_tell and not (peer.redirect or self._may_ring(peer, now)):
            known = self.peers.of("pbx", peer.pbx.name)
            closed = self.closed(self.peers.closed_for(known, now))
            refusal = closed or Refusal(503, "No PBX Lives")
            self._refuse_on(back, request, Refusal(503, refusal.phrase, (*refusal.fields, *warnings)))
        else:
            self._send(back, self.answers.options(request, warnings))

    def _asks_us(self, fields: Fields, peer: Peer) -> bool:
        """Are we the ones who are asked whether they live? Of who only asks about calls nothing else is meant."""
        if peer.redirect and not fields.to_tag:
            return True
        return not fields.uri.user and self.topology.names_us(fields.uri)

    def _may_ring(self, peer: Peer, now: float) -> bool:
        """Is there anybody whom a call from there would reach?"""
        return peer.from_pbx or self.peers.may_have_calls("pbx", peer.pbx.name, now)

    def _serve(self, request: Request, fields: Fields, key: ServerKey, peer: Peer, back: PeerFlow) -> ServerTransaction:
        """The transaction by which a new request is answered."""
        if request.method != b"INVITE":
            return NonInviteServer(self.layer, key, back)
        unproven = not (peer.known or fields.to_tag)
        proof = self.answers.proof_of(back) if unproven else b""
        return InviteServer(self.layer, key, back, known=peer.known, proof=proof)

    @staticmethod
    def _refuse_control(request: Request, fields: Fields, peer: Peer) -> Refusal | None:
        """Does a number hold a control character? What is only asked about is marked then."""
        refusal = refuse_control(request, fields, identities=peer.trunk.identity_trusted)
        if refusal is not None and judges_any(request, peer):
            request.fault, refusal = refusal.phrase, None
        return refusal

    def _refuse_outside_dialogs(
        self, request: Request, fields: Fields, plan: Plan, flow: PeerFlow, peer: Peer, now: float
    ) -> Refusal | None:
        """What the trunk side may not send outside a dialog of ours, whatever its To tag; None: it may."""
        if self._unheard:
            return _BANNED
        if plan.named_us and plan.routes:  # a pre-loaded Route: only a dialog of ours may choose its path
            if not judges_any(request, peer):
                return _FORBIDDEN
            request.fault = "Preloaded Route"
        method = request.method
        if peer.redirect and method not in JUDGED:  # of nothing that it sends on itself we know
            return _UNKNOWN_CALL if fields.to_tag else _ONLY_ASKED
        if peer.methods is not None and method not in peer.methods:
            within = method in METHODS_WITHIN or (method == b"INFO" and not self.record_route)
            if not (fields.to_tag and within):
                allowed = sorted(peer.methods | METHODS_WITHIN)
                return Refusal(405, "Method Not Allowed", (b"Allow: " + b", ".join(allowed),))
        return self._refuse_over_rate(request, flow.host, peer, now) if peer.paced and method in JUDGED else None

    def _note_end(self, context: Context, token: Token, *, stands: bool) -> None:
        """How long a call lasted is known by its BYE; its token opens nothing from now on.

        Who was called ends it by saying so. Of the caller's the answer is awaited: one that is refused ends nothing.
        """
        from_pbx = context.peer.from_pbx
        self.dialogs.end(token, context.fields, from_pbx=from_pbx)
        if token.decision == NO_DECISION:
            return
        if from_pbx:
            self.effects.append(HungUp(token.decision.decode()))
        else:
            context.hangs_up = stands

    def _room_for(
        self, request: Request, size: int, fields: Fields, plan: Plan, flow: PeerFlow, peer: Peer, token: Token | None
    ) -> Hold | None:
        """Room for a new request; None while the node drains or is full, or its sender holds all that he may.

        Dialogs and emergency calls go on: each kind has a reserve of its own.
        """
        load = self.load
        refuses = self.draining or flow.listener.leaving
        if not refuses or fields.to_tag or request.method != b"INVITE":
            hold = load.take(peer, flow.counted, size)
            if hold is not None:
                return hold
        if fields.to_tag:
            return load.take_reserved(DIALOGS, peer, flow.counted, size) if token is not None else None
        if request.method != b"INVITE" or not self.outgoing.is_emergency_call(plan.uri, peer):
            return None
        return load.take_reserved(HELP_OF_PBX if peer.from_pbx else HELP_OF_TRUNK, peer, flow.counted, size)

    def decided(self, context: Context, verdict: Verdict, now: float) -> None:
        """The verdict on a call that `receive` returned."""
        if context.done:
            return  # its caller gave up meanwhile
        context.answer_came()
        context.verdict = verdict
        context.decision = verdict.decision
        if verdict.step is Step.EMERGENCY:
            context.loop = EMERGENCY_MARK + context.loop
        if verdict.action is not Action.REJECT:
            if context.peer.redirect:
                self._answer_asked(context, verdict, now)
            else:
                self.admit(context, now)
            return
        if context.server.invite and self.layer.unacknowledged >= self.limits.unacknowledged_rejections:
            # A flood that never acknowledges: silence costs nothing and holds nothing.
            self.dropped["too many unacknowledged rejections"] += 1
            self.finished(context, 0, now)
            context.close()
            context.server.end()
            return
        status, phrase, extra = self.screening.rejection(verdict, context.peer.trunk, context.request)
        data = self.answers.refusal(context.request, Refusal(status, phrase, extra), context.server.proof)
        context.server.respond(status, data, now)
        self.refused[status] += 1
        self.finished(context, status, now)
        context.close()

    def _answer_asked(self, context: Context, verdict: Verdict, now: float) -> None:
        """Tell whoever only asks about a call that it may ring, and how; whatever goes wrong with that, it may."""
        status, request, server = context.peer.redirect, context.request, context.server
        try:
            told = redirection(status, verdict, request, context.topology, self.screening)
        except Exception as error:  # no fault may cost him the call
            told = go_on(status, verdict.decision, f"{type(error).__name__}: {error}")
        data = self.answers.refusal(request, told, server.proof)
        if told.status == 302 and request.room and CONTACT not in data:  # a stranger's request has no room for it
            told = go_on(status)
            data = self.answers.refusal(request, told, server.proof)
        if context.decision:
            # Rung, since nobody tells us otherwise: else no complaint would find it.
            outcome = Outcome(told.status, True, int((now - context.arrived) * 1000), open=True)
            self.effects.append(Finished(context.decision, outcome))
        context.close()
        server.respond(told.status, data, now)
        self.refused[told.status] += 1

    # ---- events from outside -----------------------------------------------------------------------------------

    def address_refused(self, flow: Flow, branch: bytes, now: float, why: str = REFUSED_THERE) -> None:
        """Nobody listens where the request with this branch went (ICMP), or no connection could be made."""
        self._note_streamless(flow, now)
        address = address_of(flow)
        if address is not None:
            address.refused(now, why)
        self.transport_failed(branch, now, why=why)

    def transport_failed(self, branch: bytes, now: float, status: int = 503, why: str = REFUSED_THERE) -> None:
        """The transport reports that the request with this branch did not arrive: ICMP, no route, or 513: too large."""
        client = self.layer.clients.get(branch)
        if client is None or client.user is None or not client.request:
            return
        user = client.user
        client.end()
        if isinstance(user, Context):
            user.on_transport_failure(client, now, status)
        elif isinstance(user, Asking):
            user.on_transport_failure(client, now, why)

    def connection_lost(self, flow: PeerFlow, now: float) -> None:
        """A connection is closed: what waits on it for a first response has failed (RFC 3261 17.1.4)."""
        for client in list(flow.waiting):
            if client.state is State.CALLING or client.state is State.TRYING:
                user = client.user
                client.end()
                if isinstance(user, Context):
                    user.on_transport_failure(client, now)

    def unframed(self, fault: Unframed, flow: PeerFlow, now: float) -> bool:
        """A connection can't be read beyond this: answer what came of the message.

        True for an emergency call without Content-Length: it goes on with all that has come of it.
        """
        try:
            request = parse_request(beginning(fault.head))
            stamp_via(request, request.via, flow)
        except (BadMessage, BadHeader):
            self.dropped["not SIP"] += 1
            return False
        self._now, self._unheard = now, self.bans.count > 0 and self._is_banned(flow, now)
        peer = flow.speaker
        if fault.why == NO_LENGTH and peer is not None and self._dials_emergency(request, peer):
            return True
        if flow.peer is None:
            self._refuse_stranger(request, flow, flow, now)
        else:
            self._refuse_on(flow, request, Refusal(fault.status, fault.phrase))
        return False

    def tick(self, now: float) -> None:
        """Fire every timer that has expired."""
        self.layer.fire(now)

    @property
    def in_setup(self) -> int:
        """Requests that still wait for their final response."""
        return sum(isinstance(server.user, Context) for server in self.layer.servers.values())

    @property
    def emergencies_in_setup(self) -> int:
        """Of these, emergency calls."""
        users = [server.user for server in self.layer.servers.values()]
        return sum(isinstance(user, Context) and user.is_emergency_call for user in users)

    @property
    def callbacks_in_setup(self) -> int:
        """Of these, calls to those who made an emergency call lately."""
        users = [server.user for server in self.layer.servers.values()]
        return sum(isinstance(user, Context) and user.is_callback for user in users)

    def give_up_all(self, now: float) -> None:
        """End what is still in set-up, for a shutdown that can't wait longer; no emergency call, no callback."""
        for server in list(self.layer.servers.values()):
            context = server.user
            if isinstance(context, Context) and not context.may_ring_on:
                context.give_up(503, now)
