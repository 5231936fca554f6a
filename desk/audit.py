"""What was done, by whom, when and why: rows are only added, each with a hash over itself and the one before."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from desk.faults import ComplaintError
from rules.storage.statements import every, sql, wanted
from rules.storage.store import Connection

_BEGINNING = "0" * 64
_TOLD = 5_000  # entries between two words about how far it is
_COLUMNS = sql("at, actor, subject, subject_id, step, reason, detail")


def apart(one: object, other: object, seconds: float) -> bool:
    """Do two times lie further from each other? What is no time lies far from any."""
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return True
    return abs(one - other) > seconds


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
    await connection.executemany(
        sql("insert into step ({columns}, hash) values (?, ?, ?, ?, ?, ?, ?, ?)", columns=_COLUMNS), written
    )


async def deeds_of(connection: Connection, subject: str, subject_id: str) -> list[Deed]:
    """What was done about one thing, oldest first."""
    query = sql("select {columns} from step where subject = ? and subject_id = ? order by id", columns=_COLUMNS)
    return [Deed(*row) for row in await connection.execute_fetchall(query, (subject, subject_id))]


class Entry(NamedTuple):
    """A deed as it stands in the chain."""

    id: int
    deed: Deed
    hash: str


async def entries(
    connection: Connection,
    *,
    subject: str = "",
    subject_id: str = "",
    actor: str = "",
    step: str = "",
    since: float = 0.0,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The newest entries that fit, the latest last; ``before`` is the id of the first one of the page after."""
    conditions, values = wanted({"subject": subject, "subject_id": subject_id, "actor": actor, "step": step})
    query = sql(
        "select id, hash, {columns} from step where at >= ? and id < ? and {conditions} order by id desc limit ?",
        columns=_COLUMNS,
        conditions=every(conditions),
    )
    rows = await connection.execute_fetchall(query, (since, 2**62 if before is None else before, *values, limit))
    return [Entry(found, Deed(*columns), hash_) for found, hash_, *columns in rows][::-1]


class Break(NamedTuple):
    """A place at which the chain is not as it was written."""

    entry: int  # the first entry that shows it
    what: str


class Verified(NamedTuple):
    """What was seen when the whole chain was computed anew."""

    entries: int
    head: str  # NUMBER:HASH of the last entry; whoever noted it elsewhere can ask for it again
    breaks: list[Break]


async def verified(connection: Connection, head: str = "", progress: Callable[[int], None] | None = None) -> Verified:
    """Compute the chain anew, and compare it with a ``head`` that was noted before.

    What it cannot see: that somebody who can write the file computed every hash from some entry on anew. Only a head
    that was noted where he cannot write shows that, and what was cut off the end together with the counter of entries.
    """
    noted, wanted = _noted(head)
    breaks: list[Break] = []
    count, last_id, last, before_last = 0, 0, _BEGINNING, ""
    seen = not noted
    async with connection.execute(sql("select id, hash, {columns} from step order by id", columns=_COLUMNS)) as cursor:
        async for found, written, *columns in cursor:
            deed = Deed(*columns)
            if found != last_id + 1:
                breaks.append(Break(found, _missing(last_id + 1, found - 1)))
            if written != _hash(last, deed):
                breaks.append(Break(found, _what(found, written, deed, before_last)))
            if found == noted:
                seen = True
                if written != wanted:
                    breaks.append(Break(found, "it is another one than the head that was noted"))
            count, last_id, before_last, last = count + 1, found, last, written
            if progress is not None and not count % _TOLD:
                progress(count)
    if (counted := await _counted(connection)) > last_id:
        breaks.append(Break(last_id + 1, _missing(last_id + 1, counted) + ", the end was cut off"))
    if not seen and counted <= last_id:
        breaks.append(Break(noted, f"the head that was noted is gone: the chain ends with entry {last_id}"))
    return Verified(count, f"{last_id}:{last}", breaks)


def _noted(head: str) -> tuple[int, str]:
    """The number and hash of a head; 0 and nothing where none was given."""
    if not head:
        return 0, ""
    number, _, wanted = head.strip().partition(":")
    if not number.isdecimal() or not int(number) or len(wanted) != len(_BEGINNING):
        raise ComplaintError("head", "write it as `audit verify` printed it: NUMBER:HASH")
    return int(number), wanted.lower()


def _missing(first: int, last: int) -> str:
    if first > last:
        return f"it stands behind entry {first - 1}, which has no smaller number"
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _what(found: int, written: str, deed: Deed, before_last: str) -> str:
    """What is wrong with an entry that does not follow from the one before it."""
    if before_last and written == _hash(before_last, deed):
        return f"it follows from entry {found - 2}: entry {found - 1} was put in, or put in the place of another"
    return "it does not follow from the one before: it was changed or put in, or its neighbour was taken out or swapped"


async def _counted(connection: Connection) -> int:
    """How many entries were ever given a number: SQLite never gives one twice."""
    rows = list(await connection.execute_fetchall("select seq from sqlite_sequence where name = 'step'"))
    return int(rows[0][0]) if rows else 0


def _hash(last: str, deed: Deed) -> str:
    return sha256(f"{last}{json.dumps(deed, ensure_ascii=True)}".encode()).hexdigest()
