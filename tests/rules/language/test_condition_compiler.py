"""What a rule author wrote but cannot mean is named where it stands."""

# ruff: noqa: E501 - a fault reads best in one line

import pytest

from rules.screening.revisions import FileText, Texts
from tests.rules.calls import ABROAD, CN, call, compiled, faults, holds, rule, rules


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("{caller: {exact: 8.61391E+12}}", "rules.yaml:3:26: '8.61391E+12' is no number; write it with its country code, such as +8613800138000"),
        ("{caller: {exact: alice}}", "rules.yaml:3:26: 'alice' is no number; write it with its country code, such as +8613800138000"),
        ("{caller: {exact: +4412345}}", "rules.yaml:3:26: '+4412345' is a number that no plan allows; write it with its country code, such as +8613800138000"),
        ("{caller: [95588, bob]}", "rules.yaml:3:26: 'bob' is no number; write it with its country code, such as +8613800138000"),
        ("{caller: {starts_with: [138, 000]}}", "rules.yaml:3:38: '000' names no number: zeros alone are a trunk or international prefix"),
        ("{caller: {range: 95500-95599}}", "rules.yaml:3:26: '95500-95599' is no range; a range is written with two dots: 95500..95599"),
        ("{caller: 95500-95599}", "rules.yaml:3:18: '95500-95599' is no range; a range is written with two dots: 95500..95599"),
        ("{caller: 955..}", "rules.yaml:3:18: '955..' is half a range; write 955* for all that begin so, or both ends: 95500..95599"),
        ("{caller: [95588, 9*5]}", "rules.yaml:3:26: '9*5' has a star in its midst; a prefix has its star at the end: 9*"),
        ("{caller: {exact: 95*}}", "rules.yaml:3:26: '95*' is a prefix, and one number belongs here; write it under `is`"),
        ("{caller: {starts_with: 95500..95599}}", "rules.yaml:3:32: '95500..95599' is a range, and a beginning belongs here; write it under `range`"),
        ("{caller: {range: 95588}}", "rules.yaml:3:26: '95588' is no range; write FIRST..LAST, such as 95000..95099"),
        ("{caller: {range: 95588..95500}}", "rules.yaml:3:26: '95588..95500' is no range of numbers of one length; write two numbers of one plan and length, the smaller one first"),
        ("{caller: {range: 95588..95012345}}", "rules.yaml:3:26: '95588..95012345' is no range of numbers of one length; write two numbers of one plan and length, the smaller one first"),
        ("{caller: {on_list: [blokced]}}", "rules.yaml:3:29: there is no list 'blokced'; did you mean 'blocked'?"),
        ("{called: 110}", "rules.yaml:3:18: '110' is an emergency number, and emergency calls always pass; leave it out"),
        ("{trunk: carier}", "rules.yaml:3:17: there is no trunk 'carier'; did you mean 'carrier'?"),
        ("{condition: night}", "rules.yaml:3:21: there is no condition named 'night'; there is none to choose from"),
        ("{header: {X-Other: a}}", "rules.yaml:3:28: header field 'X-Other' is not declared, so rules cannot read it; add X-Other to `headers` in ringfence.yaml"),
        ("{display_name: {matches: '(?=a)'}}", "rules.yaml:3:34: RE2 cannot use this expression: invalid perl operator: (?=; write it without look-around and back references"),
        ("{display_name: {matches: '(a'}}", "rules.yaml:3:34: RE2 cannot use this expression: missing ): (a; close every bracket, and put \\ before a sign that is meant as itself"),
        ("{display_name: {matches: 'a{1,2000}'}}", "rules.yaml:3:34: RE2 cannot use this expression: invalid repetition size: {1,2000}; repeat at most 1,000 times in all, or write * or +"),
        ("{fact: {ledger: unhold}}", "rules.yaml:3:25: fact ledger is never 'unhold'; did you mean 'unheld'?"),
        ("{fact: {ledger: [expired, unheld held]}}", "rules.yaml:3:35: fact ledger is never 'unheld held'; did you mean 'unheld'?"),
        ("{any: [{fact: {ledger: {over: 5}}}]}", "rules.yaml:3:39: fact ledger is a word; write one of expired, held, unheld"),
        ("{fact: {readings_differ: yes}}", "rules.yaml:3:34: fact readings_differ is never 'yes'; known here: false, true"),
        ("{domain: [a.org b.org]}", "rules.yaml:3:19: 'a.org b.org' is the host of no caller; write it alone, as a.example or *.a.example; several as [a.example, b.example]"),
        ("{domain: 'sip:a@b.org'}", "rules.yaml:3:18: 'sip:a@b.org' is the host of no caller; write it alone, as a.example or *.a.example; several as [a.example, b.example]"),
        ("{domain: {contains: [b.org, 'a,b']}}", "rules.yaml:3:37: 'a,b' is the host of no caller; write it alone, as a.example or *.a.example; several as [a.example, b.example]"),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be(when, fault):
    assert faults(rule(when)) == [fault]


@pytest.mark.parametrize("when", [
    "{fact: {ledger: [Held, expired, unheld]}}", "{fact: {ledger: {missing: true}}}", "{fact: {readings_differ: true}}",
    "{domain: '*.a-b.example'}", "{domain: [192.0.2.1, '2001:db8::1', a_b]}", "{domain: {matches: 'a b'}}",
    "{domain: {missing: true}}",
])  # fmt: skip
def test_one_that_can_be(when):
    assert compiled(rule(when))[0] is not None


