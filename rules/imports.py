"""Whole files into a list: all of it or nothing, sorted first, undone by its id."""

# ruff: noqa: S608 - queries are put together from this file's own words and integers only

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO, Literal

from rules.admission import AGAINST_CALLERS, EntryError
from rules.entries import decode
from rules.import_batch import MASK, SHIFT, Batch, Refusal, Report
from rules.list_files import Line, read_lines
from rules.lists import OPERATOR, Lists, Origin, count, mark_changed, spread, unspread
from rules.store import Connection

_DAY_S = 86_400.0


class _Unwanted(Exception):
    """Rolls a dry run back."""


async def import_file(
    lists: Lists,
    name: str,
    stream: BinaryIO,
    origin: Origin = OPERATOR,
    *,
    country: str = "",
    column: str = "",
    on_error: Literal["stop", "skip"] = "stop",
    replace_all: bool = False,
    dry_run: bool = False,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Import CSV, JSON lines or plain text; see `import_rows`."""
    return await import_rows(
        lists,
        name,
        read_lines(stream, column=column),
        origin,
        country=country,
        on_error=on_error,
        replace_all=replace_all,
        dry_run=dry_run,
        force=force,
        progress=progress,
    )


async def import_rows(
    lists: Lists,
    name: str,
    rows: Iterable[Line],
    origin: Origin = OPERATOR,
    *,
    country: str = "",
    on_error: Literal["stop", "skip"] = "stop",
    replace_all: bool = False,
    dry_run: bool = False,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Put (line, entry, further columns) on a list in one transaction; readers go on meanwhile.

    ``replace_all``: the rows are a new version of the list, what is not among them is removed. ``dry_run`` says what
    would happen and changes nothing. A bad line ends the import (``on_error="stop"``) or is skipped and reported.
    """
    policy = lists.policy(name)
    batch = Batch(policy, origin, country)
    await asyncio.to_thread(batch.read, rows, on_error, progress)
    try:
        async with lists.store.transaction() as connection:
            await _Import(lists, connection, name, batch, replace_all=replace_all, force=force).run(on_error)
            if dry_run:
                raise _Unwanted
    except _Unwanted:
        batch.report.import_id = None
    return batch.report


class _Import:
    """One import inside its transaction."""

    def __init__(
        self, lists: Lists, connection: Connection, name: str, batch: Batch, *, replace_all: bool, force: bool
    ) -> None:
        self.lists, self.connection, self.name, self.batch = lists, connection, name, batch
        self.replace_all, self.force = replace_all, force
        self.list_id = self.import_id = self.first_origin = 0

    async def run(self, on_error: str) -> None:
        """Write everything."""
        report, connection = self.batch.report, self.connection
        self.list_id, entries = await self.lists.row_of(connection, self.name)
        if self.batch.policy.kind in AGAINST_CALLERS and not self.force:
            await self._refuse_protected(on_error)
        await self._begin()
        await self._write_numbers()
        await self._write_wides()
        changed = await self._one("select count(*) from replaced where import_id = ?", self.import_id)
        changed += await self._one("select count(*) from replaced_wide where import_id = ?", self.import_id)
        report.changed = changed
        report.added = len(self.batch.packed) + len(self.batch.wides) - changed
        if self.replace_all:
            report.removed = await self._remove_others()
        more = report.added - report.removed
        if entries + more > self.batch.policy.max_entries:
            raise EntryError("full", f"list {self.name} would have {entries + more} entries; max_entries allows fewer")
        await self._finish(more)

    async def _begin(self) -> None:
        now, origins = self.lists.now(), self.batch.origins
        cursor = await self.connection.execute(
            "insert into import (list, source, author, created, added, changed, removed) values (?, ?, ?, ?, 0, 0, 0)",
            (self.list_id, next(iter(origins)).source, next(iter(origins)).author, now),
        )
        assert cursor.lastrowid is not None
        self.import_id = self.batch.report.import_id = cursor.lastrowid
        self.first_origin = 1 + await self._one("select coalesce(max(id), 0) from origin")
        days = self.batch.policy.expires_days
        default = None if days is None else now + days * _DAY_S
        await self.connection.executemany(
            "insert into origin values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    self.first_origin + index,
                    o.source,
                    o.reason,
                    o.author,
                    now,
                    default if o.expires is None else o.expires,
                    o.evidence,
                    o.note,
                    " ".join(o.trunks),
                    self.import_id,
                )
                for o, index in origins.items()
            ),
        )
        # What the import overwrites or removes is kept, by triggers, so that undoing needs no second pass.
        kept = f"insert into replaced values ({self.import_id}, old.code, old.list, old.origin)"
        wide = (
            f"insert into replaced_wide values ({self.import_id}, old.list, old.start, old.stop, old.places, old.text, "
            "old.origin)"
        )
        for event in ("update", "delete"):
            await self.connection.execute(f"create temp trigger kept_{event} before {event} on exact begin {kept}; end")
            await self.connection.execute(f"create temp trigger wide_{event} before {event} on wide begin {wide}; end")

    async def _write_numbers(self) -> None:
        list_id, first = self.list_id, self.first_origin
        await self.connection.executemany(
            "insert into exact values (?, ?, ?) on conflict (code, list) do update set origin = excluded.origin",
            ((p >> SHIFT, list_id, first + (p & MASK)) for p in self.batch.packed),
        )

    async def _write_wides(self) -> None:
        known = await self._one("select coalesce(max(id), 0) from wide")
        await self.connection.executemany(
            "insert into wide (list, start, stop, places, text, origin) values (?, ?, ?, ?, ?, ?) "
            "on conflict (list, start, stop, places) do update set origin = excluded.origin",
            (
                (self.list_id, i.start, i.stop, i.places, i.text, self.first_origin + index)
                for i, index in self.batch.wides.items()
            ),
        )
        found = await self._rows("select id, start, stop from wide where id > ?", known)
        await spread(self.connection, [(wide, start, stop) for wide, start, stop in found])

    async def _remove_others(self) -> int:
        values = (self.list_id, self.first_origin)
        done = await self.connection.execute("delete from exact where list = ? and origin < ?", values)
        wides = await _wides(self.connection, "delete from wide where list = ? and origin < ?", *values)
        await unspread(self.connection, wides)
        return done.rowcount + len(wides)

    async def _finish(self, more: int) -> None:
        for event in ("update", "delete"):
            await self.connection.execute(f"drop trigger kept_{event}")
            await self.connection.execute(f"drop trigger wide_{event}")
        report = self.batch.report
        await self.connection.execute(
            "update import set added = ?, changed = ?, removed = ? where id = ?",
            (report.added, report.changed, report.removed, self.import_id),
        )
        await count(self.connection, self.list_id, more)
        await mark_changed(self.connection)

    async def _refuse_protected(self, on_error: str) -> None:
        """Take out what covers numbers of allow lists and one's own."""
        wanted = "l.kind in ('allow', 'own') and l.configured"
        if not await self._one(f"select coalesce(sum(entries), 0) from list l where {wanted}"):
            return
        rows = await self._rows(f"select code, code from exact e join list l on l.id = e.list where {wanted}")
        rows += await self._rows(f"select start, stop from wide w join list l on l.id = w.list where {wanted}")
        covered = _overlap(sorted(rows))
        batch = self.batch
        for packed in [p for p in batch.packed if covered(p >> SHIFT, p >> SHIFT)]:
            self._protected(decode(packed >> SHIFT), on_error)
        batch.packed = [p for p in batch.packed if not covered(p >> SHIFT, p >> SHIFT)]
        for interval in [i for i in batch.wides if covered(i.start, i.stop)]:
            self._protected(interval.text, on_error)
            del batch.wides[interval]

    def _protected(self, text: str, on_error: str) -> None:
        message = f"{text} covers numbers of an allow list or one's own"
        if on_error == "stop":
            raise EntryError("protected", f"{message}; nothing was imported")
        self.batch.report.refuse(Refusal(0, text, "protected", message))

    async def _one(self, query: str, *values: object) -> int:
        return int((await self._rows(query, *values))[0][0])

    async def _rows(self, query: str, *values: object) -> list[tuple[int, ...]]:
        return [tuple(row) for row in await self.connection.execute_fetchall(query, values)]


