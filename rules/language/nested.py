"""Conditions at any depth: where each stands in its file, and which named ones it refers to."""

from __future__ import annotations

from collections.abc import Iterator

from rules.language.faults import Location
from rules.language.grammar import RuleFile, When


def whens(content: RuleFile) -> Iterator[tuple[Location, When]]:
    """Every condition of a file with its place, nested ones included."""
    for name, when in content.conditions.items():
        yield from _within(when, ("conditions", name))
    for position, rule in enumerate(content.rules):
        yield from _within(rule.when, ("rules", position, "when"))
        for number, part in enumerate(rule.unless):
            yield from _within(part, ("rules", position, "unless", number))


def _within(when: When, loc: Location) -> Iterator[tuple[Location, When]]:
    yield loc, when
    for key, parts in (("any", when.any_), ("all", when.all_)):
        for position, part in enumerate(parts or ()):
            yield from _within(part, (*loc, key, position))


def references(when: When) -> set[str]:
    """The named conditions that a condition refers to."""
    found = set(when.condition or ())
    for part in (*(when.any_ or ()), *(when.all_ or ())):
        found |= references(part)
    return found
