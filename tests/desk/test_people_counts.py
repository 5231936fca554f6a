"""The running total of reporters: never another than counting them all would find."""

import random

from desk.offices import NewOffice
from desk.reading import NewComplaint
from desk.reports import DIMENSIONS, _counted, report
from tests.desk.older import laid_out_before
from tests.desk.town import DAY, SPAM

NUMBERS = (SPAM, "95012346", "965333", "13912345678")


def said(town, rand):
    return NewComplaint(
        rand.choice(NUMBERS),
        town.subscriber(rand.randrange(6)),
        category=rand.choice(("loan", "other")),
        business=rand.choice(("", "Quick Cash")),
        knew={"branch": rand.choice(("Lake shop", "ABC Bank Chaoyang"))} if rand.random() < 0.5 else {},
        at=town.now - rand.randrange(300) * DAY,  # so that none is there already
    )


async def check(town):
    archive = town.desk.archive
    for period in archive.periods(town.now):
        for by in (one for one in DIMENSIONS if one != "bank"):  # of banks no total is kept: its branches are counted
            expected, everybody = await _counted(archive, by, period)
            found = await report(archive, period, by)
            rows = {row.key: row.reporters for row in found.rows if row.complaints}
            assert rows == {key: expected.get(key, 0) for key in rows} if by != "all" else {"all": everybody}
            assert {key for key, people in expected.items() if people} <= rows.keys()
            assert found.total.reporters == everybody


async def test_whoever_comes_goes_and_names_another_office_is_one_person_in_each_period_and_line(town):
    rand, standing = random.Random(4), []
    for _ in range(25):
        filed = await town.desk.complaints.file_many([said(town, rand) for _ in range(rand.randint(1, 4))])
        standing += [one.reference for one in filed if not one.duplicate]
        if rand.random() < 0.6:
            for _ in range(min(3, len(standing))):
                gone = standing.pop(rand.randrange(len(standing)))
                if rand.random() < 0.5:
                    await town.desk.complaints.withdraw(gone, actor="reporter")
                else:
                    await town.desk.complaints.reject(gone, actor="li", reason="none")
        await check(town)
        if rand.random() < 0.3:
            town.now += rand.choice((1, 1, 11)) * DAY
    await town.desk.offices.take([NewOffice("Chaoyang", "ABC Bank")], actor="li")
    await check(town)
    await town.desk.offices.merge("Lake shop", "ABC Bank / Chaoyang", actor="li")
    await check(town)


async def test_a_period_that_began_before_there_was_a_total_is_counted_as_before(town):
    for person in range(3):
        await town.complain(reporter=town.subscriber(person))
    await laid_out_before(town, 18)
    await town.open()
    await town.complain(reporter=town.subscriber(1), accused="95012346")
    assert (await report(town.desk.archive, "2026Q3")).total.reporters == 3
    await town.one("update progress set people_from = ?", town.now)
    town.now += 92 * DAY
    await town.complain(reporter=town.subscriber(1))
    await check(town)
