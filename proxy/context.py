"""The response context of a forwarded request: its branches, its targets, its best response (RFC 3261 16.7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from math import ceil
from typing import ClassVar, Final

from proxy.answers import PHRASES, Answers
from proxy.dialogs import Call, Dialogs, callee_tag
from proxy.effects import Effect, HungUp
from proxy.flows import FlowTo, PeerFlow, address_of, peer_of
from proxy.forwarding import Plan
from proxy.identity import clean_response
from proxy.labels import label_in_response, restore
from proxy.mask import hide_in_reasons, hide_in_response
from proxy.neighbours import Target
from proxy.peers import PeerAddress, Peers
from proxy.routing import Topology
from proxy.sip.flow import Listener
from proxy.sip.message import Request, ResponseHead
from proxy.sip.timers import TIMEOUT, Timer
from proxy.sip.transaction import ClientTransaction, Layer, NonInviteClient, ServerTransaction, State, derive
from proxy.sip.uri import user_part
from proxy.token import LABELLED, Token, Tokens
from proxy.validation import Fields, Refusal
from rules.model import Step, Verdict

ELSEWHERE: Final = b'SIP;cause=200;text="Call completed elsewhere"'  # no missed call, says RFC 3326 section 2
MOST_REASONS: Final = 1024  # octets of Reason that a CANCEL hands on: its request need not be as short as ours
TRYING_AFTER_S: Final = 0.195  # a caller who hears nothing for 200 ms gets a 100 (RFC 3261 8.2.6.1, 16.2)
_NEAR_S: Final = 0.001
# In a 4xx these tell the caller how to mend its request (16.7 step 6).
_TELLING: Final = (401, 407, 415, 420, 484)
_NO_MORE: Final = (408, 481)  # to a BYE: its call is over all the same (RFC 3261 15.1.1)

EMERGENCY_MARK: Final = b"!"  # in the branch of an emergency call: by it the answers overtake others (proxy/urgency.py)
LONGEST_RING_S: Final = 3600.0  # of an emergency call: no PBX lets one wait for longer, and callers may be gone


class Node(ABC):
    """What the core holds for all its requests, and what their contexts, ACKs and the feature code ask of it."""

    def __init__(
        self,
        topology: Topology,
        tokens: Tokens,
        layer: Layer,
        dialogs: Dialogs,
        peers: Peers,
        *,
        ring_s: float,
        salt: int,
    ) -> None:
        self.topology = topology
        self.tokens = tokens
        self.layer = layer
        self.dialogs = dialogs
        self.peers = peers
        self.ring_s = ring_s  # timer C
        self.salt = salt & 0xFFFFFFFF
        self.answers = Answers(self.salt)
        self.flow_to = FlowTo(topology, peers)
        self.registrations: Counter[str] = Counter()  # that were accepted, by what leads back to us
        self.bound: dict[int, bytes] = {}  # the Contact that a registrar has for one that was registered through us
        self.pathless: dict[tuple[str, int], float] = {}  # registrars that keep no Path, and until when that counts
        self.effects: list[Effect] = []
        self.dropped: Counter[str] = Counter()  # datagrams that got no answer, by reason
        self.refused: Counter[int] = Counter()  # requests that we answered ourselves, by status

    @property
    @abstractmethod
    def silent_s(self) -> float:
        """How long an address that says nothing is waited for."""

    @abstractmethod
    def label_of(self, token: Token) -> str:
        """The label of a dialog; empty where nobody knows any more which one it was."""

    def seed_of(self, call_id: bytes) -> int:
        """What a call draws lots by: nobody outside can choose it."""
        return hash((self.salt, call_id))

    def closed(self, seconds: float) -> Refusal | None:
        """What a new call gets while nobody there takes any for so long; None: somebody may."""
        if not seconds:
            return None
        return Refusal(503, "Service Unavailable", (b"Retry-After: %d" % ceil(seconds),))

    @abstractmethod
    def in_turn(self, targets: list[Target], call_id: bytes, token: Token | None, now: float) -> list[Target]:
        """The targets of a request inside a dialog: where its call was answered first, then who lives."""

    @abstractmethod
    def unheard(self, client: ClientTransaction, now: float) -> None:
        """A request got nothing from there while another target waited for its turn."""

    @abstractmethod
    def admit(self, context: Context, now: float) -> None:
        """The request goes on: choose its targets (16.5) and forward it."""

    @abstractmethod
    def forward(self, context: Context, now: float) -> None:
        """Send the request to the next of the context's targets (16.6)."""

    @abstractmethod
    def say_trying(self, context: Context, now: float) -> None:
        """100 Trying, once."""

    @abstractmethod
    def finished(self, context: Context, status: int, now: float) -> None:
        """The request has its final response."""


