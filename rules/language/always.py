"""Conditions that hold for every call, whenever it comes: a rule that asks nothing else would match all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.language.domain import DAY, WEEK, week_mask
from rules.language.faults import Location
from rules.language.grammar import When
from rules.language.values import DAYS, Window
from rules.model import NumberClass

_ALL_CLASSES = frozenset(NumberClass) - {NumberClass.UNHELD}
_WHOLE_WEEK = (1 << WEEK) - 1


def always(when: When, named: Mapping[str, When], within: frozenset[str] = frozenset()) -> bool:
    """Does it hold for every call? `named` are the named conditions, `within` those that led here."""
    keys = {name for name in when.model_fields_set if getattr(when, name) is not None}
    idle = {key for key, _ in idle_keys(when, named, within)}
    return bool(keys) and keys <= idle


def idle_keys(
    when: When, named: Mapping[str, When], within: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Location]]:
    """The keys that ask nothing, by the names of their fields, and where they stand."""
    if (when.hours or when.days) and _whole_week(when):
        for key in ("hours", "days"):
            if getattr(when, key):
                yield key, (key,)
    for who in ("caller", "called"):
        number = getattr(when, who)
        if number and number.model_fields_set == {"class_"} and _ALL_CLASSES.issubset(number.class_ or ()):
            yield who, (who, "class")
    for position, part in enumerate(when.any_ or ()):
        if always(part, named, within):
            yield "any_", ("any", position)
            break
    if when.all_ and all(always(part, named, within) for part in when.all_):
        yield "all_", ("all",)
    for position, name in enumerate(when.condition or ()):
        if name in named and name not in within and always(named[name], named, within | {name}):
            yield "condition", ("condition", position)
            break


def _whole_week(when: When) -> bool:
    words = set(when.days or DAYS)
    days = [*DAYS] if {"working", "off"} <= words else [day for day in DAYS if day in words]
    windows = when.hours or [Window(0, DAY)]
    if len(days) * sum((end - start) % DAY or DAY for start, end in windows) < WEEK:
        return False  # nearly always
    return week_mask(windows, [DAYS.index(day) for day in days]) == _WHOLE_WEEK
