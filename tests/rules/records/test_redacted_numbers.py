"""Called numbers of which only the area is kept: the answer is true, or "not to be known", and never wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.judging.facts import Facts
from rules.model import NumberClass
from rules.numbering.numbers import read_number
from rules.records.privacy import area
from rules.records.redacted_numbers import HIDDEN_LISTS, Undecided, asking, holds, named_called_numbers, redacted_number
from tests.rules.calls import CN, call, rule, rules


def answer(when: str, called: str, **more):
    """What the rule says of a call to this number when only its area is known, and what it truly says."""
    ruleset = rules(rule(when, **more))
    made = call(called=called)
    true = ruleset.rules[0].holds(Facts(made, (), (), ruleset.clock))
    made.called = redacted_number(area(made.called), made.called.kind)
    facts = Facts(made, (), (), ruleset.clock)
    facts.called_lists = facts.called_kinds = HIDDEN_LISTS
    return holds(ruleset.rules[0], facts), true


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{called: {starts_with: +86138}}", True),
        ("{called: {starts_with: +86139}}", False),
        ("{called: {starts_with: +861380013}}", None),
        ("{called: {range: +8613800000000..+8613899999999}}", None),
        ("{called: {range: +8613900000000..+8613999999999}}", False),
        ("{called: {length: 13}}", None),
        ("{called: {class: mobile}}", True),
        ("{called: {country: CN}}", True),
        ("{called: {missing: true}}", False),
        ("{called: {on_list: ours}}", None),
        ("{called: 13800138001}", False),
        ("{called: {on_list: ours}, caller: 95588}", False),
        ("{caller: 95588, any: [{called: {length: 13}}, {called: {class: mobile}}]}", False),
        ("{any: [{called: {length: 13}}, {called: {class: mobile}}]}", True),
    ],
)
def test_what_can_be_known(when, said):
    known, true = answer(when, "13800138000")
    assert known is said
    assert known is None or known is true


def test_an_exception_that_may_apply_leaves_it_open():
    known, _ = answer("{called: {class: mobile}}", "13800138000", unless="[{called: {on_list: ours}}]")
    assert known is None
    known, _ = answer("{called: {class: mobile}}", "13800138000", unless="[{called: {class: fixed}}]")
    assert known is True


@given(
    st.sampled_from(["13800138000", "01065551234", "95588", "4008001234", "+12125550123", "1001", "+447700900123"]),
    st.sampled_from(
        [
            "{called: {starts_with: [+861, 9558]}}",
            "{called: {starts_with: +8610655}}",
            "{called: {range: 95580..95589}}",
            "{called: {length: [5, 12]}}",
            "{called: {class: [mobile, cn-95]}}",
            "{called: {country: [US, CN]}}",
            "{called: {country: not-trunk}}",
            "{called: {inbound_only: true}}",
            "{called: {missing: true}}",
        ]
    ),
)
def test_never_a_wrong_answer(called, when):
    known, true = answer(when, called)
    assert known is None or known is true


def test_rules_that_ask_for_hidden_digits():
    text = (
        rule("{called: {length: 5}}", name="a")
        + rule("{called: {class: mobile}}", name="b")
        + rule("{caller: 95588}", name="c", unless="[{called: {on_list: ours}}]")
        + rule("{called: {exact: [95588, 95599]}}", name="d")
    )
    ruleset = rules(text)
    assert [one.name for one in asking(ruleset.rules, ruleset.clock)] == ["a", "c"]
    assert named_called_numbers(ruleset.rules) == {"CN:95588", "CN:95599"}


def test_a_hidden_number_does_not_guess():
    number = redacted_number("+86138", NumberClass.MOBILE)
    assert number.region == "CN"
    assert number.canonical
    assert number.canonical not in {"+86138"}
    with pytest.raises(Undecided):
        len(number.canonical)
    with pytest.raises(Undecided):
        _ = number.canonical[3]
    with pytest.raises(Undecided):
        _ = redacted_number("+1212", NumberClass.FIXED).region in {"US"}
    assert redacted_number(area(read_number("400 800 1234", CN, called=True)), NumberClass.CN_400).inbound_only
