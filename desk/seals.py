"""Seals, in the database that calls are judged by: while one stands, nothing an operator lists allows the number."""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive
from desk.disclosure import without_numbers
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from rules.lists.editing import count, mark_changed, put, take
from rules.lists.endings import begin_ending
from rules.lists.origins import Origin
from rules.lists.suspension import Suspension, allowing
from rules.numbering.intervals import Interval, digits_of, number_interval

FINISHED = "finished after a stop"  # ends the entry of a step whose seal was set or released before

DOES_NOT_FIT = (
    "nothing was changed: was an older copy of one database put back? `ringfence audit verify` tells what does not fit"
)


def begun_by(author: str) -> str:
    """How the entry of such a step ends, which the service makes: who is written on the seal."""
    return f"{FINISHED}; begun by {author}"


class Seal(NamedTuple):
    """A seal that stands, or stood."""

    id: int
    case_id: int
    number: str
    sealed: float
    suspended: tuple[Suspension, ...]


def sealed_list(archive: Archive) -> str:
    """The list that seals go on."""
    names = sorted(name for name, policy in archive.lists.settings.items() if policy.kind == "sealed")
    if not names:
        raise ComplaintError(
            "list", "no list of ringfence.yaml is for seals; write `sealed: {kind: sealed}` under `lists:`"
        )
    return names[0]


async def set_seal(archive: Archive, number: str, *, case_id: int, author: str, reason: str) -> Seal:
    """Seal a number, which suspends what allows it; the next call within a second is rejected."""
    name, interval = sealed_list(archive), _interval(number)
    lists = archive.lists
    policy = lists.may_change(name, author)
    now = archive.now()
    async with lists.store.transaction() as connection:
        query = "select case_id, author, sealed from seal where code = ? and released is null"
        if standing := list(await connection.execute_fetchall(query, (interval.start,))):
            raise Conflict(
                *("number", f"it is sealed already by case {standing[0][0]}"),
                who=standing[0][1],
                when=standing[0][2],
            )
        list_id, _ = await lists.row_of(connection, name)
        suspended = await allowing(connection, interval)
        owners = ", ".join(sorted({one.owner for one in suspended}))
        cursor = await connection.execute(
            "insert into seal (case_id, code, number, list, owner, author, reason, sealed) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            (case_id, interval.start, number, list_id, owners, author, reason, now),
        )
        assert cursor.lastrowid is not None
        seal_id = cursor.lastrowid
        # Who reads lists is not who reads cases: the seal keeps the officer's words, and the list what may be seen.
        origin = Origin(f"seal {seal_id}", without_numbers(reason, archive.country), author, evidence=f"case {case_id}")
        # It holds until the release, as what it suspends does: no default life of the list ends it before.
        origin_id, _, _ = await lists.keep_origin(connection, origin, policy.model_copy(update={"expires_days": None}))
        if await put(connection, list_id, interval, origin_id):
            await count(connection, list_id, 1)
        await mark_changed(connection)
    return Seal(seal_id, case_id, number, now, suspended)


async def release_seal(
    archive: Archive, seal_id: int, sealed: str, *, author: str, reason: str, appeal: str = ""
) -> tuple[Suspension, ...]:
    """Take the seal of this number off; what passes it again, also what came onto a list while it was sealed."""
    lists = archive.lists
    async with lists.store.transaction() as connection:
        query = "select code, number, list, released, release_author from seal where id = ?"
        rows = list(await connection.execute_fetchall(query, (seal_id,)))
        if not rows:
            raise NotFound("seal", f"there is no seal {seal_id}")
        _, number, list_id, released, who = rows[0]
        if number != sealed:
            raise Refused("seal", of_another(seal_id))
        if released is not None:
            raise Conflict("seal", f"seal {seal_id} is released already", who=who, when=released)
        interval = _interval(number)
        ending = await begin_ending(
            connection, archive.now(), "release", author=author, reason=without_numbers(reason, archive.country)
        )
        if await take(connection, list_id, interval, ending):
            await count(connection, list_id, -1)
        restored = await allowing(connection, interval)
        await connection.execute(
            "update seal set released = ?, release_author = ?, release_reason = ?, appeal = ? where id = ?",
            (archive.now(), author, reason, appeal, seal_id),
        )
        await mark_changed(connection)
    return restored


async def standing_seal(archive: Archive, number: str) -> tuple[int, int] | None:
    """Id and case of the seal that stands on a number."""
    query = "select id, case_id from seal where code = ? and released is null"
    rows = list(await archive.lists.store.connection.execute_fetchall(query, (_interval(number).start,)))
    return (rows[0][0], rows[0][1]) if rows else None


def of_another(seal_id: int) -> str:
    """Why a seal is not touched: cases and seals are numbered anew in a database that is older than the other."""
    return f"seal {seal_id} is about another number; {DOES_NOT_FIT}"


async def cases_sealed(archive: Archive) -> dict[tuple[int, str], int]:
    """The seals that stand, by their cases and the numbers that they are about."""
    query = "select case_id, number, id from seal where released is null"
    return {(row[0], row[1]): row[2] for row in await archive.lists.store.connection.execute_fetchall(query)}


class LastSeal(NamedTuple):
    """The newest seal of a case and its number, and who set it, or took it off, and why."""

    id: int
    sealed: float
    released: float | None
    author: str
    reason: str
    passing: tuple[Suspension, ...]  # what allows the number, suspended or given back


async def last_seal(archive: Archive, case_id: int, number: str) -> LastSeal | None:
    """The newest seal of a case about its own number."""
    query = (
        "select id, sealed, released, case when released is null then author else release_author end, "
        "case when released is null then reason else release_reason end from seal where case_id = ? and number = ? "
        "order by id desc limit 1"
    )
    connection = archive.lists.store.connection
    rows = list(await connection.execute_fetchall(query, (case_id, number)))
    if not rows:
        return None
    seal, sealed, released, author, reason = rows[0]
    passing = await allowing(connection, _interval(number))
    return LastSeal(seal, sealed, released, author, reason, passing)


def _interval(number: str) -> Interval:
    interval = number_interval(number)
    if interval is None:
        raise ComplaintError("number", f"{number} has {len(digits_of(number))} digits: no list can hold it")
    return interval
