"""Who climbs the ladder and why, and whose a number is; what calls are judged by is changed within a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from desk.archive import Archive
from desk.case_files import open_case_of
from desk.faults import ComplaintError, Conflict, NotFound
from desk.holders import Holder, give, given_to, owner_of, spelled
from desk.protection import may_work, restrainable
from desk.states import Offender
from desk.unrecorded import owe, record_owed
from rules.audit import chain as audit
from rules.judging.ladder import STANDINGS, LadderStep, Standing
from rules.storage.statements import put, sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

_STANDING = sql("select kind, name, level, offences, since, reason from standing where kind = ? and name = ?")
_STANDING_BY = "select kind, name, level, offences, since, reason, author from standing where kind = ? and name = ?"
_PUT = put("standing", "kind name", "level offences since reason author case_id")
_OFF, _TAKEN_BACK = "off the ladder", "taken back"
POLICY = "policy"  # who takes a step by itself, which alone can be taken back


class Climber(NamedTuple):
    """Somebody on the ladder."""

    standing: Standing
    step: LadderStep
    numbers: tuple[str, ...]
    author: str


class Assigned(NamedTuple):
    """Whose a number is now, as far as it was said; names as they are spelled already."""

    number: str  # canonical
    owner: str = ""
    business: str = ""
    open_case: int | None = None  # what was said of the last owner, and its seal, stay until an officer ends them


class LadderBook:
    """Changes and shows the ladder."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def standing(self, kind: Offender, name: str) -> Standing | None:
        """Where a number, an owner or a business stands."""
        connection = self._archive.lists.store.connection
        rows = list(await connection.execute_fetchall(_STANDING, (kind, await self._name(kind, name))))
        return Standing(*rows[0]) if rows else None

    async def climb(
        self,
        kind: Offender,
        name: str,
        *,
        actor: str,
        reason: str,
        to: LadderStep | None = None,
        version: int | None = None,
        of_case: int | None = None,
    ) -> Standing:
        """One step up, or on a given one, for a term that grows with each offence.

        ``of_case``: no person does it, but enough complaints of this case.

        With the ``version`` that was looked at: Conflict, if somebody was faster.
        """
        if of_case is None:
            may_work(self._archive, actor)
        _need(reason)
        name = await self._name(kind, name)
        now = self._archive.now()
        async with self._archive.lists.store.transaction() as connection:
            held = await self._held(connection, kind, name, version)
            found = (held or Standing(kind, name, 0, 0, now)).climbed(now, to=to, reason=reason)
            await connection.execute(_PUT, (*found, actor, of_case))
            await _mark_changed(connection)
            step = found.step_at(now).name.lower()
            owed = await owe(connection, [audit.Deed(now, actor, "ladder", f"{kind} {name}", step, reason)])
        await record_owed(self._archive, owed)
        return found

    async def clear(self, kind: Offender, name: str, *, actor: str, reason: str, version: int | None = None) -> str:
        """Off the ladder, offences forgotten; the name, a number in its canonical form. ``version`` as in climb."""
        may_work(self._archive, actor)
        _need(reason)
        name = await self._name(kind, name)
        async with self._archive.lists.store.transaction() as connection:
            await self._held(connection, kind, name, version)
            done = await connection.execute("delete from standing where kind = ? and name = ?", (kind, name))
            if not done.rowcount:
                raise NotFound("name", f"{kind} {name} does not stand on the ladder")
            await _mark_changed(connection)
            deed = audit.Deed(self._archive.now(), actor, "ladder", f"{kind} {name}", _OFF, reason)
            owed = await owe(connection, [deed])
        await record_owed(self._archive, owed)
        return name

    async def take_back(self, number: str, *, author: str, case_id: int, actor: str, reason: str) -> audit.Deed | None:
        """Undo the step that this author put on a canonical number for the complaints of a case, if it stands there.

        What others put there before stands again. The deed is the caller's to record; None: there was nothing to undo.
        """
        values = ("number", number)
        query = sql("{standing} and author = ? and case_id = ?", standing=_STANDING)
        asked = (*values, author, case_id)
        if not list(await self._archive.lists.store.connection.execute_fetchall(query, asked)):
            return None  # as with nearly every case: nothing is written then
        async with self._archive.lists.store.transaction() as connection:
            rows = list(await connection.execute_fetchall(query, asked))
            if not rows:
                return None
            deeds = await audit.deeds_of(self._archive.store.connection, "ladder", f"number {number}")
            await connection.execute("delete from standing where kind = ? and name = ?", values)
            if before := by_entries(deeds, "number", number, without=author):
                await connection.execute(_PUT, (*before[0], before[1], None))
            await _mark_changed(connection)
            what = f"number {number}"
            deed = audit.Deed(self._archive.now(), actor, "ladder", what, _TAKEN_BACK, reason, rows[0][-1])
            await owe(connection, [deed])  # should the transaction that records it not come to its end
        return deed

    async def assign(self, number: str, *, owner: str = "", business: str = "", actor: str) -> Assigned:
        """Say whose a number is.

        A new owner starts clean with it; what he earned elsewhere comes with him.
        """
        may_work(self._archive, actor)
        canonical = (await restrainable(self._archive, number)).canonical
        said: list[tuple[Holder, str]] = [("owner", owner), ("business", business)]
        named = [(kind, await spelled(self._archive, kind, name, kind)) for kind, name in said if name.strip()]
        if not named:
            raise ComplaintError("owner", "name an owner, a business or both")
        async with self._archive.lists.store.transaction() as connection:
            now = self._archive.now()
            for kind, name in named:
                await give(connection, canonical, kind, name, now)
            await _mark_changed(connection)
            deeds = [audit.Deed(now, actor, "ladder", f"number {canonical}", kind, "", name) for kind, name in named]
            owed = await owe(connection, deeds)
        await record_owed(self._archive, owed)
        case = await open_case_of(self._archive.store.connection, canonical)
        return Assigned(canonical, **dict(named), open_case=case.id if case else None)

    async def climbers(self, kind: Offender | None = None, limit: int = 100, after: int = 0) -> list[Climber]:
        """Who stands on the ladder, highest first, some behind the first ``after``; owners with their numbers."""
        connection = self._archive.lists.store.connection
        now = self._archive.now()
        query = (
            "select s.kind, s.name, level, offences, s.since, reason, author, "
            "(select group_concat(number, ' ') from belongs b where b.kind = s.kind and b.name = s.name) "
            "from standing s where ?1 is null or s.kind = ?1"
        )
        found = []
        for row in await connection.execute_fetchall(query, (kind,)):
            standing = Standing(*row[:6])
            if step := standing.step_at(now):
                found.append(Climber(standing, step, tuple((row[7] or "").split()), row[6]))
        found.sort(key=lambda one: (-one.step, -one.standing.offences, one.standing.kind, one.standing.name))
        return found[after : after + limit]

    async def owner_of(self, number: str) -> str:
        """Whose a number is; empty where nobody said."""
        return await owner_of(self._archive, number)

    async def _name(self, kind: Offender, name: str) -> str:
        if kind == "number":
            return (await restrainable(self._archive, name, "name")).canonical
        return await spelled(self._archive, kind, name)

    async def _held(self, connection: Connection, kind: Offender, name: str, version: int | None) -> Standing | None:
        """What stands there, if it is still that version."""
        rows = list(await connection.execute_fetchall(_STANDING_BY, (kind, name)))
        held = Standing(*rows[0][:-1]) if rows else None
        if version is None or version == version_of(held, self._archive.now()):
            return held
        if held:
            who, when = rows[0][-1], held.since
        else:
            deeds = await audit.deeds_of(self._archive.store.connection, "ladder", f"{kind} {name}")
            who, when = (deeds[-1].actor, deeds[-1].at) if deeds else ("", self._archive.now())
        raise Conflict("version", f"this {kind} stands elsewhere now, look at it again", who=who, when=when)


