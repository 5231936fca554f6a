"""Seals held against the entries of their cases, and the entries on the lists that make them act against the seals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from desk.archive import Archive
from desk.case_files import CaseFile
from desk.seals import FINISHED, begun_by
from desk.states import CaseState, CaseStep
from rules.audit.chain import OURSELVES, Deed
from rules.numbering.intervals import decode, number_interval
from rules.storage.store import Connection

_SEAL: Final = re.compile(r"seal (\d+)")
_APART_S: Final = 60.0  # a seal is committed before the entry that tells of it
_IN_FORCE: Final = (CaseState.SEALED, CaseState.VERIFIED)  # verified: its step is being finished


class _Row(NamedTuple):
    """A seal as it lies in the database of lists."""

    id: int
    case_id: int
    code: int
    number: str
    list: str
    owner: str
    author: str
    reason: str
    sealed: float
    released: float | None
    release_author: str
    release_reason: str


class _Told(NamedTuple):
    """What the entries of a case say of a seal."""

    case_id: int
    set: Deed
    released: Deed | None


def apart(one: object, other: object, seconds: float) -> bool:
    """Do two times lie further from each other? What is no time lies far from any."""
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return True
    return abs(one - other) > seconds


async def seal_faults(archive: Archive, cases: Sequence[CaseFile], done: Mapping[str, Sequence[Deed]]) -> list[str]:
    """What of the seals is not as the entries say, and which of those that stand stop nobody."""
    connection = archive.lists.store.connection
    seals = await _seals(connection)
    entries = await _entries(connection, archive.now())
    told = {number: one for case in cases for number, one in _told(case.id, done.get(str(case.id), ()))}
    numbers = {case.id: case.number for case in cases}
    states = {case.id: case.state for case in cases}
    lists = {name for name, policy in archive.lists.settings.items() if policy.kind == "sealed"}
    faults = [
        f"seal {number} of case {one.case_id} is missing: its entries tell of it"
        for number, one in told.items()
        if number not in seals
    ]
    for seal in seals.values():
        if (one := told.get(seal.id)) is not None:
            faults += [f"seal {seal.id}: {fault}" for fault in _against(seal, one, numbers[one.case_id])]
        if seal.released is None:
            faults += _in_force(seal, states, entries, lists)
        if seal.id not in told and numbers.get(seal.case_id, seal.number) != seal.number:
            faults.append(f"seal {seal.id}: its number is {seal.number}, and case {seal.case_id} is about another")
    faults += [
        f"case {case.id}: seal {case.seal} is of case {seals[case.seal].case_id}"
        for case in cases
        if case.seal in seals and seals[case.seal].case_id != case.id
    ]
    sealed = {seal.case_id for seal in seals.values() if seal.released is None}
    standing = {f"seal {seal.id}": seal.code for seal in seals.values() if seal.released is None}
    faults += [
        f"list {name} stops {decode(code)} because of {source}, which does not stand for it"
        for (code, name), source in entries.items()
        if _SEAL.fullmatch(source) and standing.get(source) != code
    ]
    lacking = [one for one, state in states.items() if state == CaseState.SEALED and one not in sealed]
    return [*faults, *(f"case {one}: it is sealed, and no seal of it stands" for one in lacking)]


async def odd_seals(archive: Archive) -> tuple[list[int], list[int]]:
    """Cases that are sealed and whose numbers ring, and cases that are released and whose seals stand.

    The lists are older than they, or somebody took a seal away.
    """
    query = "select number, case_id from seal where released is null"
    standing = {row[0]: row[1] for row in await archive.lists.store.connection.execute_fetchall(query)}
    query = "select id, number, state from case_file where state in (?, ?) order by id"
    states = (CaseState.SEALED, CaseState.RELEASED)
    cases = list(await archive.store.connection.execute_fetchall(query, states))
    lost = [case_id for case_id, number, state in cases if state == CaseState.SEALED and number not in standing]
    kept = [one for one, number, state in cases if state == CaseState.RELEASED and standing.get(number) == one]
    return lost, kept


def _told(case_id: int, deeds: Sequence[Deed]) -> Iterator[tuple[int, _Told]]:
    """The seals of a case by their numbers; one that a stop left unfinished has none in its entry."""
    begun: tuple[int, Deed] | None = None
    released: Deed | None = None
    for deed in deeds:
        found = _SEAL.match(deed.detail)
        if begun is not None and found and int(found[1]) == begun[0] and _restated(deed):
            continue
        if deed.step in (CaseStep.SEAL, CaseStep.SEAL_AGAIN) and found:  # what was set again stands for the one before
            begun, released = (int(found[1]), deed), None
        elif deed.step in (CaseStep.RELEASE, CaseStep.RELEASE_AGAIN) and begun is not None:
            begun, released = (int(found[1]) if found else begun[0], begun[1]), deed
    if begun is not None:
        yield begun[0], _Told(case_id, begun[1], released)


def _against(seal: _Row, told: _Told, number: str) -> Iterator[str]:
    """What a seal has other than its case and its entries."""
    interval = number_interval(number)
    pairs: list[tuple[str, object, object]] = [
        ("its case", seal.case_id, told.case_id),
        ("its number", seal.number, number),
        ("its code", seal.code, interval.start if interval is not None else None),
        ("who set it", *_by_whom(seal.author, told.set)),
        ("why", seal.reason, told.set.reason),
        ("was it released", seal.released is not None, told.released is not None),
    ]
    released = told.released
    if seal.released is not None and released is not None and (released.actor != OURSELVES or _finished(released)):
        pairs += [
            ("who released it", *_by_whom(seal.release_author, released)),
            ("why it was released", seal.release_reason, released.reason),
        ]
    yield from (f"{what} is {found}, by its entries {value}" for what, found, value in pairs if found != value)
    for at, deed in ((seal.sealed, told.set), (seal.released, told.released)):
        if at is None or deed is None or not apart(at, deed.at, _APART_S):
            continue
        if FINISHED in deed.detail and isinstance(at, float) and at < deed.at:  # whenever somebody opened the desk next
            continue
        yield "its times are not those of its entries"
    if any(owner not in told.set.detail for owner in seal.owner.split(", ")):
        yield f"it suspends entries of {seal.owner}, which its entry does not say"


def _by_whom(author: str, deed: Deed) -> tuple[str, str]:
    """Who stands on the seal, and who does in its entry; of what the service finished, who is said to have begun."""
    if not _finished(deed):
        return author, deed.actor
    return begun_by(author), deed.detail[deed.detail.index(FINISHED) :]


def _finished(deed: Deed) -> bool:
    """Did the service enter it for who had begun it?"""
    return deed.actor == OURSELVES and FINISHED in deed.detail


def _restated(deed: Deed) -> bool:
    """Did the service only put right which seal the case names? Who set the seal stays who set it."""
    return deed.actor == OURSELVES and deed.step == CaseStep.SEAL_AGAIN and deed.detail.endswith(FINISHED)


def _in_force(
    seal: _Row, states: Mapping[int, CaseState], entries: Mapping[tuple[int, str], str], lists: set[str]
) -> Iterator[str]:
    """Does a seal that stands belong to a case that is sealed, and is the number held back by it?"""
    if states.get(seal.case_id) not in _IN_FORCE:
        yield f"case {seal.case_id}: a seal of it stands, and it is {states.get(seal.case_id, 'gone')}"
    if seal.list not in lists:
        yield f"seal {seal.id}: its list {seal.list or 'is gone'} is none of seals, so that it stops nobody"
    elif entries.get((seal.code, seal.list)) != f"seal {seal.id}":
        yield f"seal {seal.id}: the entry is gone from list {seal.list}, so that it stops nobody"


async def _seals(connection: Connection) -> dict[int, _Row]:
    query = (
        "select s.id, s.case_id, s.code, s.number, coalesce(l.name, ''), s.owner, s.author, s.reason, s.sealed, "
        "s.released, s.release_author, s.release_reason from seal s left join list l on l.id = s.list order by s.id"
    )
    return {row[0]: _Row(*row) for row in await connection.execute_fetchall(query)}


async def _entries(connection: Connection, now: float) -> dict[tuple[int, str], str]:
    """What stands on lists because of seals, and counts: its source by number and list."""
    query = (
        "select e.code, l.name, o.source from exact e join origin o on o.id = e.origin join list l on l.id = e.list "
        "where o.source like 'seal %' and (o.expires is null or o.expires > ?) and (o.review is null or o.review > ?)"
    )
    return {(row[0], row[1]): row[2] for row in await connection.execute_fetchall(query, (now, now))}
