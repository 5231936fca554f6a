"""How evidence grew: the end of the curve is what is weighed now, and the seal's moment stays as it was."""

import pytest

from desk.curve import curve_of
from desk.weighing import evidence_of
from tests.desk.town import DAY, SPAM


async def test_a_curve_ends_where_evidence_stands_and_marks_the_seal(town):
    for person in range(4):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person))
        town.now += DAY
    await town.desk.catch_up()
    case = (await town.desk.cases.find(1)).id
    await town.desk.cases.take(case, actor="li")
    await town.desk.cases.verify(case, actor="li", found_by="owner", reason="x")
    await town.desk.cases.seal(case, actor="li", reason="x")
    sealed = (await evidence_of(town.desk.archive, await town.desk.cases.find(case))).score
    town.now += 60 * DAY
    found = await town.desk.cases.find(case)
    curve = await curve_of(town.desk.archive, found)
    now = (await evidence_of(town.desk.archive, found)).score
    assert curve.points[-1].evidence.score == pytest.approx(now)
    assert curve.sealed.evidence.score == pytest.approx(sealed)
    assert [point.evidence.complaints for point in (curve.points[0], curve.points[-1])] == [1, 4]
    assert curve.highest > curve.points[-1].evidence.score


async def test_a_case_without_complaints_that_count_has_no_curve(town):
    filed = await town.complain()
    await town.desk.complaints.withdraw(filed.reference, actor="li")
    assert (await curve_of(town.desk.archive, await town.desk.cases.find(1))).points == []
