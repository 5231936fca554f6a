"""Offices that reporters name as the place where the caller had their data from: how many people, who saw to it.

People are counted, not complaints: each reporter and each called line once, those whose call is on record fully, the
others as a small part of one; together these can never weigh more than half of what raises an alert.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from desk.archive import Archive
from desk.complaint_rows import COLUMNS, Complaint, complaint_of
from desk.faults import ComplaintError, NotFound
from desk.leak_counts import offices_counted
from desk.leak_people import weighed
from desk.offices import titles
from desk.reading import one_line
from desk.showing import as_named
from desk.states import COUNTED
from desk.work import work
from rules.storage.statements import put, sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

_DAY_S = 86_400.0
_SEEN = (
    "select office, at, who, reason from leak_seen s where at = (select max(at) from leak_seen o "
    "where o.office = s.office)"
)
_INQUIRIES = "select office, id from inquiry where state <> 'closed'"
_BANKS = "select o.title, coalesce(b.title, '') from office o left join office b on b.id = o.bank"
_ITS_COMPLAINTS = sql(
    "select {columns} from complaint where branch = ? and received >= ? and {counted} order by id desc limit ?",
    columns=COLUMNS,
    counted=COUNTED,
)


class Seen(NamedTuple):
    """That somebody has seen the leak."""

    at: float
    who: str
    reason: str


class Leak(NamedTuple):
    """An office that was named."""

    office: str
    bank: str  # whose branch it is, by the directory
    tied: int
    untied: int
    weight: float  # people, those without a call on record hardly
    complaints: int
    callers: int  # numbers that they name: one caller is another story than ten
    last: float
    alarms: bool  # enough spoke, and nobody has seen it since
    seen: Seen | None
    inquiry: int | None  # the one that is not closed


class Named(NamedTuple):
    """A leak with what leads to it."""

    leak: Leak
    complaints: list[Complaint]
    by_day: dict[str, int]
    knew: dict[str, int]  # what the callers knew, by word
    callers: dict[str, int]  # how many complaints name each number
    beside: list[Leak]  # other branches of the same bank
    seen: list[Seen]  # every time


class Leaks:
    """The leak board of a desk."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def board(self) -> list[Leak]:
        """Each office that was named lately, those that alarm first, then by how many people."""
        return await board(self._archive)

    async def named(self, office: str, *, limit: int = 100) -> Named:
        """One office with its complaints, and what the branches beside it have."""
        archive, connection = self._archive, self._archive.store.connection
        found = {one.office: one for one in await self.board()}
        office = as_named(await self._title(office), found, archive.country)
        leak = found.get(office)
        if leak is None:
            raise NotFound("office", f"nobody named {office[:60]!r} in the last {archive.settings.branch_days} days")
        rows = await connection.execute_fetchall(_ITS_COMPLAINTS, (office, _since(archive), limit))
        complaints = [complaint_of(row) for row in rows]
        seen = await connection.execute_fetchall(
            "select at, who, reason from leak_seen where office = ? order by at", (office,)
        )
        return Named(
            leak=leak,
            complaints=complaints,
            by_day=dict(sorted(Counter(_day(archive, one.received) for one in complaints).items())),
            knew=dict(Counter(word for one in complaints for word in one.knew if word != "branch").most_common()),
            callers=dict(Counter(one.accused for one in complaints).most_common()),
            beside=[one for one in found.values() if leak.bank and one.bank == leak.bank and one is not leak],
            seen=[Seen(*row) for row in seen],
        )

    async def see(self, office: str, *, actor: str, reason: str) -> Leak:
        """Acknowledge a leak: it raises no alert until as many others have named the office as raised it."""
        if is_blank(reason):
            raise ComplaintError("reason", "say what is done about it")
        leak = (await self.named(office, limit=1)).leak
        async with work(self._archive, actor) as doing:
            await note_seen(doing.connection, leak.office, doing.now, actor, one_line(reason, "reason", 1_000))
            doing.enter("leak", leak.office, "acknowledged", reason)
        return (await self.named(leak.office, limit=1)).leak

    async def _title(self, office: str) -> str:
        office = one_line(office, "office")
        return (await titles(self._archive.store.connection, [office])).get(office, office)


async def note_seen(connection: Connection, office: str, at: float, who: str, reason: str) -> None:
    """Somebody has seen it; within the transaction of what he does about it."""
    await connection.execute(put("leak_seen", "office at", "who reason"), (office, at, who, reason))


async def board(archive: Archive) -> list[Leak]:
    """Each office that was named lately, those that alarm first, then by how many people."""
    connection, settings = archive.store.connection, archive.settings
    seen = {row[0]: Seen(*row[1:]) for row in await connection.execute_fetchall(_SEEN)}
    inquiries: dict[str, int] = {row[0]: row[1] for row in await connection.execute_fetchall(_INQUIRIES)}
    banks: dict[str, str] = {row[0]: row[1] for row in await connection.execute_fetchall(_BANKS)}
    enough, worth = settings.branch_complaints, settings.branch_untied
    found = []
    for one in await offices_counted(archive):
        if not one.complaints:
            continue
        people = weighed(one.tied, one.untied, worth=worth, enough=enough)
        fresh = weighed(one.fresh_tied, one.fresh_untied, worth=worth, enough=enough)
        found.append(
            Leak(
                office=one.office,
                bank=banks.get(one.office, ""),
                tied=people.tied,
                untied=people.untied,
                weight=people.weight,
                complaints=one.complaints,
                callers=one.callers,
                last=one.last,
                alarms=fresh.weight >= enough,
                seen=seen.get(one.office),
                inquiry=inquiries.get(one.office),
            )
        )
    return sorted(found, key=lambda one: (not one.alarms, -one.weight, -one.complaints, one.office))


def by_bank(leaks: Iterable[Leak]) -> dict[str, list[Leak]]:
    """The board as banks with their branches; offices of no bank stand under their own name."""
    found: defaultdict[str, list[Leak]] = defaultdict(list)
    for one in leaks:
        found[one.bank or one.office].append(one)
    return dict(sorted(found.items(), key=lambda item: -sum(one.weight for one in item[1])))


def _since(archive: Archive) -> float:
    return archive.now() - archive.settings.branch_days * _DAY_S


def _day(archive: Archive, at: float) -> str:
    return datetime.fromtimestamp(at, archive.zone).date().isoformat()
