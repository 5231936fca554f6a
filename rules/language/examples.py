"""Makes a call out of an example, so that a rule can prove itself before it is live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.judging.facts import Facts, WallClock
from rules.language.grammar import Example
from rules.language.values import read_amount
from rules.model import Call, Hit, Number, NumberClass, Trunk
from rules.numbering.readings import READINGS_DIFFER, Readings, read_written

NOON = datetime(2026, 1, 7, 12)  # a Wednesday without holidays: when an example names no time


def example_call(example: Example, trunk: Trunk, zone: ZoneInfo) -> Call:
    """The call that an example describes."""
    caller = read_written(example.from_, trunk)
    called = read_written(example.to, trunk, called=True) if example.to else Readings(Number("", NumberClass.NAME))
    facts: dict[str, float | str | bool] = {name: read_fact(value) for name, value in example.facts.items()}
    if caller.differ or called.differ:
        facts.setdefault(READINGS_DIFFER, True)
    if example.group:
        facts["group"] = example.group
    return Call(
        caller=caller.first,
        callers=(caller.first, *caller.others),
        called=called.first,
        called_readings=(called.first, *called.others),
        sure=not (caller.differ or called.differ),
        trunk=trunk,
        at=moment(example.at, zone),
        emergency=called.first.kind is NumberClass.EMERGENCY,
        asserted_by_pai=example.agrees is not None,
        agrees=example.agrees,
        display_name=example.display_name,
        domain=example.domain.lower(),
        user_agent=example.user_agent,
        diverted=example.diverted,
        headers={name.lower(): value for name, value in example.header.items()},
        facts=facts,
    )


def example_facts(example: Example, trunk: Trunk, clock: WallClock, kinds: Mapping[str, str]) -> Facts:
    """What rules see of an example; `kinds` are the kinds of the lists it names."""
    call = example_call(example, trunk, clock.zone)
    return Facts(call, *example_hits(example, call, kinds), clock)


def example_hits(example: Example, call: Call, kinds: Mapping[str, str]) -> tuple[list[Hit], list[Hit]]:
    """The entries that cover the caller, and the called number."""
    caller = call.caller.canonical
    hits = [_hit(name, kinds, caller) for name in example.on_list]
    hits += [Hit(f"any {kind} list", kind, caller, "example", caller, 0) for kind in example.list_kind]
    return hits, [_hit(name, kinds, call.called.canonical) for name in example.called_on_list]


def _hit(name: str, kinds: Mapping[str, str], number: str) -> Hit:
    return Hit(name, kinds.get(name, "plain"), number, "example", number, 0)


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
