"""Sources that are in no trunk: each is told when it comes, then seldom, and a flood of them in a line now and then."""

from __future__ import annotations

from typing import Final

MOST: Final = 1_000  # sources remembered; beyond it the one that has been quiet for longest goes
AGAIN_S: Final = 600.0  # between two lines about the same source
PACE_S: Final = 6.0  # between two lines, on the average
BURST: Final = 10  # lines that may come at once


class Strangers:
    """Counts what came from whom since the last line about him."""

    __slots__ = ("_counts", "_most", "_next", "_told")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: dict[str, int] = {}  # host -> requests since the last line; the longest quiet first
        self._told: dict[str, float] = {}
        self._next = float("-inf")  # when the next line would be due if all came evenly

    def __len__(self) -> int:
        return len(self._counts)

    def came(self, host: str, now: float) -> int:
        """Once more; how many requests of this source the line that is due now stands for, or 0: no line."""
        count = self._counts.pop(host, 0) + 1
        if len(self._counts) >= self._most:
            gone = next(iter(self._counts))
            del self._counts[gone]
            self._told.pop(gone, None)
        told = self._told.get(host)
        self._next = max(self._next, now - BURST * PACE_S)
        if (told is not None and now - told < AGAIN_S) or self._next > now - PACE_S:
            self._counts[host] = count
            return 0
        self._next += PACE_S
        self._counts[host] = 0
        self._told[host] = now
        return count
