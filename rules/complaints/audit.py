"""What was done, by whom, when and why: rows are only added, each with a hash over itself and the one before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from rules.store import Connection

_BEGINNING = "0" * 64
_COLUMNS = "at, actor, subject, subject_id, step, reason, detail"


class Deed(NamedTuple):
    """One step of somebody."""

    at: float
    actor: str
    subject: str  # case, complaint, appeal, ladder
    subject_id: str
    step: str
    reason: str = ""
    detail: str = ""


async def record(connection: Connection, deeds: Sequence[Deed]) -> None:
    """Add to the chain, within the transaction of what was done."""
    if not deeds:
        return
    rows = list(await connection.execute_fetchall("select hash from step order by id desc limit 1"))
    last = rows[0][0] if rows else _BEGINNING
    written = []
    for deed in deeds:
        last = _hash(last, deed)
        written.append((*deed, last))
    await connection.executemany(f"insert into step ({_COLUMNS}, hash) values (?, ?, ?, ?, ?, ?, ?, ?)", written)  # noqa: S608 - own words


async def deeds_of(connection: Connection, subject: str, subject_id: str) -> list[Deed]:
    """What was done about one thing, oldest first."""
    query = f"select {_COLUMNS} from step where subject = ? and subject_id = ? order by id"  # noqa: S608 - own words
    return [Deed(*row) for row in await connection.execute_fetchall(query, (subject, subject_id))]


async def broken_at(connection: Connection) -> int | None:
    """The id of the first row that does not follow from the one before; None: the chain is whole."""
    last = _BEGINNING
    async with connection.execute(f"select id, hash, {_COLUMNS} from step order by id") as cursor:  # noqa: S608 - own words
        async for found, written, *columns in cursor:
            last = _hash(last, Deed(*columns))
            if written != last:
                return int(found)
    return None


def _hash(last: str, deed: Deed) -> str:
    return sha256(f"{last}{json.dumps(deed, ensure_ascii=True)}".encode()).hexdigest()
