"""How much a source may ask: so many requests a second, in memory, and so many a day (UTC), on disk over a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from cachetools import LRUCache

from console.api.access.key_book import AccessKey
from rules.storage.store import Store

DAY_S = 86_400
_KEPT_DAYS = 40
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

    def give_back(self, name: str) -> None:
        """What a token was taken for came to nothing."""
        self._levels[name] = (min(self.left(name) + 1.0, self.burst), self._now())


class Remaining(NamedTuple):
    """Of a source's day, this request included."""

    left: int  # negative: over
    resets_in: int  # seconds


class Allowance:
    """Counts requests by source and day: a new key of the same name is no new allowance."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    async def use(self, key: AccessKey, requests: int = 1) -> Remaining:
        """Count so many requests, all or none of them: ``left`` is negative when they are too many."""
        now = self._now()
        day = int(now // DAY_S)
        resets_in = int((day + 1) * DAY_S - now) or 1
        if requests > key.daily:
            return Remaining(-1, resets_in)
        async with self._store.transaction() as connection:
            rows = list(
                await connection.execute_fetchall(
                    "insert into used values (?1, ?2, ?3) on conflict (source, day) do update "
                    "set requests = requests + ?3 where requests + ?3 <= ?4 returning requests",
                    (key.name, day, requests, key.daily),
                )
            )
            if rows and rows[0][0] == requests:  # the first ones of the day
                await connection.execute("delete from used where day < ?", (day - _KEPT_DAYS,))
        return Remaining(key.daily - int(rows[0][0]) if rows else -1, resets_in)

    async def used_today(self) -> dict[str, int]:
        """Requests of today, by source."""
        query = "select source, requests from used where day = ?"
        rows = await self._store.connection.execute_fetchall(query, (int(self._now() // DAY_S),))
        return {row[0]: row[1] for row in rows}
