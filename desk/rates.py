"""Lines of a report ranked by how many of those rung complain, each with how sure that is: few calls prove little."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

from desk.evidence import Z
from desk.reports import Row


class Rate(NamedTuple):
    """Complaints per 10,000 calls that rang, between two bounds (Wilson, 95 %)."""

    row: Row
    rate: float
    low: float
    high: float


def ranked(rows: Iterable[Row]) -> list[Rate]:
    """Those whose lower bound is highest first; lines without calls, and sums of others, are none."""
    found = [rate_of(row) for row in rows if row.rang and row.complaints and not row.sum_of]
    return sorted(found, key=lambda one: (-one.low, one.row.key))


def rate_of(row: Row) -> Rate:
    """A line with its bounds; the share is at most all of them."""
    rang = max(row.rang or 0, row.complaints, 1)
    share, square = row.complaints / rang, Z * Z
    middle = (share + square / (2 * rang)) / (1 + square / rang)
    spread = Z * sqrt(share * (1 - share) / rang + square / (4 * rang * rang)) / (1 + square / rang)
    return Rate(row, 10_000 * share, 10_000 * max(middle - spread, 0.0), 10_000 * min(middle + spread, 1.0))
