"""A rule that does more than one thing, asks whether another fired, and says in its label what the call shows."""

import pytest

from rules.judging.explain import explain
from rules.model import Action
from tests.rules.calls import call, faults, rule, rules


@pytest.mark.parametrize("then", ["[{tag: {label: Fraud?}}, {suspicion: 6}]", "{tag: {label: Fraud?}, suspicion: 6}"])
def test_a_rule_tags_and_adds_suspicion(then):
    more = rule("{called: 13800138000}", "{suspicion: 4}", name="s")
    made = call()
    ruleset = rules(rule("{caller: 13912345678}", then) + more)
    verdict = ruleset.judge(made)
    assert (verdict.action, verdict.suspicion) == (Action.REJECT, 10), "six and four"
    alone = ruleset.judge(call(called="13800138001"))
    assert (alone.action, alone.label, alone.suspicion) == (Action.TAG, "Fraud?", 6)
    assert [one.said for one in alone.fired] == ["tag, suspicion +6"]
    told = [one.text for one in explain(call(called="13800138001"), alone, ruleset)]
    assert any("says tag label 'Fraud?' suspicion +6" in text for text in told)
    assert any(text.startswith("r: +6") for text in told)


def test_a_rule_rejects_and_what_it_suspects_stands_in_the_record():
    verdict = rules(rule("{caller: 13912345678}", "[reject, {suspicion: 3}]")).judge(call())
    assert (verdict.action, verdict.suspicion) == (Action.REJECT, 3)


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ("[tag, reject]", "tag and reject exclude each other in one rule"),
        ("[{suspicion: 3}, {suspicion: 4}]", "suspicion stands here twice"),
        ("[tag, {colour: red}]", "'colour' is no action of this shape"),
        ("[]", "no action stands here"),
        ('{tag: {label: "a\\x07b"}}', "a control character in the label"),
        ('{tag: {label: "\\u200b"}}', "a label of which nothing is to be seen"),
        ('{tag: {label: "\\u202e"}}', "a mark in the label that turns the direction of writing"),
        ('{tag: {label: "Bank \\u202e321"}}', "a mark in the label that turns the direction of writing"),
        (
            "{tag: {label: 'Fraud {number}'}}",
            "no text of a call is called {number}; write one of {caller_range}",
        ),
        ("{tag: {label: 'Fraud {holder'}}", "no text of a call is called {holder}"),
    ],
)
def test_what_a_rule_cannot_do_is_named_at_its_place(then, says):
    found = faults(rule("{caller: 13912345678}", then))
    assert found
    assert says in found[0]
    assert found[0].startswith("rules.yaml:4:")


def test_a_label_says_range_holder_and_reason():
    ruleset = rules(rule("{caller: 13912345678}", "{tag: {label: '{holder} {caller_range}: {reason}'}}"))
    assert ruleset.judge(call()).label == "+861391234*: It is so."
    made = call(facts={"holder": "Ac\r\nme", "code": "CN:139"})
    assert ruleset.judge(made).label == "Ac me CN:139: It is so."
    long = call(facts={"holder": "x" * 200})
    assert len(ruleset.judge(long).label) == 64


BOTH = rule("{caller: 13912345678}", "{suspicion: 1}", name="robot", mode="observe")


def test_a_rule_asks_whether_another_one_fired():
    asking = rule("{fired: robot, called: 13800138000}", "reject", unless="[{fired: friend}]")
    friend = rule("{display_name: friend}", "{suspicion: -1}", name="friend")
    ruleset = rules(asking + BOTH + friend)
    assert ruleset.judge(call()).action is Action.REJECT, "though it only observes"
    assert ruleset.judge(call("13912345679")).action is Action.FORWARD
    assert ruleset.judge(call(display_name="friend")).action is Action.FORWARD
    told = [one.text for one in explain(call(), ruleset.judge(call()), ruleset)]
    assert any("holds: rule robot fired; the called number is" in text or "rule robot fired" in text for text in told)


def test_rules_ask_along_a_chain_in_whatever_order_they_stand():
    text = rule("{fired: b}", "reject", name="c") + rule("{fired: a}", "{suspicion: 1}", name="b")
    text += rule("{caller: 13912345678}", "{suspicion: 1}", name="a")
    assert rules(text).judge(call()).action is Action.REJECT
    assert rules(text).judge(call("13912345670")).action is Action.FORWARD


def test_rules_that_ask_for_each_other_are_named_with_the_path():
    text = "".join(rule(f"{{fired: {each}}}", "{suspicion: 1}", name=name) for name, each in ("ab", "bc", "ca"))
    (fault,) = faults(text)
    assert fault == "rules.yaml:11:17: rules ask for each other: a -> b -> c -> a; break the circle"
    (own,) = faults(rule("{fired: r}"))
    assert "rules ask for each other: r -> r" in own


def test_a_rule_that_there_is_not_is_named_with_the_nearest():
    (fault,) = faults(rule("{fired: robots}") + BOTH)
    assert fault == "rules.yaml:3:17: there is no rule 'robots'; did you mean 'robot'?"
    text = "conditions: {odd: {fired: robot}}\nrules:\n" + BOTH
    assert "a named condition asks for no rule" in "\n".join(faults(text))
