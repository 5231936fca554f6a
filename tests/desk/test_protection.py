"""Whom nobody can complain about, and whom nobody can stop."""

import pytest

from desk.faults import ComplaintError, Refused
from desk.protection import ALLOWED, accusable, on_list_of, restrainable
from rules.lists.editing import Origin
from tests.desk.town import DAY, SPAM


@pytest.mark.parametrize("number", ["110", "112", "0086 120", "+86110", "911"])
async def test_emergency_numbers(town, number):
    with pytest.raises(Refused, match="emergency"):
        await accusable(town.desk.archive, number)


@pytest.mark.parametrize("number", ["", "anonymous", "nobody", "1001", "+", "8.6E+12"])
async def test_what_is_no_caller(town, number):
    with pytest.raises(ComplaintError):
        await accusable(town.desk.archive, number)


async def test_our_own_numbers(town):
    await town.desk.archive.lists.add("own", "0208888*", country="CN")
    with pytest.raises(Refused, match="on list own"):
        await accusable(town.desk.archive, "02088886666")


async def test_service_numbers_can_be_complained_about_and_not_stopped(town):
    assert (await accusable(town.desk.archive, "10086")).canonical == "CN:10086"
    with pytest.raises(Refused, match="public service"):
        await restrainable(town.desk.archive, "10086")
    assert (await restrainable(town.desk.archive, "95012345")).canonical == SPAM


async def test_an_entry_that_has_expired_protects_nobody(town):
    await town.desk.archive.lists.add("allowed", SPAM, Origin(expires=town.now + DAY))
    assert await on_list_of(town.desk.archive, SPAM, ALLOWED) == "allowed"
    town.now += DAY
    assert await on_list_of(town.desk.archive, SPAM, ALLOWED) == ""


async def test_only_officers_work_where_they_are_named(town):
    await town.ring(SPAM, "13800138000")
    filed = await town.complain()
    await town.reopen(officers=["li"], policy_step="tag", policy_reporters=2)
    desk = town.desk
    appeal = await desk.appeals.file(number=SPAM, attacks="rule")
    for work in (
        lambda: desk.cases.take(filed.case_id, actor="zhang"),
        lambda: desk.cases.their_answer(filed.case_id, actor="zhang", answer="x"),
        lambda: desk.complaints.reject(filed.reference, actor="zhang", reason="x"),
        lambda: desk.appeals.grant(appeal.reference, actor="zhang", reason="x"),
        lambda: desk.appeals.refuse(appeal.reference, actor="zhang", reason="x"),
        lambda: desk.ladder.climb("number", SPAM, actor="zhang", reason="x"),
        lambda: desk.ladder.clear("number", SPAM, actor="zhang", reason="x"),
        lambda: desk.ladder.assign(SPAM, owner="x", actor="zhang"),
    ):
        with pytest.raises(Refused, match="zhang is no officer"):
            await work()
    await desk.ladder.climb("number", SPAM, actor="li", reason="x")
    assert (await desk.appeals.refuse(appeal.reference, actor="li", reason="x")).decided_by == "li"
    assert (await desk.complaints.withdraw(filed.reference, actor="reporter")).state == "withdrawn"


async def test_policy_needs_nobodys_right(town):
    await town.reopen(officers=["li"], policy_reporters=2)
    for person in ("13800138000", "13800138001"):
        await town.ring(SPAM, person)
        await town.complain(reporter=person)
    assert await town.desk.ladder.standing("number", SPAM) is not None
