"""Amounts between bounds, and whether some of them together are every amount that there can be."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from rules.language.values import SHARES, read_rate_name


class Span(NamedTuple):
    """All amounts over the one and under the other."""

    over: float = -math.inf
    under: float = math.inf


def all_amounts(fact: str, spans: Collection[Span]) -> bool:
    """Is every amount that this fact can have within one of these?"""
    rate = read_rate_name(fact)
    if rate is None:
        return _covered(spans, -math.inf, math.inf)
    if rate[0] in SHARES:
        return _covered(spans, 0.0, 100.0)
    return _covered(spans, 1.0, math.inf, whole=True)  # the call itself counts


def _covered(spans: Collection[Span], first: float, last: float, *, whole: bool = False) -> bool:
    """Goes from one amount that is in no span before to the next; both bounds of a span are outside of it."""
    while first <= last:
        begun = [each.under for each in spans if each.over < first or each.over == -math.inf]
        reached = max(begun, default=first)
        if reached <= first:
            return False
        if reached == math.inf:
            return True
        first = math.ceil(reached) if whole else reached
    return True
