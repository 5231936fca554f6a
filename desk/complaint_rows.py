"""Complaints as they stand in the database: read back, found by what the reporter was told, listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, NamedTuple

from desk.evidence import Tie
from desk.faults import NotFound
from desk.secrecy import Secrecy, read_reference
from desk.states import COUNTED, ComplaintState, stored
from rules.storage.statements import every, joined, name_of, quoted, sql, wanted
from rules.storage.store import Connection

COLUMNS = sql(
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
    values[7] = stored(Channel, values[7], values[1])
    values[10] = tuple(values[10].split())
    values[13] = stored(Tie, values[13], values[1])
    values[14] = bool(values[14])
    values[15] = stored(ComplaintState, values[15], values[1])
    return Complaint(*values)


async def find(connection: Connection, reference: str) -> Complaint:
    """The complaint with this reference, or NotFound."""
    query = sql("select {columns} from complaint where reference = ?", columns=COLUMNS)
    rows = list(await connection.execute_fetchall(query, (read_reference(reference),)))
    if not rows:
        raise NotFound("reference", f"there is no complaint {reference[:40]!r}")
    return complaint_of(rows[0])


# Out of the index of each state, in its order: else all complaints of a loud case are sorted for the few that show.
_NEWEST_OF_A_CASE = joined(
    " union all ",
    (
        sql(
            "select * from (select id from complaint where case_id = ? and state = {state} and id < ? "
            "order by id desc limit ?)",
            state=quoted([state]),
        )
        for state in ComplaintState
    ),
)
_LAST = 2**62


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
    conditions, values = wanted({"accused": accused, "state": state, "case_id": case_id, "source": source})
    if before is not None:
        conditions.append(sql("id < ?"))
        values.append(before)
    if case_id is not None and not (state or accused or source):
        conditions.append(sql("id in ({newest})", newest=_NEWEST_OF_A_CASE))
        values += [case_id, _LAST if before is None else before, limit] * len(ComplaintState)
    query = sql(
        "select {columns} from complaint where {conditions} order by id desc limit ?",
        columns=COLUMNS,
        conditions=every(conditions),
    )
    return [complaint_of(row) for row in await connection.execute_fetchall(query, (*values, limit))]


async def standing_references(
    connection: Connection, *, accused: str = "", case_id: int | None = None, source: str = ""
) -> list[str]:
    """What the complaints are called that fit and still count, oldest first."""
    conditions, values = wanted({"accused": accused, "case_id": case_id, "source": source})
    query = sql(
        "select reference from complaint where {counted} and {conditions} order by id",
        counted=COUNTED,
        conditions=every(conditions),
    )
    return [row[0] for row in await connection.execute_fetchall(query, values)]


async def standing_in(connection: Connection, case_id: int) -> AsyncIterator[Complaint]:
    """The complaints of a case that count, oldest first, however many there are."""
    query = sql(
        "select {columns} from complaint where case_id = ? and {counted} order by id", columns=COLUMNS, counted=COUNTED
    )
    async with connection.execute(query, (case_id,)) as cursor:
        async for row in cursor:
            yield complaint_of(row)


async def named_in(connection: Connection, case_id: int) -> list[tuple[str, str]]:
    """The categories, businesses and branches that the complaints of a case name, each once, for its sums."""
    found = []
    for column in ("category", "business", "branch"):
        query = sql(
            "select distinct {column} from complaint where case_id = ? and {column} <> '' and {counted}",
            column=name_of(column),
            counted=COUNTED,
        )
        found += [(column, row[0]) for row in await connection.execute_fetchall(query, (case_id,))]
    return found


async def erase_words(connection: Connection, before: float) -> None:
    """Texts, addresses and what callers knew, of whoever was answered before: letters that never left go with them."""
    old = sql(
        "select reference from complaint where contents is not null and state_at < ?1 "
        "and state in ('answered', 'withdrawn', 'rejected') union all "
        "select reference from appeal where contents is not null and decided < ?1"
    )
    # An address is asked once: where another complaint has the same, that one asks.
    await connection.execute(
        sql(
            "update letter set reference = coalesce((select c.reference from complaint c where c.contents is not null "
            "and c.contact_key = letter.contact_key and c.reference not in ({old}) limit 1), reference) "
            "where kind = 'confirm' and sent is null and reference in ({old})",
            old=old,
        ),
        (before,),
    )
    await connection.execute(sql("delete from letter where sent is null and reference in ({old})", old=old), (before,))
    for table in ("complaint", "appeal"):
        await connection.execute(
            sql(
                "update {table} set contents = null, contact_key = '' where reference in ({old})",
                table=name_of(table),
                old=old,
            ),
            (before,),
        )


async def words_of(connection: Connection, secrecy: Secrecy, complaint: Complaint) -> dict[str, str]:
    """What the reporter wrote: text, contact, and what exactly the caller knew."""
    rows = list(await connection.execute_fetchall("select contents from complaint where id = ?", (complaint.id,)))
    return secrecy.decrypt(rows[0][0], complaint.reference)
