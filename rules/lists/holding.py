"""Which imports wait for a person: an empty new version, one that changes much, one that would stop many calls."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple

from rules.lists.few import Under, told
from rules.numbering.intervals import encode

MOST_CHANGED = 0.20
FEWEST = 10  # entries of a list to which a file may add without being a new version; a fifth of fewer is one or two
MOST_CAUGHT = 0.01
FEW = 5  # callers: of fewer no reason says how often they rang, since everybody reads it
_NAMED = 5
_CAUGHT = "it would have caught "


class Caught(NamedTuple):
    """Calls of the last day that went through and that new entries would have caught."""

    calls: int
    of: int
    callers: tuple[str, ...]  # those with most calls
    people: int = 0  # callers

    def coarse(self, least: int) -> Caught:
        """As it is told to who may see nobody's number: names nobody, and is exact of so many callers at least."""
        return self._replace(calls=told(self.calls, self.people, least), callers=()) if least else self


def caught(numbers: list[int], wides: Iterable[tuple[int, int]], calls: Mapping[str, int]) -> Caught:
    """Compare sorted codes and intervals with how often each canonical caller called."""
    covered = overlap(sorted(wides))
    found: list[tuple[int, str]] = []
    for caller, times in calls.items():
        code = encode(caller)
        if code is None:
            continue
        at = bisect_left(numbers, code)
        if (at < len(numbers) and numbers[at] == code) or covered(code, code):
            found.append((times, caller))
    found.sort(key=lambda one: (-one[0], one[1]))
    named = tuple(caller for _, caller in found[:_NAMED])
    return Caught(sum(times for times, _ in found), sum(calls.values()), named, len(found))


def reasons(*, before: int, added: int, removed: int, whole: bool, found: Caught) -> list[str]:
    """Why an import should wait for a person; ``whole``: it is a new version of the list."""
    why = []
    after = before + added - removed
    if whole and before and not after:
        why.append(f"the new version is empty; the list has {before:,} entries")
    elif before >= (1 if whole else FEWEST) and added + removed > before * MOST_CHANGED:
        why.append(f"it changes {(added + removed) / before:.0%} of the list ({added:,} come, {removed:,} go)")
    if found.calls > found.of * MOST_CAUGHT:
        share = f"{found.calls:,}" if found.people >= FEW else f"over {MOST_CAUGHT:.0%}"
        why.append(f"{_CAUGHT}{share} of {found.of:,} calls of the last day")
    return why


def without_few(held: list[str], found: Caught) -> list[str]:
    """The same reasons for who tries: that few callers' calls are enough to wait for a person would tell of them."""
    return [why for why in held if not why.startswith(_CAUGHT)] if isinstance(found.calls, Under) else held


def overlap(covers: list[tuple[int, int]]) -> Callable[[int, int], bool]:
    """Tells whether an interval has a number in common with one of these, which are sorted."""
    starts = [start for start, _ in covers]
    reach = list(accumulate((stop for _, stop in covers), max))

    def overlaps(start: int, stop: int) -> bool:
        before = bisect_right(starts, stop)
        return before > 0 and reach[before - 1] >= start

    return overlaps
