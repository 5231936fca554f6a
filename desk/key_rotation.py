"""What people wrote, written again under the newest key: in small pieces, and from wherever it was stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from desk.archive import Archive
from desk.faults import ComplaintError
from rules.storage.statements import Sql, sql

_PIECE = 500
# Of each table: its rows by id, and what their words are bound to.
_TABLES: tuple[tuple[Sql, Sql], ...] = (
    (sql("complaint"), sql("reference")),
    (sql("appeal"), sql("reference")),
    (sql("owner_contact"), sql("'owner ' || name")),
)


class Rewritten(NamedTuple):
    """What became of what people wrote."""

    looked_at: int
    rewritten: int
    unread: int  # under a key that is not there


async def words(archive: Archive) -> int:
    """How many there are."""
    count = 0
    for table, _ in _TABLES:
        query = sql("select count(*) from {table} where contents is not null", table=table)
        ((found,),) = await archive.store.connection.execute_fetchall(query)
        count += int(found)
    return count


async def rewrite(
    archive: Archive,
    progress: Callable[[int], None] | None = None,
    *,
    piece: int = _PIECE,
    pause: Callable[[], Awaitable[None]] | None = None,
) -> Rewritten:
    """Write under the newest key whatever is under another; others go on meanwhile. Done again, it changes nothing.

    After each ``piece`` there may be a ``pause``.
    """
    looked_at = rewritten = unread = 0
    for table, bound in _TABLES:
        key = sql("rowid") if table != "owner_contact" else sql("name")
        query = sql(
            "select {key}, {bound}, contents from {table} where contents is not null and {key} > ? "
            "order by {key} limit ?",
            key=key,
            bound=bound,
            table=table,
        )
        change = sql("update {table} set contents = ? where {key} = ? and contents = ?", table=table, key=key)
        after: object = 0 if table != "owner_contact" else ""
        while rows := list(await archive.store.connection.execute_fetchall(query, (after, piece))):
            changes = []
            for row, reference, blob in rows:
                try:
                    if (again := archive.secrecy.under_newest(blob, reference)) is not None:
                        changes.append((again, row, blob))
                except ComplaintError:
                    unread += 1
            if changes:
                async with archive.store.transaction() as connection:
                    await connection.executemany(change, changes)
            after = rows[-1][0]
            looked_at, rewritten = looked_at + len(rows), rewritten + len(changes)
            if progress is not None:
                progress(looked_at)
            if pause is not None:
                await pause()
    return Rewritten(looked_at, rewritten, unread)
