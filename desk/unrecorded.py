"""What was done in the database of lists comes into the audit, which lies in another one, whatever stops in between."""

from __future__ import annotations

import json
from collections.abc import Sequence

from desk.archive import Archive
from rules.audit import chain as audit
from rules.storage.statements import sql
from rules.storage.store import Connection

_COLUMNS = sql("at, actor, subject, subject_id, step, reason, detail")
_KNOWN = "select 1 from step where subject = ? and subject_id = ? and at = ? and actor = ? and step = ? and detail = ?"
_SOON_S = 30.0  # who did it records it, unless he was stopped


async def owe(connection: Connection, deeds: Sequence[audit.Deed]) -> list[int]:
    """These are to be recorded; within the transaction, of the database of lists, that does them."""
    query = sql("insert into unrecorded ({columns}) values (?, ?, ?, ?, ?, ?, ?)", columns=_COLUMNS)
    found = []
    for deed in deeds:
        cursor = await connection.execute(query, deed[:7])
        assert cursor.lastrowid is not None
        found.append(cursor.lastrowid)
    return found


async def record_owed(archive: Archive, owed: Sequence[int]) -> None:
    """Record what was owed under these numbers, if nobody did meanwhile."""
    async with archive.store.transaction() as connection:
        await audit.record(connection, [deed for _, deed in await _owed(archive, owed)])
    await _paid(archive, owed)


async def record_left_behind(archive: Archive) -> int:
    """Record what somebody owed who was stopped, each deed once; how many were looked at."""
    before = archive.now() - _SOON_S
    old = [(number, deed) for number, deed in await _owed(archive) if not before < deed.at <= archive.now()]
    if not old:
        return 0
    async with archive.store.transaction() as connection:
        fresh = []
        for _, deed in old:
            values = (deed.subject, deed.subject_id, deed.at, deed.actor, deed.step, deed.detail)
            if not list(await connection.execute_fetchall(_KNOWN, values)):
                fresh.append(deed)
        await audit.record(connection, fresh)
    await _paid(archive, [number for number, _ in old])
    return len(old)


async def still_owed(archive: Archive) -> list[audit.Deed]:
    """What was done and stands in no entry yet."""
    return [deed for _, deed in await _owed(archive)]


async def _owed(archive: Archive, numbers: Sequence[int] | None = None) -> list[tuple[int, audit.Deed]]:
    query = sql(
        "select id, {columns} from unrecorded where ?1 is null or id in (select value from json_each(?1)) order by id",
        columns=_COLUMNS,
    )
    asked = None if numbers is None else json.dumps(list(numbers))
    rows = await archive.lists.store.connection.execute_fetchall(query, (asked,))
    return [(row[0], audit.Deed(*row[1:])) for row in rows]


async def _paid(archive: Archive, owed: Sequence[int]) -> None:
    async with archive.lists.store.transaction() as connection:
        await connection.executemany("delete from unrecorded where id = ?", [(number,) for number in owed])
