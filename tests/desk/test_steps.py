"""The table of steps says of each what the desk itself knows."""

import inspect

import pytest

from desk.appeals import Appeals
from desk.cases import Cases
from desk.states import CASE_TABLE
from desk.steps import APPEAL_STEPS, CASE_STEPS


class Desk:
    """The methods without what lies behind them."""

    cases, appeals = Cases, Appeals


@pytest.mark.parametrize("step", [*CASE_STEPS, *APPEAL_STEPS], ids=lambda step: step.name)
def test_the_desk_takes_what_a_step_needs(step):
    taken = inspect.signature(step.method(Desk)).parameters
    named = {name for name, one in taken.items() if one.kind is one.KEYWORD_ONLY} - {"actor"}
    assert named == {need.name for need in step.needs} | ({"version"} if step.versioned else set())
    for need in step.needs:
        if taken[need.name].default is inspect.Parameter.empty:
            assert need.required


def test_every_step_of_a_case_is_there():
    states = {state.value for state, _ in CASE_TABLE}
    assert states == {state for step in CASE_STEPS for state in step.states}
    assert len({step.operation for step in (*CASE_STEPS, *APPEAL_STEPS)}) == len(CASE_STEPS) + len(APPEAL_STEPS)


def test_help_says_when_it_is_possible():
    [forged] = [step for step in CASE_STEPS if step.name == "forged"]
    assert forged.told.endswith("\n\nPossible while it is verifying or verified.")
