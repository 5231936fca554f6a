"""Makes a call out of an example, so that a rule can prove itself before it is live."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rules.judging.own_facts import is_own
from rules.language.faults import nearest
from rules.language.grammar import Example
from rules.language.values import read_amount, read_rate_name
from rules.model import Call, Hit, Trunk
from rules.texts.worded import worded

NOON = datetime(2026, 1, 7, 12)  # a Wednesday without holidays: when an example names no time
_ANOTHER = "+12025550100"  # a number that is kept for fiction: of whoever an example does not name


class Described(NamedTuple):
    """A call in words, as its INVITE would say them."""

    caller: str  # a number in any spelling, a URI, or the whole value of From
    called: str = ""  # a number, or the Request-URI
    asserted: str = ""  # P-Asserted-Identity
    domain: str = ""  # of a caller that is no URI
    display_name: str = ""
    user_agent: str = ""
    diverted: bool = False
    headers: tuple[tuple[str, str], ...] = ()  # further ones: name, value


class NotJudged(ValueError):
    """The proxy answers such a call before anybody judges it."""

    def __init__(self, status: int, phrase: str) -> None:
        super().__init__(
            worded("the proxy answers %(status)s %(phrase)s", status=status, phrase=phrase) if status else phrase
        )
        self.status, self.phrase = status, phrase


# Reads a call on a trunk, at seconds since the epoch, as the proxy does; raises NotJudged. It is made where SIP is
# known (ringfence/ask.py) and handed in: rules read no SIP.
Read = Callable[[Described, Trunk, float], Call]


def described(example: Example, trunk: Trunk) -> Described:
    """The words of an example; where From and P-Asserted-Identity differ, `from` is who is believed."""
    caller, asserted = example.from_, ""
    if example.agrees:
        asserted = caller
    elif example.agrees is False:
        caller, asserted = (_ANOTHER, caller) if trunk.identity_trusted else (caller, _ANOTHER)
    return Described(
        caller,
        example.to,
        asserted,
        example.domain,
        example.display_name,
        example.user_agent,
        example.diverted,
        tuple(example.header.items()),
    )


def example_call(example: Example, trunk: Trunk, zone: ZoneInfo, read: Read) -> Call:
    """The call that an example describes."""
    call = read(described(example, trunk), trunk, moment(example.at, zone))
    facts = {**(call.facts or {}), **{name: read_fact(value) for name, value in example.facts.items()}}
    call.facts = {**facts, "group": example.group} if example.group else facts
    return call


def example_hits(example: Example, call: Call, kinds: Mapping[str, str]) -> tuple[list[Hit], list[Hit]]:
    """The entries that cover the caller, and the called number."""
    caller = call.caller.canonical
    hits = [_hit(name, kinds, caller) for name in example.on_list]
    hits += [Hit(f"any {kind} list", kind, caller, "example", caller, 0) for kind in example.list_kind]
    return hits, [_hit(name, kinds, call.called.canonical) for name in example.called_on_list]


def _hit(name: str, kinds: Mapping[str, str], number: str) -> Hit:
    return Hit(name, kinds.get(name, "plain"), number, "example", number, 0)


def unmeasured(names: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Facts that no call can have, each with what is wrong and what it may have been: misspelt ones prove nothing."""
    for name in names:
        if name not in known and read_rate_name(name) is None and not is_own(name):
            yield (
                name,
                f"no call can have fact {name!r}: nobody measures it, and no rule asks for it",
                nearest(name, known),
            )


def moment(at: datetime | None, zone: ZoneInfo) -> float:
    """Seconds since the epoch; a time without offset is wall clock in the zone."""
    at = at or NOON
    return at.replace(tzinfo=zone).timestamp() if at.tzinfo is None else at.astimezone(UTC).timestamp()


def read_fact(text: str) -> float | str | bool:
    """A measured fact as authors write it: 61, 80%, true, or a word."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        amount = read_amount(text)
    except ValueError:
        return text
    return amount if isinstance(amount, float) else text


def example_words(example: Example) -> str:
    """An example in a few words, for faults."""
    said = {
        name.rstrip("_"): value
        for name, value in example.model_dump(exclude_unset=True).items()
        if value not in (None, "", [], {})
    }
    return ", ".join(f"{name} {_in_words(value)}" for name, value in said.items())


def _in_words(value: object) -> str:
    """A value of an example, as authors write it."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, list):
        return " and ".join(map(str, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={part}" for name, part in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
