"""Inquiries: one at a time for an office, with a clock that is told when it has run out, and a finding at the end."""

import pytest

from desk.alerts import Alert, alerts
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.offices import NewOffice
from rules.audit.chain import entries
from tests.desk.town import DAY, SPAM

TITLE = "ABC Bank / Chaoyang"


async def leak(town, people=5):
    await town.desk.offices.add(NewOffice("Chaoyang", "ABC Bank", (), "the data officer"), actor="li")
    for person in range(people):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), knew={"branch": "ABC Bank Chaoyang"})


async def test_an_office_is_asked_answers_and_something_is_found(town):
    await leak(town)
    asked = await town.desk.inquiries.open("abc bank chaoyang", asked="who exported data?", actor="li")
    assert (asked.office, asked.state, asked.asked_of, asked.opened_by) == (TITLE, "open", "the data officer", "li")
    assert town.desk.archive.periods(asked.due - 1)[0] == "2026-07-15", "ten working days"
    assert await alerts(town.desk.archive) == [], "somebody is on it"
    with pytest.raises(Conflict, match="not closed"):
        await town.desk.inquiries.open(TITLE, asked="again?", actor="wang")
    answered = await town.desk.inquiries.answer(asked.id, answer="a clerk did", actor="li", version=1)
    assert (answered.state, answered.answer, answered.late(town.now)) == ("answered", "a clerk did", False)
    with pytest.raises(Conflict, match="is answered"):
        await town.desk.inquiries.answer(asked.id, answer="no", actor="li")
    with pytest.raises(Conflict):
        await town.desk.inquiries.close(asked.id, finding="confirmed", reason="x", actor="li", version=1)
    closed = await town.desk.inquiries.close(asked.id, finding="confirmed", reason="the export log", actor="wang")
    assert (closed.state, closed.finding, closed.closed_by) == ("closed", "confirmed", "wang")
    assert (await town.desk.inquiries.open(TITLE, asked="again?", actor="wang")).id == 2
    assert [one.id for one in await town.desk.inquiries.listed()] == [2, 1]
    assert [one.id for one in await town.desk.inquiries.listed(state="closed", office="ABC Bank Chaoyang")] == [1]
    told = await entries(town.desk.archive.store.connection, about=("inquiry", ""))
    assert [(one.deed.actor, one.deed.step) for one in told] == [
        *(("li", "opened"), ("li", "answered"), ("wang", "closed"), ("wang", "opened"))
    ]


async def test_an_inquiry_that_is_overdue_is_an_alert(town):
    await town.reopen(inquiry_clock="2d")
    await leak(town, 1)
    made = await town.desk.inquiries.open(TITLE, asked="what happened?", actor="li")
    town.now += 2 * DAY
    assert await alerts(town.desk.archive) == []
    town.now += 1
    assert await alerts(town.desk.archive) == [Alert("inquiry", TITLE, 0.0, 1, 0.0)]
    await town.desk.inquiries.answer(made.id, answer="nothing", actor="li")
    assert await alerts(town.desk.archive) == []


@pytest.mark.parametrize(
    ("office", "asked", "what"),
    [
        ("Pudong", "x", "no reporter named"),
        (TITLE, " ", "say what"),
        ("", "x", "say which"),
        (TITLE, "a\x07", "control"),
    ],
)
async def test_what_is_wrong_is_named(town, office, asked, what):
    await leak(town, 1)
    with pytest.raises(ComplaintError, match=what):
        await town.desk.inquiries.open(office, asked=asked, actor="li")
    with pytest.raises(NotFound):
        await town.desk.inquiries.answer(7, answer="x", actor="li")
    made = await town.desk.inquiries.open(TITLE, asked="x", actor="li")
    with pytest.raises(ComplaintError, match="choose from"):
        await town.desk.inquiries.close(made.id, finding="maybe", reason="x", actor="li")
    with pytest.raises(ComplaintError, match="how that is known"):
        await town.desk.inquiries.close(made.id, finding="unclear", reason="", actor="li")


async def test_inquiries_are_for_officers_and_move_with_their_office(town):
    await leak(town, 1)
    await town.complain(reporter=town.subscriber(9), knew={"branch": "Lake shop"})
    await town.desk.inquiries.open("Lake shop", asked="x", actor="li")
    await town.desk.offices.merge("Lake shop", TITLE, actor="li")
    assert [one.office for one in await town.desk.inquiries.listed()] == [TITLE]
    await town.reopen(officers=["li"])
    with pytest.raises(Refused):
        await town.desk.inquiries.answer(1, answer="x", actor="zhang")
