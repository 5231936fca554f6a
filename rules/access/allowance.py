"""How many requests a source made today (UTC): kept on disk, so that a restart gives nothing back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from rules.access.key_book import AccessKey
from rules.store import Store

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

    async def use(self, key: AccessKey) -> Standing:
        """Count one request; one over the limit is counted no further."""
        now = self._now()
        day = int(now // DAY_S)
        async with self._store.transaction() as connection:
            rows = list(
                await connection.execute_fetchall(
                    "insert into used values (?1, ?2, 1) on conflict (source, day) do update "
                    "set requests = min(requests, ?3) + 1 returning requests",
                    (key.name, day, key.daily),
                )
            )
            if rows[0][0] == 1:
                await connection.execute("delete from used where day < ?", (day - _KEPT_DAYS,))
        return Standing(key.daily - int(rows[0][0]), int((day + 1) * DAY_S - now) or 1)

    async def used_today(self) -> dict[str, int]:
        """Requests of today, by source."""
        query = "select source, requests from used where day = ?"
        rows = await self._store.connection.execute_fetchall(query, (int(self._now() // DAY_S),))
        return {row[0]: row[1] for row in rows}
