"""Complaints come in: numbered at once, once each, tied to their call, taken back without a trace in the score."""

import pytest

from desk.complaint_rows import Channel, find
from desk.evidence import Tie
from desk.faults import ComplaintError, Conflict, NotFound
from desk.reading import NewComplaint
from desk.reckoning import verified
from desk.states import ComplaintState
from rules.model import Trunk
from tests.desk.town import CHINA, DAY, SPAM


async def test_a_reporter_gets_a_number_at_once_and_can_ask_its_state(town):
    filed = await town.complain("95012345", called="13800138000", at=town.now - 60)
    assert filed.reference[:2] == "C-"
    assert (filed.state, filed.duplicate, filed.tie, filed.never_called) == ("received", False, Tie.UNTIED, True)
    found = await find(town.desk.archive.store.connection, filed.reference.lower().replace("-", " "))
    assert (found.accused, found.state, found.case_id) == (SPAM, ComplaintState.RECEIVED, filed.case_id)
    with pytest.raises(NotFound):
        await find(town.desk.archive.store.connection, "C-00000-00000")


@pytest.mark.parametrize("tie", [Tie.JUDGED, Tie.UNTIED])
async def test_it_is_tied_to_the_judged_call(town, tie):
    trunk = CHINA if tie is Tie.JUDGED else Trunk("other", country="CN")
    decision = await town.ring(SPAM, "13800138000", trunk=trunk)
    filed = await town.complain(decision=decision)
    assert (filed.tie, filed.never_called) == (tie, False)
    assert (await find(town.desk.archive.store.connection, filed.reference)).decision == decision


async def test_a_call_is_found_without_its_id_counted_or_not(town):
    decision = await town.ring(SPAM, "13800138000")
    assert (await town.complain()).tie is Tie.JUDGED
    await town.desk.counting.catch_up()
    assert (await town.complain(channel=Channel.CENTRE)).tie is Tie.JUDGED
    row = await town.one("select count(*) from complaint where decision = ?", decision)
    assert row[0] == 2


async def test_whoever_complains_while_it_rings_is_tied_to_the_call_that_ends_later(town):
    await town.reopen(policy_reporters=2)
    began, people = town.now, [town.subscriber(person) for person in range(2)]
    filed = [await town.complain(reporter=person) for person in people]
    early = await town.complain("95013333")
    assert [(one.tie, one.never_called) for one in filed] == [(Tie.UNTIED, True)] * 2
    town.now += 30.0
    for person in people:
        await town.ring(SPAM, person, at=began)
    await town.ring("95013333", "13800138000")  # it came after the complaint
    assert await town.desk.catch_up() == 3
    connection = town.desk.archive.store.connection
    for one in filed:
        found = await find(connection, one.reference)
        assert (found.tie, found.never_called, bool(found.decision)) == (Tie.JUDGED, False, True)
    assert (await find(connection, early.reference)).tie is Tie.UNTIED
    (stands,) = await town.desk.ladder.climbers()
    assert (stands.standing.name, stands.author) == (SPAM, "policy"), "policy heard of it, too"
    assert await town.desk.catch_up() == 0


async def test_policy_does_nothing_about_a_case_that_is_closed_already(town):
    await town.reopen(policy_reporters=2)
    began, people = town.now, [town.subscriber(person) for person in range(2)]
    (case,) = {(await town.complain(reporter=person)).case_id for person in people}
    await town.desk.cases.close_unfounded(case, actor="li", reason="nothing")
    for person in people:
        await town.ring(SPAM, person, at=began)
    assert await town.desk.catch_up() == 2
    assert await town.desk.ladder.climbers() == []


async def test_what_is_older_or_taken_back_is_not_tied_any_more(town):
    began = town.now
    withdrawn = await town.complain()
    await town.desk.complaints.withdraw(withdrawn.reference, actor="reporter")
    old = await town.complain("95013333")
    town.now += 901.0
    for number in (SPAM, "95013333"):
        await town.ring(number, "13800138000", at=began)
    assert await town.desk.catch_up() == 2
    for one in (withdrawn, old):
        assert (await find(town.desk.archive.store.connection, one.reference)).tie is Tie.UNTIED


async def test_another_callers_decision_ties_nothing(town):
    decision = await town.ring("95013333", "13800138000")
    filed = await town.complain(decision=decision)
    assert (filed.tie, filed.never_called) == (Tie.UNTIED, True)


