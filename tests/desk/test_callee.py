"""What phones say: 607 counts once a day, a feature code reports the last caller."""

import pytest

from desk import callee as phones
from desk.callee import Callee
from desk.complaint_rows import Channel, find
from desk.evidence import Tie
from desk.faults import ComplaintError, NotFound
from desk.matching import rang_lately
from rules.model import Action, Step
from rules.storage.store import StoreError
from tests.desk.town import DAY, HOUR, SPAM

CALLEE = "13800138000"


async def test_607_is_a_complaint_of_the_callee_once_a_day(town):
    callee = town.desk.callee
    for _ in range(3):
        callee.unwanted(await town.ring(SPAM, CALLEE, status=607))
    filed = await callee.drain()
    assert {one.reference for one in filed} == {filed[0].reference}
    found = await find(town.desk.archive.store.connection, filed[0].reference)
    assert (found.accused, found.channel, found.tie) == (SPAM, Channel.UNWANTED, Tie.UNWANTED)
    town.now += DAY
    callee.unwanted(await town.ring(SPAM, CALLEE, status=607))
    (next_day,) = await callee.drain()
    assert not next_day.duplicate


async def test_each_callee_and_each_caller_counts_once_a_day(town):
    callee = town.desk.callee
    for person in (CALLEE, "13800138001"):
        for caller in (SPAM, "95014444", SPAM):
            callee.unwanted(await town.ring(caller, person, status=607))
    assert len({one.reference for one in await callee.drain()}) == 4


async def test_a_607_to_an_allowed_caller_is_a_complaint_that_moves_nothing_by_itself(town):
    await town.desk.archive.lists.add("allowed", SPAM, country="CN")
    for person in range(6):
        decision = await town.ring(SPAM, town.subscriber(person), step=Step.OPERATOR_ALLOW, status=607)
        town.desk.callee.unwanted(decision)
    assert len(await town.desk.callee.drain()) == 6
    assert await town.desk.ladder.standing("number", SPAM) is None


async def test_a_call_that_a_rule_diverted_rang_somebody_else(town):
    await town.ring("95013333", CALLEE)
    town.now += HOUR
    diverted = await town.ring(SPAM, CALLEE, action=Action.DIVERT, status=607)
    town.desk.callee.unwanted(diverted)
    assert await town.desk.callee.drain() == []
    filed = await town.desk.callee.report_last_call(CALLEE)
    assert (await find(town.desk.archive.store.connection, filed.reference)).accused == "CN:95013333"
    assert (await town.complain(SPAM, CALLEE)).never_called
    await town.desk.counting.catch_up()
    assert await rang_lately(town.desk.archive, SPAM, town.now) == 0
    assert await rang_lately(town.desk.archive, "CN:95013333", town.now) == 1


async def test_what_rang_while_rescuers_might_call_back_can_be_reported(town):
    await town.ring("95013333", CALLEE)
    town.now += HOUR
    await town.ring(SPAM, CALLEE, step=Step.CALLBACK)
    filed = await town.desk.callee.report_last_call(CALLEE)
    assert (await find(town.desk.archive.store.connection, filed.reference)).accused == SPAM


async def test_it_waits_for_the_record_and_then_gives_up(town):
    callee = Callee(town.desk.archive, town.desk.complaints, limit=2)
    callee.unwanted("00" * 10)
    for _ in range(39):
        assert await callee.drain() == []
    assert callee.dropped == 0
    assert await callee.drain() == []
    assert callee.dropped == 1
    for _ in range(3):
        callee.unwanted("00" * 10)
    assert callee.dropped == 2, "bounded"


async def test_a_desk_that_cannot_write_loses_none(town):
    connection = town.desk.archive.store.connection
    town.desk.callee.unwanted(await town.ring(SPAM, CALLEE, status=607))
    town.desk.callee.unwanted("00" * 10)
    await connection.execute("pragma query_only=on")
    for _ in range(50):
        with pytest.raises(StoreError):
            await town.desk.callee.drain()
    await connection.execute("pragma query_only=off")
    assert len(await town.desk.callee.drain()) == 1
    assert town.desk.callee.dropped == 0


async def test_a_flood_is_filed_piece_by_piece(town, monkeypatch):
    monkeypatch.setattr(phones, "_AT_ONCE", 2)
    for person in range(5):
        town.desk.callee.unwanted(await town.ring(SPAM, town.subscriber(person), status=607))
    assert len({one.reference for one in await town.desk.callee.drain()}) == 5
    assert await town.desk.callee.drain() == []


async def test_calls_without_a_caller_are_nobodys(town):
    town.desk.callee.unwanted(await town.ring("", CALLEE, status=607))
    town.desk.callee.unwanted(await town.ring("110", CALLEE, status=607))
    assert await town.desk.callee.drain() == []


async def test_the_feature_code_reports_the_last_caller(town):
    await town.ring("95013333", CALLEE)
    town.now += HOUR
    await town.ring(SPAM, CALLEE)
    await town.ring("95014444", "13800138001")
    filed = await town.desk.callee.report_last_call("+86 138 0013 8000")
    found = await find(town.desk.archive.store.connection, filed.reference)
    assert (found.accused, found.tie, found.channel) == (SPAM, Tie.JUDGED, Channel.FEATURE_CODE)
    assert (await town.desk.callee.report_last_call(CALLEE)).duplicate


async def test_nobody_rang_lately(town):
    await town.ring(SPAM, CALLEE)
    town.now += 25 * HOUR
    with pytest.raises(NotFound, match="last 24 h"):
        await town.desk.callee.report_last_call(CALLEE)


async def test_the_last_caller_was_one_of_ours(town):
    await town.desk.archive.lists.add("own", "02088886666", country="CN")
    await town.ring("02088886666", CALLEE)
    with pytest.raises(ComplaintError, match="own number"):
        await town.desk.callee.report_last_call(CALLEE)


async def test_nobody_complains_about_a_call_for_an_ambulance_and_it_counts_for_nothing(town):
    """RFC 8197's 607 of an emergency number's desk, its feature code, a filed complaint, evidence's n."""
    desk = town.desk
    decision = await town.ring("13912345678", CALLEE, step=Step.EMERGENCY, status=607)
    desk.callee.unwanted(decision)
    assert await desk.callee.drain() == []
    with pytest.raises(NotFound):
        await desk.callee.report_last_call(CALLEE)
    with pytest.raises(ComplaintError, match="emergency call"):
        await town.complain("13912345678", CALLEE, decision=decision)
    assert (await town.complain("13912345678", CALLEE)).tie is Tie.UNTIED
    await desk.counting.catch_up()
    assert await rang_lately(desk.archive, "+8613912345678", town.now) == 0
    query = "select coalesce(sum(value), 0) from tally where dimension = 'all' and measure = ?"
    assert (await town.one(query, "rang"))[0] == 0
