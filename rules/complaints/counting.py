"""Counts the decision records, some thousands at a time: whom each number rang, what was stopped, calls by range."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rules.complaints import tallies
from rules.complaints.archive import Archive
from rules.complaints.complaint_rows import erase_words
from rules.complaints.tallies import Place, Sums
from rules.model import Number, NumberClass, Step
from rules.store import Connection

_AT_ONCE = 5_000
_LATE_S = 900.0  # a call without an outcome is counted as it stands after that: nothing rings so long
_DAY_S = 86_400.0
_QUERY = (
    "select seq, id, at, caller, caller_class, called_key, step, rang and action <> 'divert', "
    "facts like '{\"believed\":true%' from decision where seq > ? order by seq limit ?"
)


class Counting:
    """Keeps up with the decision records."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._places: dict[str, Place] = {}

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
        counts, stopped = Counter[tuple[Place, int, str]](), Counter[tuple[str, int]]()
        rung: dict[tuple[str, str], tuple[float, str, int]] = {}
        periods: dict[int, tuple[str, str, str]] = {}  # by the quarter of an hour, which lies in one day everywhere
        for _, decision, at, caller, kind, line, step, rang, believed in rows:
            quarter = int(at // 900)
            if quarter not in periods:
                periods[quarter] = archive.periods(at)
            place = self._places[caller] if caller else Place(kind, "", "", "")
            counts[place, quarter, "calls"] += 1
            if rang:
                counts[place, quarter, "rang"] += 1
                if caller and line and step != Step.EMERGENCY:
                    rung[caller, line] = (at, decision, believed)
            if step == Step.SEALED:
                counts[place, quarter, "stopped"] += 1
                stopped[caller, archive.day(at)] += 1
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
            "insert into stopped values (?, ?, ?) "
            "on conflict (number, day) do update set calls = calls + excluded.calls",
            [(*key, calls) for key, calls in stopped.items()],
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


async def stopped_since(archive: Archive, number: str, since: float) -> int:
    """How many calls of a sealed number were stopped since then."""
    query = "select coalesce(sum(calls), 0) from stopped where number = ? and day >= ?"
    counted = next(iter(await archive.store.connection.execute_fetchall(query, (number, archive.day(since)))))[0]
    seq = next(iter(await archive.store.connection.execute_fetchall("select seq from progress")))[0]
    query = "select count(*) from decision where seq > ? and caller = ? and step = ? and at >= ?"
    values = (seq, number, Step.SEALED.value, since)
    return int(counted) + int(next(iter(await archive.decisions.connection.execute_fetchall(query, values)))[0])


def _ended(rows: list[Any], before: float) -> list[Any]:
    """The rows up to the first call that may still end."""
    for place, row in enumerate(rows):
        if row[7] is None and row[2] > before:
            return rows[:place]
    return rows
