"""What comes in is entered in the audit with a digest of what never changes of it, so that nothing of it goes unseen.

One entry for all complaints of a transaction, one for the cases that they opened, one for an appeal; clocks belong to
the latter two. What may change, or is erased in time, is not in it: states, ties, spellings, words and addresses.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from rules.audit import chain as audit
from rules.storage.statements import sql
from rules.storage.store import Connection

ENTERED = "entered"
_ACTOR = "ringfence"
_ROWS = {
    "complaints": (
        "select id, reference, received, call_at, call_day, accused, reporter, line, category, channel, source, knew, "
        "case_id from complaint where id between ? and ? order by id"
    ),
    "cases": (
        "select c.id, number, class, opened, first_complaint, name, started, due, prefix, code, holder "
        "from case_file c "
        "left join clock k on k.subject = 'case' and k.id = c.id where c.id between ? and ? order by c.id, name"
    ),
    "appeals": (
        "select a.id, reference, received, number, decision, attacks, whose, target, name, started, due from appeal a "
        "left join clock k on k.subject = 'appeal' and k.id = a.id where a.id between ? and ? order by a.id, name"
    ),
}
_TABLES = {"complaints": sql("complaint"), "cases": sql("case_file"), "appeals": sql("appeal")}
_NARROW = {"cases": 8}  # columns of which entries of before hold a digest
_LAST = 2**62
_PAGE = 5_000
Progress = Callable[[int], None]  # how many were looked at


def unwatched(_: int) -> None:
    """For whoever shows nothing meanwhile."""


class Compared(NamedTuple):
    """What the entries of arrivals showed."""

    faults: list[str]
    older: dict[str, int]  # how many of each came in before arrivals were entered


async def newest(connection: Connection, kind: str) -> int:
    """The id behind which the next ones come."""
    query = sql("select coalesce(max(id), 0) from {table}", table=_TABLES[kind])
    return int(next(iter(await connection.execute_fetchall(query)))[0])


async def enter(connection: Connection, kind: str, behind: int, now: float) -> None:
    """Enter those that came in with greater ids than this one, within their transaction."""
    digest = _Digest(kind)
    async with connection.execute(_ROWS[kind], (behind + 1, _LAST)) as cursor:
        async for row in cursor:
            digest.add(row)
    if digest.last:
        span = f"{behind + 1}..{digest.last}"
        await audit.record(connection, [audit.Deed(now, _ACTOR, kind, span, ENTERED, "", digest.text)])


async def compared(connection: Connection, progress: Progress = unwatched) -> Compared:
    """Hold what stands there against what was entered when it came in, each row read once, in the order of both."""
    faults: list[str] = []
    older: dict[str, int] = {}
    seen = 0
    for kind in _ROWS:
        faults += await _gaps(connection, kind)
        reached, rows = None, _Spans(connection, kind)
        async for first, last, digest in _entered(connection, kind):
            if reached is None:
                older[kind] = await _count(connection, kind, first)
            elif first != reached + 1:
                faults.append(f"{kind} {reached + 1}..{first - 1} have no entry")
            reached = last
            found = await rows.digest(first, last)
            seen += last - first + 1
            progress(seen)
            if digest not in found.texts:
                which = f"{kind} {first}..{last}" if first != last else f"{kind.removesuffix('s')} {first}"
                faults.append(f"{which}: not as it came in: number, time, deadline, or who and whom")
        if reached is None:
            older[kind] = await _count(connection, kind, _LAST)
        elif (last := await newest(connection, kind)) > reached:
            faults.append(f"{kind} {reached + 1}..{last} have no entry")
        await rows.close()
    return Compared(faults, older)


class _Spans:
    """Rows of one kind, read on from span to span: a query for each of a million entries would take minutes."""

    def __init__(self, connection: Connection, kind: str) -> None:
        self._rows, self._kind = _rows(connection, kind), kind
        self._next: Any = None

    async def digest(self, first: int, last: int) -> _Digest:
        """Over the rows of these ids; what stands before them was in no entry, or in one that comes too late."""
        found = _Digest(self._kind)
        while (row := self._next or await anext(self._rows, None)) is not None:
            self._next = row
            if row[0] > last:
                break
            self._next = None
            if row[0] >= first:
                found.add(row)
        return found

    async def close(self) -> None:
        """Nothing is read any more."""
        await self._rows.aclose()


async def _rows(connection: Connection, kind: str) -> AsyncGenerator[Any, None]:
    async with connection.execute(_ROWS[kind], (0, _LAST)) as cursor:
        while page := await cursor.fetchmany(_PAGE):
            for row in page:
                yield row


async def _entered(connection: Connection, kind: str) -> AsyncIterator[tuple[int, int, str]]:
    query = "select subject_id, detail from step where subject = ? and step = ? order by id"
    async with connection.execute(query, (kind, ENTERED)) as cursor:
        async for span, digest in cursor:
            first, _, last = span.partition("..")
            yield int(first), int(last), digest


async def _gaps(connection: Connection, kind: str) -> list[str]:
    """Ids that are given once, to what is never deleted: one that lacks was taken out."""
    table = _TABLES[kind]
    query = sql("select id from {table} order by id", table=table)
    ids = [0, *(row[0] for row in await connection.execute_fetchall(query))]
    rows = list(await connection.execute_fetchall("select seq from sqlite_sequence where name = ?", (table,)))
    ids.append(max(rows[0][0] if rows else 0, ids[-1]) + 1)
    return [
        f"{kind.removesuffix('s')} {before + 1} is missing"
        if after - before == 2
        else f"{kind} {before + 1}..{after - 1} are missing"
        for before, after in pairwise(ids)
        if after - before > 1
    ]


async def _count(connection: Connection, kind: str, before: int) -> int:
    query = sql("select count(*) from {table} where id < ?", table=_TABLES[kind])
    return int(next(iter(await connection.execute_fetchall(query, (before,))))[0])


class _Digest:
    """Over rows, in their order."""

    def __init__(self, kind: str) -> None:
        self._hash, self._narrow = sha256(), sha256()
        self._columns = _NARROW.get(kind, _LAST)
        self.last = 0  # id of the last row

    def add(self, row: Any) -> None:
        self._hash.update(json.dumps(list(row), ensure_ascii=True).encode())
        self._narrow.update(json.dumps(list(row[: self._columns]), ensure_ascii=True).encode())
        self.last = row[0]

    @property
    def text(self) -> str:
        return f"{'sha256/2' if self._columns < _LAST else 'sha256'} {self._hash.hexdigest()[:32]}"

    @property
    def texts(self) -> tuple[str, str]:
        """The same, and as an entry of before has it."""
        return self.text, f"sha256 {self._narrow.hexdigest()[:32]}"
