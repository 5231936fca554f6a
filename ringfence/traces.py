"""Traces of one number or one call: matching messages are kept for whoever asks, bounded in time, messages and memory.

A trace ends by itself: when its time is over, when it has its messages, and when nobody asks for them any more. Who
traces whom, and why, stands in the audit before the first message is kept.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

import structlog

from proxy.flows import peer_of
from proxy.masking import masked, masked_call_id, without_secrets
from proxy.sip.flow import Flow
from ringfence.control import Control, Question, Refused
from rules.model import Trunk
from rules.numbering.readings import readings
from rules.numbering.typed import decided, one_typed
from rules.numbering.within import no_number
from rules.records.privacy import mask

MOST_TRACES: Final = 4
LONGEST_MINUTES: Final = 120.0
MOST_MESSAGES: Final = 100_000
LEFT_S: Final = 15.0  # whoever has not asked for so long has gone
_ROOM: Final = 2 * 1024 * 1024  # octets that wait to be asked for
_ANSWERED: Final = 512 * 1024  # octets in one answer
_MOST_CALLS: Final = 1_000  # that a trace of a number follows at once
_LONGEST_TEXT: Final = 200
# Where somebody is named: the start line, and these fields.
_NAMES: Final = re.compile(
    rb"(?:\A[A-Za-z]{1,20} |[\r\n](?:from|f|to|t|p-asserted-identity|p-preferred-identity|remote-party-id|diversion"
    rb"|refer-to|r|referred-by|b|history-info|p-called-party-id)[ \t]*:)([^\r\n]*)",
    re.IGNORECASE,
)
_USERS: Final = re.compile(rb"(?i)(?:sips?|tel):([^@>;?\s\"]{1,120})")
_MOST_USERS: Final = 24  # of one message

log = structlog.get_logger("ringfence")

Note = Callable[[str, "Wanted"], Awaitable[None]]  # who, and what


class Wanted(NamedTuple):
    """What somebody asks for."""

    number: str  # canonical; empty: one call
    call_id: str
    minutes: float
    most: int
    unmasked: bool
    reason: str


class Message(NamedTuple):
    """One that was kept."""

    at: float
    received: bool
    transport: str
    here: str
    there: str
    peer: str
    text: bytes


class Trace:
    """What one of them wants, and has."""

    def __init__(self, wanted: Wanted, actor: str, trunk: Trunk, now: float) -> None:
        self.wanted, self.actor = wanted, actor
        self.ends = now + wanted.minutes * 60
        self.asked = now  # when somebody last did
        self.over = ""  # why there is no more
        self.taken = 0
        self.lost = 0  # nobody asked in time
        self.calls: OrderedDict[str, None] = OrderedDict()  # that it follows, the oldest first
        self._trunk = trunk
        self._waiting: deque[Message] = deque()
        self._octets = 0

    def look(self, now: float) -> None:
        """Is it over?"""
        if self.over:
            return
        if now >= self.ends:
            self.over = f"{self.wanted.minutes:g} minutes are over"
        elif self.taken >= self.wanted.most:
            self.over = f"it has {self.wanted.most:,} messages"

    def wants(self, data: bytes, flow: Flow, call_id: str) -> bool:
        """Does the message belong to what is traced?"""
        if self.wanted.call_id:
            return call_id == self.wanted.call_id or masked_call_id(call_id) == self.wanted.call_id
        if call_id in self.calls:
            return True
        if not self._names(data, flow):
            return False
        self.calls[call_id] = None
        if len(self.calls) > _MOST_CALLS:
            self.calls.popitem(last=False)
        return True

    def _names(self, data: bytes, flow: Flow) -> bool:
        """Does it name the number, in any reading of whoever stands on either side?"""
        head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
        users = [user for field in _NAMES.finditer(head) for user in _USERS.findall(field[1])]
        peer = peer_of(flow)
        trunks = [self._trunk]
        if peer is not None and not peer.from_pbx and peer.trunk.country != self._trunk.country:
            trunks.append(peer.trunk)
        for user in dict.fromkeys(users[:_MOST_USERS]):
            text = unquote_to_bytes(user).decode("utf-8", "replace")
            for trunk in trunks:
                found = readings(text, trunk)
                named = (found.first, *found.others, *found.resembled)
                if any(each.canonical == self.wanted.number for each in named):
                    return True
        return False

    def keep(self, message: Message) -> None:
        """One more; the oldest that nobody asked for give way."""
        self.taken += 1
        self._waiting.append(message)
        self._octets += len(message.text)
        while self._octets > _ROOM:
            self._octets -= len(self._waiting.popleft().text)
            self.lost += 1

    def take(self) -> list[Message]:
        """The next of those that wait."""
        found, octets = [], 0
        while self._waiting and octets < _ANSWERED:
            message = self._waiting.popleft()
            octets += len(message.text)
            found.append(message)
        self._octets -= octets
        return found


class Traces:
    """All that run."""

    def __init__(self, home: Callable[[], str], note: Note, clock: Callable[[], float] = monotonic) -> None:
        """`home` is in whose plan numbers are read; `note` writes into the audit, and raises where it cannot."""
        self._home, self._note, self._clock = home, note, clock
        self._running: dict[str, Trace] = {}
        self._process = secrets.token_hex(4)  # begins the key of each: those of another process are told apart
        self.changed: Callable[[], None] = lambda: None  # called when the first begins or the last ends

    @property
    def live(self) -> int:
        """How many want to hear of messages."""
        return sum(not each.over for each in self._running.values())

    def register(self, control: Control) -> None:
        """Let them be asked for."""
        control.register("trace", self._begin)
        control.register("trace-more", self._more)
        control.register("trace-end", self._end)

    def heard(self, data: bytes, flow: Flow, call_id: str, *, received: bool) -> None:
        """A message of any call."""
        now = self._clock()
        for trace in self._running.values():
            trace.look(now)
            if not trace.over and trace.wants(data, flow, call_id):
                trace.keep(_message(data, flow, received=received, unmasked=trace.wanted.unmasked))

    def tick(self) -> None:
        """End those whose time is over, and forget those for which nobody asks."""
        now = self._clock()
        before = self.live
        for key, trace in list(self._running.items()):
            trace.look(now)
            if now - trace.asked > LEFT_S:
                self._ended(key, trace.over or "nobody asks for it any more")
        if self.live != before:
            self.changed()

    async def _begin(self, question: Question) -> dict[str, Any]:
        wanted = self._read(question.arguments)
        self.tick()
        if len(self._running) >= MOST_TRACES:
            raise Refused(f"{MOST_TRACES} traces run already; wait for one to end")
        try:
            await self._note(question.actor, wanted)
        except Exception as error:
            raise Refused(f"nothing is traced that cannot be written into the audit: {error}") from None
        key = self._process + secrets.token_hex(8)
        home = decided(self._home())
        trunk = Trunk("", country=home, national=bool(home))
        self._running[key] = Trace(wanted, question.actor, trunk, self._clock())
        self.changed()
        what = mask(wanted.number) if wanted.number else masked_call_id(wanted.call_id)
        return {"trace": key, "of": what, "minutes": wanted.minutes, "messages": wanted.most}

    def _read(self, words: Any) -> Wanted:
        """What is asked for. Raises Refused."""
        number, call_id = str(words.get("number", "")), str(words.get("call_id", "")).strip()
        reason = " ".join(str(words.get("reason", "")).split())
        if bool(number) == bool(call_id):
            raise Refused("name a number, or a call by its Call-ID")
        try:
            read = one_typed(number, self._home()) if number else None
            canonical = read.canonical if read else ""
            minutes, most = float(words.get("minutes", 10)), int(words.get("messages", 10_000))
        except (ValueError, TypeError) as error:
            raise Refused(str(error)) from None
        if read and not canonical:
            raise Refused(str(no_number(number, read.kind, self._home())))
        if not 0 < minutes <= LONGEST_MINUTES or not 0 < most <= MOST_MESSAGES:
            raise Refused(f"at most {LONGEST_MINUTES:g} minutes and {MOST_MESSAGES:,} messages, and some of each")
        unmasked = words.get("unmasked") is True
        if unmasked and not any(sign.isprintable() and not sign.isspace() for sign in reason):
            raise Refused("say why numbers have to be shown: --reason")
        return Wanted(canonical, call_id, minutes, most, unmasked, reason[:_LONGEST_TEXT])

    def _asked(self, question: Question) -> Trace:
        key = str(question.arguments.get("trace", ""))
        trace = self._running.get(key)
        if trace is None and not key.startswith(self._process):
            raise Refused("this trace has ended: another process has taken over since; begin it anew")
        if trace is None or trace.actor != question.actor:
            raise Refused("this trace has ended")
        trace.asked = self._clock()
        trace.look(trace.asked)
        return trace

    async def _more(self, question: Question) -> dict[str, Any]:
        trace = self._asked(question)
        messages = [each._asdict() | {"text": each.text.decode("latin-1")} for each in trace.take()]
        over = "" if messages else trace.over
        if over:
            self._forget(question, over)
        return {"messages": messages, "over": over, "lost": trace.lost, "taken": trace.taken}

    async def _end(self, question: Question) -> dict[str, Any]:
        trace = self._asked(question)
        self._forget(question, "it was ended")
        return {"taken": trace.taken, "lost": trace.lost}

    def close(self) -> None:
        """Another process is asked from now on, which knows nothing of these."""
        for key in list(self._running):
            self._ended(key, "another process takes over")
        self.changed()

    def _forget(self, question: Question, why: str) -> None:
        self._ended(str(question.arguments.get("trace", "")), why)
        self.changed()

    def _ended(self, key: str, why: str) -> None:
        trace = self._running.pop(key)
        log.info("a trace ends", by=trace.actor, messages=trace.taken, why=why)


def _message(data: bytes, flow: Flow, *, received: bool, unmasked: bool) -> Message:
    listener, peer = flow.listener, peer_of(flow)
    host, there = (f"[{each}]" if ":" in each else each for each in (listener.host, flow.host))
    return Message(
        at=time(),
        received=received,
        transport=listener.transport,
        here=f"{host}:{listener.port}",
        there=f"{there}:{flow.port}",
        peer=peer.name if peer is not None else "",
        text=without_secrets(data) if unmasked else masked(data),
    )
