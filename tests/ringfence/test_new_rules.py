"""The first text of a rule: it compiles, only watches, and names no caller unless it is to."""

from types import SimpleNamespace
from typing import Any

import pytest

from ringfence.new_rules import from_call, from_recipe, recipe_named, recipes, rule_text
from rules.texts.bad_value import BadValue
from tests.rules.calls import compiled


def decision(caller: str = "+8613912345678", **facts: Any) -> Any:
    return SimpleNamespace(id="6b0736ec2633c7d7bc8b", caller=caller, trunk="carrier", facts=facts)


@pytest.mark.parametrize("by", ["caller", "block", "display_name", "user_agent", "domain"])
def test_a_rule_from_a_call_compiles_catches_that_call_and_only_watches(by):
    made = decision(display_name='Loans "now": #1', user_agent="friendly-scanner/1.0", domain="evil.example")
    text = from_call("mine", made, by)
    ruleset, faults = compiled(text)
    assert ruleset is not None, faults
    assert faults == []
    assert ruleset.rules[0].share == 0
    assert ("13912345678" in text) is (by in ("caller", "block"))


def test_numbers_of_a_plan_and_callers_without_one():
    assert "starts_with: CN:95588" not in from_call("mine", decision("CN:95588123"), "caller")
    assert compiled(from_call("mine", decision("CN:95588123"), "block"))[0] is not None
    with pytest.raises(BadValue, match="the call shows no number; tell it by display_name"):
        from_call("mine", decision(""), "caller")
    with pytest.raises(BadValue, match="domain is none of this call's"):
        from_call("mine", decision(), "domain")
    with pytest.raises(BadValue, match="is kept without its digits"):
        from_call("mine", decision(display_name="Loans ***1"), "display_name")


def test_a_recipe_under_another_name():
    assert len(recipes()) >= 30
    text = from_recipe("calls-too-often", recipe_named("debt-collector"))
    assert "\n- rule: calls-too-often\n" in text
    with pytest.raises(BadValue, match=r"there is no recipe 'wangri'; did you mean 'wangiri'\?"):
        recipe_named("wangri")
    with pytest.raises(BadValue, match=r"there is no recipe '\.\./rules/cn'"):
        recipe_named("../rules/cn")


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "ü"])
def test_a_name_that_no_rule_may_bear(name):
    with pytest.raises(BadValue, match="is no name of a rule"):
        rule_text(name, "It is so.", {"anonymous": "true"}, catches=[], spares=[])
