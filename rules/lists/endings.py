"""What leaves a list or is changed there is kept as it was, with who ended it and why, in the transaction that does it.

An entry that stands needs no row here, since its origin says how it came: a million new numbers cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from rules.numbering.intervals import Interval
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

How = Literal["changed", "removed", "import", "undo", "release"]

_AT_ONCE = 20_000
_KEEP = sql("insert into past (code, list, ending, origin) select code, list, ?, origin from exact where list = ? and ")
_KEEP_WIDE = sql(
    "insert into past_wide (start, stop, places, list, ending, text, holes, origin) "
    "select start, stop, places, list, ?, text, holes, origin from wide where list = ? and "
)
_OLD = sql("ending in (select id from ending where at < ?)")


async def begin_ending(
    connection: Connection, now: float, how: How, *, author: str, reason: str = "", import_id: int | None = None
) -> int:
    """Say who ends entries now, and why; its id."""
    cursor = await connection.execute(
        "insert into ending (at, how, author, reason, import_id) values (?, ?, ?, ?, ?)",
        (now, how, author, reason, import_id),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


async def changed_by(connection: Connection, origin_id: int) -> int:
    """The ending of an entry that gets this origin in place of its own."""
    cursor = await connection.execute(
        "insert into ending (at, how, author, reason) "
        "select created, 'changed', author, reason from origin where id = ?",
        (origin_id,),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


async def keep(connection: Connection, ending: int, list_id: int, interval: Interval) -> None:
    """Keep one entry as it stands, before it ends."""
    if interval.exact:
        await connection.execute(sql("{keep}code = ?", keep=_KEEP), (ending, list_id, interval.start))
        return
    values = (ending, list_id, interval.start, interval.stop, interval.places)
    await connection.execute(sql("{keep}start = ? and stop = ? and places = ?", keep=_KEEP_WIDE), values)


async def keep_import(connection: Connection, ending: int, list_id: int, import_id: int) -> None:
    """Keep everything that an import added and that still stands, before it is undone."""
    for keep in (_KEEP, _KEEP_WIDE):
        its = sql("{keep}origin in (select id from origin where import_id = ?)", keep=keep)
        await connection.execute(its, (ending, list_id, import_id))


async def ending_of_import(connection: Connection, import_id: int) -> int | None:
    """Under which ending lies what an import changed or removed; None when that was forgotten."""
    query = "select id from ending where import_id = ? and how = 'import'"
    rows = list(await connection.execute_fetchall(query, (import_id,)))
    return rows[0][0] if rows else None


async def forget_endings(store: Store, before: float) -> int:
    """Forget what ended before this moment, and whatever was said of it alone; how many entries that were.

    In small transactions, so that nobody who changes a list has to wait. It reads every entry once, so do it daily.
    """
    connection = store.connection
    if not list(await connection.execute_fetchall("select 1 from ending where at < ? limit 1", (before,))):
        return 0
    origins: list[int] = []
    start = -1
    while True:
        query = "select code from past where code > ? order by code limit 1 offset ?"
        rows = list(await connection.execute_fetchall(query, (start, _AT_ONCE)))
        stop = rows[0][0] if rows else 2**63 - 1
        async with store.transaction() as writing:
            part = sql("delete from past where code > ? and code <= ? and {old} returning origin", old=_OLD)
            origins += _first_values(await writing.execute_fetchall(part, (start, stop, before)))
        if not rows:
            break
        start = stop
    async with store.transaction() as writing:
        gone = await writing.execute_fetchall(
            sql("delete from past_wide where {old} returning origin", old=_OLD), (before,)
        )
        origins += _first_values(gone)
    await _forget_origins(store, set(origins))
    async with store.transaction() as writing:
        await writing.execute("delete from ending where at < ?", (before,))
    return len(origins)


async def _forget_origins(store: Store, origins: set[int]) -> None:
    """Reasons and sources of nothing that is known any more go too; no entry can come to them again."""
    query = (
        "select value from json_each(?) where value not in (select origin from exact union select origin from wide "
        "union select origin from past union select origin from past_wide)"
    )
    unused = _first_values(await store.connection.execute_fetchall(query, (json.dumps(sorted(origins)),)))
    async with store.transaction() as writing:
        await writing.execute("delete from origin where id in (select value from json_each(?))", (json.dumps(unused),))


def _first_values(rows: Iterable[Any]) -> list[int]:
    return [row[0] for row in rows]
