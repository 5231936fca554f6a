"""Rows of sessions: the print by which an entry tells of one, and their end, whose entry names each that was ended."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.people import standing
from rules.storage.statements import Sql, sql
from rules.storage.store import Connection

BEGUN, ENDED = "session", "ended"  # parts of an entry: before it there were these sessions, behind it there is this one
_COLUMNS = sql("hash, account, created, directory_subject, directory_session")


def print_of(hashed: bytes, account: int, created: float, subject: str, session: str) -> str:
    """What the entry of a session holds of it: whose it is, since when, and by whom it was let in."""
    return standing.print_of_secret(repr((hashed.hex(), account, created, subject, session)).encode())


async def prints(connection: Connection) -> list[tuple[str, int, str]]:
    """Every session there is: as people name it, whose it is, and its print."""
    rows = await connection.execute_fetchall(sql("select {columns} from session order by created", columns=_COLUMNS))
    return [(row[0].hex()[:8], row[1], print_of(*row)) for row in rows]


async def end(connection: Connection, condition: Sql, *values: object) -> list[str]:
    """End those that fit, within the transaction that enters it; their prints, for the entry."""
    query = sql("select {columns} from session where {condition}", columns=_COLUMNS, condition=condition)
    gone = [print_of(*row) for row in await connection.execute_fetchall(query, values)]
    if gone:
        await connection.execute(sql("delete from session where {condition}", condition=condition), values)
    return gone


def ended(gone: Iterable[str]) -> str:
    """What was there before, for the entry; nothing where none ended."""
    told = " ".join(gone)
    return standing.written({ENDED: told}) if told else ""
