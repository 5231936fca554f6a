"""How often something may happen: so many a second on the average, and a few at once after a pause."""

from __future__ import annotations


class Pace:
    """A rate and a burst, as two spans of time."""

    __slots__ = ("interval", "slack")

    def __init__(self, per_second: float, burst: int = 0) -> None:
        """`burst` is how many may come at once; 0: as many as in one second."""
        self.interval = 1.0 / per_second
        self.slack = ((burst or max(1.0, per_second)) - 1) * self.interval


class Meter:
    """One bucket of tokens, kept as the time at which it would be full again."""

    __slots__ = ("full",)

    def __init__(self) -> None:
        self.full = float("-inf")

    def take(self, pace: Pace, now: float) -> float:
        """Once more: 0 when that may be now, else in how many seconds it may; then nothing is taken."""
        full = self.full if self.full > now else now
        wait = full - now - pace.slack
        if wait > 1e-9:
            return wait
        self.full = full + pace.interval
        return 0.0