def version_of(standing: Standing | None, now: float) -> int:
    """What tells this standing from any other that the same name had or will have; 0: it is on no step."""
    if standing is None or not standing.step_at(now):
        return 0
    return 1 + crc32(repr(tuple(standing)).encode()) % 999_999_999


async def standings_of(connection: Connection, canonical: str) -> list[Standing]:
    """Where a number, its owner and its business stand."""
    return [Standing(*row) for row in await connection.execute_fetchall(STANDINGS, (canonical,))]


def by_entries(deeds: Sequence[audit.Deed], kind: str, name: str, *, without: str = "") -> tuple[Standing, str] | None:
    """Who stands where by what the audit holds of him, and who put him there; None: he stands nowhere.

    ``without``: as though this author had done nothing.
    """
    found: tuple[Standing, str] | None = None
    owner = ""
    for place, deed in enumerate(deeds):
        given = given_to(deed)
        if deed.step == _OFF or (given and owner not in ("", given)):
            found = None
        elif deed.step == _TAKEN_BACK and found and found[1] == POLICY:
            found = by_entries(deeds[:place], kind, name, without=POLICY)
        elif deed.actor != without and deed.step.upper() in LadderStep.__members__:
            before = found[0] if found else Standing(kind, name, 0, 0, deed.at)
            found = before.climbed(deed.at, to=LadderStep[deed.step.upper()], reason=deed.reason), deed.actor
        owner = given or owner
    return found


def _need(reason: str) -> None:
    if is_blank(reason):
        raise ComplaintError("reason", "say why: whoever is concerned is told")


async def _mark_changed(connection: Connection) -> None:
    await connection.execute("update change set ladder = ladder + 1")