def _overlap(covers: list[tuple[int, ...]]) -> Callable[[int, int], bool]:
    """Tells whether an interval has a number in common with one of these, which are sorted."""
    starts = [start for start, _ in covers]
    reach = list(accumulate((stop for _, stop in covers), max))

    def overlaps(start: int, stop: int) -> bool:
        before = bisect_right(starts, stop)
        return before > 0 and reach[before - 1] >= start

    return overlaps


@dataclass(frozen=True, slots=True)
class Import:
    """An import that was made."""

    id: int
    list: str
    source: str
    author: str
    created: float
    added: int
    changed: int
    removed: int
    undone: float | None


async def imports(lists: Lists, *, limit: int = 50) -> list[Import]:
    """The latest imports, newest first."""
    rows = await lists.store.connection.execute_fetchall(
        "select i.id, l.name, i.source, i.author, i.created, i.added, i.changed, i.removed, i.undone "
        "from import i join list l on l.id = i.list order by i.id desc limit ?",
        (limit,),
    )
    return [Import(*row) for row in rows]


async def undo(lists: Lists, import_id: int) -> Import:
    """Take back a whole import: what it added goes, what it changed or removed is as before.

    Entries that were edited since then stay as they are.
    """
    async with lists.store.transaction() as connection:
        found = [made for made in await imports(lists, limit=-1) if made.id == import_id]
        if not found:
            raise EntryError("no-such-import", f"there is no import {import_id}")
        if found[0].undone is not None:
            raise EntryError("undone", f"import {import_id} was undone already")
        list_id, _ = await lists.row_of(connection, found[0].list)
        its = "origin in (select id from origin where import_id = ?)"
        gone = await connection.execute(f"delete from exact where list = ? and {its}", (list_id, import_id))
        back = await connection.execute(
            "insert or ignore into exact select code, list, origin from replaced where import_id = ?", (import_id,)
        )
        wides = await _wides(connection, f"delete from wide where list = ? and {its}", list_id, import_id)
        await unspread(connection, wides)
        again = await _wides(
            connection,
            "insert or ignore into wide (list, start, stop, places, text, origin) "
            "select list, start, stop, places, text, origin from replaced_wide where import_id = ?",
            import_id,
        )
        await spread(connection, again)
        await connection.execute("update import set undone = ? where id = ?", (lists.now(), import_id))
        await count(connection, list_id, back.rowcount + len(again) - gone.rowcount - len(wides))
        await mark_changed(connection)
    return found[0]


async def _wides(connection: Connection, statement: str, *values: object) -> list[tuple[int, int, int]]:
    rows = await connection.execute_fetchall(f"{statement} returning id, start, stop", values)
    return [(row[0], row[1], row[2]) for row in rows]
