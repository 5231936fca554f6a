"""What of a partner's version is taken: which entries count, until when, and how they stand on a list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rules.lists.list_files import FileLine
from rules.numbering.intervals import interval_of
from rules.sharing.entries import SharedEntry, days_after
from rules.sharing.versions import Key, stands

SOURCE = "partner "  # what the source of an entry begins with that a partner gave


class Wanted(NamedTuple):
    """What is taken from a partner."""

    reasons: frozenset[str]  # none: all
    ranges: tuple[tuple[int, int], ...]  # as codes; none: all
    hops: int
    ttl_days: int


@dataclass(slots=True)
class Chosen:
    """What counts of a version, and how much of it does not, by why."""

    entries: list[SharedEntry] = field(default_factory=list)  # with the end that is theirs here
    left_out: Counter[str] = field(default_factory=Counter)


def lies(state: Iterable[SharedEntry], sender: str) -> str:
    """What no operator could honestly say of who said it; empty for nothing."""
    for one in state:
        if (one.hop == 0) is not (one.origin == sender):
            return f"an entry is said to be {one.origin}'s word after {one.hop} hops, and {sender} sent it"
    return ""


def choose(
    state: Iterable[SharedEntry], wanted: Wanted, withdrawn: Mapping[Key, int], *, ours: str, today: str
) -> Chosen:
    """The entries of a version that count today. What goes back to our own word is an echo of it, and no evidence."""
    found = Chosen()
    for one in state:
        expires = min(one.expires, days_after(one.last, wanted.ttl_days))
        if one.origin == ours:
            why = "echo"
        elif not stands(one, withdrawn):
            why = "withdrawn"
        elif one.hop > wanted.hops:
            why = "far"
        elif wanted.reasons and one.reason not in wanted.reasons:
            why = "reason"
        elif wanted.ranges and not _inside(one.number, wanted.ranges):
            why = "range"
        elif expires <= today:
            why = "expired"
        else:
            found.entries.append(one._replace(expires=expires))
            continue
        found.left_out[why] += 1
    return found


def _inside(text: str, ranges: Sequence[tuple[int, int]]) -> bool:
    interval = interval_of(text)
    return any(start <= interval.start and interval.stop <= stop for start, stop in ranges)


def nearest(entries: Iterable[SharedEntry]) -> dict[str, SharedEntry]:
    """Of each number the word that came the shortest way, of several the newest."""
    found: dict[str, SharedEntry] = {}
    for one in entries:
        other = found.get(one.number)
        if other is None or (one.hop, -one.version, one.origin) < (other.hop, -other.version, other.origin):
            found[one.number] = one
    return found


_WORD = re.compile(r"version (\d+) of (\S+), hop \d+")


def word_of(note: str) -> tuple[int, str] | None:
    """The version and the origin that the note of an entry names, which `rows_of` wrote."""
    found = _WORD.fullmatch(note)
    return (int(found[1]), found[2]) if found else None


def rows_of(partner: str, entries: Iterable[SharedEntry]) -> list[FileLine]:
    """The entries as rows of an import, which say whose they are, of which version, and how far they came."""
    return [
        (
            at,
            one.number,
            {
                "source": SOURCE + partner,
                "reason": one.reason,
                "evidence": one.strength,
                "expires": f"{one.expires}T00:00:00+00:00",
                "note": f"version {one.version} of {one.origin}, hop {one.hop}",
            },
        )
        for at, one in enumerate(entries, start=1)
    ]
