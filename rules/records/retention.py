"""How long a call stays known: its record for days and bytes, a short one while complaints come, counts for ever."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rules.model import Number, NumberClass
from rules.records.decisions import first_decision
from rules.records.privacy import area
from rules.records.rule_days import count_rules, forget_rules, teach_days
from rules.records.would_change import USUAL, Thresholds
from rules.storage.store import Connection, Store

_AT_ONCE = 5_000
_LATE_S = 900.0  # a call without an outcome is counted as it stands after that: nothing rings so long
_DAY_S = 86_400.0
_SHORT_BYTES = 128  # that a short record takes, measured
_RANGES = ("CN:95", "CN:96")
_CODE_DIGITS = 5  # 95012, 96110: the part of these that is given out
_HEAD = 12  # characters that settle a range; those behind name a subscriber

_COUNT = (
    "insert into daily_count (day, range, class, verdict, calls, rang) "
    "select day_of(at), range_of(caller, caller_class), caller_class, action, count(*), sum(coalesce(rang, 0)) "
    "from decision where seq > ? and seq <= ? group by 1, 2, 3, 4 on conflict (day, range, class, verdict) "
    "do update set calls = calls + excluded.calls, rang = rang + excluded.rang"
)
# A call whose end never came to be known may have rung, unless it was rejected. Nobody complains about an emergency
# call, and a diverted one rang somewhere else.
_SHORTEN = (
    "insert into short_record select id, at, caller, called_key, trunk, believed "
    "from decision where seq <= ? and at < ? and at >= ? and coalesce(rang, 1) "
    "and action not in ('reject', 'divert') and step <> 'emergency' on conflict do nothing"
)


class DailyCount(NamedTuple):
    """Calls of one day, of one range and class, that got one verdict."""

    day: int  # yyyymmdd in the operator's zone
    range: str
    kind: str
    verdict: str
    calls: int
    rang: int


class ShortRecord(NamedTuple):
    """What is left of a call that rang."""

    id: str
    at: float
    caller: str
    trunk: str


class Keeping(NamedTuple):
    """What is kept of records: so long, so much, and masked where people see it."""

    days: int
    mib: int
    short_days: int = 30
    zone: str = "UTC"
    masked: bool = True
    limit: int = 50_000  # in memory, while the disk can't follow
    thresholds: Thresholds = USUAL  # of suspicion: what rules that only watched would have changed


class Retention:
    """Counts and prunes the records; asked by whoever writes them, off the call path."""

    def __init__(self, store: Store, keeping: Keeping) -> None:
        self._store, self._zone, self._keeping = store, ZoneInfo(keeping.zone), keeping
        self._taught: Connection | None = None  # the connection that knows our functions

    async def tidy(self, now: float) -> int:
        """Count what is new, shorten what is too old or takes too much room; how many whole records went."""
        await self._teach()
        while await self._count_some(now):
            pass
        gone = 0
        while pruned := await self._prune_some(now):
            gone += pruned
        while await self._forget_some(now):
            pass
        return gone

    async def _teach(self) -> None:
        connection = self._store.connection
        if self._taught is not connection:
            await teach_days(connection, self._zone, self._keeping.thresholds)
            await connection.create_function("range_of", 2, range_of, deterministic=True)
            self._taught = connection

    async def _count_some(self, now: float) -> int:
        async with self._store.transaction() as connection:
            start = await _one(connection, "select counted from kept")
            last = await _one(
                connection,
                "select coalesce(max(seq), 0) from (select seq from decision where seq > ? order by seq limit ?)",
                *(start, _AT_ONCE),
            )
            waiting = (
                "select coalesce(min(seq), ?) from decision "
                "where seq > ? and seq <= ? and rang is null and abs(at - ?) < ?"
            )
            last = min(last, await _one(connection, waiting, last + 1, start, last, now, _LATE_S) - 1)
            return await _count_up_to(connection, last)

    async def _prune_some(self, now: float) -> int:
        async with self._store.transaction() as connection:
            short = await _one(connection, "select short_records from kept")
            too_big = await _mib(connection) - short * _SHORT_BYTES / 1_048_576 > self._keeping.mib
            old = float("inf") if too_big else now - self._keeping.days * _DAY_S
            last = await _one(
                connection,
                "select coalesce(max(seq), 0) from (select seq, at from decision order by seq limit ?) where at < ?",
                *(_AT_ONCE, old),
            )
            if not last:
                return 0
            await _count_up_to(connection, last)
            made = await connection.execute(_SHORTEN, (last, old, now - self._keeping.short_days * _DAY_S))
            done = await connection.execute("delete from decision where seq <= ? and at < ?", (last, old))
            await connection.execute("update kept set short_records = short_records + ?", (made.rowcount,))
            return done.rowcount

    async def _forget_some(self, now: float) -> int:
        """Ids begin with the time, so what is too old stands first."""
        before = first_decision(now - self._keeping.short_days * _DAY_S)
        async with self._store.transaction() as connection:
            done = await connection.execute(
                "delete from short_record where id in (select id from short_record where id < ? order by id limit ?)",
                (before, _AT_ONCE),
            )
            await connection.execute("update kept set short_records = short_records - ?", (done.rowcount,))
            await forget_rules(connection, now, self._zone)
            return done.rowcount


async def short_record(store: Store, decision: str) -> ShortRecord | None:
    """What is left of a call whose whole record made room; None when it is not known, or whole."""
    query = "select id, at, caller, trunk from short_record where id = ?"
    rows = list(await store.connection.execute_fetchall(query, (decision.strip().lower(),)))
    return ShortRecord(*rows[0]) if rows else None


async def daily_counts(store: Store, *, since: int = 0, until: int = 99_991_231) -> list[DailyCount]:
    """Calls by day, range, class and verdict, from one day (yyyymmdd) to another; those of the last minutes lack."""
    query = "select day, range, class, verdict, calls, rang from daily_count where day between ? and ?"
    rows = await store.connection.execute_fetchall(query, (since, until))
    return [DailyCount(*row) for row in rows]


def range_of(caller: str, kind: str) -> str:
    """What a caller is counted under: +86138, +8610, CN:95012; nothing for nobody."""
    return _range(caller[:_HEAD].ljust(len(caller), "0"), kind)


@lru_cache(maxsize=50_000)
def _range(caller: str, kind: str) -> str:
    if caller.startswith(_RANGES):
        return caller[: len("CN:") + _CODE_DIGITS]
    return area(Number(caller, NumberClass(kind))) if caller else ""


async def _count_up_to(connection: Connection, last: int) -> int:
    start = await _one(connection, "select counted from kept")
    if last <= start:
        return 0
    await connection.execute(_COUNT, (start, last))
    await count_rules(connection, start, last)
    await connection.execute("update kept set counted = ?", (last,))
    return last - start


async def _one(connection: Connection, query: str, *values: object) -> int:
    rows = list(await connection.execute_fetchall(query, values))
    return int(rows[0][0])


async def _mib(connection: Connection) -> float:
    """Room that rows take: pages set free by earlier deletions are used again and don't count."""
    pages, free, size = [await _one(connection, f"pragma {n}") for n in ("page_count", "freelist_count", "page_size")]
    return float(pages - free) * float(size) / 1_048_576
