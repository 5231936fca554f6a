"""What a day, month or quarter was like: calls, complaints and what came of them, by range, code, holder and more."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from desk.archive import Archive
from desk.exports import as_csv
from desk.faults import ComplaintError
from desk.people_counts import MEASURE, NINES, OF_NINES, is_kept
from desk.showing import worded
from desk.states import COUNTED
from rules.storage.statements import name_of, sql
from rules.storage.store import StoreError

Dimension = Literal["all", "class", "code", "holder", "branch", "prefix", "category", "business"]
DIMENSIONS: tuple[Dimension, ...] = ("all", "class", "code", "holder", "branch", "prefix", "category", "business")
WRITTEN = ("branch", "business", "holder")  # names that reporters or others wrote
_OF_COMPLAINTS = ("branch", "category", "business")  # known of complaints and their cases, never of calls
MEASURES = ("calls", "rang", "complaints", "verified", "sealed", "withdrawn", "rejected", "stopped")
_AT_ONCE = 5_000
_WORTH_KEEPING = 10_000  # complaints, of which counting the reporters takes longer than writing it down
_OF_CASES = ("class", "code", "holder", "prefix")  # what a case was counted under when it began
_PERIOD = re.compile(r"(\d{4})(?:Q([1-4])|-(\d{2})(?:-(\d{2}))?)")


class Row(NamedTuple):
    """One line of a report."""

    key: str
    calls: int | None  # None: nobody can tell whose calls these are, by category, business or branch
    rang: int | None
    complaints: int
    reporters: int  # different ones, without those who took it back or were rejected
    per_10000: float | None  # complaints for each 10,000 calls that rang
    verified: int
    sealed: int
    withdrawn: int
    rejected: int
    stopped: int | None
    before: int  # complaints of the period before
    growth: float | None  # in percent; None: there was nothing to grow from
    year_ago: int
    year_growth: float | None
    sum_of: str = ""  # of which other lines it is the sum; they must not be added up once more


class Handling(NamedTuple):
    """How long things took, in hours."""

    decided: int  # cases sealed or closed
    decided_median: float | None
    decided_p95: float | None
    decided_late: int  # of these, after their deadline
    answered: int
    answered_median: float | None
    answered_p95: float | None
    answered_late: int
    overdue: int  # clocks that ran out within the period, unmet
    released: int  # seals that were taken back
    release_median: float | None
    appeals_granted: int
    appeals_refused: int
    appeals_late: int  # of both


class Report(NamedTuple):
    """A period in figures."""

    period: str
    dimension: Dimension
    rows: list[Row]
    total: Row
    handling: Handling

    def as_csv(self) -> str:
        """As a file for spreadsheets."""
        return as_csv((self.dimension, *Row._fields[1:]), [*self.rows, self.total._replace(key="total", sum_of="all")])


async def report(archive: Archive, period: str, by: Dimension = "class", *, limit: int = 1_000) -> Report:
    """The figures of a period, those with most complaints first; `Counting` must have caught up."""
    if by not in DIMENSIONS:
        raise ComplaintError("by", f"{by!r} is none; choose from {', '.join(DIMENSIONS)}")
    sums = await _sums(archive, by, period)
    spoke = {key: counted.pop(MEASURE) for key, counted in sums.items() if MEASURE in counted}
    sums = {key: counted for key, counted in sums.items() if counted}
    before = await _complaints(archive, by, earlier(period))
    year_ago = await _complaints(archive, by, a_year_before(period))
    if by == "class":
        _add_nines(sums, before, year_ago)
    whole = await _sums(archive, "all", period)
    everybody = whole.get("all", {}).get(MEASURE, 0)
    if not await is_kept(archive, archive.day_begins(first_day(period))):
        spoke, everybody = await _reporters(archive, by, period)
    keys = sorted(sums.keys() | before.keys(), key=lambda key: (-sums.get(key, {}).get("complaints", 0), key))
    rows = [
        _row(key, sums.get(key, {}), spoke.get(key, 0), before.get(key, 0), year_ago.get(key, 0))
        for key in keys[:limit]
    ]
    if by == "all":
        rows = [row._replace(reporters=everybody) for row in rows]
    if by == "class":
        rows = [row._replace(sum_of=" + ".join(OF_NINES)) if row.key == NINES else row for row in rows]
    if by in WRITTEN:
        rows = [row._replace(key=worded(row.key, archive.country)) for row in rows]
    if by in _OF_COMPLAINTS:
        rows = [row._replace(calls=None, rang=None, stopped=None) for row in rows]
    total = _row(
        "all",
        whole.get("all", {}),
        everybody,
        (await _complaints(archive, "all", earlier(period))).get("all", 0),
        (await _complaints(archive, "all", a_year_before(period))).get("all", 0),
    )
    return Report(period, by, rows, total, await _handling(archive, period, whole.get("all", {})))


def first_day(period: str) -> date:
    """The first day of ``2026Q3``, ``2026-07`` or ``2026-07-01``."""
    return _days(period)[0]


def last_day(period: str) -> date:
    """The last day of it."""
    return _days(period)[1] - timedelta(days=1)


def _days(period: str) -> tuple[date, date]:
    """First day, and the first day after."""
    match = _PERIOD.fullmatch(period.strip())
    try:
        if match is None:
            raise ValueError
        year, quarter, month, day = match.groups()
        if quarter:
            first = date(int(year), int(quarter) * 3 - 2, 1)
            return first, _months_on(first, 3)
        if day:
            first = date(int(year), int(month), int(day))
            return first, first + timedelta(days=1)
        first = date(int(year), int(month), 1)
        return first, _months_on(first, 1)
    except ValueError:
        raise ComplaintError("period", f"{period[:20]!r} is none; write 2026Q3, 2026-07 or 2026-07-01") from None


def earlier(period: str) -> str:
    """The period before."""
    first, after = _days(period)
    if (after - first).days == 1:
        return (first - timedelta(days=1)).isoformat()
    return _named(_months_on(first, -3 if "Q" in period else -1), period)


def a_year_before(period: str) -> str:
    """The same period a year ago."""
    first, _ = _days(period)
    day = min(first.day, monthrange(first.year - 1, first.month)[1])
    return _named(date(first.year - 1, first.month, day), period)


def _named(first: date, like: str) -> str:
    if "Q" in like:
        return f"{first.year:04}Q{(first.month + 2) // 3}"
    return first.isoformat() if like.count("-") == 2 else f"{first.year:04}-{first.month:02}"


def _months_on(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


async def _sums(archive: Archive, by: Dimension, period: str) -> dict[str, dict[str, int]]:
    query = "select key, measure, value from tally where dimension = ? and period = ?"
    found: dict[str, dict[str, int]] = {}
    for key, measure, value in await archive.store.connection.execute_fetchall(query, (by, period)):
        found.setdefault(key, {})[measure] = value
    return found


async def _complaints(archive: Archive, by: Dimension, period: str) -> dict[str, int]:
    query = "select key, value from tally where dimension = ? and period = ? and measure = 'complaints'"
    rows = await archive.store.connection.execute_fetchall(query, (by, period))
    return {row[0]: row[1] for row in rows}


async def _reporters(archive: Archive, by: Dimension, period: str) -> tuple[dict[str, int], int]:
    """The same of a period that began before the totals: as it was counted last, if nothing came or went since."""
    sums = (await _sums(archive, "all", period)).get("all", {})
    so_many = sums.get("complaints", 0), sums.get("withdrawn", 0) + sums.get("rejected", 0)
    connection = archive.store.connection
    query = (
        "select counts, everybody from reporters_counted "
        "where period = ? and dimension = ? and complaints = ? and ended = ?"
    )
    if known := list(await connection.execute_fetchall(query, (period, by, *so_many))):
        return json.loads(known[0][0]), known[0][1]
    counts, everybody = await _counted(archive, by, period)
    if so_many[0] >= _WORTH_KEEPING:
        values = (period, by, *so_many, json.dumps(counts, ensure_ascii=False), everybody)
        with suppress(StoreError):  # a disk that is full: the report is right all the same
            async with archive.store.transaction() as writing:
                await writing.execute("insert or replace into reporters_counted values (?, ?, ?, ?, ?, ?)", values)
    return counts, everybody


async def _counted(archive: Archive, by: Dimension, period: str) -> tuple[dict[str, int], int]:
    """How many people complained, by key and in all: no sum can tell, one who speaks on two days is one in their month.

    One pass over an index that holds no more than this asks for, some thousands at a time: others come in between.
    """
    said = sql("case_id, reporter from complaint indexed by complaint_spoke")
    if by in _OF_COMPLAINTS:
        said = sql("case_id, reporter, {column} from complaint", column=name_of(by))
    query = sql("select {said} where received >= ? and received < ? and {counted}", said=said, counted=COUNTED)
    column = name_of(by) if by in _OF_CASES else sql("''")
    connection = archive.store.connection
    key_of = {
        row[0]: row[1]
        for row in await connection.execute_fetchall(sql("select id, {column} from case_file", column=column))
    }
    spoke: defaultdict[str, set[int]] = defaultdict(set)
    everybody: set[int] = set()
    async with connection.execute(query, tuple(archive.day_begins(day) for day in _days(period))) as cursor:
        while rows := list(await cursor.fetchmany(_AT_ONCE)):
            for case, reporter, *named in rows:
                person = hash(reporter)  # a keyed pseudonym: no two people have the same 64 bits
                everybody.add(person)
                if key := named[0] if named else key_of[case]:
                    spoke[key].add(person)
    if by == "class":
        spoke[NINES] = set().union(*(spoke[kind] for kind in OF_NINES))
    return {key: len(people) for key, people in spoke.items()}, len(everybody)


def _add_nines(sums: dict[str, dict[str, int]], *earlier_ones: dict[str, int]) -> None:
    parts = [sums[kind] for kind in OF_NINES if kind in sums]
    if parts:
        names = {name for part in parts for name in part}
        sums[NINES] = {name: sum(part.get(name, 0) for part in parts) for name in names}
    for counted in earlier_ones:
        if both := counted.get("cn-95", 0) + counted.get("cn-96", 0):
            counted[NINES] = both


def _row(key: str, sums: dict[str, int], reporters: int, before: int, year_ago: int) -> Row:
    calls, rang, complaints, *others = (sums.get(measure, 0) for measure in MEASURES)
    per_10000 = round(complaints * 10_000 / rang, 2) if rang else None
    grown = growth(complaints, before), growth(complaints, year_ago)
    verified, sealed, withdrawn, rejected, stopped = others
    return Row(
        *(key, calls, rang, complaints, reporters, per_10000, verified, sealed, withdrawn, rejected, stopped),
        *(before, grown[0], year_ago, grown[1]),
    )


def growth(now: int, before: int) -> float | None:
    """By how many percent."""
    return round((now - before) * 100 / before, 1) if before else None


async def _handling(archive: Archive, period: str, whole: dict[str, int]) -> Handling:
    first, after = (datetime.combine(day, time(), archive.zone).timestamp() for day in _days(period))

    async def hours(query: str, until: float = after) -> list[float]:
        rows = await archive.store.connection.execute_fetchall(query, (first, until))
        return sorted(row[0] / 3_600.0 for row in rows)

    decided = await hours(
        "select coalesce(sealed, closed) - first_complaint from case_file "
        "where coalesce(sealed, closed) >= ? and coalesce(sealed, closed) < ?"
    )
    answered = await hours(
        "select met - started from clock where subject = 'case' and name = 'answer' and met >= ? and met < ?"
    )
    released = await hours(
        "select closed - sealed from case_file where state = 'released' and closed >= ? and closed < ?"
    )
    late = "select 0 from clock where subject = {} and name = {} and met >= ? and met < ? and met > due"
    decided_late = await hours(late.format("'case'", "'decide'"))
    answered_late = await hours(late.format("'case'", "'answer'"))
    appeals_late = await hours(late.format("'appeal'", "'answer'"))
    overdue = await hours("select 0 from clock where met is null and due >= ? and due < ?", min(after, archive.now()))
    return Handling(
        *(len(decided), quantile(decided, 0.5), quantile(decided, 0.95), len(decided_late)),
        *(len(answered), quantile(answered, 0.5), quantile(answered, 0.95), len(answered_late)),
        *(len(overdue), len(released), quantile(released, 0.5)),
        *(whole.get("appeals granted", 0), whole.get("appeals refused", 0), len(appeals_late)),
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank quantile of ordered values."""
    if not ordered:
        return None
    rank = max(int(-(-len(ordered) * share // 1)), 1)
    return round(ordered[min(rank, len(ordered)) - 1], 2)


class TrunkRank(NamedTuple):
    """A trunk and what was forged on it."""

    trunk: str
    forged: int  # cases closed as forged
    complaints: int  # in these cases
    numbers: int  # different numbers that were forged
    last: float


async def ranked_trunks(archive: Archive, *, since: float = 0.0) -> list[TrunkRank]:
    """The trunks with most forged cases first."""
    query = (
        "select trunk, count(*), sum((select count(*) from complaint m where m.case_id = c.id)), "
        "count(distinct number), max(closed) from case_file c where state = 'forged' and closed >= ? "
        "group by trunk order by 2 desc, 3 desc, 1"
    )
    rows = await archive.store.connection.execute_fetchall(query, (since,))
    return [TrunkRank(*row) for row in rows]
