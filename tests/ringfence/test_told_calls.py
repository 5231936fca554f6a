"""Recorded calls as they are told to who may not see numbers (tests/console/test_told_alike.py asks every door)."""

import pytest

from ringfence import told_calls
from ringfence.installation import Installation
from ringfence.rulebook import load_rulebook
from ringfence.told_calls import calls_told, told_to_others
from rules.judging.explain import HIDDEN_RULE
from rules.model import Hit
from tests.console.past import past_calls
from tests.rules.calls import rule

NARROW = rule("{caller: {starts_with: [+861380013]}}", "tag", "narrow")


@pytest.mark.parametrize("callers", [1, 4, 5])
def test_a_rule_that_decided_is_named_where_enough_who_look_alike_were_decided_by_it(file, run, callers):
    (file.parent / "rules.d" / "own.yaml").write_text(NARROW)
    assert run("rules", "activate", "--reason", "x", "--yes-really").exit_code == 0
    book = load_rulebook(file)
    # The same first and last digits are seen of all of them.
    numbers = [f"1380013{n}800" for n in range(callers)]
    decisions = past_calls(file, book, numbers, ruleset=book.ruleset)

    async def ask(here):
        recorded = await (await here.decisions()).by_ids(decisions)
        return await calls_told(here, recorded, sees=True), await told_to_others(here, recorded)

    seen, told = Installation.open(file).run(ask)
    assert {one.rule for one in seen} == {"narrow"}
    named = callers >= 5
    assert {one.decision.rule for one in told} == {"narrow" if named else ""}
    assert {one.decision.reason for one in told} == {"It is so." if named else HIDDEN_RULE}
    assert {one.kept_back for one in told} == {frozenset() if named else frozenset({"narrow"})}


def test_a_rule_that_names_whom_a_call_was_for_stays_unnamed_however_many_callers_it_met(file, run):
    (file.parent / "rules.d" / "own.yaml").write_text(rule("{called: 13800138000}", "tag", "for-anna"))
    assert run("rules", "activate", "--reason", "x", "--yes-really").exit_code == 0
    book = load_rulebook(file)
    decisions = past_calls(file, book, [f"1380013{n}800" for n in range(9)], ruleset=book.ruleset)

    async def ask(here):
        return await told_to_others(here, await (await here.decisions()).by_ids(decisions))

    assert {one.decision.rule for one in Installation.open(file).run(ask)} == {""}


def test_rules_that_no_longer_fit_are_kept_back(file, run):
    (file.parent / "rules.d" / "own.yaml").write_text(rule("{caller: {on_list: [suspected]}}", "tag", "suspects"))
    assert run("rules", "activate", "--reason", "x", "--yes-really").exit_code == 0
    book = load_rulebook(file)
    hit = Hit("suspected", "suspect", "+8613800138000", "li", "+8613800138000", 14)
    decisions = past_calls(file, book, ["13800138000"], ruleset=book.ruleset, hits=(hit,))

    async def ask(here):
        return await told_to_others(here, await (await here.decisions()).by_ids(decisions))

    (fits,) = Installation.open(file).run(ask)
    assert fits.decision.rule == "suspects", "on which list a caller stands, is told"
    told_calls._rulesets.clear()
    file.write_text(
        file.read_text().replace("  suspected: {kind: suspect}\n", "").replace("rules: [rules.d/*.yaml]", "rules: []")
    )
    (unfit,) = Installation.open(file).run(ask)
    assert (unfit.decision.rule, "suspects" in unfit.kept_back) == ("", True)
