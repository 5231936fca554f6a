"""The evidence of a case, from what is on disk."""

import pytest

from rules.complaints.evidence import score
from rules.complaints.reading import NewComplaint
from rules.complaints.weighing import evidence_of
from tests.rules.complaints.town import DAY, SPAM


async def weighed(town, case):
    return await evidence_of(town.desk.archive, await town.desk.cases.find(case))


async def test_by_the_formula(town):
    for person in range(30):
        await town.ring(SPAM, town.subscriber(person))
    await town.desk.counting.catch_up()
    for person in range(5):
        case = (await town.complain(reporter=town.subscriber(person))).case_id
    found = await weighed(town, case)
    assert (found.weight, found.rang, found.subscribers, found.counted) == (5.0, 30, 30.0, 5)
    assert found.score == score(5, 30)
    town.now += 30 * DAY
    assert (await weighed(town, case)).weight == pytest.approx(2.5)


async def test_a_company_line_counts_once(town):
    crowd = [NewComplaint(SPAM, f"employee {n}", called="02088886666") for n in range(30)]
    (case,) = {filed.case_id for filed in await town.desk.complaints.file_many(crowd)}
    found = await weighed(town, case)
    assert (found.complaints, found.counted, found.weight) == (30, 1, 0.25)


async def test_withdrawal_restores_the_score_exactly(town):
    case = (await town.complain()).case_id
    before = await weighed(town, case)
    filed = await town.complain(reporter="13800138001")
    assert (await weighed(town, case)).score > before.score
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    assert await weighed(town, case) == before
