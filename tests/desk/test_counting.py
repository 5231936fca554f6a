"""Counting the records: whom a number rang, what was stopped, calls by range; each record once."""

from desk.counting import stopped_since
from desk.matching import rang_lately
from desk.states import FoundBy
from desk.story import story_of
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.model import Step
from tests.desk.town import DAY, SPAM


async def value(town, dimension, key, measure, period="2026Q3"):
    query = "select value from tally where (dimension, key, measure, period) = (?, ?, ?, ?)"
    row = await town.one(query, dimension, key, measure, period)
    return row[0] if row else 0


async def test_each_record_is_counted_once(town):
    for person in (1, 1, 2):
        await town.ring(SPAM, town.subscriber(person))
    await town.ring("", town.subscriber(3), status=486)
    assert await town.desk.counting.catch_up() == 4
    assert await town.desk.counting.catch_up() == 0
    await town.ring(SPAM, town.subscriber(2))
    assert await town.desk.counting.catch_up() == 1
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 2
    assert await value(town, "class", "cn-95", "calls") == 4
    assert await value(town, "prefix", "CN:950", "rang", "2026-07-01") == 4
    assert await value(town, "class", "anonymous", "calls") == 1
    assert await value(town, "all", "all", "rang") == 5


async def test_what_has_not_ended_is_counted_later(town):
    await town.ring(SPAM, town.subscriber(1), status=None)
    await town.ring(SPAM, town.subscriber(2))
    assert await town.desk.counting.catch_up() == 0
    town.now += 901
    assert await town.desk.counting.catch_up() == 2
    assert await value(town, "all", "all", "rang") == 1


async def test_by_code_and_holder_of_the_ledger(town):
    lines = [(1, "95012", {"holder": "Loan King"})]
    await import_ledger(town.desk.archive.lists.store, lines, LedgerWishes("x", country="CN"), now=town.now)
    await town.ring(SPAM, town.subscriber(1))
    await town.complain()
    await town.desk.counting.catch_up()
    for key in (("code", "CN:95012*"), ("holder", "Loan King")):
        assert await value(town, *key, "rang") == 1
        assert await value(town, *key, "complaints") == 1


async def test_who_rang_whom_is_forgotten_when_evidence_no_longer_looks_back(town):
    await town.ring(SPAM, town.subscriber(1))
    await town.desk.counting.catch_up()
    town.now += 31 * DAY
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 0
    await town.desk.counting.catch_up()
    assert (await town.one("select count(*) from rang"))[0] == 0


async def stopped(town, person=1):
    return await town.ring(SPAM, town.subscriber(person), step=Step.SEALED, status=603)


async def sealed_again(town, case):
    await town.desk.cases.release(case, actor="li", reason="appeal")
    case = (await town.complain(reporter=town.subscriber(9))).case_id
    await town.desk.cases.take(case, actor="li")
    await town.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="the owner said so")
    await town.desk.cases.seal(case, actor="li", reason="again")
    return case


async def since(town, case):
    one = await town.desk.cases.find(case)
    return await stopped_since(town.desk.archive, one.number, one.seal, one.sealed)


async def test_calls_stopped_since_a_seal(town):
    """Counted or not counted yet, and none twice."""
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people")
    await stopped(town)
    assert await since(town, case) == (1, True)
    await town.desk.counting.catch_up()
    await stopped(town)
    assert await since(town, case) == (2, True)
    assert await value(town, "all", "all", "stopped") == 1


async def test_a_seal_of_the_afternoon_did_not_stop_the_calls_of_the_morning(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people")
    await stopped(town)
    town.now += 3_600
    case = await sealed_again(town, case)
    assert await since(town, case) == (0, True)
    await stopped(town)
    await town.desk.counting.catch_up()
    assert await since(town, case) == (1, True)
    await town.one("delete from decision", of="decisions")
    assert await since(town, case) == (1, True), "the records are gone, the count is as exact as before"


async def test_a_seal_older_than_exact_counts_counts_its_first_day_whole_and_says_so(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people")
    town.now += DAY
    day = town.desk.archive.day
    await town.one("insert into stopped values (?, ?, 7)", SPAM, day(town.now))
    assert await since(town, case) == (7, True)
    await town.one("insert into stopped values (?, ?, 3)", SPAM, day(town.now - DAY))
    await stopped(town)
    assert await since(town, case) == (11, False)
    ending = (await story_of(town.desk.archive, case)).ending
    assert ending.endswith("; 11 calls stopped since, all of its first day among them")
