"""A second opinion for whoever holds the call: asked beside the call path, of the judge that judges what comes through.

There is one screen in a node: what is asked here counts in the same rates, is recorded like any call, and its id can be
explained. Nobody but whoever asked knows how the call ended, and he may say so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote

import structlog
from cachetools import TTLCache
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from proxy.redirecting import UNREAD
from proxy.screening import MOST_KEYS, Screening, read_identity
from proxy.setup import set_up
from proxy.stir.verification import Attestation, Claimed
from ringfence.ask import Reader, request_uri
from ringfence.node_settings import Configuration
from ringfence.stir.verifier import Verifier
from rules.language.examples import Described, NotJudged
from rules.model import ATTESTATION, Action, Call, Outcome, Step, Trunk, Verdict
from rules.records.decisions import decision_at
from rules.records.privacy import mask, mask_within
from rules.screening.screen import Screen
from rules.storage.keys import Keys
from rules.texts.unseen import without_unseen

REMEMBERED: Final = 100_000  # verdicts whose end may still be told, each by who asked
KEPT_S: Final = 86_400.0  # for so long
_LONGEST: Final = 2_000  # characters of one field: all of them fit into what is read of a call
_CONTROLS: Final = re.compile(
    r"[\x00-\x20\x7f]+"
)  # not the blanks of other scripts, which are a number's own on the wire
_BLANK: Final = re.compile(r"\s")
_SCHEME: Final = re.compile(r"(?:sips?|tel|urn):", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^<>]*<([^<>]*)>?")
_FINGERPRINT: Final = re.compile(r"([A-Za-z0-9-]{1,20}) ([0-9A-Fa-f:]{2,200})")

log = structlog.get_logger("ringfence.asked")


def _unfolded(text: object) -> object:
    """Folds, tabs and controls as blanks; whole, since a number may stand behind a name of any length."""
    return _CONTROLS.sub(" ", text).strip(" ") if isinstance(text, str) else text


def _in_one_line(text: object) -> object:
    """The same, and not without end: what a caller wrote must not keep his call unjudged.

    What is cut here is longer than any text that is judged whole, and so a mark.
    """
    line = _unfolded(text)
    return without_unseen(line)[:_LONGEST] if isinstance(line, str) and len(line) > _LONGEST else line


def _uri_of(text: object) -> object:
    """The URI of a whole header field: ``"Name" <sip:138@h>;tag=a``."""
    found = _ADDRESS.match(text) if isinstance(text, str) else None
    return found[1] if found is not None else text


def _address_of(text: object) -> object:
    """A whole header field without its parameters; its name is read as the proxy reads one, whatever is in it."""
    return text[: text.rfind(">") + 1] or text if isinstance(text, str) and "<" in text else text


def _each_in_one_line(values: object) -> object:
    """One text or several, none of them cut: a signature holds for all of what it signs.

    A form has an empty one where the call has none.
    """
    several = values if isinstance(values, list) else [values]
    found = [_CONTROLS.sub(" ", each).strip(" ") if isinstance(each, str) else each for each in several]
    return [each for each in found if each != ""]


Texts = Annotated[list[str], BeforeValidator(_each_in_one_line)]
Text = Annotated[str, BeforeValidator(_in_one_line)]
Line = Annotated[str, BeforeValidator(_unfolded)]
Caller = Annotated[str, BeforeValidator(_address_of), BeforeValidator(_unfolded)]
Called = Annotated[str, BeforeValidator(_uri_of), BeforeValidator(_unfolded)]


class Question(BaseModel):
    """A call as whoever holds it tells it."""

    model_config = ConfigDict(extra="forbid")

    caller: Caller = Field("", description="From: a number, or a URI; empty for anonymous.")
    called: Called = Field(min_length=1, description="The Request-URI, or the number in it.")
    trunk: Text = Field("", description="By which trunk of ringfence.yaml it came; needed where there are several.")
    asserted: Line = Field("", description="P-Asserted-Identity; believed where the trunk is trusted.")
    display_name: Text = Field("", description="The name before the number in From.")
    domain: Text = Field("", description="The host in From.")
    user_agent: Text = ""
    diverted: bool = Field(False, description="Did the call carry Diversion?")
    headers: dict[Text, Text] = Field(default={}, max_length=20, description="Those that `headers` names.")
    call_id: Text = Field("", description="The Call-ID, by which its record is found, and a copied signature known.")
    source: Text = Field("", max_length=64, description="The address that the call came from.")
    identity: Texts = Field(default=[], description="Identity, each header field of it: verified as one that comes in.")
    to: Called = Field("", description="To, where a signed call was diverted on its way; default: whom it calls.")
    fingerprints: Texts = Field(default=[], description="Those of its session description, `sha-256 AB:CD:...`.")


class Ended(BaseModel):
    """How a call ended that was asked about."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(ge=200, le=699, description="The final SIP status that its caller got; 487: he gave up.")
    rang: bool | None = Field(None, description="Did a telephone ring? Default: if it was answered.")
    seconds: float | None = Field(None, ge=0, le=86_400, description="From the answer to the end, of an answered call.")


