"""Cases as they stand: one open case a number, the most pressing first."""

import pytest

from desk.case_files import case_of, cases_of, clocks, open_case_of
from desk.faults import NotFound
from desk.states import CaseState
from tests.desk.town import DAY, SPAM


async def test_one_open_case_a_number(town):
    connection = town.desk.archive.store.connection
    first = await town.complain()
    assert (await town.complain(reporter="13800138001")).case_id == first.case_id
    await town.desk.cases.close_unfounded(first.case_id, actor="li", reason="x")
    assert await open_case_of(connection, SPAM) is None
    town.now += DAY
    second = await town.complain()
    assert [case.id for case in await cases_of(connection, SPAM)] == [first.case_id, second.case_id]
    assert (await open_case_of(connection, SPAM)).id == second.case_id
    with pytest.raises(NotFound):
        await case_of(connection, 99)


async def test_clocks_run_from_the_first_complaint(town):
    filed = await town.complain()
    town.now += DAY
    await town.complain(reporter="13800138001")
    found = await clocks(town.desk.archive.store.connection, filed.case_id)
    assert [clock.started for clock in found] == [town.now - DAY] * 4
    assert [town.desk.archive.periods(clock.due)[0] for clock in found] == [
        *("2026-07-03", "2026-07-07", "2026-07-23", "2026-07-30")
    ]


async def test_the_most_pressing_first_and_pages(town):
    first = (await town.complain("95013331")).case_id
    town.now += DAY
    second = (await town.complain("95013332")).case_id
    third = (await town.complain("95013333")).case_id
    await town.desk.cases.take(first, actor="li")
    found = await town.desk.cases.pressing()
    assert [one.case.id for one in found] == [second, third, first]
    assert [one.due.name for one in found] == ["accept", "accept", "hand over"]
    assert [one.case.id for one in await town.desk.cases.pressing(limit=1, after=1)] == [third]
    assert [one.case.id for one in await town.desk.cases.pressing(state=CaseState.VERIFYING)] == [first]


async def test_a_page_begins_behind_a_case_although_others_were_worked_on_meanwhile(town):
    cases = [(await town.complain(f"9501333{digit}")).case_id for digit in range(4)]
    first, second = await town.desk.cases.pressing(limit=2)
    await town.desk.cases.take(first.case.id, actor="li")
    assert [one.case.id for one in await town.desk.cases.pressing(beyond=second.turn)] == [*cases[2:], cases[0]]


async def test_a_case_with_two_clocks_due_at_once_is_listed_once(town):
    case = (await town.complain()).case_id
    connection = town.desk.archive.store.connection
    await connection.execute("update clock set due = (select min(due) from clock where id = ?)", (case,))
    assert [(one.case.id, one.due.name) for one in await town.desk.cases.pressing()] == [(case, "accept")]


async def test_what_was_handed_over_waits_on_until_it_is_answered(town):
    case = (await town.complain()).case_id
    await town.desk.cases.hand_over(case, actor="li", to="Other Telecom")
    assert [one.due.name for one in await town.desk.cases.pressing()] == ["answer"]
    await town.desk.cases.their_answer(case, actor="li", answer="done")
    assert await town.desk.cases.pressing() == []
