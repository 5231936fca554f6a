"""What a day, month or quarter was like: calls, complaints and what came of them, by range, code, holder and more."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time
from typing import Literal, NamedTuple

from desk.archive import Archive
from desk.exports import as_csv
from desk.faults import ComplaintError
from desk.offices import bank_called, banks_of
from desk.people_counts import MEASURE, NINES, OF_NINES, is_kept
from desk.report_periods import a_year_before, days_of, earlier, first_day
from desk.showing import worded
from desk.states import COUNTED
from rules.storage.statements import name_of, put, sql
from rules.storage.store import StoreError

Dimension = Literal["all", "class", "code", "holder", "bank", "branch", "prefix", "category", "business"]
DIMENSIONS: tuple[Dimension, ...] = (
    *("all", "class", "code", "holder", "bank", "branch", "prefix", "category", "business"),
)
WRITTEN = ("bank", "branch", "business", "holder")  # names that reporters or others wrote
_OF_COMPLAINTS = ("bank", "branch", "category", "business")  # known of complaints and their cases, never of calls
MEASURES = ("calls", "rang", "complaints", "verified", "sealed", "withdrawn", "rejected", "stopped")
_AT_ONCE = 5_000
_KEEP = put("reporters_counted", "period dimension", "complaints ended counts everybody")
_WORTH_KEEPING = 10_000  # complaints, of which counting the reporters takes longer than writing it down
_OF_CASES = ("class", "code", "holder", "prefix")  # what a case was counted under when it began


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
    bank: str = ""  # whose branches these are; empty: of all

    def as_csv(self) -> str:
        """As a file for spreadsheets."""
        return as_csv((self.dimension, *Row._fields[1:]), [*self.rows, self.total._replace(key="total", sum_of="all")])


class _Figures(NamedTuple):
    """What a period, the one before and the same a year ago come to, by key."""

    sums: dict[str, dict[str, int]]
    before: dict[str, int]
    year_ago: dict[str, int]

    def folded(self, into: Mapping[str, str]) -> _Figures:
        """Keys that are one by this table are added up."""
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        before, year_ago = Counter[str](), Counter[str]()
        for key, counted in self.sums.items():
            sums[into.get(key, key)].update(counted)
        for found, counts in ((before, self.before), (year_ago, self.year_ago)):
            for key, count in counts.items():
                found[into.get(key, key)] += count
        return _Figures({key: dict(counted) for key, counted in sums.items()}, before, year_ago)

    def within(self, keys: Collection[str]) -> _Figures:
        """Only these."""
        return _Figures(*({key: one[key] for key in one if key in keys} for one in self))  # type: ignore[arg-type]

    def row(self, key: str, reporters: int) -> Row:
        """A line of a report."""
        return _row(key, self.sums.get(key, {}), reporters, self.before.get(key, 0), self.year_ago.get(key, 0))


async def report(
    archive: Archive, period: str, by: Dimension = "class", *, limit: int = 1_000, bank: str = ""
) -> Report:
    """The figures of a period, those with most complaints first; `Counting` must have caught up.

    ``bank``: only of its branches; the total is the bank's.
    """
    if by not in DIMENSIONS:
        raise ComplaintError("by", f"{by!r} is none; choose from {', '.join(DIMENSIONS)}")
    if bank and by != "branch":
        raise ComplaintError("bank", "only a report by branch can be of one bank")
    figures, spoke, everybody = await _counted_up(archive, "branch" if by == "bank" else by, period)
    (whole, *_) = everyone = await _figures(archive, "all", period)
    total = everyone.row("all", everybody)
    if by == "bank" or bank:
        banks = await banks_of(archive.store.connection)
        if bank:
            bank = await bank_called(archive.store.connection, bank)
            figures = figures.within({one for one in banks if banks[one] == bank} | {bank})
        people = await _people_of_banks(archive, period, figures.sums, banks)
        if by == "bank":
            figures, spoke = figures.folded(banks), people
        else:
            total = figures.folded(dict.fromkeys(banks, bank)).row(bank, people.get(bank, 0))._replace(key="all")
    keys = sorted(
        figures.sums.keys() | figures.before.keys(),
        key=lambda key: (-figures.sums.get(key, {}).get("complaints", 0), key),
    )
    rows = [figures.row(key, everybody if by == "all" else spoke.get(key, 0)) for key in keys[:limit]]
    if by == "class":
        rows = [row._replace(sum_of=" + ".join(OF_NINES)) if row.key == NINES else row for row in rows]
    if by in WRITTEN:
        rows = [row._replace(key=worded(row.key, archive.country)) for row in rows]
    if by in _OF_COMPLAINTS:
        rows = [row._replace(calls=None, rang=None, stopped=None) for row in rows]
    if bank:
        total = total._replace(calls=None, rang=None, stopped=None)
    return Report(period, by, rows, total, await _handling(archive, period, whole.get("all", {})), bank)


async def _counted_up(archive: Archive, by: Dimension, period: str) -> tuple[_Figures, dict[str, int], int]:
    """The figures, how many people spoke by key, and in all."""
    figures = await _figures(archive, by, period)
    spoke = {key: counted.pop(MEASURE) for key, counted in figures.sums.items() if MEASURE in counted}
    figures = figures._replace(sums={key: counted for key, counted in figures.sums.items() if counted})
    if by == "class":
        _add_nines(*figures)
    if not await is_kept(archive, archive.day_begins(first_day(period))):
        return figures, *await _reporters(archive, by, period)
    return figures, spoke, (await _sums(archive, "all", period)).get("all", {}).get(MEASURE, 0)


async def _figures(archive: Archive, by: Dimension, period: str) -> _Figures:
    before, year_ago = earlier(period), a_year_before(period)
    return _Figures(
        await _sums(archive, by, period),
        await _complaints(archive, by, before),
        await _complaints(archive, by, year_ago),
    )


class Complained(NamedTuple):
    """How many complaints a period had."""

    period: str
    complaints: int


async def course(archive: Archive, found: Report, count: int) -> list[Complained]:
    """So many periods that end with the one of this report, the oldest first."""
    periods = [found.period]
    while len(periods) < count:
        periods.append(earlier(periods[-1]))
    by, keys = "all", ["all"]
    if found.bank:
        by, banks = "branch", await banks_of(archive.store.connection)
        keys = [found.bank, *(office for office, bank in banks.items() if bank == found.bank)]
    query = (
        "select period, sum(value) from tally where dimension = ? and period in (select value from json_each(?)) "
        "and measure = 'complaints' and key in (select value from json_each(?)) group by period"
    )
    values = (by, json.dumps(periods), json.dumps(keys, ensure_ascii=False))
    known = {row[0]: row[1] for row in await archive.store.connection.execute_fetchall(query, values)}
    return [Complained(period, known.get(period, 0)) for period in reversed(periods)]


async def _people_of_banks(
    archive: Archive, period: str, offices: Iterable[str], banks: Mapping[str, str]
) -> dict[str, int]:
    """How many people named any branch of a bank; one who names two is one."""
    query = sql(
        "select o.value ->> 1, count(distinct c.reporter) from json_each(?) o cross join complaint c "
        "indexed by complaint_branch on c.branch = o.value ->> 0 and c.branch <> '' and c.received >= ? "
        "and c.received < ? and c.{counted} group by o.value ->> 1",
        counted=COUNTED,
    )
    asked = json.dumps([(office, banks.get(office, office)) for office in offices], ensure_ascii=False)
    first, after = (archive.day_begins(day) for day in days_of(period))
    rows = await archive.store.connection.execute_fetchall(query, (asked, first, after))
    return {row[0]: row[1] for row in rows}


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
                await writing.execute(_KEEP, values)
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
    async with connection.execute(query, tuple(archive.day_begins(day) for day in days_of(period))) as cursor:
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
    first, after = (datetime.combine(day, time(), archive.zone).timestamp() for day in days_of(period))

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

    async def count(query: str, until: float = after) -> int:
        ((found,),) = await archive.store.connection.execute_fetchall(query, (first, until))
        return int(found)

    late = "select count(*) from clock where subject = {} and name = {} and met >= ? and met < ? and met > due"
    decided_late = await count(late.format("'case'", "'decide'"))
    answered_late = await count(late.format("'case'", "'answer'"))
    appeals_late = await count(late.format("'appeal'", "'answer'"))
    overdue = "select count(*) from clock where met is null and due >= ? and due < ?"
    open_late = await count(overdue, min(after, archive.now()))
    return Handling(
        *(len(decided), quantile(decided, 0.5), quantile(decided, 0.95), decided_late),
        *(len(answered), quantile(answered, 0.5), quantile(answered, 0.95), answered_late),
        *(open_late, len(released), quantile(released, 0.5)),
        *(whole.get("appeals granted", 0), whole.get("appeals refused", 0), appeals_late),
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
