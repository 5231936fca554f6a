"""What was answered to a request with an Idempotency-Key, for a day, so that the same request gets the same answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from rules.storage.statements import put
from rules.storage.store import Store

KEPT_S = 86_400.0
_FORGOTTEN_AT_ONCE = 200


class Given(NamedTuple):
    """An answer, and what it was the answer to."""

    fingerprint: str  # keyed pseudonym of method, path and body
    status: int
    location: str
    body: bytes


class IdempotencyKeys:
    """The last day's answers; who wrote is known by source, what by the pseudonym of the client's own token."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    async def find(self, source: str, token: str) -> Given | None:
        """What was answered within the last 24 hours."""
        query = "select fingerprint, status, location, body from answer where source = ? and token = ? and at >= ?"
        values = (source, token, self._now() - KEPT_S)
        rows = list(await self._store.connection.execute_fetchall(query, values))
        return Given(*rows[0]) if rows else None

    async def keep(self, source: str, token: str, given: Given) -> None:
        """Keep an answer; some that are too old go."""
        now = self._now()
        async with self._store.transaction() as connection:
            await connection.execute(
                "delete from answer where (source, token) in (select source, token from answer where at < ? limit ?)",
                (now - KEPT_S, _FORGOTTEN_AT_ONCE),
            )
            await connection.execute(
                put("answer", "source token", "fingerprint status location body at"), (source, token, *given, now)
            )