class Unanswerable(Exception):
    """The question names something that is not there."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Opinion(NamedTuple):
    """What is to be done with a call, and why."""

    verdict: Verdict
    status: int  # of the answer that a rejection has on the wire; 0: the call goes on
    phrase: str
    uri: str = ""  # where a diverted call is to go
    why_not: str = ""  # what of it could not be read; it goes on marked, if nothing else is found
    ignored: tuple[str, ...] = ()  # header fields that were sent along and nobody reads
    attestation: str = ""  # what its signatures prove; empty where none was verified
    unattested: str = ""  # why they prove nothing

    @property
    def action(self) -> Action:
        """What is to be done: an emergency call goes on as it came, whatever was found, and one half read marked."""
        if self.verdict.step is Step.EMERGENCY:
            return Action.FORWARD
        return Action.TAG if self.why_not and self.verdict.action is Action.FORWARD else self.verdict.action

    def as_data(self) -> dict[str, Any]:
        """For whoever asked."""
        verdict = self.verdict
        told: dict[str, Any] = {
            "decision": verdict.decision,
            "action": self.action,
            "step": verdict.step,
            "rule": verdict.rule or (UNREAD if self.why_not else ""),
            "because": verdict.reason,
            "suspicion": verdict.suspicion,
            "revision": verdict.revision,
        }
        if self.status:
            told |= {"status": self.status, "phrase": self.phrase}
        if self.action is not Action.FORWARD:
            told |= {"label": verdict.label, "ring": verdict.ring, "mask": verdict.mask}
            told |= {"destination": verdict.destination, "uri": self.uri}
        if self.why_not:
            told["not_judged"] = self.why_not
        if self.ignored:
            told["ignored"] = list(self.ignored)
        if self.attestation:
            told |= dict(zip(ATTESTATION[:2], (self.attestation, self.unattested), strict=True))
        return told

    def as_line(self) -> str:
        """In one line for dial plans, a bar between: action, status or 0, decision or a dash, URI or a dash."""
        verdict = self.verdict
        return f"{self.action}|{self.status}|{verdict.decision or '-'}|{self.uri or '-'}"


class _Read(NamedTuple):
    """A call that was asked about, as the proxy would read it."""

    call: Call
    trunk: Trunk
    unread: str
    ignored: tuple[str, ...]
    asker: str


class Opinions:
    """Answers with the judge of the node."""

    def __init__(
        self,
        screen: Screen,
        configuration: Callable[[], Configuration],
        now: Callable[[], float] = time.time,
        plug: Callable[[Screening], None] = lambda _: None,
        verifier: Callable[[], Verifier | None] = lambda: None,
    ) -> None:
        """`configuration` and `verifier` are those that hold now; `plug` lets plug-ins say how a rejection is told."""
        self._plug, self._verifier = plug, verifier
        self._screen, self._configuration, self._now = screen, configuration, now
        self._read: Configuration | None = None  # that the reader goes by
        self._told: TTLCache[str, str] = TTLCache(REMEMBERED, KEPT_S)
        self._ended: TTLCache[str, None] = TTLCache(REMEMBERED, KEPT_S)
        self._renew()

    def _renew(self) -> None:
        configuration = self._configuration()
        if configuration is self._read:
            return
        self._read = configuration
        self._reader = Reader(configuration, asked=True)
        made = set_up(configuration, configuration, Keys.for_now())
        self._screening = made.screening
        self._plug(self._screening)
        thresholds = configuration.thresholds
        self._destinations = configuration.destinations
        self._trunks = {
            each.name: each.facts(tag_at=thresholds.tag, reject_at=thresholds.reject, home=configuration.home)._replace(
                told=True
            )
            for each in configuration.trunks
        }

    def ask(self, question: Question, asker: str = "") -> Opinion:
        """The verdict on a call, whoever signed it; recorded on file before its id is told. Raises Unanswerable."""
        read = self._read_call(question, asker)
        return read if isinstance(read, Opinion) else self._judged(read)

    def begin(self, question: Question, asker: str = "") -> Opinion | Coroutine[Any, Any, Opinion]:
        """The same once it is known who vouches for the caller: at once, or what waits for a certificate."""
        read = self._read_call(question, asker)
        if isinstance(read, Opinion):
            return read
        found: Attestation | Coroutine[Any, Any, Attestation] | None = None
        verifier = self._verifier() if question.identity and not read.call.emergency else None
        if verifier is not None:
            values = [each.encode("utf-8", "surrogateescape") for each in question.identity]
            found = verifier.begin(values, _claimed(question, read), read.trunk.name)
        return self._judged(read, found) if found is None or isinstance(found, Attestation) else self._wait(read, found)

    async def _wait(self, read: _Read, waiting: Coroutine[Any, Any, Attestation]) -> Opinion:
        """No fault of a verification costs a call its verdict."""
        found: Attestation | None = None
        try:
            found = await waiting
        except Exception as error:
            log.error("who signed a call could not be found out", fault=type(error).__name__)
        return self._judged(read, found)

    def _read_call(self, question: Question, asker: str) -> _Read | Opinion:
        """The call; or what is to be done with one of which nothing can be judged."""
        self._renew()
        trunk = self._trunk(question.trunk)
        known = {each.lower() for each in self._configuration().headers}
        ignored = tuple(sorted(name for name in question.headers if name.lower() not in known))
        try:
            call = self._reader.read(_described(question), trunk, self._now())
        except NotJudged as error:
            # What the proxy would refuse says nothing of the call that somebody else has: it goes on there, marked.
            closed = trunk.fail_closed and error.status > 0
            action, status = (Action.REJECT, error.status) if closed else (Action.FORWARD, 0)
            verdict = Verdict(action, Step.FAIL_OPEN)
            return Opinion(verdict, status, error.phrase if closed else "", why_not=str(error), ignored=ignored)
        # An address; what else whoever asks writes there may be a number.
        call.call_id, call.source = question.call_id, mask_within(question.source)
        return _Read(call, trunk, self._reader.unread, ignored, asker)

    def _judged(self, read: _Read, found: Attestation | None = None) -> Opinion:
        if found is not None:
            found.enter(read.call, self._configuration().identity.believe)
        screen = self._screen
        verdict = screen.judge(read.call)
        stopped = verdict.action is Action.REJECT
        status, phrase, _ = self._screening.rejection(verdict, read.trunk) if stopped else (0, "", ())
        # Rung, unless it was stopped: else no complaint would find it. `ended` may say otherwise.
        screen.ended(verdict.decision, Outcome(status, not stopped, 0, open=not stopped))
        screen.secure()
        if not stopped:
            self._told[verdict.decision] = read.asker
        uri = self._destinations.get(verdict.destination, "")
        level, why = (found.level, found.why) if found is not None else ("", "")
        return Opinion(verdict, status, phrase, uri, read.unread, read.ignored, level, why)

    def ended(self, decision: str, end: Ended, asker: str = "") -> bool:
        """It is known now how a call ended; False where this process was not asked about it by him within a day."""
        if self._told.get(decision) != asker:
            return False
        del self._told[decision]
        self._end(decision, end)
        return True

    async def ended_before(self, decision: str, end: Ended) -> bool:
        """The same of a call that another process was asked about, or this one as a redirect server: by its record.

        False where it has an end, none is waited for, or it is another's to tell. StoreError or DatabaseError where
        it can't be looked up.
        """
        if decision in self._ended or decision in self._told or not 0.0 <= self._now() - decision_at(decision) < KEPT_S:
            return False
        found = await self._screen.journal.find(decision)
        if found is None or (found.status, found.rang) != (0, True) or found.action == Action.REJECT:
            return False
        if decision in self._ended:  # told meanwhile
            return False
        self._end(decision, end)
        return True

    def _end(self, decision: str, end: Ended) -> None:
        self._ended[decision] = None
        now = self._now()
        answered = 200 <= end.status < 300
        rang = answered if end.rang is None else end.rang
        setup_s = max(now - (end.seconds or 0.0) - decision_at(decision), 0.0)
        self._screen.ended_elsewhere(decision, Outcome(end.status, rang or answered, int(setup_s * 1000)))
        if answered and end.seconds is not None:
            self._screen.hung_up(decision)

    def reputation(self, number: str, trunk: str = "") -> dict[str, Any]:
        """What is known of a number, and what a call of it to nobody in particular would get: it counts nowhere."""
        self._renew()
        try:
            question = Question(caller=number, called="sip:anyone@invalid")
            call = self._reader.read(_described(question), self._trunk(trunk), self._now())
        except NotJudged as error:
            raise Unanswerable("number", str(error)) from None
        if not call.caller.canonical:
            raise Unanswerable("number", "it is no number")
        verdict = self._screen.consider(call)
        return {
            "number": mask(call.caller.canonical),
            "class": call.caller.kind,
            "region": call.caller.region,
            "action": verdict.action,
            "step": verdict.step,
            "rule": verdict.rule,
            "because": verdict.reason,
            "suspicion": verdict.suspicion,
            "found": [{"name": one.name, "step": one.step, "effect": one.said} for one in verdict.fired],
            "facts": {name: value for name, value in (call.facts or {}).items() if not name.startswith("_")},
        }

    def _trunk(self, name: str) -> Trunk:
        if not name:
            if len(self._trunks) == 1:
                return next(iter(self._trunks.values()))
            raise Unanswerable("trunk", "name it: there are several")
        found = self._trunks.get(name)
        if found is None:
            raise Unanswerable("trunk", "there is no such trunk in ringfence.yaml")
        return found


def _claimed(question: Question, read: _Read) -> Claimed:
    """What a signature has to say of this call, as `Screening.claimed` has it of one that comes in."""
    call = read.call
    called = call.called.canonical
    to = called
    if question.to:
        to = read_identity(request_uri(_as_it_came(question.to)).encode(), read.trunk).readings.first.canonical
    found = [match for each in question.fingerprints if (match := _FINGERPRINT.fullmatch(each)) is not None]
    keys = frozenset((each[1].lower(), each[2].replace(":", "").upper()) for each in found[:MOST_KEYS])
    caller = call.caller.canonical if len(call.asserted) == 1 else ""  # who could be taken for two is nobody
    return Claimed(caller, called, to, question.call_id.encode("utf-8", "surrogateescape"), keys)


def _escaped(found: re.Match[str]) -> str:
    return quote(found[0], safe="")


def _as_it_came(text: str) -> str:
    """Blanks in a number stood there as escapes, which dial plans decode: nobody typed this number."""
    return text if "<" in text or _SCHEME.match(text) else _BLANK.sub(_escaped, text)


def _described(question: Question) -> Described:
    return Described(
        caller=_as_it_came(question.caller) or "anonymous",
        called=_as_it_came(question.called),
        asserted=question.asserted,
        display_name=question.display_name,
        domain=question.domain,
        user_agent=question.user_agent,
        diverted=question.diverted,
        headers=tuple(question.headers.items()),
    )
