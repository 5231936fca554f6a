"""The bench of rules compiles what it means to, and its table says what was measured."""

import random

from bench.rule_scale import Took, calls, checked, compiled, conditions, microseconds, rules_text, table
from rules.model import Step


def test_the_mixture_compiles_and_no_call_of_the_trunk_was_meant():
    ruleset, took = compiled(200)
    assert len(ruleset.rules) == 205  # and the pack that is on
    assert took > 0
    assert ruleset.index.always == []
    asked = calls(50)
    assert {ruleset.judge(*one).step for one in asked} == {Step.DEFAULT}
    assert any(hits for _, hits in asked)
    assert microseconds(ruleset, asked) > 0


def test_every_kind_of_condition_occurs_among_ten_rules():
    text = rules_text(10)
    keys = (
        "starts_with",
        "range",
        "class",
        "on_list",
        "display_name",
        "user_agent",
        "called",
        "group",
        "calls",
        "hours",
    )
    assert all(f"{key}:" in text for key in keys)
    assert text.count("- rule:") == 10
    assert "exact" in conditions(random.Random(1), 9)


def test_the_table_compares_with_the_fewest():
    best, took = {10: 2.0, 1000: 2.1}, {10: Took(0.1, 0.2), 1000: Took(0.25, 0.5)}
    assert table([10, 1000], best, took, markdown=True).splitlines()[-1] == "| 1,000 | 2.10 | 1.05 | 0.25 | 0.50 |"
    assert table([10, 1000], best, took, markdown=False).splitlines()[1].split() == [
        "10",
        "2.00",
        "1.00",
        "0.10",
        "0.20",
    ]


def test_the_same_rules_with_examples_are_checked():
    assert checked(100) > 0
