"""The whole story of a case, in the order in which it happened, down to what its seal has stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain, repeat
from typing import NamedTuple

from desk.archive import Archive
from desk.case_files import CaseFile, case_of, clocks
from desk.counting import stopped_since
from desk.deadlines import Clock
from desk.disclosure import LOOKS
from desk.evidence import UNITS, Evidence, Said, Tie, one_each
from desk.holders import owner_of
from desk.showing import worded
from desk.states import COUNTED, COUNTS, CaseState
from desk.weighing import evidence_of
from rules.audit.chain import deeds_of
from rules.storage.statements import joined, quoted, sql

_HOUR_S = 3_600.0
_NAMED = 20  # complaints told one by one; more are told by day
_STANDING = sql("from complaint indexed by complaint_evidence where case_id = ? and {counted}", counted=COUNTED)
_NEXT = sql("select min(received) {standing} and received >= ?", standing=_STANDING)
_OF_A_DAY = sql(
    "select {by_tie} {standing} and received >= ? and received < ?",
    by_tie=joined(", ", (sql("sum(tie = {tie})", tie=quoted([tie])) for tie in Tie)),
    standing=_STANDING,
)


class Event(NamedTuple):
    """Something that happened."""

    at: float
    who: str
    what: str
    why: str = ""


class Story(NamedTuple):
    """A case from its first complaint to now."""

    case: CaseFile
    clocks: list[Clock]
    evidence: Evidence
    events: list[Event]
    owner: str  # whose the number is, as far as somebody said
    ending: str  # one line: where it stands
    ties: dict[str, int]  # complaints that count, by what ties them to a call
    told_at: float
    warnings: list[str]  # what makes its deadlines uncertain


async def story_of(archive: Archive, case_id: int) -> Story:
    """Everything about a case."""
    connection, home = archive.store.connection, archive.country
    case = await case_of(connection, case_id)
    by_day = await _by_day(archive, case)
    events = await _complaints(archive, case, by_day)
    deeds = [deed for deed in await deeds_of(connection, "case", str(case_id)) if deed.step not in LOOKS]
    events += [Event(deed.at, deed.actor, _told(deed.step, worded(deed.detail, home)), deed.reason) for deed in deeds]
    events += await _ended(archive, case_id)
    events += await _appeals(archive, case)
    events += await _undelivered(archive, case_id)
    found = await clocks(connection, case_id)
    events.sort(key=lambda event: event.at)
    events = [event._replace(why=worded(event.why, home)) for event in events]
    return Story(
        case=case,
        clocks=found,
        evidence=await evidence_of(archive, case),
        events=events,
        owner=worded(await owner_of(archive, case.number), home),
        ending=await ending(archive, case),
        ties=_ties(by_day),
        told_at=archive.now(),
        warnings=archive.deadlines.warnings(found, archive.case_spans),
    )


async def ending(archive: Archive, case: CaseFile) -> str:
    """Where a case stands, in one line."""
    now = archive.now()
    if case.state is CaseState.SEALED and case.sealed is not None:
        assert case.seal is not None
        calls, exact = await stopped_since(archive, case.number, case.seal, case.sealed)
        return (
            f"sealed {_span(case.sealed - case.first_complaint)} after the first complaint; "
            f"{calls:,} {'call' if calls == 1 else 'calls'} stopped since"
            f"{'' if exact else ', all of its first day among them'}"
        )
    if case.state is CaseState.RELEASED and case.closed is not None and case.sealed is not None:
        return f"released {_span(case.closed - case.sealed)} after it was sealed"
    if case.closed is not None:
        whom = f" to {worded(case.handed_to, archive.country)}" if case.handed_to else ""
        waits = ", no answer yet" if case.state is CaseState.HANDED_OVER and not case.their_answer else ""
        return f"{case.state}{whom} {_span(case.closed - case.first_complaint)} after the first complaint{waits}"
    return f"{case.state} for {_span(now - case.first_complaint)} since the first complaint"


class _Day(NamedTuple):
    """Complaints that stand, of one day, by tie."""

    first: float
    ties: Counter[str]


async def _by_day(archive: Archive, case: CaseFile) -> list[_Day]:
    """Read out of one index, day after day: grouping a million by day would sort them first, for two seconds."""
    connection = archive.store.connection
    found: list[_Day] = []
    since = 0.0
    while (first := next(iter(await connection.execute_fetchall(_NEXT, (case.id, since))))[0]) is not None:
        since = archive.day_ends(first)
        (row,) = await connection.execute_fetchall(_OF_A_DAY, (case.id, first, since))
        found.append(_Day(first, Counter(dict(zip(Tie, row, strict=True)))))
    return found


async def _complaints(archive: Archive, case: CaseFile, by_day: list[_Day]) -> list[Event]:
    """Each, or where there are many those that stand, day by day."""
    query = "select count(*) from complaint where case_id = ?"
    connection = archive.store.connection
    count = next(iter(await connection.execute_fetchall(query, (case.id,))))[0]
    if count > _NAMED:
        return [Event(day.first, "reporters", _many(day.ties.total())) for day in by_day]
    query = (
        "select reporter, line, tie, received, state, reference, channel, category, business from complaint "
        "where case_id = ?"
    )
    rows = list(await connection.execute_fetchall(query, (case.id,)))
    said = [Said(row[0], row[1], Tie(row[2]), row[3]) for row in rows]
    weighs = _weights(archive, [one for one, row in zip(said, rows, strict=True) if row[4] in COUNTS])
    return [
        Event(
            *(one.received, "reporter"),
            f"complaint {reference} by {channel}: {category}, {one.tie}{_for(worded(business, archive.country))}; "
            + (state if state not in COUNTS else next(weighs[one])),
        )
        for one, (*_, state, reference, channel, category, business) in zip(said, rows, strict=True)
    ]


def _many(complaints: int) -> str:
    return f"{complaints:,} {'complaint' if complaints == 1 else 'complaints'}"


def _weights(archive: Archive, said: list[Said]) -> dict[Said, Iterator[str]]:
    """What each complaint weighs now, or that it does not count."""
    words: dict[Said, list[str]] = {}
    for units, one in one_each(said, archive.now(), archive.settings.half_life_days):
        words.setdefault(one, []).append(f"weighs {units / UNITS:.2f}")
    other = "weighs nothing, its reporter or line counts already"
    return {one: chain(words.get(one, []), repeat(other)) for one in said}


def _ties(by_day: list[_Day]) -> dict[str, int]:
    found = Counter[str]()
    for day in by_day:
        found += day.ties  # drops what is 0
    return {str(tie): count for tie, count in sorted(found.items())}


async def _ended(archive: Archive, case_id: int) -> list[Event]:
    """Complaints that were withdrawn or rejected."""
    query = (
        "select s.at, s.actor, s.subject_id, s.step, s.reason from complaint c "
        "join step s on s.subject = 'complaint' and s.subject_id = c.reference "
        "where c.case_id = ? and c.state in ('withdrawn', 'rejected') and s.step in ('withdrawn', 'rejected')"
    )
    rows = await archive.store.connection.execute_fetchall(query, (case_id,))
    return [Event(at, who, f"complaint {reference} {step}", why) for at, who, reference, step, why in rows]


async def _appeals(archive: Archive, case: CaseFile) -> list[Event]:
    query = (
        "select s.at, s.actor, a.reference, s.step, a.attacks, s.reason from appeal a join step s "
        "on s.subject = 'appeal' and s.subject_id = a.reference where a.number = ? and a.received >= ? "
        "and a.received <= coalesce(?, 1e18) and s.step in ('filed', 'granted', 'refused')"
    )
    values = (case.number, case.opened, case.closed)
    rows = await archive.store.connection.execute_fetchall(query, values)
    return [
        Event(at, who, f"appeal {reference} against the {attacks} {step}", why)
        for at, who, reference, step, attacks, why in rows
    ]


async def _undelivered(archive: Archive, case_id: int) -> list[Event]:
    """Letters to reporters that were given up, the latest."""
    query = (
        "select l.given_up, l.reference, l.error, l.id from letter l join complaint c on c.reference = l.reference "
        "where c.case_id = ? and l.given_up is not null and l.sent is null order by l.given_up desc limit ?"
    )
    rows = await archive.store.connection.execute_fetchall(query, (case_id, _NAMED))
    return [
        Event(
            at, "ringfence", f"letter {letter} to the reporter of {reference} given up", worded(error, archive.country)
        )
        for at, reference, error, letter in rows
    ]


def _for(business: str) -> str:
    """In quotation marks, as all that a reporter names: it may read like the words of this line."""
    return f", on behalf of {json.dumps(business, ensure_ascii=False)}" if business else ""


def _told(step: str, detail: str) -> str:
    return f"{step} ({detail})" if detail else step


def _span(seconds: float) -> str:
    hours = seconds / _HOUR_S
    if hours < 1:
        return f"{seconds / 60:.0f} min"
    return f"{hours:.0f} h" if hours < 96 else f"{hours / 24:.0f} days"
