"""Token buckets: so many requests a second on average, and a few more at once; memory is bounded."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

_REMEMBERED = 10_000


class Buckets:
    """One bucket for each name; the names asked for longest ago are forgotten, which fills their bucket."""

    def __init__(self, per_second: float, burst: float, now: Callable[[], float]) -> None:
        self.per_second, self.burst, self._now = per_second, burst, now
        self._levels: LRUCache[str, tuple[float, float]] = LRUCache(_REMEMBERED)  # tokens left, and when

    def left(self, name: str) -> float:
        """Tokens in the bucket at this moment."""
        level, at = self._levels.get(name, (self.burst, self._now()))
        return min(level + (self._now() - at) * self.per_second, self.burst)

    def take(self, name: str) -> float:
        """Take a token; 0, or the seconds to wait when there is none."""
        level = self.left(name)
        if level < 1.0:
            return (1.0 - level) / self.per_second
        self._levels[name] = (level - 1.0, self._now())
        return 0.0
