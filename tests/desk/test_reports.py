"""Reports: sums by period and key, growth against the quarter before and a year ago, and how long things took."""

import csv
import io

import pytest

from desk import reports
from desk.faults import ComplaintError, NotFound
from desk.offices import NewOffice
from desk.reading import NewComplaint
from desk.reports import TrunkRank, course, growth, quantile, ranked_trunks, report
from desk.states import FoundBy
from tests.desk.town import DAY, HOUR, SPAM


def test_growth_and_quantiles():
    assert growth(38_541, 28_465) == 35.4
    assert growth(1, 0) is None
    hours = [float(n) for n in range(1, 101)]
    assert (quantile(hours, 0.5), quantile(hours, 0.95), quantile([7.0], 0.95), quantile([], 0.5)) == (50, 95, 7, None)


async def people(town, count, accused=SPAM, first=0):
    news = [NewComplaint(accused, town.subscriber(first + person)) for person in range(count)]
    await town.desk.complaints.file_many(news)


async def test_a_quarter(town):
    await people(town, 20)
    town.now += 92 * DAY
    await people(town, 23)
    await people(town, 4, "965333")
    await people(town, 2, "13912345678")
    for person in range(40):
        await town.ring(SPAM, town.subscriber(person))
    await town.desk.counting.catch_up()
    found = await report(town.desk.archive, "2026Q4")
    rows = {row.key: row for row in found.rows}
    assert list(rows) == ["95/96", "cn-95", "cn-96", "mobile"]
    nines = rows["95/96"]
    assert (nines.complaints, nines.before, nines.growth, nines.year_growth) == (27, 20, 35.0, None)
    assert (rows["cn-95"].rang, rows["cn-95"].per_10000) == (40, 5750.0)
    assert (found.total.complaints, rows["mobile"].per_10000) == (29, None)
    assert [row.key for row in (await report(town.desk.archive, "2026-10", "prefix", limit=1)).rows] == ["CN:950"]
    assert (await report(town.desk.archive, "2026-10-01")).total.complaints == 29
    assert (await report(town.desk.archive, "2020Q1")).rows == []
    with pytest.raises(ComplaintError, match="choose from"):
        await report(town.desk.archive, "2026Q3", "sex")


async def test_reporters_are_told_apart_from_complaints(town):
    """Four hundred call days of one reporter are four hundred complaints of one; what was taken back has none."""
    days = [NewComplaint(SPAM, town.subscriber(1), at=town.now - day * DAY) for day in range(400)]
    await town.desk.complaints.file_many(days)
    await people(town, 2, "965333", first=1)
    withdrawn = await town.complain(reporter=town.subscriber(9))
    await town.desk.complaints.withdraw(withdrawn.reference, actor="reporter")
    found = await report(town.desk.archive, "2026Q3")
    assert {row.key: (row.complaints, row.reporters) for row in found.rows} == {
        "95/96": (403, 2),
        "cn-95": (401, 1),
        "cn-96": (2, 2),
    }
    assert (found.total.complaints, found.total.reporters) == (403, 2)
    for by, key in (("prefix", "CN:950"), ("category", "other")):
        rows = (await report(town.desk.archive, "2026-07", by)).rows
        assert {row.key: row.reporters for row in rows}[key] in (1, 2)


async def test_reporters_that_were_counted_are_counted_anew_once_something_came_or_went(town, monkeypatch):
    """Of a period that began before there was a running total of them."""
    monkeypatch.setattr(reports, "_WORTH_KEEPING", 1)
    await town.one("update progress set people_from = ?", town.now)
    await people(town, 3)

    async def counted():
        (row, _) = (await report(town.desk.archive, "2026Q3")).rows
        return row.reporters

    assert [await counted(), await counted()] == [3, 3]
    filed = await town.complain(reporter=town.subscriber(7))
    assert await counted() == 4
    await town.desk.complaints.reject(filed.reference, actor="li", reason="x")
    assert [await counted(), await counted()] == [3, 3]
    await town.one("update reporters_counted set counts = '{\"95/96\": 9}'")
    assert await counted() == 9, "it was read, not counted"


async def test_a_bank_is_its_branches_and_whoever_names_two_of_them_is_one_person(town):
    offices = [NewOffice("Chaoyang", "ABC Bank"), NewOffice("Haidian", "ABC Bank"), NewOffice("Lake shop", "Mobile")]
    await town.desk.offices.take(offices, actor="li")

    async def names(person, office, accused=SPAM):
        await town.complain(accused, town.subscriber(person), knew={"branch": office})

    await names(1, "ABC Bank Chaoyang")
    town.now += 92 * DAY
    for person, office in ((1, "ABC Bank Chaoyang"), (2, "ABC Bank Haidian"), (3, "ABC Bank"), (4, "a shop")):
        await names(person, office)
    await names(1, "ABC Bank Haidian", "965333")
    await people(town, 2, "965334", first=8)
    archive = town.desk.archive
    found = await report(archive, "2026Q4", "bank")
    assert [(row.key, row.complaints, row.reporters, row.before) for row in found.rows] == [
        ("ABC Bank", 4, 3, 1),
        ("a shop", 1, 1, 0),
    ]
    assert (found.rows[0].growth, found.rows[0].calls, found.total.complaints) == (300.0, None, 7)
    found = await report(archive, "2026Q4", "branch", bank="abc bank")
    assert [(row.key, row.complaints) for row in found.rows] == [
        ("ABC Bank / Haidian", 2),
        ("ABC Bank", 1),
        ("ABC Bank / Chaoyang", 1),
    ]
    assert (found.bank, found.total.complaints, found.total.reporters, found.total.before) == ("ABC Bank", 4, 3, 1)
    assert [one.complaints for one in await course(archive, found, 3)] == [0, 1, 4]
    assert [one.complaints for one in await course(archive, await report(archive, "2026Q4", "bank"), 2)] == [1, 7]
    with pytest.raises(ComplaintError, match="by branch"):
        await report(archive, "2026Q4", "class", bank="ABC Bank")
    with pytest.raises(NotFound, match="the directory has no"):
        await report(archive, "2026Q4", "branch", bank="a shop")


