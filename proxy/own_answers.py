"""What plug-ins may put on the wire: an answer to a rejected call, header lines of one that goes on.

Whatever they give is read as what a stranger sends: a value of two lines, or a header field of the proxy's own, is
refused, and the call goes on, or is rejected, as if there was no plug-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from proxy.profile_settings import PRINTABLE
from proxy.reply_profiles import OURS, reserved
from proxy.sip.message import Request
from rules.model import Trunk, Verdict

UNWANTED: Final = 607  # the callee's own word (RFC 8197)
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 3261 25.1, token
_VALUE: Final = re.compile(PRINTABLE.removeprefix("^").removesuffix("$"))
_LONGEST_PHRASE, _LONGEST_VALUE, _MOST_LINES = 80, 300, 8
_OF_REPLIES: Final = frozenset(("reason", "call-info", "retry-after"))  # what a profile may set, a plug-in may, too
_OF_ACTIONS: Final = frozenset(("call-info",))
_MARKS: Final = frozenset(f"{OURS}{mark}" for mark in ("verdict", "rule", "decision", "label", "mask"))

T = TypeVar("T")
Answer = tuple[int, str, tuple[bytes, ...]]  # status, phrase, header lines


class Judged(NamedTuple):
    """A call and what was decided, as a plug-in sees it."""

    decision: str
    action: str  # forward, tag, divert, reject
    step: str  # who decided: "block list", "deciding rule" ...
    rule: str  # the rule or list that won
    because: str
    suspicion: int
    trunk: str
    caller: str  # From, as it came
    called: str  # the Request-URI, as it came


class ReplySource(Protocol):
    """A plug-in of `ringfence.replies`: its name is the name of a reply profile."""

    def reply(self, judged: Judged) -> tuple[int, str, Mapping[str, str]] | None:
        """Status, phrase and header lines; None: the profile of the trunk, or 603, answers in its place."""


class ActionSource(Protocol):
    """A plug-in of `ringfence.actions`, for the verdicts that `actions` of ringfence.yaml names."""

    def lines(self, judged: Judged) -> Mapping[str, str] | None:
        """Header lines that the call carries on; None: none."""


class Asked(Protocol):
    """A plug-in in its thread."""

    def ask(self, question: Any, wait_s: float) -> Any:
        """Its answer; None where there is none in time."""

    def fail(self, why: str) -> None:
        """What it gave can't be used."""


class BadAnswer(ValueError):
    """A plug-in gave what must not go out."""


def judged_of(verdict: Verdict, trunk: str, request: Request | None) -> Judged:
    """What a plug-in is asked."""
    caller = called = ""
    if request is not None:
        caller = (request.raw(b"from") or b"").decode("utf-8", "replace")
        called = request.uri.decode("utf-8", "replace")
    told = (verdict.decision, verdict.action.value, verdict.step.value, verdict.rule, verdict.reason, verdict.suspicion)
    return Judged(*told, trunk, caller, called)


def own_reply(source: Asked, verdict: Verdict, trunk: Trunk, request: Request | None, wait_s: float) -> Answer | None:
    """Status, phrase and header lines that a plug-in gives; None where it gives none, or none that may go out."""
    return _read(source, source.ask(judged_of(verdict, trunk.name, request), wait_s), _read_reply)


def own_lines(source: Asked, verdict: Verdict, request: Request, wait_s: float) -> dict[bytes, bytes]:
    """Header lines that a plug-in gives, by their names in small letters."""
    found = _read(source, source.ask(judged_of(verdict, "", request), wait_s), _read_own_lines)
    return {} if found is None else {line.partition(b":")[0].lower(): line for line in found}


def plain(answer: Any) -> Any:
    """What a plug-in gave, in values of no class of its own: for its thread, where their code may fail or hang.

    Raises BadAnswer for what is none of those that go out.
    """
    if answer is None or isinstance(answer, bool):
        return answer
    if isinstance(answer, str):
        return str.__str__(answer)
    if isinstance(answer, int):
        return int.__int__(answer)
    if isinstance(answer, tuple):
        return tuple([plain(each) for each in islice(answer, _MOST_LINES)])
    if isinstance(answer, Mapping):
        return {plain(name): plain(value) for name, value in islice(answer.items(), _MOST_LINES + 1)}
    raise BadAnswer(f"{type(answer).__name__} is no text, number or mapping")


def _read(source: Asked, answer: Any, read: Callable[[Any], T]) -> T | None:
    """None where it gave nothing, or what must not go out; whatever is wrong with it, the call has its answer."""
    if answer is None:
        return None
    try:
        return read(answer)
    except BadAnswer as error:
        source.fail(str(error))
    except Exception as other:  # not the name from above: mypyc takes all of one name for the kind of the first
        source.fail(f"what it gave can't be read ({type(other).__name__})")
    return None


def _read_own_lines(answer: Any) -> list[bytes]:
    return _read_lines(answer, _OF_ACTIONS, marks=True)


def _read_reply(answer: Any) -> Answer:
    if not isinstance(answer, tuple) or len(answer) != 3:
        raise BadAnswer(f"{type(answer).__name__} is no status, phrase and headers")
    status, phrase, headers = answer
    if not isinstance(status, int) or isinstance(status, bool) or not 400 <= status <= 699 or status == UNWANTED:
        raise BadAnswer(f"{str(status)[:20]!r} is no status of a rejection")
    if not isinstance(phrase, str) or len(phrase) > _LONGEST_PHRASE or not _VALUE.fullmatch(phrase):
        raise BadAnswer("its phrase is no printable text of one line")
    return status, phrase, tuple(_read_lines(headers, _OF_REPLIES))


def _read_lines(given: Any, allowed: frozenset[str], *, marks: bool = False) -> list[bytes]:
    """With `marks`, names of ours that nobody else can write are good, but for those that say what was decided."""
    if not isinstance(given, Mapping) or len(given) > _MOST_LINES:
        raise BadAnswer(f"its header lines are no mapping of {_MOST_LINES} at most")
    lines = []
    for name, value in given.items():
        if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
            raise BadAnswer(f"{str(name)[:40]!r} is no header field name")
        small = name.lower()
        own = marks and small.startswith(OURS) and small not in _MARKS
        if reserved(name) and small not in allowed and not own:
            raise BadAnswer(f"{name} is written by the proxy itself")
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE or not _VALUE.fullmatch(value):
            raise BadAnswer(f"the value of {name} is no printable text of one line")
        lines.append(f"{name}: {value}".encode("utf-8", "replace"))
    return lines
