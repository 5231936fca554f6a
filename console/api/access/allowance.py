"""How many requests a source made today (UTC): kept on disk, so that a restart gives nothing back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from console.api.access.key_book import AccessKey
from rules.storage.store import Store

DAY_S = 86_400
_KEPT_DAYS = 40


class Standing(NamedTuple):
    """Of a source's day, this request included."""

    left: int  # negative: over
    resets_in: int  # seconds


class Allowance:
    """Counts requests by source and day: a new key of the same name is no new allowance."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    async def use(self, key: AccessKey, requests: int = 1) -> Standing:
        """Count so many requests, all or none of them: ``left`` is negative when they are too many."""
        now = self._now()
        day = int(now // DAY_S)
        resets_in = int((day + 1) * DAY_S - now) or 1
        if requests > key.daily:
            return Standing(-1, resets_in)
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
        return Standing(key.daily - int(rows[0][0]) if rows else -1, resets_in)

    async def used_today(self) -> dict[str, int]:
        """Requests of today, by source."""
        query = "select source, requests from used where day = ?"
        rows = await self._store.connection.execute_fetchall(query, (int(self._now() // DAY_S),))
        return {row[0]: row[1] for row in rows}