def choose_best(responses: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    """The final response to send on when no branch is left: a 6xx, else the lowest class (16.7 step 6)."""

    def rank(response: tuple[int, bytes]) -> tuple[int, int]:
        status = response[0]
        if status >= 600:
            return 0, 0
        if status in _TELLING:
            return status // 100, -1
        return status // 100, status == 408

    return min(responses, key=rank)


def retry_after(response: ResponseHead) -> int:
    """For how many seconds it asks for no more (RFC 3261 20.33); 0 where it does not."""
    digits = response.raw(b"retry-after").partition(b"(")[0].partition(b";")[0].strip()
    return int(digits) if digits.isdigit() and len(digits) < 10 else 0


def own_reason(status: int) -> bytes:
    """Why we cancel a branch ourselves: the status that ended its call."""
    phrase = PHRASES.get(status, "")
    return b"SIP;cause=%d" % status + (b';text="%s"' % phrase.encode() if phrase else b"")


class Context:
    """One request on its way: server transaction, targets still to try, branches that wait, finals that came."""

    __slots__ = (
        "arrived",
        "as_sent",
        "asked_off",
        "attestation",
        "call",
        "cancelled",
        "core",
        "decision",
        "done",
        "fields",
        "finals",
        "flow",
        "hangs_up",
        "label",
        "led",
        "lines",
        "loop",
        "masked",
        "peer",
        "pending",
        "plan",
        "rang",
        "reasons",
        "request",
        "ring_until",
        "server",
        "targets",
        "timer",
        "token",
        "topology",
        "verdict",
    )  # fmt: skip
    __deletable__: ClassVar[list[str]] = ["fields", "lines", "plan", "request", "targets"]  # for mypyc

    def __init__(
        self,
        core: Node,
        request: Request,
        fields: Fields,
        plan: Plan,
        loop: bytes,
        flow: PeerFlow,
        server: ServerTransaction,
        now: float,
    ) -> None:
        self.core = core
        self.topology = core.topology  # as it was when the request came: a change of the configuration is for new ones
        self.request = request
        self.fields = fields
        self.plan = plan
        self.loop = loop  # the end of every branch of this request
        self.flow = flow
        self.peer = flow.sender  # whose request it is
        self.server = server
        server.user = self
        self.arrived = now
        self.lines: list[bytes] = []  # as they leave, but for Via and Record-Route
        self.as_sent: tuple[bytes, ...] = ()  # From and To as they came, where they leave otherwise
        self.token: Token | None = None  # of the dialog that the request is in
        self.call: Call | None = None  # of the INVITE that begins it: remembers the tags that callees give
        self.attestation = ""  # what somebody's signature proved of the caller (STIR); empty where nobody signed
        self.hangs_up = False  # a BYE in the dialog of a judged call, which ends it if its callee takes it
        self.label: str | None = None  # before the caller's name
        self.masked = False  # nobody behind us is to see who calls (proxy/mask.py)
        self.led: list[Target] | None = None  # where a binding leads (proxy/registrations.py), if it came by one
        self.targets: list[Target] = []
        self.pending: list[ClientTransaction] = []
        self.asked_off: PeerAddress | None = None  # it asked for no calls
        self.finals: list[tuple[int, bytes]] = []  # status and bytes; no bytes: of our own making
        self.verdict: Verdict | None = None
        self.decision = ""
        self.reasons: list[bytes] = []  # why its branches are cancelled (RFC 3326)
        self.cancelled = False
        self.done = False
        self.rang = False
        self.timer: Timer | None = None  # 100 while it is judged, C while it rings, then the wait after a CANCEL
        self.ring_until = 0.0

    def lines_for(self, listener: Listener, target: Target) -> list[bytes]:
        """The header lines that leave by this listener, but for Via and Record-Route."""
        return self.lines

    def on_response(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        """A response from below (16.7): provisional and 2xx go up at once, others wait for the last branch."""
        status = response.status
        if self.hangs_up and status >= 200 and not self.done:
            self._hear_of_end(status)
        if status > 100:
            if not self.core.peers.plain and client.invite and status != 503:
                self._note_taken(client)
            clean_response(response, peer_of(client.flow), self.peer)
            if self.call is not None and (status >= 200 or not self.done) and status < 300:
                self.call.gave(callee_tag(response))
                if not self.peer.from_pbx:
                    self.call.reached_at(response.line(b"contact"))
                if status >= 200 and client.invite:
                    self.call.answered_at(address_of(client.flow))
            elif self.token is not None and status < 300 and not self.peer.from_pbx:
                self.core.dialogs.reached_at(self.token, response.line(b"contact"))
        if status < 200:
            self._on_provisional(client, response, now)
        elif status < 300:
            first = not self.done
            self._answer(status, response.forwarded, now)
            if client in self.pending:
                self.pending.remove(client)
            if first:
                self._end_branches(ELSEWHERE, now)
        elif not self.done and client in self.pending:
            self.pending.remove(client)
            # A 503 says that this one server is full; that is no news of ours to the caller (16.7 step 6).
            self.finals.append((500, b"") if status == 503 else (status, response.forwarded))
            address = address_of(client.flow) if status == 503 else None
            if address is not None and (seconds := retry_after(response)):
                new = self.server.invite and not self.fields.to_tag
                address.is_busy(seconds, now, user_part(self.plan.uri_bytes) if new else b"")
                self.asked_off = address
            if status >= 600:
                self.targets.clear()
                self._cancel_branches([own_reason(status)], now)
            self._next(now, retry=status == 503)

    def _hear_of_end(self, status: int) -> None:
        """A BYE that is refused, say for its CSeq, ends no call (RFC 3261 12.2.2); one that is no more is over."""
        if self.token is not None and (status < 300 or status in _NO_MORE):
            self.core.effects.append(HungUp(self.token.decision.decode()))

    def _note_taken(self, client: ClientTransaction) -> None:
        address = address_of(client.flow)
        if address is not None and not self.done and not self.fields.to_tag:
            address.takes_calls(self.arrived)

    def _on_provisional(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        if len(self.pending) > 1 and client.invite and self._is_one_too_many(client):
            self.pending.remove(client)
            client.expire(now)
        waited_for = client in self.pending
        if self.done or self.cancelled or not waited_for:
            self._send_cancel(client, now)
        # 100 is for this hop (16.7 step 5), and only INVITE has others (RFC 4320 4.1).
        if waited_for and not self.done and self.server.invite and response.status > 100:
            self.ring_until = now + self.core.ring_s
            self.rang |= response.status in (180, 183)
            self._send_up(response.status, response.forwarded, now)

    def _is_one_too_many(self, client: ClientTransaction) -> bool:
        """Does it ring beside another target, because it had been silent, or the other had? One is enough."""
        others = [each.state for each in self.pending if each is not client]
        return client in self.pending and State.PROCEEDING in others

    def on_timeout(self, client: ClientTransaction, now: float) -> None:
        """Timer B or F: the next target, else 408; a request other than INVITE gets nothing (RFC 4320 4.2)."""
        self._branch_failed(client, 487 if self.cancelled else 408, now)

    def on_silence(self, client: ClientTransaction, now: float) -> None:
        """The next target has its turn; this one may still be the one that answers, should the others fail."""
        self.core.unheard(client, now)
        if self.targets and not self.cancelled and not self.done:
            self.core.forward(self, now)

    def on_transport_failure(self, client: ClientTransaction, now: float, status: int = 503) -> None:
        """It could not be sent: the next target, else 503 (16.9), or 513 when it is larger than a datagram may be."""
        self._branch_failed(client, 487 if self.cancelled else self._lost(status), now)

    def _lost(self, status: int) -> int:
        """How it is told that nobody is reached: by a flow that somebody registered by, 430 (RFC 5626 5.3.1)."""
        return 430 if status == 503 and self.led is not None and self.peer.from_pbx else status

    def _branch_failed(self, client: ClientTransaction, status: int, now: float) -> None:
        if client not in self.pending:
            return  # given up before
        self.pending.remove(client)
        if not self.done:
            self.finals.append((status, b""))
            self._next(now, retry=True)

    def unreachable(self, now: float) -> None:
        """The target that was to be tried can't be sent to."""
        self.finals.append((self._lost(503), b""))
        self._next(now, retry=True)

    def _next(self, now: float, *, retry: bool) -> None:
        """Try the next target when the last one failed for its own reasons, else answer when no branch waits."""
        if retry and self.targets and not self.cancelled:
            self.core.forward(self, now)
            return
        if not retry or self.cancelled:  # somebody has answered: who was silent until now is waited for no longer
            self._leave_late(now)
        if self.pending:
            if retry and not self.cancelled:  # who said nothing is the only hope now: it may never have heard
                for client in self.pending:
                    client.ask_again(now)
            return
        status, data = choose_best(self.finals)
        if status == 408 and not self.server.invite:  # it would come too late to be of use (RFC 4320 4.2)
            self.close()
            self.server.end()
            return
        if status == 500 and not data and self.asked_off is not None and self.server.invite:
            refusal = self.core.closed(self.core.peers.owner_closed_for(self.asked_off, now))
            if refusal is not None:  # whoever calls next would get it, too (16.7 step 6)
                status, data = refusal.status, self.core.answers.refusal(self.request, refusal, self.server.proof)
        self._answer(status, data or self.core.answers.final(self.request, status, self.server.proof), now)

    def _answer(self, status: int, data: bytes, now: float) -> None:
        """A final response upstream; a second 2xx is another dialog of a call that was forked below."""
        self._send_up(status, data, now)
        if not self.done:
            if self.call is not None and status >= 300:
                self.call.failed()
            self.core.finished(self, status, now)
            self.close()

    def _send_up(self, status: int, data: bytes, now: float) -> None:
        if self.as_sent:
            data = restore(data, self.as_sent)
        token = self.token
        if token is not None and self.peer.from_pbx:
            if self.masked:
                data = hide_in_response(data, self.core.dialogs.names_of(token), self.core.tokens)
            elif LABELLED in token.flags:
                data = label_in_response(data, self.core.label_of(token))
        self.server.respond(status, data, now)

    def close(self) -> None:
        """The final response is out: let go of what only the way to it needed (2 KB a call for 32 s)."""
        self.done = True
        del self.request, self.fields, self.plan, self.lines, self.targets
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def await_answer(self, now: float) -> None:
        """Others decide what becomes of it; the caller gets a 100 if that takes long."""
        self.timer = self.core.layer.timers.start(TRYING_AFTER_S, "100", self, now)

    def answer_came(self) -> None:
        """It is decided."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    @property
    def is_emergency_call(self) -> bool:
        """As its branches show it."""
        return self.loop.startswith(EMERGENCY_MARK)

    @property
    def is_callback(self) -> bool:
        """A call to somebody who made an emergency call lately: rescuers may be calling back."""
        return self.verdict is not None and self.verdict.step is Step.CALLBACK

    @property
    def may_ring_on(self) -> bool:
        """May it never be ended from here, neither by timer C (16.8 lets us start it again) nor by a stop?"""
        return self.is_emergency_call or self.is_callback

    def ring(self, now: float) -> None:
        """Start timer C (16.6 step 11)."""
        self.ring_until = now + self.core.ring_s
        if self.timer is None:
            self.timer = self.core.layer.timers.start(self.core.ring_s, "C", self, now)

    def on_timer(self, letter: str, now: float) -> None:
        """100: the verdict takes long. C: it rang for too long (16.8). Wait: a cancelled branch gave no 487 (9.1)."""
        self.timer = None
        if self.done:
            return
        if letter == "100":
            self.core.say_trying(self, now)
            return
        if letter == "C" and (left := self.ring_until - now) > _NEAR_S:
            # A provisional response came (16.7 step 2). In whole seconds, since each length has a lane of its own.
            self.timer = self.core.layer.timers.start(ceil(left - _NEAR_S), "C", self, now)
            return
        if letter == "C" and self.may_ring_on and now - self.arrived < LONGEST_RING_S:
            self.ring(now)
            return
        self.give_up(408 if letter == "C" else 487, now)

    def give_up(self, status: int, now: float) -> None:
        """End the call from here: CANCEL what rings and answer now."""
        if self.done:
            return
        self.targets.clear()
        self._end_branches(own_reason(status), now)
        self._answer(status, self.core.answers.final(self.request, status, self.server.proof), now)

    def cancel(self, now: float, reasons: list[bytes]) -> None:
        """The caller gave up (9.2, 16.10), and may say why: phones do not show a call as missed that was answered
        elsewhere (RFC 3326). The 487 comes from below, or from here when nobody was asked yet.
        """
        if self.cancelled or self.done:
            return
        self.cancelled = True
        self.targets.clear()
        self.finals.clear()
        self._leave_late(now)
        if not self.pending:
            self._answer(487, self.core.answers.final(self.request, 487, self.server.proof), now)
            return
        if self.masked and reasons and not self.peer.from_pbx:
            known = self.core.dialogs.names_of(self.token) if self.token is not None else []
            reasons = hide_in_reasons(reasons, self.request, known)
        self._cancel_branches(reasons if sum(map(len, reasons)) <= MOST_REASONS else [], now)
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.core.layer.timers.start(TIMEOUT, "wait", self, now)

    def _leave_late(self, now: float) -> None:
        """Wait for none that is silent; should it ring later, it gets a CANCEL."""
        for client in [each for each in self.pending if each.late and each.state is not State.PROCEEDING]:
            self.pending.remove(client)
            client.expire(now)

    @property
    def under_way(self) -> list[bytes]:
        """Its branches that have no final response, as they were sent."""
        return [client.request for client in self.pending]

    def leave_silent(self, now: float) -> bool:
        """End the branches that nothing came from as their time would end them; False where there are none."""
        before = len(self.pending)
        self._leave_late(now)
        if left := before - len(self.pending):
            self.finals.append((408, b""))
        return left > 0

    def _cancel_branches(self, reasons: list[bytes], now: float) -> None:
        self.reasons = reasons  # also for those that show a sign of life later
        for client in self.pending:
            self._send_cancel(client, now)

    def _end_branches(self, reason: bytes, now: float) -> None:
        """CANCEL what rings, and wait for none of it."""
        self._cancel_branches([reason], now)
        for client in self.pending:
            client.expire(now)

    def _send_cancel(self, client: ClientTransaction, now: float) -> None:
        """CANCEL a branch that has shown a sign of life; one that has not is cancelled when it does (9.1)."""
        if not client.invite or client.branch in self.core.layer.cancels:
            return
        if client.state is State.PROCEEDING:
            cancel = derive(client.request, b"CANCEL", None, self.reasons)
            NonInviteClient(self.core.layer, client.branch, client.flow, cancel, None, now)