def test_an_unknown_word_for_the_ledger_is_a_fault_in_unless_and_in_examples():
    stopped = "- rule: a\n  because: b\n  when: {caller: 95588}\n  unless: [{fact: {ledger: unhold}}]\n  then: tag\n"
    assert [line.partition(": ")[2] for line in faults(stopped)] == [
        "fact ledger is never 'unhold'; did you mean 'unheld'?"
    ]
    (fault,) = faults(rule("{fact: {ledger: unheld}}", catches="[{from: 95588, facts: {ledger: unhold}}]"))
    assert "fact ledger is never 'unhold'; did you mean 'unheld'?" in fault


def test_every_fault_of_a_rule_at_once():
    found = faults(rule("{caller: {exact: [a, b], on_list: x}, called: {starts_with: 00}}"))
    assert [line.split(":")[2] for line in found] == ["27", "30", "43", "69"]


def test_bare_numbers_need_a_country_when_trunks_have_several():
    text = rule("{caller: 13912345678}")
    (fault,) = faults(text, trunks=(CN, ABROAD))
    assert fault.endswith(
        "'13912345678' is read differently in CN and US; write it with its country code (+8613912345678) or with its plan "
        "(CN:13912345678), or set `country` at the top of this file or of ringfence.yaml"
    )
    assert holds_in_file("country: CN\nrules:\n" + text)


def holds_in_file(text):
    return bool(rules(text, trunks=(CN, ABROAD)).judge(call("13912345678")).fired)


def test_an_expression_that_explodes_elsewhere_takes_no_time_here():
    assert not holds("{display_name: {matches: '^(a+)+$'}}", call(display_name="a" * 500 + "!"))


def test_named_conditions_are_reused_and_may_refer_to_others():
    text = (
        "conditions:\n"
        "  at-night: {hours: 21:00-08:00}\n"
        "  bank: {caller: 95588}\n"
        "  bank-at-night: {condition: bank, all: [{condition: at-night}]}\n"
        "rules:\n" + rule("{condition: [bank-at-night]}")
    )
    assert rules(text).judge(call("95588")).fired
    assert not rules(text).judge(call("95588", at=0)).fired
    assert not rules(text).judge(call("95599")).fired


def test_a_named_condition_may_stand_in_another_file():
    ruleset = rules("conditions: {bank: {caller: 95588}}\n---\n" + rule("{condition: bank}"))
    assert ruleset.judge(call("95588")).fired


def test_named_conditions_must_not_circle_nor_share_a_name():
    circle = "conditions:\n  a: {condition: b}\n  b: {any: [{condition: a}]}\n"
    assert "refers to itself by way of" in faults(circle)[0]
    assert not [fault for fault in faults(circle) if "there is no condition named" in fault], "that would mislead"
    assert faults("conditions: {a: {caller: 95588}}\n---\nconditions: {a: {caller: 95599}}\n") == [
        "1-rules.yaml:1:17: condition 'a' stands in rules.yaml too; give one of them another name"
    ]


def test_between_two_countries_a_national_spelling_is_a_fault_until_one_is_home():
    two = (CN, ABROAD)
    for when in ("{caller: 95588}", "{caller: {starts_with: 955}}", "{called: 13800138001}"):
        (found,) = faults(rule(when), trunks=two)
        assert "is read differently in CN and US; write it with its country code (+86" in found, when
        assert compiled(f"country: CN\nrules:\n{rule(when)}", trunks=two)[0] is not None
        assert compiled(rule(when), settings={"country": "CN"}, trunks=two)[0] is not None
    for when in ("{caller: '+8695588'}", "{caller: CN:95588}", "{called: 1001}", "{caller: {starts_with: CN:955}}"):
        assert compiled(rule(when), trunks=two)[0] is not None, when


@pytest.mark.parametrize(
    ("when", "caller", "wanted"),
    [
        ("{caller: 95*}", "95588", True),
        ("{caller: 95*}", "96110", False),
        ("{caller: {starts_with: 95*}}", "95588", True),
        ("{caller: {is: 95500..95599}}", "95588", True),
        ("{caller: 95500..95599}", "95600", False),
        ("{caller: [13912345678, 95*, 96100..96199]}", "13912345678", True),
        ("{caller: [13912345678, 95*, 96100..96199]}", "96110", True),
        ("{caller: [13912345678, 95*, 96100..96199]}", "95012345", True),
        ("{caller: [13912345678, 95*, 96100..96199]}", "96200", False),
        ("{caller: [95*], trunk: carrier}", "95588", True),
    ],
)
def test_prefix_and_range_are_spelt_alike_everywhere(when, caller, wanted):
    assert holds(when, call(caller)) is wanted


def test_a_range_that_was_live_with_its_hyphen_stays_a_range():
    text = rule("{caller: {range: 95500-95599}}", catches="[{from: 95588}]")
    ruleset, found = compiled(Texts((FileText("", "rules.yaml", text),), ()).as_files())
    assert ruleset is not None, found
    assert ruleset.judge(call("95588")).fired
    assert not ruleset.judge(call("95600")).fired


def test_an_example_is_one_number():
    (fault,) = faults(rule("{caller: 95*}", catches="[{from: 95*}]"))
    assert (
        fault
        == "rules.yaml:5:20: '95*' is a prefix, and an example is one call; write one number, or both ends of a range: 95500..95599"
    )


def test_what_was_live_between_two_countries_is_read_as_it_was_then():
    text = rule("{called: 1001, caller: {country: UK}}") + rule("{caller: 95588}", name="hotline")
    ruleset, found = compiled(Texts((FileText("", "rules.yaml", text),), ()).as_files(), trunks=(CN, ABROAD))
    assert ruleset is not None, found
    assert compiled(text, trunks=(CN, ABROAD))[0] is None
