"""What counting may take in memory at most, by what rules ask to be counted.

Measured where it takes most: of each thing that calls have in common there are two calls, so that windows and sums are
held for every second one (bench/counting.py). A call alone takes half of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from rules.language.values import read_count_name

MIB: Final = 1 << 20
_CALL: Final = 600  # octets: a call that is remembered, with its numbers and its decision
_TABLE: Final = 170  # and for each thing that it is counted by
_WORDS: Final = 66  # more, where that is put together, or a text of the caller's
_WINDOW: Final = 72
_DIFFERENT: Final = 96  # more, where different numbers are counted
_OF_WORDS: Final = frozenset(("display_name", "user_agent", "domain", "holder", "list"))
_OF_DIFFERENT: Final = frozenset(("callers", "called_numbers"))


def octets_a_call(asked: Collection[tuple[str, int]]) -> int:
    """What a remembered call takes at most, with all that it is counted by; 0 where nothing is counted."""
    tables: dict[tuple[str, ...], set[int]] = {}
    different: set[tuple[str, int]] = set()
    for name, seconds in asked:
        found = read_count_name(name)
        if found is None:
            continue
        of, per = found
        tables.setdefault(per, set()).add(seconds)
        if of in _OF_DIFFERENT:
            different.add((name, seconds))
    if not tables:
        return 0
    words = sum(len(per) != 1 or not _OF_WORDS.isdisjoint(per) for per in tables)
    windows = sum(map(len, tables.values()))
    return _CALL + len(tables) * _TABLE + words * _WORDS + windows * _WINDOW + len(different) * _DIFFERENT


def mib_of(asked: Iterable[tuple[str, int]], remembered_calls: int) -> int:
    """What all of it takes at most, in MiB, rounded up."""
    return -(-octets_a_call([*asked]) * remembered_calls // MIB)
