"""Who named an office as a leak, counted as people: each reporter and each called line once, the tied ones first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Speaker(NamedTuple):
    """Who named an office: once for each line."""

    reporter: str
    line: str  # the called line
    tied: bool  # to a call on record
    first: float = 0.0  # when he first said so


class People(NamedTuple):
    """How many people these are."""

    tied: int
    untied: int
    weight: float


def people_since(speakers: Sequence[Speaker], at: float) -> tuple[int, int]:
    """Who spoke for the first time after a moment, and by a line that nobody had spoken by: tied, and untied ones."""
    before = [one for one in speakers if one.first <= at]
    reporters, lines = {one.reporter for one in before}, {one.line for one in before}
    return counted_once(one for one in speakers if one.reporter not in reporters and one.line not in lines)


def counted_once(speakers: Iterable[Speaker]) -> tuple[int, int]:
    """Each reporter and each line once, those who were truly called before all others: tied, and untied ones."""
    reporters: set[str] = set()
    lines: set[str] = set()
    tied = others = 0
    for one in sorted(speakers, key=lambda one: (not one.tied, one.reporter, one.line)):
        if one.reporter in reporters or one.line in lines:
            continue
        reporters.add(one.reporter)
        lines.add(one.line)
        tied, others = tied + one.tied, others + (not one.tied)
    return tied, others


def weighed(tied: int, untied: int, *, worth: float, enough: float) -> People:
    """What so many people weigh.

    Whoever cannot be tied to a call costs nothing to invent: all of them together are worth half an alert at most,
    unless the operator has them count like anybody (``worth`` is 1).
    """
    others = untied * worth
    return People(tied, untied, round(tied + (others if worth >= 1.0 else min(others, enough / 2)), 6))
