"""Cases that go to the operator who holds the number and come back with his answer, and those that come to us so.

What is handed over is in the outbox by the step itself: whoever looks finds each case that was given to a partner and
that he has not acknowledged. It is tried until he has it, after pauses that grow, as letters are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from desk.archive import Archive
from desk.case_files import case_of
from desk.cases import Cases
from desk.deadlines import clocks_of
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.outbox import PAUSES_S
from desk.reading import one_line
from desk.states import CaseState
from desk.work import work
from rules.model import NumberClass
from rules.numbering.intervals import encode
from rules.storage.statements import sql

LONGEST_ANSWER: Final = 1_000
_INBOX: Final = sql("id, operator, reference, number, received, due, told, answer, answered, answered_by")


class Due(NamedTuple):
    """Something that a partner has not acknowledged yet."""

    id: int
    kind: str  # case, answer
    about: int
    partner: str


class Sent(NamedTuple):
    """The same as people look at it."""

    id: int
    kind: str
    about: int
    partner: str
    created: float
    attempts: int
    next_try: float
    error: str
    acknowledged: float | None
    reference: str


class HandedIn(NamedTuple):
    """What another operator handed over to us."""

    id: int
    operator: str
    reference: str
    number: str
    received: float
    due: float | None
    told: dict[str, Any]
    answer: str
    answered: float | None
    answered_by: str


class Handing(NamedTuple):
    """The outbox and the inbox of one desk."""

    archive: Archive
    cases: Cases

    async def queue(self, partners: Mapping[str, str]) -> None:
        """Put into the outbox what was handed over to partners. ``partners``: by how an officer may call them."""
        query = (
            "select id, handed_to from case_file where state = ? and their_answer = '' "
            "and id not in (select about from handed_out where kind = 'case')"
        )
        rows = await self.archive.store.connection.execute_fetchall(query, (CaseState.HANDED_OVER.value,))
        found = [(case, partners[name.casefold()]) for case, name in rows if name.casefold() in partners]
        if found:
            await self._put([("case", case, partner) for case, partner in found])

    async def due(self) -> list[Due]:
        """What is to be tried now, the oldest first."""
        query = (
            "select id, kind, about, partner from handed_out where acknowledged is null and next_try <= ? order by id"
        )
        rows = await self.archive.store.connection.execute_fetchall(query, (self.archive.now(),))
        return [Due(*row) for row in rows]

    async def message(self, due: Due) -> dict[str, Any]:
        """What is told: of a case its number, how often and of what people complained and by when; never who."""
        connection = self.archive.store.connection
        if due.kind == "answer":
            found = await self.find(due.about)
            return {"kind": "answer", "reference": found.reference, "answer": found.answer, "ours": str(due.about)}
        case = await case_of(connection, due.about)
        query = sql(
            "select category, count(*) from complaint where case_id = ? and {counting} group by 1 order by 1",
            counting=sql("state in ('received', 'accepted', 'answered')"),
        )
        categories = {row[0] or "other": row[1] for row in await connection.execute_fetchall(query, (case.id,))}
        clocks = {clock.name: clock.due for clock in await clocks_of(connection, "case", case.id) if clock.met is None}
        return {
            "kind": "case",
            "reference": str(case.id),
            "number": case.number,
            "first_complaint": case.first_complaint,
            "complaints": categories,
            "clocks": clocks,
        }

    async def acknowledged(self, due: Due, reference: str) -> None:
        """He has it."""
        async with work(self.archive, "ringfence", officer=False) as doing:
            query = "update handed_out set acknowledged = ?, reference = ?, error = '' where id = ?"
            await doing.connection.execute(query, (doing.now, one_line(reference, "reference"), due.id))
            about = "case" if due.kind == "case" else "handed over to us"
            doing.enter(about, str(due.about), f"{due.kind} acknowledged", "", f"partner {due.partner}")

    async def failed(self, due: Due, error: str) -> None:
        """He could not be told; it is tried again."""
        async with self.archive.store.transaction() as connection:
            query = "select attempts from handed_out where id = ?"
            rows = list(await connection.execute_fetchall(query, (due.id,)))
            pause = PAUSES_S[min(rows[0][0], len(PAUSES_S) - 1)]
            query = "update handed_out set attempts = attempts + 1, next_try = ?, error = ? where id = ?"
            await connection.execute(query, (self.archive.now() + pause, error[:200], due.id))

    async def take(self, partner: str, operator: str, told: Mapping[str, Any]) -> str:
        """Take what an operator tells; under which reference we have it. The same again is the same."""
        if told.get("kind") == "answer":
            return await self._take_answer(partner, told)
        if told.get("kind") != "case":
            raise ComplaintError("kind", "it is neither a case nor an answer")
        reference = one_line(_text(told, "reference"), "reference")
        number = self.archive.read_number(_text(told, "number"), "number")
        if number.kind is NumberClass.EMERGENCY or encode(number.canonical) is None:  # one of ours it may be
            raise Refused("number", "it is no number that somebody holds")
        clocks = told.get("clocks", {})
        if not isinstance(clocks, dict) or not all(isinstance(due, int | float) for due in clocks.values()):
            raise ComplaintError("clocks", "they are no times")
        kept = json.dumps({name: told.get(name) for name in ("first_complaint", "complaints", "clocks")})
        async with work(self.archive, f"partner {partner}", officer=False) as doing:
            query = "select id from handed_in where operator = ? and reference = ?"
            rows = list(await doing.connection.execute_fetchall(query, (operator, reference)))
            if rows:
                return str(rows[0][0])
            query = (
                "insert into handed_in (operator, reference, number, received, due, told) values (?, ?, ?, ?, ?, ?) "
                "returning id"
            )
            values = (operator, reference, number.canonical, doing.now, min(clocks.values(), default=None), kept)
            rows = list(await doing.connection.execute_fetchall(query, values))
            doing.enter("handed over to us", str(rows[0][0]), "received", "", f"{operator}: {reference}")
            return str(rows[0][0])

    async def _take_answer(self, partner: str, told: Mapping[str, Any]) -> str:
        """The answer to a case that we handed over to this partner, and to nobody else."""
        reference, answer = _text(told, "reference"), _text(told, "answer", LONGEST_ANSWER)
        query = "select about from handed_out where kind = 'case' and partner = ? and about = ?"
        asked = (partner, int(reference) if reference.isdigit() and len(reference) < 16 else 0)
        rows = list(await self.archive.store.connection.execute_fetchall(query, asked))
        if not rows:
            raise NotFound("reference", f"no case {reference[:40]!r} was handed over to you")
        case = await case_of(self.archive.store.connection, rows[0][0])
        if case.their_answer != answer:
            await self.cases.answered_by(case.id, partner, answer=answer, reference=_text(told, "ours"))
        return str(case.id)

    async def inbox(self, *, answered: bool = False) -> list[HandedIn]:
        """What was handed over to us and waits for an answer, the most pressing first; or all."""
        only = sql("") if answered else sql("where answered is null")
        query = sql(
            "select {columns} from handed_in {only} order by coalesce(due, received), id", columns=_INBOX, only=only
        )
        rows = await self.archive.store.connection.execute_fetchall(query)
        return [_handed_in(row) for row in rows]

    async def find(self, number: int) -> HandedIn:
        """One of these."""
        query = sql("select {columns} from handed_in where id = ?", columns=_INBOX)
        rows = list(await self.archive.store.connection.execute_fetchall(query, (number,)))
        if not rows:
            raise NotFound("reference", f"nothing was handed over to us under {number}")
        return _handed_in(rows[0])

    async def answer(self, number: int, partner: str, *, actor: str, answer: str) -> HandedIn:
        """Answer it; the answer goes to the operator who handed it over."""
        answer = one_line(answer, "answer", LONGEST_ANSWER)
        if not answer:
            raise ComplaintError("answer", "say what came of it: the reporters are told")
        async with work(self.archive, actor) as doing:
            query = "update handed_in set answer = ?, answered = ?, answered_by = ? where id = ? and answered is null"
            done = await doing.connection.execute(query, (answer, doing.now, actor, number))
            if not done.rowcount:
                found = await self.find(number)
                raise Conflict("reference", "it is answered already", who=found.answered_by, when=found.answered or 0.0)
            await doing.connection.execute(_PUT, ("answer", number, partner, doing.now))
            doing.enter("handed over to us", str(number), "answered", answer)
        return await self.find(number)

    async def outbox(self) -> list[Sent]:
        """All that was given to partners, the newest first."""
        query = (
            "select id, kind, about, partner, created, attempts, next_try, error, acknowledged, reference "
            "from handed_out order by id desc limit 200"
        )
        return [Sent(*row) for row in await self.archive.store.connection.execute_fetchall(query)]

    async def _put(self, rows: Sequence[tuple[str, int, str]]) -> None:
        async with self.archive.store.transaction() as connection:
            await connection.executemany(_PUT, [(*row, self.archive.now()) for row in rows])


_PUT: Final = "insert into handed_out (kind, about, partner, created) values (?, ?, ?, ?) on conflict do nothing"


def _handed_in(row: Any) -> HandedIn:
    number, operator, reference, canonical, received, due, told, answer, answered, answered_by = row
    return HandedIn(
        *(number, operator, reference, canonical, received, due),
        *(json.loads(told), answer, answered, answered_by),
    )


def _text(told: Mapping[str, Any], name: str, longest: int = 100) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not found.strip() or len(found) > longest:
        raise ComplaintError(name, f"it is no text of 1 to {longest} characters")
    return found