async def test_a_line_that_is_a_sum_says_of_what(town):
    await people(town, 2)
    await people(town, 1, "965333")
    found = await report(town.desk.archive, "2026Q3")
    assert {row.key: row.sum_of for row in found.rows} == {"95/96": "cn-95 + cn-96", "cn-95": "", "cn-96": ""}
    rows = list(csv.DictReader(io.StringIO(found.as_csv())))
    assert [(row["class"], row["sum_of"]) for row in rows if row["sum_of"]] == [
        ("95/96", "cn-95 + cn-96"),
        ("total", "all"),
    ]


async def test_late_answers_are_counted(town):
    for hours in (1, 40 * 24):
        case = (await town.complain(f"95014{hours:03}")).case_id
        appeal = await town.desk.appeals.file(number=f"95014{hours:03}", attacks="rule")
        town.now += hours * HOUR
        await town.desk.cases.close_unfounded(case, actor="li", reason="x")
        await town.desk.appeals.refuse(appeal.reference, actor="li", reason="x")
    handling = (await report(town.desk.archive, "2026Q3")).handling
    assert (handling.answered, handling.answered_late) == (2, 1)
    assert (handling.decided, handling.decided_late) == (2, 1)
    assert (handling.appeals_refused, handling.appeals_late) == (2, 1)


async def test_handling_times_and_false_positives(town):
    for hours in (10, 20):
        case = (await town.complain(f"950133{hours}")).case_id
        await town.desk.cases.take(case, actor="li")
        town.now += hours * HOUR
        await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x")
        await town.desk.cases.seal(case, actor="li", reason="x")
    town.now += 5 * HOUR
    appeal = await town.desk.appeals.file(number="95013320")
    await town.desk.appeals.grant(appeal.reference, actor="li", reason="x")
    await town.complain("95014444")
    town.now += 6 * DAY
    handling = (await report(town.desk.archive, "2026Q3")).handling
    assert (handling.decided, handling.decided_median, handling.decided_p95) == (2, 10.0, 20.0)
    assert (handling.answered, handling.released, handling.release_median) == (2, 1, 5.0)
    assert (handling.appeals_granted, handling.appeals_refused) == (1, 0)
    assert handling.overdue == 2, "accept and hand over of the case that nobody took"


async def test_as_a_file(town):
    await people(town, 3, "13912345678")
    text = (await report(town.desk.archive, "2026Q3", "prefix")).as_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["prefix"], row["complaints"]) for row in rows] == [("'+86139", "3"), ("total", "3")]


async def test_by_category_business_and_branch_what_came_of_it_and_no_calls(town):
    """A case counts once under each that its complaints name; what calls were about, nobody knows."""
    await town.ring(SPAM, "13800138000")
    for reporter, category in (("13800138000", "loan"), ("13800138001", "fraud"), ("13800138002", "fraud")):
        case = (await town.complain(reporter=reporter, category=category, business="Quick Cash")).case_id
    withdrawn = await town.complain(reporter="13800138003", category="abuse", knew={"branch": "Chaoyang"})
    await town.desk.complaints.withdraw(withdrawn.reference, actor="reporter")
    await town.desk.counting.catch_up()
    await town.desk.cases.take(case, actor="li")
    await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="x")
    await town.desk.cases.seal(case, actor="li", reason="x")
    found = {row.key: row for row in (await report(town.desk.archive, "2026Q3", "category")).rows}
    assert {key: (row.complaints, row.verified, row.sealed) for key, row in found.items()} == {
        "fraud": (2, 1, 1),
        "loan": (1, 1, 1),
        "abuse": (1, 0, 0),
    }
    assert {(row.calls, row.rang, row.stopped, row.per_10000) for row in found.values()} == {(None, None, None, None)}
    (business,) = (await report(town.desk.archive, "2026Q3", "business")).rows
    assert (business.key, business.complaints, business.sealed) == ("Quick Cash", 3, 1)
    text = (await report(town.desk.archive, "2026Q3", "business")).as_csv()
    assert text.splitlines()[1].startswith("Quick Cash,,,3,")


async def test_most_forged_first(town):
    for number, trunk in (("95013331", "a"), ("95013332", "b"), ("95013333", "b")):
        case = (await town.complain(number)).case_id
        await town.desk.cases.take(case, actor="li")
        await town.desk.cases.close_forged(case, actor="li", reason="x", trunk=trunk)
    expected = [TrunkRank("b", 2, 2, 2, town.now), TrunkRank("a", 1, 1, 1, town.now)]
    assert await ranked_trunks(town.desk.archive) == expected
    assert await ranked_trunks(town.desk.archive, since=town.now + DAY) == []
