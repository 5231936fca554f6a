"""When new calls are refused so that those which are there go on: while messages wait too long to be handled.

A stall that is over lets everything that waited through, late; only what lasts is overload. New calls wait behind what
belongs to calls that are there (`proxy/urgency.py`): how long they waited says how much of the node is left for them.
"""

from __future__ import annotations

from typing import Final

LASTS_S: Final = 0.1  # for so long messages have to wait too long
CALM_S: Final = 1.0  # and for so long none may, before it is over

NOTHING: Final = 0
BEGINS: Final = 1
ENDS: Final = 2


class Shedding:
    """Is it so now? The node asks about messages alone that waited longer than `patience`."""

    __slots__ = (
        "_calm_from",
        "_most",
        "_over_from",
        "_worst",
        "begun",
        "closed",
        "longest",
        "on",
        "patience",
        "refused",
        "since",
    )

    def __init__(self, most_s: float) -> None:
        self.on = False
        self.closed = False  # is it so that new calls of who sends many are refused as they come?
        self.refused = 0  # new calls, in all
        self.begun = 0  # how often
        self.since = 0.0
        self.longest = 0.0  # that a message waited while it was so
        self._worst = 0.0
        self._over_from = -1.0  # since when messages wait too long; none do: -1
        self._calm_from = 0.0
        self.bound(most_s)

    def bound(self, most_s: float) -> None:
        """How long messages may wait from now on; 0: nobody is ever refused for it."""
        self._most = most_s or float("inf")
        self.patience = self._most / 4 if self.on else self._most

    def waited(self, seconds: float) -> bool:
        """A message waited longer than `patience`; so long that a new call is to be refused for it?"""
        if seconds > self._worst:
            self._worst = seconds
        return self.on and seconds > self._most

    def tick(self, now: float, late: float) -> int:
        """Many times a second, so much later than was meant: does it begin, or end?"""
        worst, self._worst = max(self._worst, late), 0.0
        self.closed = self.on and worst > self.patience
        if self.on:
            self.longest = max(self.longest, worst)
            if worst > self.patience:
                self._calm_from = now
            elif now - self._calm_from >= CALM_S:
                self.on, self.patience = False, self._most
                return ENDS
        elif worst <= self._most:
            self._over_from = -1.0
        elif self._over_from < 0:
            self._over_from = now
        elif now - self._over_from >= LASTS_S:
            self.on, self.closed, self.patience = True, True, self._most / 4
            self._over_from, self._calm_from, self.since, self.longest = -1.0, now, now, worst
            self.begun += 1
            return BEGINS
        return NOTHING
