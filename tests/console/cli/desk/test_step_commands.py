"""Each step of the desk's table is a command, with what it needs as its options."""

import pytest

from desk.steps import APPEAL_STEPS, CASE_STEPS


@pytest.mark.parametrize(
    ("group", "step"),
    [*(("cases", step) for step in CASE_STEPS), *(("appeals", step) for step in APPEAL_STEPS)],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_step_has_a_command_that_names_what_it_needs(run, monkeypatch, group, step):
    monkeypatch.setenv("COLUMNS", "200")
    shown = run(group, step.name, "--help").stdout
    for need in step.needs:
        assert (need.option or f"--{need.name}") in shown
    assert f"Possible while it is {' or '.join(step.states)}." in shown
    needed = next((need for need in step.needs if need.required), None)
    if needed is not None:
        assert f"Missing option '{needed.option or f'--{needed.name}'}'" in run(group, step.name, "1").stderr
