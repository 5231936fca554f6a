"""What `check` says of sound rules: those that can never matter, lists that are empty, what nobody could tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ringfence.configuration import Configuration
from rules.language.compile import Built, Compiled
from rules.language.faults import Fault, Location
from rules.language.grammar import When
from rules.language.overlap import find_overlaps
from rules.lists.editing import Lists


class Review(NamedTuple):
    """What was found."""

    examples: int
    warnings: list[Fault]
    not_analysed: dict[str, list[str]]  # by rule: its conditions that were not analysed


def review(configuration: Configuration, compiled: Compiled, base: Path) -> Review:
    """Review rules that compile."""
    overlaps = find_overlaps(compiled)
    counts = list_counts(configuration, base)
    empty = [fault for built in compiled.built for fault in empty_lists(built, counts)]
    examples = sum(len(built.rule.catches) + len(built.rule.spares) for built in compiled.built)
    return Review(examples, sorted([*overlaps.warnings, *empty]), overlaps.not_analysed)


def list_counts(configuration: Configuration, base: Path) -> dict[str, int]:
    """How many entries each list has; nothing where no list was ever filled."""
    database = base / configuration.storage.database
    if not database.exists():
        return {}

    async def count() -> dict[str, int]:
        lists = await Lists.open(database, configuration.lists)
        try:
            return await lists.counts()
        finally:
            await lists.close()

    return asyncio.run(count())


def empty_lists(built: Built, counts: Mapping[str, int]) -> Iterator[Fault]:
    """Conditions on lists that were emptied, or never filled."""
    parts = [("when", built.rule.when), *((f"unless {n}", part) for n, part in enumerate(built.rule.unless))]
    for key, when in parts:
        name, _, number = key.partition(" ")
        here: Location = (*built.loc, name, int(number)) if number else (*built.loc, name)
        for loc, listed in named_lists(when, here):
            if counts.get(listed) == 0:
                what = f"list {listed!r} is empty, so nobody stands on it"
                yield built.file.document.fault(loc, what, "fill it, or let the rule ask for another", warning=True)


def named_lists(when: When, loc: Location) -> Iterator[tuple[Location, str]]:
    """Every list that a condition names, and where."""
    for who in ("caller", "called"):
        condition = getattr(when, who)
        for position, name in enumerate((condition and condition.on_list) or ()):
            yield (*loc, who, "on_list", position), name
    group = when.called.group if when.called else None
    for position, name in enumerate((group and group.is_) or ()):
        yield (*loc, "called", "group", position), name
    for key, parts in (("any", when.any_), ("all", when.all_)):
        for position, part in enumerate(parts or ()):
            yield from named_lists(part, (*loc, key, position))