async def test_the_same_complaint_ten_thousand_times_is_one(town):
    first = await town.complain()
    again = await town.desk.complaints.file_many([NewComplaint("950 12345", "+8613800138000")] * 10_000)
    assert {one.reference for one in again} == {first.reference}
    assert all(one.duplicate for one in again)
    assert (await town.one("select count(*) from complaint"))[0] == 1
    key = ("class", "cn-95", "2026Q3", "complaints")
    query = "select value from tally where dimension = ? and key = ? and period = ? and measure = ?"
    assert (await town.one(query, *key))[0] == 1
    town.now += DAY
    assert not (await town.complain()).duplicate


async def test_within_one_batch_the_first_stands(town):
    new = NewComplaint(SPAM, "13800138000")
    first, second, other = await town.desk.complaints.file_many([new, new, NewComplaint(SPAM, "13800138001")])
    assert (first.duplicate, second.duplicate, other.duplicate) == (False, True, False)
    assert first.reference == second.reference != other.reference
    assert first.case_id == other.case_id


async def test_what_is_wrong_with_one_stops_no_other(town):
    found = await town.desk.complaints.file_many(
        [NewComplaint("110", "13800138000"), NewComplaint(SPAM, "13800138000"), NewComplaint("nobody", "13800138000")]
    )
    assert isinstance(found[0], ComplaintError)
    assert found[1].state == "received"
    assert found[2].field == "accused"


async def test_a_withdrawn_complaint_is_counted_apart_and_can_be_filed_anew(town):
    filed = await town.complain()
    town.now += DAY
    withdrawn = await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    assert withdrawn.state is ComplaintState.WITHDRAWN
    query = "select measure, period from tally where dimension = 'all' and measure = 'withdrawn' and period like '%-01'"
    assert tuple(await town.one(query)) == ("withdrawn", "2026-07-01"), "it belongs to the day it was received"
    with pytest.raises(Conflict):
        await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    town.now -= DAY
    assert not (await town.complain()).duplicate


async def test_a_rejected_complaint_stays_known(town):
    filed = await town.complain()
    with pytest.raises(ComplaintError, match="reason"):
        await town.desk.complaints.reject(filed.reference, actor="li", reason=" ")
    await town.desk.complaints.reject(filed.reference, actor="li", reason="an advertisement for another number")
    again = await town.complain()
    assert (again.duplicate, again.state) == (True, "rejected")


async def test_a_complaint_joins_the_case_of_its_number(town):
    case = (await town.complain()).case_id
    await town.desk.cases.take(case, actor="li")
    joined = await town.complain(reporter="13800138001")
    assert (joined.case_id, joined.state) == (case, "accepted")


async def test_sums_by_business_and_branch(town):
    await town.complain(business="Loan King", knew={"name": "Wang Wu", "branch": "Chaoyang"})
    for dimension, key in (("business", "Loan King"), ("branch", "Chaoyang"), ("category", "other")):
        query = "select value from tally where dimension = ? and key = ? and period = '2026-07'"
        assert (await town.one(query, dimension, key))[0] == 1


async def test_nothing_filed_is_nothing_written(town):
    assert await town.desk.complaints.keep([]) == []


async def test_many_are_ended_at_once_and_what_is_wrong_with_one_stops_no_other(town):
    await town.reopen(officers=["li"])
    filed = await town.desk.complaints.file_many([NewComplaint(SPAM, town.subscriber(n)) for n in range(1_003)])
    names = [one.reference for one in filed]
    await town.desk.complaints.withdraw(names[1], actor="reporter")
    with pytest.raises(ComplaintError, match="officer"):
        await town.desk.complaints.end_many(names, ComplaintState.REJECTED, actor="wang", reason="x")
    with pytest.raises(ComplaintError, match="say why"):
        await town.desk.complaints.end_many(names, ComplaintState.REJECTED, actor="li", reason=" ")
    asked = [*names, "C-00000-00000", names[0]]
    found = await town.desk.complaints.end_many(asked, ComplaintState.REJECTED, actor="li", reason="a flood")
    wrong = [place for place, one in enumerate(found) if isinstance(one, ComplaintError)]
    assert wrong == [1, 1_003, 1_004]
    assert (await town.one("select count(*) from complaint where state = 'rejected'"))[0] == 1_002
    query = "select value from tally where dimension = 'all' and period = '2026Q3' and measure = 'rejected'"
    assert (await town.one(query))[0] == 1_002
    assert (await verified(town.desk.archive)).breaks == []
    deeds = await town.one("select count(*) from step where step = 'rejected' and actor = 'li' and reason = 'a flood'")
    assert deeds[0] == 1_002


@pytest.mark.parametrize("who", [{"reporter": "950-12345"}, {"called": "95012345"}], ids=["reporter", "called"])
async def test_no_number_complains_about_itself(town, who):
    with pytest.raises(ComplaintError, match=f"{next(iter(who))}: it is the accused number itself"):
        await town.complain(SPAM, **who)
