"""What was done with accounts and sessions, by whom: entered in the transaction that does it."""

from __future__ import annotations

from typing import NamedTuple

from rules.storage.statements import sql
from rules.storage.store import Connection

_COLUMNS = sql("at, actor, subject, subject_id, step, reason, detail")


class Deed(NamedTuple):
    """One step of somebody."""

    at: float
    actor: str
    subject: str  # account, session
    subject_id: str
    step: str
    reason: str = ""
    detail: str = ""


async def record(connection: Connection, deed: Deed) -> None:
    """Enter it, within the transaction of what was done."""
    await connection.execute(sql("insert into step ({columns}) values (?, ?, ?, ?, ?, ?, ?)", columns=_COLUMNS), deed)


async def deeds_of(connection: Connection, subject: str, subject_id: str) -> list[Deed]:
    """What was done about one account, oldest first."""
    query = sql("select {columns} from step where subject = ? and subject_id = ? order by id", columns=_COLUMNS)
    return [Deed(*row) for row in await connection.execute_fetchall(query, (subject, subject_id))]
