"""Counts the decision records, some thousands at a time: whom each number rang, what was stopped, calls by range."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from desk import tallies
from desk.archive import Archive
from desk.complaint_rows import erase_words
from desk.tallies import CountedUnder, Sums
from rules.model import Number, NumberClass, Step
from rules.records.decisions import read_fired
from rules.storage.statements import sql
from rules.storage.store import Connection

_AT_ONCE = 5_000
_LATE_S = 900.0  # a call without an outcome is counted as it stands after that: nothing rings so long
_DAY_S = 86_400.0
_QUERY = (
    "select seq, id, at, caller, caller_class, called_key, step, rang and action <> 'divert', "
    "believed, case step when 'sealed' then fired end "
    "from decision where seq > ? order by seq limit ?"
)
# The seals that a record names; several where the caller was known under several numbers.
_SEALS = sql("select value ->> 4 from json_each(fired) where value ->> 5 = 'seal'")


class Stopped(NamedTuple):
    """How many calls a seal stopped."""

    calls: int
    exact: bool  # false: calls of its first day that came before it are among them


class Counting:
    """Keeps up with the decision records."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._places: dict[str, CountedUnder] = {}
        self._ledger = -1  # of which revision of the ledger these are

    async def catch_up(self) -> int:
        """Count what is new, up to the first call that has not ended; how many records were counted."""
        counted = 0
        while more := await self._some():
            counted += more
            await asyncio.sleep(0)  # others come first
        await self._forget()
        return counted

    async def _some(self) -> int:
        archive = self._archive
        query = "select seq from progress"
        start = next(iter(await archive.store.connection.execute_fetchall(query)))[0]
        rows = list(await archive.decisions.connection.execute_fetchall(_QUERY, (start, _AT_ONCE)))
        rows = _ended(rows, archive.now() - _LATE_S)
        if not rows:
            return 0
        ledger = await _one(archive.lists.store.connection, "select ledger from change")
        if ledger != self._ledger:
            self._places.clear()
            self._ledger = ledger
        fresh = {(row[3], row[4]) for row in rows if row[3] and row[3] not in self._places}
        self._places |= await tallies.places_of(archive, [Number(name, NumberClass(kind)) for name, kind in fresh])
        async with archive.store.transaction() as connection:
            # Asked again: another process may have counted the same meanwhile.
            if next(iter(await connection.execute_fetchall(query)))[0] != start:
                return 0
            await self._write(connection, rows)
            await connection.execute("update progress set seq = ?", (rows[-1][0],))
        if len(self._places) > 200_000:
            self._places.clear()
        return len(rows)

    async def _write(self, connection: Connection, rows: Sequence[Any]) -> None:
        archive = self._archive
        counts, stopped = Counter[tuple[CountedUnder, int, str]](), Counter[int]()
        rung: dict[tuple[str, str], tuple[float, str, int]] = {}
        periods: dict[int, tuple[str, str, str]] = {}  # by the quarter of an hour, which lies in one day everywhere
        for _, decision, at, caller, kind, line, step, rang, believed, fired in rows:
            quarter = int(at // 900)
            if quarter not in periods:
                periods[quarter] = archive.periods(at)
            place = self._places[caller] if caller else CountedUnder(kind, "", "", "")
            counts[place, quarter, "calls"] += 1
            if rang and step != Step.EMERGENCY:
                counts[place, quarter, "rang"] += 1
                if caller and line:
                    rung[caller, line] = (at, decision, believed)
            if step == Step.SEALED:
                counts[place, quarter, "stopped"] += 1
                if seal := next((one.source for one in read_fired(fired) if one.of == "seal"), ""):
                    stopped[int(seal)] += 1
        sums = Sums()
        for (place, quarter, measure), calls in counts.items():
            tallies.add(sums, place.keys(), periods[quarter], measure, calls)
        await tallies.write(connection, sums)
        await connection.executemany(
            "insert into rang values (?, ?, ?, ?, ?) on conflict (caller, line) do update set "
            "last = excluded.last, decision = excluded.decision, believed = excluded.believed",
            [(*pair, *last) for pair, last in sorted(rung.items())],
        )
        await connection.executemany(
            "insert into stopped_by values (?, ?) on conflict (seal) do update set calls = calls + excluded.calls",
            sorted(stopped.items()),
        )

    async def _forget(self) -> None:
        """Who rang whom is kept as long as evidence looks back, and what people wrote some time behind the answer.

        It reads all of the former, so once a day is enough.
        """
        archive = self._archive
        today = archive.day(archive.now())
        query = "select forgotten from progress"
        if next(iter(await archive.store.connection.execute_fetchall(query)))[0] == today:
            return
        before = archive.now() - archive.settings.ring_days * _DAY_S
        async with archive.store.transaction() as connection:
            await connection.execute("delete from rang where last < ?", (before,))
            await erase_words(connection, archive.now() - archive.settings.words_days * _DAY_S)
            await connection.execute("update progress set forgotten = ?", (today,))


async def stopped_since(archive: Archive, number: str, seal: int, sealed: float) -> Stopped:
    """How many calls of a number its seal has stopped: each one by its record, those too that are not counted yet.

    What was counted by day only, before records were asked which seal it was, counts from the first day on.
    """
    connection = archive.store.connection
    query = "select coalesce(sum(calls), 0) from stopped_by where seal = ?"
    counted = await _one(connection, query, seal)
    query = (
        "select coalesce(sum(calls), 0), coalesce(sum(calls) filter (where day = ?2), 0) "
        "from stopped where number = ?1 and day >= ?2"
    )
    rows = await connection.execute_fetchall(query, (number, archive.day(sealed)))
    by_day, first_day = next(iter(rows))
    query = sql(
        "select count(*) from decision where seq > ? and caller = ? and step = ? and ? in ({seals})", seals=_SEALS
    )
    values = (await _one(connection, "select seq from progress"), number, Step.SEALED.value, str(seal))
    waiting = await _one(archive.decisions.connection, query, *values)
    return Stopped(counted + by_day + waiting, exact=not first_day)


async def _one(connection: Connection, query: str, *values: object) -> int:
    rows: Any = await connection.execute_fetchall(query, values)
    return int(next(iter(rows))[0])


def _ended(rows: list[Any], before: float) -> list[Any]:
    """The rows up to the first call that may still end."""
    for place, row in enumerate(rows):
        if row[7] is None and row[2] > before:
            return rows[:place]
    return rows
