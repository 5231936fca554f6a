"""A case goes to the operator who holds its number, and comes back with his answer: two desks, one of them a centre."""

import pytest

from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.states import CaseState, ComplaintState
from tests.desk.town import SPAM, Town

NAMES = {"centre": "centre", "12321": "centre"}


@pytest.fixture
async def two(tmp_path):
    """An operator, and the centre that he hands cases over to."""
    made = []
    for name in ("operator", "centre"):
        (tmp_path / name).mkdir()
        town = Town(tmp_path / name)
        await town.open()
        made.append(town)
    yield made
    for town in made:
        await town.desk.close()


async def handed(town, to="12321"):
    filed = await town.complain(category="loan")
    await town.complain(reporter="13800138001")
    await town.desk.cases.hand_over(filed.case_id, actor="li", to=to)
    await town.desk.handing.queue(NAMES)
    return filed


async def test_a_case_is_tried_until_it_is_acknowledged_and_comes_back_with_an_answer(two):
    here, there = two
    filed = await handed(here)
    out = here.desk.handing
    for pause in (60, 300):
        (due,) = await out.due()
        await out.failed(due, "connection refused")
        assert await out.due() == []
        here.now += pause
    (due,) = await out.due()
    told = await out.message(due)
    assert (told["number"], told["complaints"]) == (SPAM, {"loan": 1, "other": 1})
    assert "13800138" not in repr(told)
    reference = await there.desk.handing.take("operator", "a.example", told)
    assert await there.desk.handing.take("operator", "a.example", told) == reference  # the acknowledgement was lost
    await out.acknowledged(due, reference)
    await out.queue(NAMES)
    here.now += 86_400
    assert await out.due() == []
    (waits,) = await there.desk.handing.inbox()
    assert (waits.number, waits.operator, waits.due) == (SPAM, "a.example", min(told["clocks"].values()))
    await there.desk.handing.answer(waits.id, "operator", actor="wang", answer="The line was closed.")
    assert await there.desk.handing.inbox() == []
    with pytest.raises(Conflict):
        await there.desk.handing.answer(waits.id, "operator", actor="wang", answer="Twice.")
    (back,) = await there.desk.handing.due()
    answer = await there.desk.handing.message(back)
    for _ in range(2):
        assert await out.take("centre", "b.example", answer) == str(filed.case_id)
    case = await here.desk.cases.find(filed.case_id)
    assert (case.state, case.their_answer, case.their_reference, case.last_actor) == (
        *(CaseState.HANDED_OVER, "The line was closed.", reference, "partner centre"),
    )
    states = await here.one("select group_concat(distinct state) from complaint where case_id = ?", filed.case_id)
    assert states == (ComplaintState.ANSWERED.value,)
    (sent,) = await out.outbox()
    assert (sent.partner, sent.attempts, sent.reference) == ("centre", 2, reference)


async def test_who_is_no_partner_is_not_told(two):
    here, _ = two
    await handed(here, to="somebody else")
    assert await here.desk.handing.due() == []


async def test_nobody_answers_what_was_not_handed_over_to_him(two):
    here, _ = two
    filed = await handed(here)
    answer = {"kind": "answer", "reference": str(filed.case_id), "answer": "It is nothing.", "ours": "1"}
    for partner, changed in (("other", {}), ("centre", {"reference": "99"}), ("centre", {"reference": "x"})):
        with pytest.raises(NotFound):
            await here.desk.handing.take(partner, "x.example", answer | changed)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"kind": "order"}, ComplaintError),
        ({"reference": ""}, ComplaintError),
        ({"reference": 7}, ComplaintError),
        ({"number": "110"}, Refused),
        ({"number": "x" * 101}, ComplaintError),
        ({"clocks": {"answer": "soon"}}, ComplaintError),
        ({"clocks": []}, ComplaintError),
    ],
)
async def test_what_is_no_case_is_refused_and_changes_nothing(two, changed, fault):
    _, there = two
    await there.desk.archive.lists.add("own", SPAM)  # who holds a number has it on a list of his own
    good = {"kind": "case", "reference": "6", "number": SPAM, "clocks": {}}
    await there.desk.handing.answer(
        int(await there.desk.handing.take("operator", "a.example", good)), "operator", actor="li", answer="x"
    )
    told = {"kind": "case", "reference": "7", "number": SPAM, "clocks": {}} | changed
    with pytest.raises(fault):
        await there.desk.handing.take("operator", "a.example", told)
    assert await there.desk.handing.inbox() == []
    with pytest.raises(NotFound):
        await there.desk.handing.find(2)
