"""Answers of our own that refuse, and what they tell of a stranger: who tries one thing too many is banned."""

from __future__ import annotations

from math import ceil
from typing import Final

from proxy.bans import BY_NAME, BY_TRIES, Bans
from proxy.context import Context
from proxy.effects import Banned, Finished, Send
from proxy.flows import PeerFlow
from proxy.load import Load
from proxy.neighbours import Peer
from proxy.onward import Onward
from proxy.outgoing import Outgoing
from proxy.pace import Meter, Pace
from proxy.proxy_settings import LimitSettings
from proxy.redirecting import CONTACT, go_on, unread
from proxy.scanners import Scanners
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Flow
from proxy.sip.message import Request
from proxy.validation import NO_ANSWER, Refusal, read_dialled
from rules.model import Action, Outcome

NO_ROOM: Final = "answer larger than its request"
_ALL: Final = 50  # times as many refusals as one stranger gets all of them together get
BANNED: Final = "banned"
_TELLING: Final = frozenset((400, 403, 404, 405, 416, 501, 505))  # such refusals say something of who was refused
_NOBODY_THERE: Final = frozenset((403, 404, 484, 604))  # and such responses of the PBX
_UNREAD: Final = frozenset((400, 416, 501, 505, 513))
_UNPROVEN: Final = (401, 407)
_CREDENTIALS: Final = (b"authorization", b"proxy-authorization")


def _called_or_registered(request: Request) -> int:
    """What stands for the number that somebody tries to call, or the name that he tries to register."""
    return hash((request.raw(b"to") or b"").partition(b">")[0] if request.method == b"REGISTER" else request.uri)


def _thing_tried(request: Request, refusal: Refusal) -> int:
    """What stands for that which was refused: the number, the name, or the message with its fault."""
    if refusal.status in (403, 404, 405):
        return _called_or_registered(request)
    return hash((refusal.phrase, request.raw(b"call-id")))


class Refusing(Onward):
    """What the core does with a request that may not go on, and how it tells that one has ended."""

    load: Load
    bans: Bans
    scanners: Scanners
    outgoing: Outgoing
    _answered: Meter  # refusals to strangers
    _answers_to_one: Pace
    _answers_to_all: Pace
    _now: float  # when the message came that is being handled
    _unheard: bool  # it is of a banned source

    def _pace_answers(self, limits: LimitSettings) -> None:
        rate = limits.stranger_answers_per_second
        self._answers_to_one, self._answers_to_all = (
            Pace(rate, ceil(2 * rate)),
            Pace(_ALL * rate, ceil(2 * _ALL * rate)),
        )

    def _refuse_on(self, flow: PeerFlow, request: Request, refusal: Refusal) -> None:
        """Answer without keeping state (8.2.7); nothing is ever answered to an ACK."""
        if request.method == b"ACK":
            self.dropped["malformed ACK"] += 1
            return
        if refusal.status == NO_ANSWER or self._unheard:
            self.dropped[refusal.phrase if refusal.status == NO_ANSWER else BANNED] += 1
            return
        if flow.watched and not self._may_be_answered(flow):
            self.dropped["too many answers to strangers"] += 1
        else:
            told = self._told(flow, request, refusal)
            data = self.answers.refusal(request, told)
            if told.status == 302 and request.room and CONTACT not in data and flow.peer is not None:
                told = go_on(flow.peer.redirect)  # a stranger's request has no room for marks
                data = self.answers.refusal(request, told)
            self.refused[told.status] += 1
            self._send(flow, data)
        if flow.watched and refusal.status in _TELLING:
            self._note_refused(flow, _thing_tried(request, refusal))

    def _told(self, flow: PeerFlow, request: Request, refusal: Refusal) -> Refusal:
        """What is told of a call that can't be judged: to whoever only asks about it, that it may go on.

        Marked where that is by what its caller wrote: he would choose not to be judged.
        """
        peer = flow.peer
        if peer is None or not peer.redirect or request.method != b"INVITE":
            return refusal
        if self._dials_emergency(request, peer):
            return go_on(peer.redirect, why=refusal.phrase)
        if peer.trunk.fail_closed:
            return refusal
        if refusal.status in _UNREAD:
            return unread(request, refusal.phrase)
        return go_on(peer.redirect, why=refusal.phrase)

    def _dials_emergency(self, request: Request, peer: Peer) -> bool:
        """Is it an emergency call, whatever else is wrong with it?"""
        if request.method != b"INVITE":
            return False
        try:
            return self.outgoing.is_emergency_call(read_dialled(request.uri), peer)
        except BadHeader:
            return False

    def _may_be_answered(self, flow: PeerFlow) -> bool:
        """Is there room for one more refusal to this stranger, and to all of them? Somebody may have forged him."""
        return not (self.load.sources.at(flow.source).answers.take(self._answers_to_one, self._now)) and not (
            self._answered.take(self._answers_to_all, self._now)
        )

    def _is_banned(self, flow: PeerFlow, now: float) -> bool:
        """Is whoever sends from there not to be heard? Those that the configuration names are only banned by hand."""
        if not flow.source or not (flow.watched or self.bans.by_hand):
            return False
        return self.bans.holds(flow.source, now, by_behaviour=flow.watched, stream=flow.reliable)

    def _ban_scanner(self, request: Request, flow: PeerFlow, now: float) -> None:
        """Ban whoever says that he scans."""
        if not self._unheard and any(map(self.scanners.names_itself, request.raw_all(b"user-agent"))):
            self._ban(flow, BY_NAME, now)

    def _note_refused(self, flow: PeerFlow, what: int) -> None:
        """Something of a source was refused, or can't be read; `what` stands for it. One thing too many: a ban."""
        if not flow.watched or self._unheard:
            return
        source = f"stream {flow.source}" if flow.reliable else flow.source  # what is forged in UDP counts for UDP
        if self.scanners.tried(source, what, self._now):
            self._ban(flow, BY_TRIES, self._now)

    def _ban(self, flow: PeerFlow, why: str, now: float) -> None:
        ban = self.bans.add(flow.source, why, now, udp_only=not flow.reliable)
        self._unheard = True
        self.effects.append(Banned(ban.name, why, ban.until - now))

    def _weigh(self, context: Context, status: int, now: float, *, rang: bool) -> None:
        """What the end of a stranger's request says of him: does he try numbers that nobody has, or passwords?"""
        request = context.request
        if rang and (context.server.invite or request.method == b"REGISTER"):
            self.scanners.is_welcome(context.flow.source)
            return
        if status in _NOBODY_THERE and (context.verdict is None or context.verdict.action is not Action.REJECT):
            tried = _called_or_registered(request)
        elif status in _UNPROVEN and any(name in request.where for name in _CREDENTIALS):
            tried = hash(tuple([value for name in _CREDENTIALS for value in request.raw_all(name)]))
        else:
            return
        self._now, self._unheard = now, False
        self._note_refused(context.flow, tried)
        self._unheard = False

    def finished(self, context: Context, status: int, now: float) -> None:
        """Tell the shell how a judged call ended."""
        rang = context.rang or 200 <= status < 300
        if context.flow.watched and not context.fields.to_tag:
            self._weigh(context, status, now, rang=rang)
        if context.decision:
            outcome = Outcome(status, rang, int((now - context.arrived) * 1000))
            self.effects.append(Finished(context.decision, outcome))

    def _send(self, flow: Flow, data: bytes) -> None:
        if data:
            self.effects.append(Send(flow, data))
        else:
            self.dropped[NO_ROOM] += 1
