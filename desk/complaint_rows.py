"""Complaints as they stand in the database: read back, found by what the reporter was told, listed."""

# ruff: noqa: S608 - queries are put together from this file's own column names only

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, NamedTuple

from desk.evidence import Tie
from desk.faults import NotFound
from desk.secrecy import Secrecy, read_reference
from desk.states import ComplaintState
from rules.storage.store import Connection

COLUMNS = (
    "id, reference, received, call_at, call_day, accused, category, channel, source, business, knew, branch, "
    "decision, tie, never_called, state, state_at, case_id"
)


class Channel(StrEnum):
    """How a complaint came in."""

    UNWANTED = "607"  # the callee's phone said so (RFC 8197)
    FEATURE_CODE = "feature code"
    API = "api"
    CENTRE = "centre"  # a file of a complaint centre
    OPERATOR = "operator"


class Complaint(NamedTuple):
    """One complaint, without the words of its reporter."""

    id: int
    reference: str
    received: float
    call_at: float | None
    call_day: int
    accused: str
    category: str
    channel: Channel
    source: str
    business: str
    knew: tuple[str, ...]
    branch: str
    decision: str
    tie: Tie
    never_called: bool
    state: ComplaintState
    state_at: float
    case_id: int


def complaint_of(row: Any) -> Complaint:
    """A complaint from COLUMNS."""
    values = list(row)
    values[7] = Channel(values[7])
    values[10] = tuple(values[10].split())
    values[13] = Tie(values[13])
    values[14] = bool(values[14])
    values[15] = ComplaintState(values[15])
    return Complaint(*values)


async def find(connection: Connection, reference: str) -> Complaint:
    """The complaint with this reference, or NotFound."""
    query = f"select {COLUMNS} from complaint where reference = ?"
    rows = list(await connection.execute_fetchall(query, (read_reference(reference),)))
    if not rows:
        raise NotFound("reference", f"there is no complaint {reference[:40]!r}")
    return complaint_of(rows[0])


async def listed(
    connection: Connection,
    *,
    accused: str = "",
    state: ComplaintState | None = None,
    case_id: int | None = None,
    source: str = "",
    limit: int = 50,
    before: int | None = None,
) -> list[Complaint]:
    """Complaints that fit, newest first; ``before`` is the id of the last one of the page before."""
    wanted = {"accused": accused, "state": state or "", "case_id": case_id or "", "source": source}
    conditions = [f"{column} = ?" for column, value in wanted.items() if value]
    values: list[object] = [value for value in wanted.values() if value]
    if before is not None:
        conditions.append("id < ?")
        values.append(before)
    where = f"where {' and '.join(conditions)}" if conditions else ""
    query = f"select {COLUMNS} from complaint {where} order by id desc limit ?"
    return [complaint_of(row) for row in await connection.execute_fetchall(query, (*values, limit))]


async def standing_references(
    connection: Connection, *, accused: str = "", case_id: int | None = None, source: str = ""
) -> list[str]:
    """What the complaints are called that fit and still count, oldest first."""
    wanted = {"accused": accused, "case_id": case_id, "source": source}
    asked = {column: value for column, value in wanted.items() if value}
    conditions = " and ".join(["state not in ('withdrawn', 'rejected')", *(f"{column} = ?" for column in asked)])
    query = f"select reference from complaint where {conditions} order by id"
    return [row[0] for row in await connection.execute_fetchall(query, tuple(asked.values()))]


async def standing_in(connection: Connection, case_id: int) -> AsyncIterator[Complaint]:
    """The complaints of a case that count, oldest first, however many there are."""
    query = f"select {COLUMNS} from complaint where case_id = ? and state not in ('withdrawn', 'rejected') order by id"
    async with connection.execute(query, (case_id,)) as cursor:
        async for row in cursor:
            yield complaint_of(row)


async def named_in(connection: Connection, case_id: int) -> list[tuple[str, str]]:
    """The categories, businesses and branches that the complaints of a case name, each once, for its sums."""
    found = []
    for column in ("category", "business", "branch"):
        query = (
            f"select distinct {column} from complaint where case_id = ? and {column} <> '' "
            "and state not in ('withdrawn', 'rejected')"
        )
        found += [(column, row[0]) for row in await connection.execute_fetchall(query, (case_id,))]
    return found


async def erase_words(connection: Connection, before: float) -> None:
    """Texts, addresses and what callers knew, of whoever was answered before: letters that never left go with them."""
    old = (
        "select reference from complaint where contents is not null and state_at < ?1 "
        "and state in ('answered', 'withdrawn', 'rejected') union all "
        "select reference from appeal where contents is not null and decided < ?1"
    )
    # An address is asked once: where another complaint has the same, that one asks.
    await connection.execute(
        "update letter set reference = coalesce((select c.reference from complaint c where c.contents is not null "
        f"and c.contact_key = letter.contact_key and c.reference not in ({old}) limit 1), reference) "
        f"where kind = 'confirm' and sent is null and reference in ({old})",
        (before,),
    )
    await connection.execute(f"delete from letter where sent is null and reference in ({old})", (before,))
    for table in ("complaint", "appeal"):
        await connection.execute(
            f"update {table} set contents = null, contact_key = '' where reference in ({old})", (before,)
        )


async def words_of(connection: Connection, secrecy: Secrecy, complaint: Complaint) -> dict[str, str]:
    """What the reporter wrote: text, contact, and what exactly the caller knew."""
    rows = list(await connection.execute_fetchall("select contents from complaint where id = ?", (complaint.id,)))
    return secrecy.decrypt(rows[0][0], complaint.reference)
