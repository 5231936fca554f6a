"""Looks at the running node: what it holds now, and the rates and delays that two looks tell."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from ringfence.control import ControlError, ask

Figures = Mapping[str, Any]
DELAYS_S: Final = 60.0  # delays are those of the last minute: of a second there may be none
_WAIT_S: Final = 10.0  # for an answer of the node


class Seen(NamedTuple):
    """One look at the node."""

    figures: Figures
    peers: Sequence[Mapping[str, Any]]
    at: float  # seconds since the epoch


class Quantiles(NamedTuple):
    """Seconds; None: nothing happened, or it took longer than the last bound."""

    half: float | None
    nearly_all: float | None
    beyond: float  # the last bound


class Moment(NamedTuple):
    """What follows from two looks."""

    seconds: float  # between them
    verdicts: Mapping[str, float]  # a second
    calls: float
    emergency: float
    answered: Mapping[str, float]
    no_room: float
    lost: float
    added: Quantiles
    judging: Quantiles


def look(control: Path, clock: Callable[[], float] = time.time) -> Seen:
    """Ask the node. Raises ControlError."""
    figures = ask(control, "figures", wait_s=_WAIT_S)
    try:
        peers = ask(control, "peers", wait_s=_WAIT_S)
    except ControlError:
        peers = []  # it is ending; the next look says so
    return Seen(figures, peers, clock())


class Watching:
    """The looks of the last minute, of one process."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque()

    def saw(self, seen: Seen) -> Moment:
        """What this look tells beside those before."""
        if self._seen and self._seen[-1].figures["process"] != seen.figures["process"]:
            self._seen.clear()  # started anew
        self._seen.append(seen)
        while len(self._seen) > 2 and seen.figures["clock_s"] - self._seen[1].figures["clock_s"] >= DELAYS_S:
            self._seen.popleft()
        last = self._seen[-2] if len(self._seen) > 1 else seen
        return between(last.figures, seen.figures, self._seen[0].figures)


def between(before: Figures, now: Figures, first: Figures) -> Moment:
    """Rates since the last look; delays since the first one that is known."""
    seconds = now["clock_s"] - before["clock_s"]

    def rate(was: int, is_: int) -> float:
        return (is_ - was) / seconds if seconds > 0 else 0.0

    verdicts = {name: rate(before["verdicts"][name], count) for name, count in now["verdicts"].items()}
    answered = {status: rate(before["answered"].get(status, 0), count) for status, count in now["answered"].items()}
    return Moment(
        seconds=seconds,
        verdicts=verdicts,
        calls=sum(verdicts.values()),
        emergency=rate(before["emergency"], now["emergency"]),
        answered={status: each for status, each in answered.items() if each > 0},
        no_room=rate(before["no_room"], now["no_room"]),
        lost=rate(before["queue_lost"], now["queue_lost"]),
        added=quantiles(first["added"], now["added"]),
        judging=quantiles(first["judging"], now["judging"]),
    )


def quantiles(before: Mapping[str, Any], now: Mapping[str, Any]) -> Quantiles:
    """Half, and 99 of a hundred, took no longer."""
    times = [after - was for was, after in zip(before["times"], now["times"], strict=True)]
    bounds = now["up_to_s"]
    return Quantiles(_within(bounds, times, 0.5), _within(bounds, times, 0.99), bounds[-1])


def _within(bounds: Sequence[float], times: Sequence[int], share: float) -> float | None:
    """Where this share of them ends, between two bounds as if they lay evenly there."""
    wanted = share * sum(times)
    if wanted <= 0:
        return None
    below = 0
    for position, reached in enumerate(accumulate(times[:-1])):
        if reached >= wanted:
            begin = bounds[position - 1] if position else 0.0
            return begin + (bounds[position] - begin) * (wanted - below) / times[position]
        below = reached
    return float("inf")
