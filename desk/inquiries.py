"""What an office is asked after a leak: opened with a question and a deadline, answered, closed with a finding."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from desk.archive import Archive
from desk.clock_profiles import read_span
from desk.faults import ComplaintError, Conflict, NotFound
from desk.leaks import board, note_seen
from desk.leaks_by_entries import asked_so
from desk.offices import titles
from desk.reading import one_line
from desk.showing import as_named
from desk.work import work
from rules.storage.statements import every, sql, wanted
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

Finding = Literal["confirmed", "unfounded", "unclear"]
FINDINGS: tuple[str, ...] = get_args(Finding)
State = Literal["open", "answered", "closed"]
_LONGEST = 1_000
_COLUMNS = sql(
    "id, office, state, opened, opened_by, asked, asked_of, due, answered, answer, closed, closed_by, finding, "
    "reason, version"
)


class Inquiry(NamedTuple):
    """What one office was asked."""

    id: int
    office: str
    state: State
    opened: float
    opened_by: str
    asked: str
    asked_of: str  # who answers for the office
    due: float  # by when an answer is wanted
    answered: float | None
    answer: str
    closed: float | None
    closed_by: str
    finding: str  # confirmed, unfounded, unclear; empty while it is not closed
    reason: str
    version: int

    def late(self, now: float) -> bool:
        """Was it answered late, or is it overdue?"""
        return (self.answered or self.closed or now) > self.due


class Inquiries:
    """The inquiries of a desk."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def listed(self, *, state: State | None = None, office: str = "", limit: int = 50) -> list[Inquiry]:
        """Those that are not closed and due first, then the latest."""
        conditions, values = wanted({"state": state, "office": await self._title(office) if office else ""})
        query = sql(
            "select {columns} from inquiry where {conditions} order by state = 'closed', "
            "case when state = 'closed' then -closed else due end limit ?",
            columns=_COLUMNS,
            conditions=every(conditions),
        )
        rows = await self._archive.store.connection.execute_fetchall(query, (*values, limit))
        return [Inquiry(*row) for row in rows]

    async def find(self, inquiry: int) -> Inquiry:
        """One inquiry, or NotFound."""
        return await _find(self._archive.store.connection, inquiry)

    async def open(self, office: str, *, asked: str, actor: str, asked_of: str = "") -> Inquiry:
        """Ask an office: its clock runs, and its alert rests."""
        archive = self._archive
        asked, asked_of = one_line(asked, "asked", _LONGEST), one_line(asked_of, "asked_of")
        if is_blank(asked):
            raise ComplaintError("asked", "say what the office is asked")
        office = await self._title(office)
        async with work(archive, actor) as doing:
            connection, now = doing.connection, doing.now
            query = "select 1 from complaint where branch = ? union all select 1 from office where title = ? limit 1"
            if not list(await connection.execute_fetchall(query, (office, office))):
                raise NotFound("office", f"no reporter named {office[:60]!r}, and the directory does not know it")
            query = "select id, opened_by, opened from inquiry where office = ? and state <> 'closed'"
            for other, who, when in await connection.execute_fetchall(query, (office,)):
                raise Conflict("office", f"inquiry {other} of {office} is not closed", who=who, when=when)
            if not asked_of:
                rows = list(await connection.execute_fetchall("select answers from office where title = ?", (office,)))
                asked_of = rows[0][0] if rows else ""
            due = archive.deadlines.due(now, read_span(archive.settings.inquiry_clock))
            cursor = await connection.execute(
                "insert into inquiry (office, state, opened, opened_by, asked, asked_of, due) "
                "values (?, 'open', ?, ?, ?, ?, ?)",
                (office, now, actor, asked, asked_of, due),
            )
            made = cursor.lastrowid
            assert made is not None
            await note_seen(connection, office, now, actor, f"inquiry {made}")
            doing.enter("inquiry", str(made), "opened", asked, office, after=asked_so(asked_of, due))
        return await self.find(made)

    async def answer(self, inquiry: int, *, answer: str, actor: str, version: int | None = None) -> Inquiry:
        """What the office answered."""
        answer = one_line(answer, "answer", _LONGEST)
        if is_blank(answer):
            raise ComplaintError("answer", "say what they answered")
        async with work(self._archive, actor) as doing:
            await _ready(doing.connection, inquiry, ("open",), version)
            await doing.connection.execute(
                "update inquiry set state = 'answered', answered = ?, answer = ?, version = version + 1 where id = ?",
                (doing.now, answer, inquiry),
            )
            doing.enter("inquiry", str(inquiry), "answered", answer)
        return await self.find(inquiry)

    async def close(
        self, inquiry: int, *, finding: str, reason: str, actor: str, version: int | None = None
    ) -> Inquiry:
        """Say what was found: the leak is confirmed, unfounded, or it stays unclear."""
        if finding not in FINDINGS:
            raise ComplaintError("finding", f"{finding[:40]!r} is none; choose from {', '.join(FINDINGS)}")
        reason = one_line(reason, "reason", _LONGEST)
        if is_blank(reason):
            raise ComplaintError("reason", "say how that is known")
        async with work(self._archive, actor) as doing:
            await _ready(doing.connection, inquiry, ("open", "answered"), version)
            await doing.connection.execute(
                "update inquiry set state = 'closed', closed = ?, closed_by = ?, finding = ?, reason = ?, "
                "version = version + 1 where id = ?",
                (doing.now, actor, finding, reason, inquiry),
            )
            doing.enter("inquiry", str(inquiry), "closed", reason, finding)
        return await self.find(inquiry)

    async def _title(self, office: str) -> str:
        office = one_line(office, "office")
        if not office:
            raise ComplaintError("office", "say which office")
        title = (await titles(self._archive.store.connection, [office])).get(office, office)
        if "*" not in title:
            return title
        return as_named(title, [one.office for one in await board(self._archive)], self._archive.country)


async def overdue(archive: Archive) -> list[Inquiry]:
    """Inquiries whose answer is late, the latest first."""
    query = sql("select {columns} from inquiry where state = 'open' and due < ? order by due", columns=_COLUMNS)
    return [Inquiry(*row) for row in await archive.store.connection.execute_fetchall(query, (archive.now(),))]


async def _find(connection: Connection, inquiry: int) -> Inquiry:
    query = sql("select {columns} from inquiry where id = ?", columns=_COLUMNS)
    rows = list(await connection.execute_fetchall(query, (inquiry,)))
    if not rows:
        raise NotFound("inquiry", f"there is no inquiry {inquiry}")
    return Inquiry(*rows[0])


async def _ready(connection: Connection, inquiry: int, states: tuple[str, ...], version: int | None) -> None:
    found = await _find(connection, inquiry)
    if found.state not in states or (version is not None and version != found.version):
        who = found.closed_by or found.opened_by
        raise Conflict("inquiry", f"inquiry {inquiry} is {found.state} now", who=who, when=found.closed or found.opened)
