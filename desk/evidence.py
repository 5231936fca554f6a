"""How much complaints prove: the 95 % Wilson lower bound of weight over subscribers rung, from the set as it stands.

Pure. The sum is computed anew from the sorted set each time and never updated in place, so that neither the order of
complaints nor a complaint that came and went leaves a trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from math import sqrt
from typing import NamedTuple

Z = 1.959963984540054  # of the normal distribution, 95 % two-sided
DAY_S = 86_400.0
UNITS = 2**40  # weights are summed as whole numbers, so that the order of the terms is nothing


class Tie(StrEnum):
    """How a complaint hangs on a call."""

    JUDGED = "judged"  # on the record of a judged call whose identity can be believed
    UNWANTED = "unwanted"  # the callee's phone said 607 (RFC 8197)
    UNTIED = "untied"


WEIGHTS = {Tie.JUDGED: 1.0, Tie.UNWANTED: 0.5, Tie.UNTIED: 0.25}


class Said(NamedTuple):
    """One complaint, as far as it is evidence."""

    reporter: str
    line: str  # the called line; thirty reporters behind one count as one
    tie: Tie
    received: float


class Evidence(NamedTuple):
    """What complaints prove, with every input."""

    weight: float  # w
    subscribers: float  # n
    rang: int  # subscribers it rang, before the floor
    complaints: int  # that count
    counted: int  # of these, one for each reporter and line
    score: float  # per 10,000


def wilson(weight: float, subscribers: float) -> float:
    """The lower bound of the share that complains."""
    if weight <= 0.0:
        return 0.0
    share, square = weight / subscribers, Z * Z
    spread = Z * sqrt(share * (1.0 - share) / subscribers + square / (4.0 * subscribers * subscribers))
    return (share + square / (2.0 * subscribers) - spread) / (1.0 + square / subscribers)


def score(weight: float, rang: float, fewest: int = 20) -> float:
    """Evidence per 10,000, from w and the subscribers that the number rang."""
    return 10_000.0 * wilson(weight, max(float(rang), float(fewest), 4.0 * weight))


def units(one: Said, now: float, half_life_s: float) -> int:
    """What one complaint weighs now, in parts of UNITS."""
    return int(WEIGHTS[one.tie] * 0.5 ** (max(now - one.received, 0.0) / half_life_s) * UNITS)


def one_each(complaints: Iterable[Said], now: float, half_life_days: float) -> list[tuple[int, Said]]:
    """The complaints that count with what they weigh now: each reporter and each line only once, by the heaviest."""
    half_life_s = half_life_days * DAY_S
    weighed = [(units(one, now, half_life_s), one) for one in complaints]
    # Most reporters and lines stand there once: only the others are put in order, which is what costs time.
    by_reporter = Counter([one.reporter for _, one in weighed])
    by_line = Counter([one.line for _, one in weighed])
    found: list[tuple[int, Said]] = []
    contested: list[tuple[int, Said]] = []
    for pair in weighed:
        alone = by_reporter[pair[1].reporter] == 1 == by_line[pair[1].line]
        (found if alone else contested).append(pair)
    # Heaviest first, so that a light complaint which names another's line never takes the place of his own.
    contested.sort(key=lambda pair: (-pair[0], pair[1]))
    reporters: set[str] = set()
    lines: set[str] = set()
    for pair in contested:
        said = pair[1]
        if said.reporter not in reporters and said.line not in lines:
            reporters.add(said.reporter)
            lines.add(said.line)
            found.append(pair)
    return found


def weigh(
    complaints: Iterable[Said],
    *,
    rang: int,
    now: float,
    half_life_days: float = 30.0,
    fewest: int = 20,
    alone: tuple[int, int] = (0, 0),
) -> Evidence:
    """What complaints about one number prove at this moment.

    ``alone``: how many others share neither reporter nor line with any, and what they weigh together in UNITS.
    """
    said = list(complaints)
    counted = one_each(said, now, half_life_days)
    weight = (alone[1] + sum(weight for weight, _ in counted)) / UNITS
    subscribers = max(float(rang), float(fewest), 4.0 * weight)
    score = 10_000.0 * wilson(weight, subscribers)
    return Evidence(weight, subscribers, rang, len(said) + alone[0], len(counted) + alone[0], score)
