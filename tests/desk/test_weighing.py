"""The evidence of a case, from what is on disk."""

import random

import pytest

from desk.evidence import Said, Tie, score, weigh
from desk.reading import NewComplaint
from desk.weighing import evidence_of
from tests.desk.town import DAY, SPAM, Town


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


async def test_what_was_taken_back_is_no_evidence(town):
    filed = [await town.complain(reporter=town.subscriber(person)) for person in range(3)]
    case = filed[0].case_id
    assert (await weighed(town, case)).complaints == 3
    await town.desk.complaints.reject(filed[0].reference, actor="li", reason="x")
    found = await weighed(town, case)
    assert (found.complaints, found.counted, found.weight) == (2, 2, 0.5)


async def said_in(town: Town, case: int) -> list[Said]:
    query = (
        "select reporter, line, tie, received from complaint where case_id = ? "
        "and state not in ('withdrawn', 'rejected')"
    )
    rows = await town.desk.archive.store.connection.execute_fetchall(query, (case,))
    return [Said(row[0], row[1], Tie(row[2]), row[3]) for row in rows]


@pytest.mark.parametrize("seed", range(4))
async def test_what_sqlite_sums_is_what_the_formula_says(town, seed):
    """Whoever shares a reporter or a line with others, and what was withdrawn, counts as in the pure formula."""
    rand = random.Random(seed)
    for person in range(12):
        await town.ring(SPAM, town.subscriber(person))
    await town.desk.counting.catch_up()
    filed = []
    for _ in range(60):
        town.now += rand.random() * 2 * DAY
        reporter, line = (town.subscriber(rand.randrange(30)) for _ in range(2))
        called = line if rand.random() < 0.5 else ""
        filed.append(await town.complain(reporter=reporter, called=called))
    for one in rand.sample(filed, 10):
        if not one.duplicate:
            await town.desk.complaints.withdraw(one.reference, actor="reporter")
    case = filed[0].case_id
    found = await weighed(town, case)
    assert found == weigh(await said_in(town, case), rang=found.rang, now=town.now)
    assert 0 < found.counted < found.complaints


async def test_it_weighs_the_same_where_sqlite_knows_no_powers(town):
    await town.complain()
    town.now += DAY
    before = await weighed(town, 1)
    await town.desk.archive.teach_powers()
    assert await weighed(town, 1) == before


@pytest.mark.parametrize("seed", range(4))
async def test_a_batch_is_weighed_like_single_ones_and_a_mark_too_many_changes_nothing(town, seed):
    rand = random.Random(seed)
    case = 0
    for _ in range(6):
        town.now += DAY
        batch = [
            NewComplaint(SPAM, town.subscriber(rand.randrange(25)), called=town.subscriber(rand.randrange(25)))
            for _ in range(rand.randrange(1, 12))
        ]
        (case,) = {filed.case_id for filed in await town.desk.complaints.file_many(batch)}
        found = await weighed(town, case)
        assert found == weigh(await said_in(town, case), rang=found.rang, now=town.now)
    async with town.desk.archive.store.transaction() as connection:
        await connection.execute("update complaint set shared = 1")
    assert await weighed(town, case) == found
