"""The table of cases: no path to a seal without a person's verification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.complaint_rows import find
from desk.faults import ComplaintError
from desk.states import CASE_TABLE, MEETS, OPEN, CaseState, CaseStep, next_state
from tests.desk.town import SPAM


@given(st.lists(st.sampled_from(CaseStep), max_size=40))
def test_whatever_is_tried_a_seal_follows_a_verification(steps):
    state, taken = CaseState.COLLECTING, []
    for step in steps:
        found = next_state(state, step)
        if found is not None:
            state = found
            taken.append(step)
    if CaseStep.SEAL in taken:
        assert CaseStep.VERIFY in taken[: taken.index(CaseStep.SEAL)]
    if state is CaseState.RELEASED:
        assert CaseStep.SEAL in taken


def test_closed_is_closed():
    """But for what leaves it as it is: what an operator answers to whom it was handed over, a release done again."""
    closed = {one: becomes for one, becomes in CASE_TABLE.items() if one[0] not in OPEN}
    assert closed == {
        (CaseState.HANDED_OVER, CaseStep.ANSWER): CaseState.HANDED_OVER,
        (CaseState.RELEASED, CaseStep.RELEASE_AGAIN): CaseState.RELEASED,
    }
    assert {state for state, _ in CASE_TABLE.keys() - closed.keys()} == OPEN


def test_every_step_leads_somewhere_and_says_which_clocks_it_meets():
    assert {step for _, step in CASE_TABLE} == set(CaseStep) == set(MEETS)
    assert "answer" not in MEETS[CaseStep.HAND_OVER], "the reporter still waits"


async def test_a_word_that_nothing_here_writes_is_named_with_what_bears_it(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    appeal = await town.desk.appeals.file(number=SPAM)
    filed = (await town.complain()).reference
    store = town.desk.archive.store.connection
    for table in ("case_file", "appeal", "complaint"):
        await store.execute(f"update {table} set state = 'closed'")
    await store.commit()
    with pytest.raises(ComplaintError, match=f"case {case}: 'closed' stands in the database, .* audit verify"):
        await town.desk.cases.find(case)
    with pytest.raises(ComplaintError, match=f"{appeal.reference}: 'closed' stands in the database"):
        await town.desk.appeals.find(appeal.reference)
    with pytest.raises(ComplaintError, match=f"{filed}: 'closed' stands in the database"):
        await find(store, filed)
