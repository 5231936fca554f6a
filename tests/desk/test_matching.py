"""Complaints find their call: by decision, by who rang whom, counted already or not."""

from desk.evidence import Tie
from desk.matching import find_calls, last_call, rang_lately, record_of
from rules.model import Step, Trunk
from rules.records.decisions import Decisions
from rules.records.retention import Keeping, Retention
from tests.desk.town import DAY, HOUR, SPAM


async def test_the_record_of_a_decision(town):
    decision = await town.ring(SPAM, "13800138000", trunk=Trunk("other", country="CN"))
    record = await record_of(town.desk.archive, decision)
    assert (record.caller, record.trunk, record.rang, record.believed) == (SPAM, "other", True, False)
    assert record.tie is Tie.UNTIED
    assert await record_of(town.desk.archive, "00" * 10) is None


async def test_calls_between_two_before_and_after_counting(town):
    archive = town.desk.archive
    line = archive.secrecy.pseudonym("+8613800138000")
    await town.ring(SPAM, "13800138000")
    town.now += HOUR
    last = await town.ring(SPAM, "13800138000")
    await town.ring("95013333", "13800138000", status=486)
    pairs = [(SPAM, line), ("CN:95014444", line)]
    for _ in range(2):
        found = await find_calls(archive, pairs)
        assert {pair: record.decision for pair, record in found.items()} == {(SPAM, line): last}
        assert found[SPAM, line].tie is Tie.JUDGED
        await town.desk.counting.catch_up()
    assert await rang_lately(archive, SPAM, town.now) == 1


async def test_the_last_call_of_a_line_is_one_that_rang(town):
    archive = town.desk.archive
    line = archive.secrecy.pseudonym("+8613800138000")
    rang = await town.ring(SPAM, "13800138000")
    await town.ring("95013333", "13800138000", step=Step.SEALED, status=603)
    await town.ring("", "13800138000")
    assert (await last_call(archive, line, town.now - HOUR)).decision == rang
    assert await last_call(archive, line, town.now + DAY) is None


async def test_a_call_whose_whole_record_made_room_is_still_found(town):
    archive = town.desk.archive
    line = archive.secrecy.pseudonym("+8613800138000")
    decision = await town.ring(SPAM, "13800138000")
    before = await record_of(archive, decision)
    await Retention(archive.decisions, Keeping(days=30, mib=0)).tidy(town.now)
    assert await Decisions(archive.decisions).find(decision) is None
    assert await record_of(archive, decision) == before
    assert await last_call(archive, line, town.now - HOUR) == before
