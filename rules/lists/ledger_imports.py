"""Files of codes into the range ledger: all of it or nothing, told before it happens, undone by its id.

Each import leaves a row for each code that it changed. They are a chain by code: what an import found is what the one
before it left. Undoing takes its rows out of the chain, so that nothing comes back in whatever order it is done.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rules.audit.chain import Deed, record
from rules.lists.admission import EntryError
from rules.lists.ledger import Code, flatten, read_code
from rules.lists.list_files import FileLine, Seen
from rules.lists.origins import read_end
from rules.numbering.intervals import Interval
from rules.storage.statements import put
from rules.storage.store import Connection, Store

OF_CODES = frozenset(
    {"number", "holder", "host", "purpose", "valid_until", "expires"}
)  # columns; the last by another name
_PUT_COMPLETE = put("complete", "text", "start stop")
_BEGINNING = -1  # in place of `places`: every code that begins so is in the ledger
_Key = tuple[int, int, int]  # start, stop, places
_Told = tuple[str, str, str, float | None]  # holder, host, purpose, valid until


class _Unwanted(Exception):
    """Rolls a dry run back."""


@dataclass(slots=True)
class LedgerReport:
    """What an import into the ledger did, or would do."""

    import_id: int | None = None  # None: nothing was different, or it was a dry run
    lines: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    repeated: int = 0  # lines whose code stands in a later line again, which counts
    complete: list[str] = field(default_factory=list)  # beginnings that are complete from now on
    incomplete: list[str] = field(default_factory=list)  # and those that are it no longer
    not_understood: list[str] = field(default_factory=list)  # columns that nothing was done with
    comments: int = 0  # lines that begin with #


class LedgerImport(NamedTuple):
    """An import that was made."""

    id: int
    source: str
    author: str
    reason: str
    created: float
    added: int
    changed: int
    removed: int
    undone: float | None
    undone_by: str
    undone_why: str


class LedgerUndone(NamedTuple):
    """What the undoing of an import did."""

    id: int
    off: int  # codes that it had brought and that are gone
    back: int  # codes that are again as they were before it
    kept: int  # codes that a later import changed: they stay as that one left them


class LedgerEvent(NamedTuple):
    """What befell a code, or a complete beginning."""

    at: float
    code: str
    what: str  # added, changed, removed, undone, complete, incomplete
    author: str
    reason: str
    source: str
    import_id: int
    holder: str
    host: str
    purpose: str
    valid_until: float | None


class LedgerWishes(NamedTuple):
    """What is said of a file of codes, and how it is to be read."""

    source: str
    author: str = ""
    reason: str = ""
    country: str = ""
    zone: str = "UTC"
    complete: tuple[str, ...] = ()  # beginnings of which every code is in it
    replace_all: bool = False  # what is not among the rows is removed
    dry_run: bool = False


@dataclass(slots=True)
class _Change:
    text: str
    past: str | None
    became: str | None


async def import_ledger(
    store: Store,
    rows: Iterable[FileLine],
    wishes: LedgerWishes,
    *,
    now: float,
    seen: Seen | None = None,
) -> LedgerReport:
    """Read codes into the ledger, all of them or none. A code stands for every number that begins with it."""
    source, replace_all, report = wishes.source, wishes.replace_all, LedgerReport()
    codes = _read(rows, report, wishes.country, wishes.zone)
    if seen is not None:
        report.not_understood, report.comments = seen.not_understood, seen.comments
    wholes = [read_code(text, wishes.country) for text in wishes.complete]
    try:
        async with store.transaction() as connection:
            standing = await _standing(connection)
            changes = _differences(standing, codes, report, (source, now), replace_all=replace_all)
            changes |= _of_beginnings(await _beginnings(connection), wholes, report, replace_all=replace_all)
            if changes:
                cursor = await connection.execute(
                    "insert into ledger_import (source, author, reason, created, added, changed, removed) "
                    "values (?, ?, ?, ?, ?, ?, ?)",
                    (source, wishes.author, wishes.reason, now, report.added, report.changed, report.removed),
                )
                report.import_id = cursor.lastrowid
                await connection.executemany(
                    "insert into ledger_change (start, stop, places, import_id, text, past, became) "
                    "values (?, ?, ?, ?, ?, ?, ?)",
                    [(*key, report.import_id, one.text, one.past, one.became) for key, one in changes.items()],
                )
                await _write(connection, {key: (one.text, one.became) for key, one in changes.items()})
                told = f"{report.added} added, {report.changed} changed, {report.removed} removed"
                deed = Deed(now, wishes.author, "ledger", str(report.import_id), "imported", wishes.reason, told)
                await record(connection, [deed])
            if wishes.dry_run:
                raise _Unwanted
    except _Unwanted:
        report.import_id = None
    return report


def _read(rows: Iterable[FileLine], report: LedgerReport, country: str, zone: str) -> dict[Interval, _Told]:
    codes: dict[Interval, _Told] = {}
    for line, text, more in rows:
        report.lines += 1
        try:
            interval = read_code(text, country)
            day = more.get("valid_until") or more.get("expires", "")
            until = read_end(day, zone) if day else None
        except EntryError as error:
            raise EntryError(error.name, error.reason, line) from error
        report.repeated += interval in codes
        codes[interval] = (more.get("holder", ""), more.get("host", ""), more.get("purpose", ""), until)
    if not codes:
        raise EntryError("nothing", "there is no code in it; nothing was imported")
    return codes


def _differences(
    standing: Mapping[_Key, tuple[str, str]],
    codes: Mapping[Interval, _Told],
    report: LedgerReport,
    came: tuple[str, float],
    *,
    replace_all: bool,
) -> dict[_Key, _Change]:
    """What has to be written; what stands there just so, from whichever file, is left alone."""
    found: dict[_Key, _Change] = {}
    for interval, told in codes.items():
        key = (interval.start, interval.stop, interval.places)
        _, past = standing.get(key, ("", None))
        if past is not None and tuple(json.loads(past)[:4]) == told:
            report.unchanged += 1
            continue
        found[key] = _Change(interval.text, past, json.dumps([*told, *came]))
        report.added += past is None
        report.changed += past is not None
    if replace_all:
        wanted = {(interval.start, interval.stop, interval.places) for interval in codes}
        for key in sorted(standing.keys() - wanted):
            found[key] = _Change(*standing[key], None)
            report.removed += 1
    return found


def _of_beginnings(
    standing: Mapping[_Key, str], wholes: Iterable[Interval], report: LedgerReport, *, replace_all: bool
) -> dict[_Key, _Change]:
    wanted = {(one.start, one.stop, _BEGINNING): one.text for one in wholes}
    found = {key: _Change(text, None, "[]") for key, text in wanted.items() if key not in standing}
    gone = sorted(standing.keys() - wanted.keys()) if replace_all else []
    report.complete = [one.text for one in found.values()]
    report.incomplete = [standing[key] for key in gone]
    return found | {key: _Change(standing[key], "[]", None) for key in gone}


async def _standing(connection: Connection) -> dict[_Key, tuple[str, str]]:
    rows = await connection.execute_fetchall(
        "select start, stop, places, text, holder, host, purpose, valid_until, source, loaded from code"
    )
    return {(row[0], row[1], row[2]): (row[3], json.dumps(list(row[4:]))) for row in map(tuple, rows)}


async def _beginnings(connection: Connection) -> dict[_Key, str]:
    rows = await connection.execute_fetchall("select start, stop, text from complete")
    return {(start, stop, _BEGINNING): text for start, stop, text in rows}


async def _write(connection: Connection, wanted: Mapping[_Key, tuple[str, str | None]]) -> None:
    """Let these codes and beginnings be so; None: they go."""
    codes = {key: one for key, one in wanted.items() if key[2] != _BEGINNING}
    await connection.executemany(
        "delete from code where start = ? and stop = ? and places = ?",
        [key for key, one in codes.items() if not one[1]],
    )
    await connection.executemany(
        "insert into code (start, stop, places, text, holder, host, purpose, valid_until, source, loaded) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (start, stop, places) do update set "
        "holder = excluded.holder, host = excluded.host, purpose = excluded.purpose, "
        "valid_until = excluded.valid_until, source = excluded.source, loaded = excluded.loaded",
        [(*key, text, *json.loads(told)) for key, (text, told) in codes.items() if told],
    )
    for (start, stop, places), (text, told) in wanted.items():
        if places == _BEGINNING and told:
            await connection.execute(_PUT_COMPLETE, (text, start, stop))
        elif places == _BEGINNING:
            await connection.execute("delete from complete where start = ? and stop = ?", (start, stop))
    await flatten(connection)
    await connection.execute("update change set ledger = ledger + 1")


async def ledger_imports(store: Store, *, limit: int = 50) -> list[LedgerImport]:
    """The latest imports, newest first."""
    query = (
        "select id, source, author, reason, created, added, changed, removed, undone, undone_by, undone_why "
        "from ledger_import order by id desc limit ?"
    )
    return [LedgerImport(*row) for row in await store.connection.execute_fetchall(query, (limit,))]


async def undo_ledger_import(
    store: Store, import_id: int, *, now: float, author: str = "", reason: str = ""
) -> LedgerUndone:
    """Take back a whole import: what it added goes, what it changed or removed is as before; later imports stay."""
    async with store.transaction() as connection:
        await _undoable(connection, import_id)
        await connection.execute(
            "update ledger_import set undone = ?, undone_by = ?, undone_why = ? where id = ?",
            (now, author, reason, import_id),
        )
        query = (
            "select c.start, c.stop, c.places, c.text, c.past, c.became, (select min(d.import_id) from ledger_change d "
            "join ledger_import i on i.id = d.import_id where d.start = c.start and d.stop = c.stop "
            "and d.places = c.places and d.import_id > c.import_id and i.undone is null) "
            "from ledger_change c where c.import_id = ?"
        )
        restored: dict[_Key, tuple[str, str | None]] = {}
        kept = off = 0
        for start, stop, places, text, past, became, later in await connection.execute_fetchall(query, (import_id,)):
            if later is not None:
                await connection.execute(
                    "update ledger_change set past = ? where start = ? and stop = ? and places = ? and import_id = ?",
                    (past, start, stop, places, later),
                )
                kept += places != _BEGINNING
                continue
            restored[start, stop, places] = (text, past)
            off += past is None and became is not None and places != _BEGINNING
        await _write(connection, restored)
        back = sum(past is not None for (*_, places), (_, past) in restored.items() if places != _BEGINNING)
        told = f"{off} off, {back} back, {kept} kept"
        await record(connection, [Deed(now, author, "ledger", str(import_id), "import undone", reason, told)])
        return LedgerUndone(import_id, off, back, kept)


async def _undoable(connection: Connection, import_id: int) -> None:
    query = (
        "select undone, added + changed + removed, exists (select 1 from ledger_change where import_id = ?1) "
        "from ledger_import where id = ?1"
    )
    rows: list[Any] = list(await connection.execute_fetchall(query, (import_id,)))
    if not rows:
        raise EntryError(
            "no-such-import", f"there is no import {import_id}", hint="`ringfence ranges imports` shows them"
        )
    undone, amount, known = rows[0]
    if undone is not None:
        raise EntryError("undone", f"import {import_id} was undone already")
    if amount and not known:
        raise EntryError(
            "forgotten",
            f"what import {import_id} changed is forgotten (storage.history_days): import the file before it",
        )


async def ledger_history(store: Store, interval: Interval) -> list[LedgerEvent]:
    """What befell the codes and complete beginnings that this interval meets, in the order in which it did."""
    query = (
        "select c.text, c.places, c.past, c.became, i.id, i.source, i.author, i.reason, i.created, i.undone, "
        "i.undone_by, i.undone_why from ledger_change c join ledger_import i on i.id = c.import_id "
        "where c.start <= ? and c.stop >= ?"
    )
    found = []
    for row in await store.connection.execute_fetchall(query, (interval.stop, interval.start)):
        text, places, past, became, number, source, author, reason, created, undone, undone_by, undone_why = row
        whole = places == _BEGINNING
        told = (json.loads(became or past or "[]") + [""] * 3 + [None])[:4] if not whole else ["", "", "", None]
        ways = ("complete", "", "incomplete") if whole else ("added", "changed", "removed")
        what = ways[0] if past is None else ways[1] if became is not None else ways[2]
        found.append(LedgerEvent(created, text, what, author, reason, source, number, *told))
        if undone is not None:
            found.append(LedgerEvent(undone, text, "undone", undone_by, undone_why, source, number, *told))
    return sorted(found, key=lambda one: (one.at, one.import_id, one.code))


async def forget_ledger_changes(store: Store, before: float) -> int:
    """Forget what imports before this moment changed; how many codes that were."""
    async with store.transaction() as connection:
        done = await connection.execute(
            "delete from ledger_change where import_id in (select id from ledger_import where created < ?)", (before,)
        )
        return done.rowcount


async def every_code(store: Store) -> AsyncIterator[Code]:
    """All codes, in the order of their digits."""
    query = "select text, holder, host, purpose, valid_until from code order by start, stop desc"
    async with store.connection.execute(query) as cursor:
        async for row in cursor:
            yield Code(*row)
