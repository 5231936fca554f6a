"""Complaints come in: checked, tied to their call, written with their case and sums in one transaction, numbered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from desk import people_counts
from desk.archive import Archive
from desk.arrivals import enter, newest
from desk.case_files import CaseFile, case_of, open_cases
from desk.complaint_rows import Channel, Complaint, find
from desk.evidence import Tie
from desk.faults import ComplaintError, Conflict, Refused
from desk.letters import ask_to_confirm, contact_key, tell
from desk.matching import CallRecord, find_calls, record_of
from desk.offices import known_as
from desk.protection import accusable, may_work
from desk.reading import NewComplaint, Read, read_complaint
from desk.secrecy import new_reference
from desk.spellings import settled
from desk.states import COUNTED, OPEN, CaseState, ComplaintState, stored
from desk.weighing import mark_shared
from desk.work import work
from rules.model import Number
from rules.storage.statements import sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

_AT_ONCE = 5_000
_ENDED_AT_ONCE = 500
_LATE_S = 900.0  # a record is on disk a moment after its call has ended, and nothing rings longer
_INSERT = (
    "insert into complaint (reference, received, call_at, call_day, accused, reporter, line, category, channel, "
    "source, business, knew, branch, contents, decision, tie, never_called, state, state_at, case_id, contact_key, "
    "heard, shared) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
)
_UNTIED = sql(
    "select id, accused, line, received, case_id from complaint where received >= ? and decision = '' "
    "and {counted} order by received desc limit ?",
    counted=COUNTED,
)
_KNOWN = (
    "select c.reference, c.accused, c.reporter, c.call_day, c.channel, c.state, c.tie, c.never_called, c.case_id "
    "from json_each(?) j join complaint c on c.accused = j.value ->> 0 and c.reporter = j.value ->> 1 "
    "and c.call_day = j.value ->> 2 and c.channel = j.value ->> 3 and c.state <> 'withdrawn'"
)


class Filed(NamedTuple):
    """What the reporter is told at once."""

    reference: str
    state: ComplaintState
    duplicate: bool  # it was known already and adds nothing
    tie: Tie
    never_called: bool
    case_id: int


_Key = tuple[str, str, int, str]  # accused, reporter, day of the call, channel: once is enough


class Intake:
    """The ways in end here."""

    def __init__(self, archive: Archive, heed: Callable[[list[CaseFile]], Awaitable[None]]) -> None:
        self._archive = archive
        self._heed = heed  # what policy does by itself once complaints are in

    async def file(self, new: NewComplaint) -> Filed:
        """Take one complaint; on disk when this returns."""
        read = await self._read(new)
        return (await self.keep([read]))[0]

    async def file_many(self, news: Sequence[NewComplaint]) -> list[Filed | ComplaintError]:
        """Take many, some thousands in a transaction; what is wrong with one stops no other."""
        found: list[Filed | ComplaintError] = []
        numbers: dict[str, Number | ComplaintError] = {}
        for start in range(0, len(news), _AT_ONCE):
            piece: list[Read | ComplaintError] = []
            for new in news[start : start + _AT_ONCE]:
                try:
                    piece.append(await self._read(new, numbers))
                except ComplaintError as error:
                    piece.append(error)
            filed = iter(await self.keep([one for one in piece if isinstance(one, Read)]))
            found += [next(filed) if isinstance(one, Read) else one for one in piece]
        return found

    async def withdraw(self, reference: str, *, actor: str, reason: str = "") -> Complaint:
        """Take a complaint back; it loses its effect. After a seal the case goes on top, and nothing else happens."""
        return await self._end(reference, ComplaintState.WITHDRAWN, actor, reason)

    async def reject(self, reference: str, *, actor: str, reason: str) -> Complaint:
        """An officer finds that a complaint is none; it loses its effect."""
        may_work(self._archive, actor)
        if is_blank(reason):
            raise ComplaintError("reason", "say why it is rejected: the reporter is told")
        return await self._end(reference, ComplaintState.REJECTED, actor, reason)

    async def keep(self, reads: Sequence[Read]) -> list[Filed]:
        """Write what was read, in one transaction; duplicates get the number that they had."""
        if not reads:
            return []
        archive = self._archive
        calls = await self._calls(reads)
        now = archive.now()
        async with work(archive, "", officer=False) as doing:
            connection = doing.connection
            reads = await _spelled(connection, reads, archive.settings.offices)
            known = await _known(connection, reads)
            fresh = {key: read for read in reversed(reads) if (key := _key(read)) not in known}
            numbers = {read.accused.canonical: read.accused for read in fresh.values()}
            cases = await open_cases(archive, connection, numbers, now) if numbers else {}
            filed: dict[_Key, Filed] = {}
            rows: list[tuple[Any, ...]] = []
            for key, read in reversed(fresh.items()):
                case = cases[read.accused.canonical]
                filed[key], row = self._row(read, case, calls, now)
                rows.append(row)
                doing.count(_keys(read, case), "complaints", now)
            before = await newest(connection, "complaints")
            await connection.executemany(_INSERT, rows)
            await enter(connection, "complaints", before, now)
            await mark_shared(connection, before)
            doing.sums.update(await people_counts.came(archive, connection, before, now))
            addressed = [(row[0], row[-2], row[4]) for row in rows if row[-2]]
            await ask_to_confirm(connection, addressed, now)
        # What is tied to no call moves no policy, so a flood of it costs nothing here either.
        called = {number for number, _ in calls}
        await self._heed([case for number, case in cases.items() if number in called])
        answers = []
        for read in reads:
            key = _key(read)
            answers.append(known.get(key) or filed[key])
            if key in filed:
                known[key] = filed[key]._replace(duplicate=True)
        return answers

    async def tie_late(self) -> int:
        """Tie to their calls the complaints of the last minutes that came before the record did; how many."""
        archive = self._archive
        connection = archive.store.connection
        rows = await connection.execute_fetchall(_UNTIED, (archive.now() - _LATE_S, _AT_ONCE))
        if not (rows := list(rows)):
            return 0
        calls = await find_calls(archive, [(row[1], row[2]) for row in rows])
        tied = {  # not to a call that came after it
            row[0]: (call, row[4]) for row in rows if (call := calls.get((row[1], row[2]))) and call.at <= row[3]
        }
        if not tied:
            return 0
        async with archive.store.transaction() as connection:
            await connection.executemany(
                "update complaint set decision = ?, tie = ?, never_called = 0 where id = ? and decision = ''",
                [(call.decision, call.tie, place) for place, (call, _) in tied.items()],
            )
        cases = [await case_of(connection, case) for case in sorted({case for _, case in tied.values()})]
        await self._heed([case for case in cases if case.state in OPEN])
        return len(tied)

    async def _read(self, new: NewComplaint, numbers: dict[str, Number | ComplaintError] | None = None) -> Read:
        known = numbers.get(new.accused) if numbers is not None else None
        if known is None:
            try:
                known = await accusable(self._archive, new.accused)
            except ComplaintError as error:
                known = error
            if numbers is not None:
                numbers[new.accused] = known
        if isinstance(known, ComplaintError):
            raise known
        read = read_complaint(self._archive, new, known)
        if read.decision and (call := await record_of(self._archive, read.decision)) and call.emergency:
            raise Refused("decision", "it was an emergency call: these count for nothing, and none is complained about")
        return read

    async def _calls(self, reads: Sequence[Read]) -> dict[tuple[str, str], CallRecord]:
        """The judged call of each accused number and line."""
        calls = await find_calls(self._archive, [(read.accused.canonical, read.line) for read in reads])
        for read in reads:
            if not read.decision:
                continue
            record = await record_of(self._archive, read.decision)
            if record is not None and (record.caller, record.line) == (read.accused.canonical, read.line):
                calls[record.caller, record.line] = record
        return calls

    def _row(
        self, read: Read, case: CaseFile, calls: Mapping[tuple[str, str], CallRecord], now: float
    ) -> tuple[Filed, tuple[Any, ...]]:
        call = calls.get((read.accused.canonical, read.line))
        tie = call.tie if call else Tie.UNTIED
        if call and read.channel is Channel.UNWANTED:
            tie = Tie.UNWANTED
        reference = new_reference("C")
        state = _state_in(case)
        filed = Filed(reference, state, False, tie, call is None and read.line_known, case.id)
        row = (
            *(reference, now, read.at, read.day, read.accused.canonical, read.reporter, read.line, read.category),
            *(read.channel, read.source, read.business, " ".join(read.knew), read.branch),
            self._archive.secrecy.encrypt(read.contents, reference),
            *(call.decision if call else "", tie, filed.never_called, state, now, case.id),
            *(contact_key(self._archive, read.contents.get("contact", "")), read.heard),
        )
        return filed, row

    async def end_many(
        self, references: Sequence[str], state: ComplaintState, *, actor: str, reason: str
    ) -> list[Complaint | ComplaintError]:
        """Withdraw or reject many, some hundreds in a transaction; what is wrong with one stops no other."""
        may_work(self._archive, actor)
        if state is ComplaintState.REJECTED and is_blank(reason):
            raise ComplaintError("reason", "say why they are rejected: the reporters are told")
        found: list[Complaint | ComplaintError] = []
        for start in range(0, len(references), _ENDED_AT_ONCE):
            found += await self._end_some(references[start : start + _ENDED_AT_ONCE], state, actor, reason)
        return found

    async def _end(self, reference: str, state: ComplaintState, actor: str, reason: str) -> Complaint:
        (found,) = await self._end_some([reference], state, actor, reason)
        if isinstance(found, ComplaintError):
            raise found
        return found

    async def _end_some(
        self, references: Sequence[str], state: ComplaintState, actor: str, reason: str
    ) -> list[Complaint | ComplaintError]:
        found: list[Complaint | ComplaintError] = []
        async with work(self._archive, actor, officer=False) as doing:
            connection, now = doing.connection, doing.now
            for reference in references:
                try:
                    complaint = await _open_complaint(connection, reference)
                except ComplaintError as error:  # nothing was written for it
                    found.append(error)
                    continue
                await _ended(connection, complaint, state, now)
                doing.sums.update(await people_counts.went(self._archive, connection, complaint))
                doing.count(await _counted_under(connection, complaint), state.value, complaint.received)
                doing.enter("complaint", complaint.reference, state.value, reason, str(complaint.case_id))
                found.append(complaint._replace(state=state, state_at=now))
        return found


async def _open_complaint(connection: Connection, reference: str) -> Complaint:
    """A complaint that was neither withdrawn nor rejected yet."""
    complaint = await find(connection, reference)
    if complaint.state in (ComplaintState.WITHDRAWN, ComplaintState.REJECTED):
        raise Conflict(
            *("state", f"{complaint.reference} is {complaint.state} already"), who="", when=complaint.state_at
        )
    return complaint


async def _ended(connection: Connection, complaint: Complaint, state: ComplaintState, now: float) -> None:
    """It loses its effect; a seal stays, with its case on top; who is rejected is told."""
    await connection.execute("update complaint set state = ?, state_at = ? where id = ?", (state, now, complaint.id))
    if state is ComplaintState.WITHDRAWN:
        await connection.execute(
            "update case_file set on_top = 'a complaint was withdrawn after the seal' "
            "where id = ? and state = 'sealed'",
            (complaint.case_id,),
        )
    if state is ComplaintState.REJECTED:
        await tell(connection, "answer", complaint.reference, state.value, complaint.accused, now)


def _state_in(case: CaseFile) -> ComplaintState:
    """What a complaint is that joins a case: the officer who took the case took it too; a seal answers it at once."""
    if case.state is CaseState.COLLECTING:
        return ComplaintState.RECEIVED
    return ComplaintState.ANSWERED if case.state is CaseState.SEALED else ComplaintState.ACCEPTED


def _key(read: Read) -> _Key:
    return read.accused.canonical, read.reporter, read.day, read.channel


async def _known(connection: Connection, reads: Sequence[Read]) -> dict[_Key, Filed]:
    asked = json.dumps([_key(read) for read in reads])
    found = {}
    for row in await connection.execute_fetchall(_KNOWN, (asked,)):
        reference, accused, reporter, day, channel, state, tie, never, case_id = row
        words = stored(ComplaintState, state, reference), True, stored(Tie, tie, reference)
        found[accused, reporter, day, channel] = Filed(reference, *words, bool(never), case_id)
    return found


async def _spelled(connection: Connection, reads: Sequence[Read], offices: Mapping[str, str]) -> list[Read]:
    """The same with offices as the directory has them, or by their first spelling, and businesses likewise."""
    branches = await known_as(connection, [read.branch for read in reads if read.branch], offices)
    businesses = await settled(connection, "business", [read.business for read in reads if read.business])
    return [
        read._replace(
            branch=(branch := branches.get(read.branch, read.branch)),
            heard=read.branch if read.branch != branch else "",
            business=businesses.get(read.business, read.business),
        )
        if read.branch or read.business
        else read
        for read in reads
    ]


def _keys(read: Read, case: CaseFile) -> list[tuple[str, str]]:
    named = (("category", read.category), ("business", read.business), ("branch", read.branch))
    return [*case.place.keys(), *((name, key) for name, key in named if key)]


async def _counted_under(connection: Connection, complaint: Complaint) -> list[tuple[str, str]]:
    case = await case_of(connection, complaint.case_id)
    named = (("category", complaint.category), ("business", complaint.business), ("branch", complaint.branch))
    return [*case.place.keys(), *((name, key) for name, key in named if key)]
