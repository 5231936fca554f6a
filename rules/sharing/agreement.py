"""How many agree on a number: origins count and not messengers, and nobody has more than one voice.

Three partners who pass on what one origin said are one witness; so is one partner who passes on what three origins are
said to have said, since he may have made them up. So each entry is an edge between the holder who sent it and its
origin, and the witnesses are a matching: no holder twice, no origin twice. Which holders can be matched is a
transversal matroid, so that taking the heaviest first and letting the others step aside (augmenting paths) finds the
heaviest matching of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Voice(NamedTuple):
    """Somebody sent an entry of an origin."""

    holder: str  # who stands behind the partner: two partners of one holder are one
    origin: str


def agreement(voices: Iterable[Voice], weights: Mapping[str, float]) -> float:
    """What the witnesses weigh together; ``weights``: of holders."""
    said: dict[str, set[str]] = {}
    for holder, origin in voices:
        said.setdefault(holder, set()).add(origin)
    heard: dict[str, str] = {}  # origin -> the holder who vouches for it
    total = 0.0
    for holder in sorted(said, key=lambda one: (-weights.get(one, 0.0), one)):
        if _place(holder, said, heard, set()):
            total += weights.get(holder, 0.0)
    return total


def _place(holder: str, said: Mapping[str, set[str]], heard: dict[str, str], seen: set[str]) -> bool:
    for origin in sorted(said[holder] - seen):
        seen.add(origin)
        if origin not in heard or _place(heard[origin], said, heard, seen):
            heard[origin] = holder
            return True
    return False


class Heard(NamedTuple):
    """How often we had to release what a partner lists."""

    released: int
    listed: int


_FEWEST = 3  # releases: of fewer nothing is concluded
_AS_IF = 1_000  # entries, so that a short list is not told by one of them


def standing_of(one: Heard, others: Heard) -> float:
    """What is left of a partner's weight: as much less as what he lists is released more often than what others do."""
    if one.released < _FEWEST:
        return 1.0
    usual = (others.released + 1) / (others.listed + _AS_IF)
    return min(1.0, round(usual * (one.listed + _AS_IF) / one.released, 3))
