"""Seals, in the database that calls are judged by: set together with the suspension of what allows the number."""

from __future__ import annotations

from typing import NamedTuple

from rules.complaints.archive import Archive
from rules.complaints.faults import ComplaintError, Conflict, NotFound
from rules.lists.conflicts import in_holes
from rules.lists.editing import count, mark_changed, put, take
from rules.lists.origins import Origin
from rules.numbering.intervals import Interval, digits_of, number_interval
from rules.store import Connection

_ALLOWING = (
    "select e.list, l.name, e.code, e.code, ?2, '', '', e.origin, o.owner, o.source from exact e "
    "join list l on l.id = e.list join origin o on o.id = e.origin "
    "where e.code = ?1 and l.kind = 'allow' and l.configured and not l.shared union all "
    "select w.list, l.name, w.start, w.stop, w.places, w.text, w.holes, w.origin, o.owner, o.source from span s "
    "join wide w on w.id = s.wide join list l on l.id = w.list join origin o on o.id = w.origin where s.start = "
    "(select start from span where start <= ?1 order by start desc limit 1) and w.stop >= ?1 "
    "and w.places in (0, ?2) and l.kind = 'allow' and l.configured and not l.shared"
)


class Suspension(NamedTuple):
    """An allow entry that no longer passes the number."""

    list: str
    entry: str  # a wide one got a hole
    owner: str  # who answers for the entry, else where it came from


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
    """Seal a number and suspend what allows it: all of it or nothing; the next call within a second is rejected."""
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
        cursor = await connection.execute(
            "insert into seal (case_id, code, number, list, owner, author, reason, sealed) "
            "values (?, ?, ?, ?, '', ?, ?, ?)",
            (case_id, interval.start, number, list_id, author, reason, now),
        )
        assert cursor.lastrowid is not None
        seal_id = cursor.lastrowid
        suspended = await _suspend(connection, seal_id, interval)
        owners = ", ".join(sorted({one.owner for one in suspended}))
        await connection.execute("update seal set owner = ? where id = ?", (owners, seal_id))
        origin = Origin(f"seal {seal_id}", reason, author, evidence=f"case {case_id}")
        origin_id, _, _ = await lists.keep_origin(connection, origin, policy)
        if await put(connection, list_id, interval, origin_id):
            await count(connection, list_id, 1)
        await mark_changed(connection)
    return Seal(seal_id, case_id, number, now, suspended)


async def release_seal(archive: Archive, seal_id: int, *, author: str, reason: str) -> tuple[Suspension, ...]:
    """Take a seal off and give back what it suspended, as far as it is still wanted; what came back."""
    lists = archive.lists
    async with lists.store.transaction() as connection:
        query = "select code, number, list, released, release_author from seal where id = ?"
        rows = list(await connection.execute_fetchall(query, (seal_id,)))
        if not rows:
            raise NotFound("seal", f"there is no seal {seal_id}")
        _, number, list_id, released, who = rows[0]
        if released is not None:
            raise Conflict("seal", f"seal {seal_id} is released already", who=who, when=released)
        interval = _interval(number)
        gone = await connection.execute(
            "delete from exact where code = ? and list = ? returning code", (interval.start, list_id)
        )
        if await gone.fetchone():
            await count(connection, list_id, -1)
        restored = await _restore(connection, seal_id, interval)
        await connection.execute(
            "update seal set released = ?, release_author = ?, release_reason = ? where id = ?",
            (archive.now(), author, reason, seal_id),
        )
        await mark_changed(connection)
    return restored


async def standing_seal(archive: Archive, number: str) -> tuple[int, int] | None:
    """Id and case of the seal that stands on a number."""
    query = "select id, case_id from seal where code = ? and released is null"
    rows = list(await archive.lists.store.connection.execute_fetchall(query, (_interval(number).start,)))
    return (rows[0][0], rows[0][1]) if rows else None


async def last_seal(archive: Archive, case_id: int) -> tuple[int, float, float | None] | None:
    """Id, time and time of release of the newest seal of a case."""
    query = "select id, sealed, released from seal where case_id = ? order by id desc limit 1"
    rows = list(await archive.lists.store.connection.execute_fetchall(query, (case_id,)))
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


async def _suspend(connection: Connection, seal_id: int, sealed: Interval) -> tuple[Suspension, ...]:
    rows = list(await connection.execute_fetchall(_ALLOWING, (sealed.start, sealed.places)))
    found = []
    for list_id, name, start, stop, places, text, holes, origin, owner, source in rows:
        if not text:
            await take(connection, list_id, sealed)
            await count(connection, list_id, -1)
        elif in_holes(holes, sealed.start):
            continue
        else:
            cut = f"{holes} {_hole(sealed)}".strip()
            values = (cut, list_id, start, stop, places)
            await connection.execute(
                "update wide set holes = ? where list = ? and start = ? and stop = ? and places = ?", values
            )
        await connection.execute(
            "insert into suspended values (?, ?, ?, ?, ?, ?, ?)",
            (seal_id, list_id, start, stop, places, text or sealed.text, origin),
        )
        found.append(Suspension(name, text or sealed.text, owner or source))
    return tuple(found)


async def _restore(connection: Connection, seal_id: int, sealed: Interval) -> tuple[Suspension, ...]:
    query = (
        "select u.list, l.name, u.start, u.stop, u.places, u.text, u.origin, o.owner, o.source from suspended u "
        "join list l on l.id = u.list join origin o on o.id = u.origin where u.seal = ?"
    )
    found = []
    for row in list(await connection.execute_fetchall(query, (seal_id,))):
        list_id, name, start, stop, places, text, origin, owner, source = row
        if start == stop:
            done = await connection.execute(
                "insert or ignore into exact (code, list, origin) values (?, ?, ?)", (start, list_id, origin)
            )
            if done.rowcount:
                await count(connection, list_id, 1)
        elif not await _close_hole(connection, (list_id, start, stop, places), _hole(sealed)):
            continue  # the entry was taken off meanwhile
        found.append(Suspension(name, text, owner or source))
    await connection.execute("delete from suspended where seal = ?", (seal_id,))
    return tuple(found)


async def _close_hole(connection: Connection, entry: tuple[int, int, int, int], hole: str) -> bool:
    where = "where list = ? and start = ? and stop = ? and places = ?"
    rows = list(await connection.execute_fetchall(f"select holes from wide {where}", entry))  # noqa: S608 - own words
    if not rows:
        return False
    kept = " ".join(one for one in rows[0][0].split() if one != hole)
    await connection.execute(f"update wide set holes = ? {where}", (kept, *entry))  # noqa: S608 - own words
    return True


def _hole(sealed: Interval) -> str:
    return f"{sealed.start}:{sealed.stop}:{sealed.text}"


def _interval(number: str) -> Interval:
    interval = number_interval(number)
    if interval is None:
        raise ComplaintError("number", f"{number} has {len(digits_of(number))} digits: no list can hold it")
    return interval
