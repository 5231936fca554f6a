"""Counting the records: whom a number rang, what was stopped, calls by range; each record once."""

from rules.complaints.counting import stopped_since
from rules.complaints.ties import rang_lately
from rules.lists.ledger import import_ledger
from rules.model import Step
from tests.rules.complaints.town import DAY, SPAM


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
    await import_ledger(town.desk.archive.lists.store, lines, source="x", now=town.now, country="CN")
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


async def test_calls_stopped_since_a_seal(town):
    await town.ring(SPAM, town.subscriber(1), step=Step.SEALED, status=603)
    await town.desk.counting.catch_up()
    await town.ring(SPAM, town.subscriber(1), step=Step.SEALED, status=603)
    assert await stopped_since(town.desk.archive, SPAM, town.now) == 2
    assert await stopped_since(town.desk.archive, SPAM, town.now + DAY) == 0
    assert await value(town, "all", "all", "stopped") == 1
