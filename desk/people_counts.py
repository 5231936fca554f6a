"""How many people complained, by key and period: a running total, of which a person is one part however often he does.

No sum of complaints can tell it. Who comes is held against what he said before in the same quarter, month and day; who
takes something back, against what still stands of him.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from desk.archive import Archive
from desk.complaint_rows import Complaint
from desk.states import COUNTED
from desk.tallies import Sums
from rules.storage.statements import sql
from rules.storage.store import Connection

MEASURE = "reporters"
NINES = "95/96"  # both classes together: what the campaign against nuisance calls is measured by
OF_NINES = ("cn-95", "cn-96")
_COLUMNS = sql("c.id, c.received, c.reporter, f.class, f.prefix, f.code, f.holder, c.category, c.business, c.branch")
_SAID = sql(
    "select {columns} from complaint c indexed by complaint_person join case_file f on f.id = c.case_id "
    "where c.reporter in (select value from json_each(?)) and c.received >= ? and c.received < ? and c.{counted}",
    columns=_COLUMNS,
    counted=COUNTED,
)
_ONE = sql("select {columns} from complaint c join case_file f on f.id = c.case_id where c.id = ?", columns=_COLUMNS)
_DIMENSIONS = ("class", "prefix", "code", "holder", "category", "business", "branch")
_Key = tuple[str, str]


class _Span(NamedTuple):
    """A day, month or quarter."""

    name: str
    first: float
    after: float

    def holds(self, at: float) -> bool:
        """Does this moment lie in it?"""
        return self.first <= at < self.after


async def came(archive: Archive, connection: Connection, behind: int, at: float) -> Sums:
    """What those add whose complaints have greater ids than this one; all of them came in at this moment."""
    query = "select distinct reporter from complaint where id > ?"
    people = [row[0] for row in await connection.execute_fetchall(query, (behind,))]
    spans, sums = _spans(archive, at), Sums()
    for rows in (await _said(connection, people, spans)).values():
        keyed = [(row[0] > behind, row[1], _keys(row)) for row in rows]
        for span in spans:
            before, now = set[_Key](), set[_Key]()
            for new, received, keys in keyed:
                if span.holds(received):
                    (now if new else before).update(keys)
            for dimension, key in now - before if before else now:
                sums[dimension, key, span.name, MEASURE] += 1
    return sums


async def went(archive: Archive, connection: Connection, complaint: Complaint) -> Sums:
    """What goes with a complaint that counts no more, unless something else of the same person stands."""
    spans, sums = _spans(archive, complaint.received), Sums()
    (gone,) = await connection.execute_fetchall(_ONE, (complaint.id,))
    said = (await _said(connection, [gone[2]], spans))[gone[2]]
    for span in spans:
        left = {key for row in said if span.holds(row[1]) for key in _keys(row)}
        for dimension, key in {*_keys(gone)} - left:
            sums[dimension, key, span.name, MEASURE] -= 1
    return sums


def of_office(archive: Archive, name: str, spoke: Iterable[tuple[float, str]]) -> Sums:
    """All who named an office, by when; counted from nothing."""
    people: defaultdict[str, set[str]] = defaultdict(set)
    for received, reporter in spoke:
        for period in archive.periods(received):
            people[period].add(reporter)
    return Counter({("branch", name, period, MEASURE): len(several) for period, several in people.items()})


async def is_kept(archive: Archive, first: float) -> bool:
    """Was this total kept since the period that begins here began?"""
    query = "select people_from from progress"
    return float(next(iter(await archive.store.connection.execute_fetchall(query)))[0]) <= first


def _spans(archive: Archive, at: float) -> list[_Span]:
    day = datetime.fromtimestamp(at, archive.zone).date()
    month, quarter = day.replace(day=1), day.replace(month=day.month - (day.month - 1) % 3, day=1)
    firsts = (day, month, quarter)
    ends = (day + timedelta(days=1), _months_on(month, 1), _months_on(quarter, 3))
    return [
        _Span(name, archive.day_begins(first), archive.day_begins(after))
        for name, first, after in zip(archive.periods(at), firsts, ends, strict=True)
    ]


def _months_on(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return day.replace(year=count // 12, month=count % 12 + 1)


async def _said(connection: Connection, people: Sequence[str], spans: Sequence[_Span]) -> defaultdict[str, list[Any]]:
    """What stands of these people in the longest of these spans."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    values = (json.dumps(people), spans[-1].first, spans[-1].after)
    for row in await connection.execute_fetchall(_SAID, values):
        found[row[2]].append(row)
    return found


def _keys(row: Any) -> list[_Key]:
    named = [(dimension, key) for dimension, key in zip(_DIMENSIONS, row[3:], strict=True) if key]
    return [("all", "all"), *named, *_nines(row[3])]


def _nines(kind: str) -> list[_Key]:
    return [("class", NINES)] if kind in OF_NINES else []
