"""The queue of officers: which cases wait for whom, as one looks for them, with how many people, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from desk.archive import Archive
from desk.case_files import NEVER, CaseFile, Listed, Turn, pressing_where
from desk.complaint_rows import standing_references
from desk.faults import ComplaintError
from desk.protection import ALLOWED, on_list_of
from desk.states import COUNTED, CaseState, ComplaintState
from desk.weighing import evidence_of
from rules.storage.statements import Sql, every, name_of, sql
from rules.storage.store import Connection

if TYPE_CHECKING:
    from desk.desk import Desk

Due = Literal["", "overdue", "today"]
InBulk = Literal["take", "withdraw", "reject"]
_MOST_AT_ONCE = 500
_MOST_WEIGHED = 5_000  # complaints of one case, for a list: the page of the case tells what more of them prove
_REPORTERS = sql("select count(distinct reporter) from complaint where case_id = ? and {counted}", counted=COUNTED)


class Wanted(NamedTuple):
    """Which cases; nothing: all that wait for somebody, by a clock or since they were put on top."""

    due: Due = ""
    mine: str = ""  # whose last step it was
    state: CaseState | None = None
    holder: str = ""
    category: str = ""
    officer: str = ""


class Queued(NamedTuple):
    """A case in the queue."""

    listed: Listed
    reporters: int | None  # different ones, whose complaints count; None: too many to count for a list
    score: float | None  # per 10,000
    allowed: str  # the list that allows its number; empty: none
    days_left: int | None  # working days until it is due; negative: so many too late; None: no clock runs

    @property
    def case(self) -> CaseFile:
        """The case."""
        return self.listed.case


class Counts(NamedTuple):
    """How many wait."""

    overdue: int
    today: int
    mine: int
    all: int


class Done(NamedTuple):
    """What a step with many did."""

    done: int
    refused: list[tuple[int, str]]  # case, why


async def queue(archive: Archive, wanted: Wanted, *, limit: int = 50, beyond: Turn | None = None) -> list[Queued]:
    """The cases that fit, the most pressing first."""
    connection, now = archive.store.connection, archive.now()
    conditions, values = _conditions(archive, wanted)
    found = []
    for one in await pressing_where(
        connection, every(conditions), values, limit=limit, beyond=beyond, closed=bool(wanted.state)
    ):
        reporters, score = None, None
        if one.complaints <= _MOST_WEIGHED:
            rows = await connection.execute_fetchall(_REPORTERS, (one.case.id,))
            reporters, score = next(iter(rows))[0], (await evidence_of(archive, one.case)).score
        allowed = await on_list_of(archive, one.case.number, ALLOWED)
        left = archive.deadlines.working_days_left(now, one.due.due) if one.due else None
        found.append(Queued(one, reporters, score, allowed, left))
    return found


async def counts(archive: Archive, actor: str) -> Counts:
    """How many are overdue, due today, this officer's, and all."""
    connection = archive.store.connection
    every_one = [Wanted(due="overdue"), Wanted(due="today"), Wanted(mine=actor), Wanted()]
    return Counts(*[await _count(archive, connection, one) for one in every_one])


async def _count(archive: Archive, connection: Connection, wanted: Wanted) -> int:
    conditions, values = _conditions(archive, wanted)
    query = sql("select count(*) from case_file c where {conditions}", conditions=every(conditions))
    return int(next(iter(await connection.execute_fetchall(query, values)))[0])


async def holders(archive: Archive) -> list[str]:
    """Holders of numbers of which a case waits, and officers who work on one, for the filters."""
    query = "select distinct holder from case_file where holder <> '' order by 1 limit 200"
    return [row[0] for row in await archive.store.connection.execute_fetchall(query)]


async def officers(archive: Archive) -> list[str]:
    """Whoever took the last step of a case."""
    query = "select distinct last_actor from case_file where last_actor <> '' order by 1 limit 200"
    return [row[0] for row in await archive.store.connection.execute_fetchall(query)]


async def in_bulk(desk: Desk, step: InBulk, cases: Sequence[int], *, actor: str, reason: str) -> Done:
    """Take many cases, or end all complaints of each; what is wrong with one stops no other."""
    if not cases:
        raise ComplaintError("cases", "tick at least one")
    if len(cases) > _MOST_AT_ONCE:
        raise ComplaintError("cases", f"{len(cases)} at once; {_MOST_AT_ONCE} at most")
    done, refused = 0, []
    for case in dict.fromkeys(cases):
        try:
            if step == "take":
                await desk.cases.take(case, actor=actor, reason=reason)
                done += 1
                continue
            await desk.cases.find(case)
            state = ComplaintState.WITHDRAWN if step == "withdraw" else ComplaintState.REJECTED
            standing = await standing_references(desk.archive.store.connection, case_id=case)
            ended = await desk.complaints.end_many(standing, state, actor=actor, reason=reason)
            done += sum(not isinstance(one, ComplaintError) for one in ended)
        except ComplaintError as error:
            if error.field in ("actor", "reason"):
                raise
            refused.append((case, error.reason))
    return Done(done, refused)


def _conditions(archive: Archive, wanted: Wanted) -> tuple[list[Sql], list[Any]]:
    now = archive.now()
    conditions: list[Sql] = []
    values: list[Any] = []
    if wanted.due == "overdue":
        conditions.append(sql("(c.on_top = '') in (0, 1) and c.next_due < ?"))
        values.append(now)
    elif wanted.due == "today":
        conditions.append(sql("(c.on_top = '') in (0, 1) and c.next_due >= ? and c.next_due <= ?"))
        values += [now, archive.day_ends(now)]
    for column, value in (("last_actor", wanted.mine), ("holder", wanted.holder), ("last_actor", wanted.officer)):
        if value:
            conditions.append(sql("c.{column} = ? and c.{column} <> ''", column=name_of(column)))
            values.append(value)
    if not wanted.state:
        conditions.append(sql("(c.next_due < {never} or (c.on_top = '') = 0)", never=NEVER))
    if wanted.state:
        conditions.append(sql("c.state = ?"))
        values.append(wanted.state)
    if wanted.category:  # asked last: it reads complaints
        conditions.append(
            sql(
                "case when c.state in ('collecting', 'verifying', 'verified', 'sealed') or c.next_due < {never} then "
                "exists (select 1 from complaint m where m.case_id = c.id and m.category = ? and m.{counted}) end",
                counted=COUNTED,
                never=NEVER,
            )
        )
        values.append(wanted.category)
    return conditions, values
