"""Rules of a caller of whom the mask alone is known: what lies in hidden digits is not to be known."""

import pytest

from rules.judging.facts import Facts
from rules.records.masked_callers import MaskedNumber, asks_hidden, hide_caller
from rules.records.redacted_numbers import Undecided
from tests.rules.calls import call, rule, rules


@pytest.mark.parametrize(
    ("when", "hidden"),
    [
        ("{caller: {starts_with: [+86138]}}", False),
        ("{caller: {starts_with: [+861381]}}", True),
        ("{caller: {starts_with: [+861391, 95012]}}", False),
        ("{caller: +8613800138000}", True),
        ("{caller: +8613800138001}", False),  # the last two digits are shown
        ("{caller: {range: +8613800000000..+8613800999999}}", True),
        ("{caller: {range: +8613900000000..+8613999999999}}", False),
        ("{caller: {length: 13}}", False),
        ("{caller: {class: mobile, country: CN}}", False),
        ("{any: [{trunk: [carrier]}, {caller: {starts_with: [+861380]}}]}", True),
        ("{display_name: {contains: bank}}", False),
    ],
)
def test_whether_a_rule_asks_for_hidden_digits(when, hidden):
    ruleset = rules(rule(when))
    facts = Facts(call("13800138000"), (), (), ruleset.clock)
    hide_caller(facts)
    assert asks_hidden(ruleset.rules[0], facts) is hidden


def test_a_rule_that_asks_for_another_one_asks_what_that_asks():
    ruleset = rules(rule("{caller: {starts_with: [+861380]}}", name="first") + rule("{fired: first}", name="second"))
    facts = Facts(call("13800138000"), (), (), ruleset.clock)
    hide_caller(facts)
    assert [asks_hidden(one, facts) for one in ruleset.rules] == [True, True]


def test_what_is_shown_of_a_number_is_known_and_no_more():
    number = MaskedNumber("+86138******00")
    assert (len(number), number[:6]) == (14, "+86138")
    assert number > "+8613799999999"
    assert number < "+8613900000000"
    for asked in (
        lambda: number[:7],
        lambda: number == "+8613800138000",
        lambda: number in {"+8613800138000"},
        lambda: number >= "+8613800000000",
        lambda: number <= "+8613800000000",
    ):
        with pytest.raises(Undecided):
            asked()
