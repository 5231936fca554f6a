"""What a seal does to the operator's allow lists: it suspends whatever allows the number, however and whenever it came.

Nothing is taken off a list and put back: whether an allow entry counts is asked of the seals that stand, in the query
that finds the entry. So no order of adding, importing, undoing, sealing and releasing can free a sealed number or lose
an entry, and an import of a million allowed numbers costs nothing more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rules.lists.conflicts import in_holes, written_holes
from rules.lists.origins import OPERATOR, Entry
from rules.numbering.intervals import Interval, digits_of, interval_of
from rules.storage.statements import sql
from rules.storage.store import Connection
from rules.texts.worded import worded

# The seal that stands on the number ?1. It depends on no row: SQLite asks once, and only when an entry was found.
STANDS = sql("(select id from seal where code = ?1 and released is null)")
_SEALS = "select code, number, id, case_id from seal where released is null and code between ? and ? order by code"
_SEAL_ROWS = "select code from seal where released is null and list = ?"
_ALLOWING = (
    "select l.name, '', '', 0, o.owner, o.source, o.author from exact e join list l on l.id = e.list "
    "join origin o on o.id = e.origin where e.code = ?1 and l.kind = 'allow' and l.configured and not l.shared "
    "union all select l.name, w.text, w.holes, w.places, o.owner, o.source, o.author from span s "
    "join wide w on w.id = s.wide join list l on l.id = w.list join origin o on o.id = w.origin where s.start = "
    "(select start from span where start <= ?1 order by start desc limit 1) and w.stop >= ?1 "
    "and l.kind = 'allow' and l.configured and not l.shared"
)
_ON_LIST = (
    "select s.code, s.number, s.id, s.case_id, '' , 0 from seal s join exact e on e.code = s.code "
    "where s.released is null and e.list = ?1 and e.origin >= ?2 union all "
    "select s.code, s.number, s.id, s.case_id, w.holes, w.places from seal s join span p on p.start = "
    "(select start from span where start <= s.code order by start desc limit 1) join wide w on w.id = p.wide "
    "where s.released is null and w.list = ?1 and w.origin >= ?2 and w.stop >= s.code order by 1"
)


class StandingSeal(NamedTuple):
    """A seal that stands."""

    code: int
    number: str
    id: int
    case_id: int

    def __str__(self) -> str:
        """As people are told: ``CN:95012345 stays sealed (seal 3, case 7)``."""
        return f"{self.number} stays sealed (seal {self.id}, case {self.case_id})"


class Suspension(NamedTuple):
    """An allow entry that does not pass the number while it is sealed."""

    list: str
    entry: str
    owner: str  # who answers for the entry, else who wrote it down, else where it came from


async def seals_between(connection: Connection, start: int, stop: int) -> list[StandingSeal]:
    """The seals that stand on numbers from one code to another, in the order of the codes."""
    return [StandingSeal(*row) for row in await connection.execute_fetchall(_SEALS, (start, stop))]


async def seals_on_list(connection: Connection, list_id: int, *, since_origin: int = 0) -> list[StandingSeal]:
    """The seals that stand on numbers which a list covers, by entries of an origin from this one on."""
    rows: Iterable[Any] = await connection.execute_fetchall(_ON_LIST, (list_id, since_origin))
    found = {row[0]: StandingSeal(*row[:4]) for row in rows if _covers(StandingSeal(*row[:4]), row[5], row[4])}
    return list(found.values())


async def codes_sealed_onto(connection: Connection, list_id: int) -> frozenset[int]:
    """The numbers that seals hold on a list of kind sealed: editing and imports leave these entries alone."""
    return frozenset(row[0] for row in await connection.execute_fetchall(_SEAL_ROWS, (list_id,)))


async def allowing(connection: Connection, number: Interval) -> tuple[Suspension, ...]:
    """What would pass a single number on the operator's allow lists, were it not sealed."""
    rows = await connection.execute_fetchall(_ALLOWING, (number.start,))
    return tuple(
        Suspension(name, text or number.text, owner or (author if source == OPERATOR.source else "") or source)
        for name, text, holes, places, owner, source, author in rows
        if places in (0, number.places) and not in_holes(holes, number.start)
    )


async def with_seals(connection: Connection, entries: Sequence[Entry], *, number: str = "") -> list[Entry]:
    """Entries of operators' allow lists, told which sealed numbers they don't pass: of all, or of one number."""
    spans = [interval_of(number or entry.text) for entry in entries]
    if not spans:
        return []
    seals = await seals_between(connection, min(span.start for span in spans), max(span.stop for span in spans))
    if not seals:
        return list(entries)
    codes = [seal.code for seal in seals]
    found = []
    for entry, span in zip(entries, spans, strict=True):
        holes = written_holes(tuple(interval_of(text) for text in entry.exceptions))
        near = seals[bisect_left(codes, span.start) : bisect_right(codes, span.stop)]
        inside = [seal for seal in near if _covers(seal, span.places, holes)]
        why = ""
        if inside and span.exact:
            first = inside[0]
            why = worded("suspended by seal %(seal)s (case %(case)s)", seal=first.id, case=first.case_id)
        found.append(replace(entry, sealed=tuple(map(str, inside)), suspended=why))
    return found


def is_whole(text: str) -> bool:
    """Is it one number, and no prefix or range?"""
    return text[-1:] != "*" and ".." not in text


def untold(entry: Entry) -> Entry:
    """The same without what seals do to it: who asks for half a range, and half of that, would find the number."""
    return replace(entry, sealed=(), suspended="")


def _covers(seal: StandingSeal, places: int, holes: str) -> bool:
    return places in (0, len(digits_of(seal.number))) and not in_holes(holes, seal.code)
