"""A key whose value was left out is a fault at its place: it would vanish, and the rule would match more calls."""

import pytest

from rules.language.grammar import CalledCondition, CallerCondition, Example, Part, Rate, RuleFile, Text, When
from rules.language.sequences import read_sequences
from rules.language.source import RuleError, read_document
from rules.screening.revisions import FileText, Texts
from tests.rules.calls import call, compiled, faults, rule

NAMES = {
    model: [field.alias or name for name, field in model.model_fields.items()]
    for model in (When, CallerCondition, CalledCondition)
}
HEAD = "- rule: r\n  because: It is so.\n  then: reject\n"


def test_a_value_in_a_remark_does_not_leave_its_rule_rejecting_everybody():
    text = HEAD + "  when:\n    caller:\n      # starts_with: [95012]\n    hours: 21:00-08:00\n"
    assert faults(text) == ["rules.yaml:5:12: caller: no value stands here; write one, or remove the key"]


@pytest.mark.parametrize("key", NAMES[When])
def test_every_condition_left_empty_is_a_fault_at_its_place(key):
    text = HEAD + f"  when:\n    diverted: true\n    {key}:\n".replace(
        "    diverted: true\n" if key == "diverted" else "\0", "    agrees: true\n"
    )
    (fault,) = faults(text)
    assert fault.startswith("rules.yaml:6:")
    assert "no value stands here" in fault


@pytest.mark.parametrize("key", NAMES[When])
def test_under_unless_too(key):
    text = HEAD + f"  when: {{anonymous: true}}\n  unless:\n  - diverted: true\n    {key}:\n"
    text = text.replace("diverted: true", "agrees: true") if key == "diverted" else text
    assert [fault.split(":")[1] for fault in faults(text)] == ["7"]


@pytest.mark.parametrize(
    ("who", "key"),
    [("caller", key) for key in NAMES[CallerCondition]] + [("called", key) for key in NAMES[CalledCondition]],
)
def test_what_is_asked_of_a_number_too(who, key):
    other = "class: mobile" if key != "class" else "length: 5"
    text = HEAD + f"  when:\n    {who}:\n      {other}\n      {key}:\n"
    (fault,) = faults(text)
    assert fault.startswith("rules.yaml:7:")
    assert "no value stands here" in fault


@pytest.mark.parametrize(
    "when",
    [
        "{display_name: {is: bank, contains: }}",
        "{user_agent: {missing: }}",
        "{header: {X-Origin: }}",
        "{fact: {score: }}",
        "{fact: {score: {over: 3, under: }}}",
        "{agrees: {is: }}",
        "{trunk_country: {is: CN, missing: }}",
        "{caller: {calls: {over: 3, within: 1h, under: }}}",
        "{called: {group: {is: }}}",
        "{any: [{anonymous: true}, {caller: , diverted: true}]}",
        "{all: [{anonymous: }]}",
        "{caller: null}",
        "{caller: ~, diverted: true}",
    ],
)  # fmt: skip
def test_at_every_depth(when):
    assert "no value stands here" in " ".join(faults(rule(when)))


def test_in_a_named_condition_an_example_and_a_test():
    named = "conditions:\n  night: {hours: 21:00-08:00, caller: }\nrules:\n" + rule("{condition: night}")
    assert faults(named) == ["rules.yaml:2:39: caller: no value stands here; write one, or remove the key"]
    example = rule("{anonymous: true}", catches="[{from: anonymous, at: }]")
    assert faults(example) == ["rules.yaml:5:35: at: no value stands here; write one, or remove the key"]
    with pytest.raises(RuleError) as caught:
        read_sequences(read_document("tests:\n- test: t\n  calls: [{from: 95588, expect: }]\n", "t.yaml"))
    assert str(caught.value) == "t.yaml:3:33: expect: no value stands here; write one, or remove the key"


def test_every_part_of_the_language_refuses_it():
    assert all(
        issubclass(model, Part) for model in (RuleFile, When, CallerCondition, CalledCondition, Text, Rate, Example)
    )


def test_what_was_live_before_goes_on_meaning_what_it_meant():
    text = HEAD + "  when:\n    caller:\n    anonymous: true\n  catches: [{from: anonymous}]\n"
    stored = Texts((FileText("", "rules.yaml", text),), ()).as_files()
    ruleset, found = compiled(stored)
    assert ruleset is not None
    assert not [fault for fault in found if not fault.warning]
    assert ruleset.judge(call("anonymous")).action == "reject"


@pytest.mark.parametrize(
    "part", ["header: {}", "fact: {}", "caller: {}", "display_name: {}", "any: {}", "caller: {calls: {}}"]
)
@pytest.mark.parametrize(
    "where",
    [
        "when: {%s, diverted: true}",
        "when: {any: [{%s, diverted: true}]}",
        "when: {anonymous: true}\n  unless: [{%s}]",
        "when: {anonymous: true}\n  unless: {%s}",
    ],
)
def test_empty_braces_are_a_fault_wherever_they_stand(part, where):
    (fault,) = faults(f"{HEAD}  {where % part}\n")
    assert any(
        told in fault for told in ("nothing stands in these braces", "there is no condition here", "any: ", "within: ")
    )


def test_empty_braces_that_were_live_once_mean_what_they_meant():
    text = f"{HEAD}  when: {{header: {{}}, diverted: true}}\n"
    assert compiled(Texts((FileText("", "rules.yaml", text),), ()).as_files())[0] is not None


def test_a_reason_of_blanks_is_none():
    (fault,) = faults(HEAD.replace("It is so.", "'  '") + "  when: {diverted: true}\n")
    assert fault == "rules.yaml:2:12: because: nothing but blanks stands here; write words, or remove the key"


def test_full_width_digits_are_read_in_whole_numbers_as_in_amounts():
    for text in (
        rule("{diverted: true}", "{suspicion: ４}"),
        rule("{caller: {calls: {over: ６０, within: 1h}}}", "tag"),
    ):
        assert compiled(text)[0] is not None
