"""The shape of a rule file: shorthands, faults, and the schema that editors read."""

# ruff: noqa: E501 - a fault reads best in one line

import json
import re
from pathlib import Path

import pytest

from rules.language.grammar import RuleFile, When, json_schema, references, rule_file_data, whens
from rules.language.source import load_document, read_document, shipped
from tests.rules.calls import compiled, faults, rule, rules


def read(text):
    return RuleFile.model_validate(rule_file_data(read_document(text, "f").data))


def test_a_bare_list_is_a_file_and_an_empty_file_has_no_rules():
    assert read(rule("{caller: 95588}")) == read("version: 1\nrules:\n" + rule("{caller: 95588}"))
    assert read("").rules == []


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("{caller: 95588}", "{caller: {exact: [95588]}}"),
        ("{called: {group: homes}}", "{called: {group: {is: [homes]}}}"),
        ("{display_name: bank}", "{display_name: {is: [bank]}}"),
        ("{agrees: true}", "{agrees: {is: true}}"),
        ("{fact: {a: 1}}", "{fact: {a: {is: [1]}}}"),
        ("{hours: 21:00-08:00}", "{hours: [21:00-08:00]}"),
        ("{trunk_country: CN}", "{trunk_country: {is: [CN]}}"),
    ],
)
def test_a_shorthand_means_the_long_form(short, long):
    assert read(rule(short)).rules == read(rule(long)).rules


@pytest.mark.parametrize(
    ("then", "action", "detail"),
    [
        ("forward", "forward", {}),
        ("tag", "tag", {}),
        ("{tag: {label: 骚扰}}", "tag", {"label": "骚扰"}),
        ("{tag: {ring: 'urn:alert:source:external'}}", "tag", {"ring": "urn:alert:source:external"}),
        ("{tag: {mask: true}}", "tag", {"mask": True}),
        ("{tag: {label: 骚扰, mask: true}}", "tag", {"label": "骚扰", "mask": True}),
        ("{tag: {label: Spam, ring: 'urn:alert:x:y'}}", "tag", {"label": "Spam", "ring": "urn:alert:x:y"}),
        ("reject", "reject", {}),
        ("{reject: busy}", "reject", {"profile": "busy"}),
        ("divert", "divert", {}),
        ("{divert: desk}", "divert", {"destination": "desk"}),
        ("{suspicion: -4}", "suspicion", {"suspicion": -4}),
    ],
)
def test_what_a_rule_does(then, action, detail):
    found = read(rule("{caller: 95588}", then)).rules[0].then
    assert found.model_dump(exclude_unset=True) == {"action": action, **detail}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("version: 2\n", "rules.yaml:1:10: version: version '2' of the rule language is not known; write version: 1"),
        ("rulez: []\n", "rules.yaml:1:1: unknown key 'rulez'; did you mean 'rules'?"),
        ("- rule: a\n  because: b\n  then: tag\n", "rules.yaml:1:3: 'when' is missing; add when: ..."),
        ("- 5\n", "rules.yaml:1:3: rules: '5' is not what belongs here; write keys with values"),
        (rule("{}"), "rules.yaml:3:9: when: there is no condition here, so it would match every call; write at least one condition"),
        (rule("{caller: {}}"), "rules.yaml:3:18: caller: there is no condition here, so it would match every call; write at least one condition"),
        (rule("{caller: {on_lst: a}}"), "rules.yaml:3:19: unknown key 'on_lst'; did you mean 'on_list'?"),
        (rule("{calller: 95588}"), "rules.yaml:3:10: unknown key 'calller'; did you mean 'caller'?"),
        (rule("{caller: {class: mobil}}"), "rules.yaml:3:26: class: 'mobil' is none of the words allowed here; did you mean 'mobile'?"),
        (rule("{hours: 25:00-08:00}"), "rules.yaml:3:17: hours: '25:00-08:00' names an hour that no clock shows; write 00:00 to 24:00"),
        (rule("{days: []}"), "rules.yaml:3:16: days: there is too little here; write at least 1"),
        (rule("{anonymous: true}", catches="[95588]"), "rules.yaml:5:13: catches: '95588' is not what belongs here; write a call: {from: NUMBER, to: NUMBER}"),
        (rule("{anonymous: perhaps}"), "rules.yaml:3:21: anonymous: 'perhaps' is not what belongs here; write true or false"),
        (rule("{caller: 95588}", "{suspicion: 40}"), "rules.yaml:4:21: suspicion: '40' is out of bounds; write 10 or less"),
        (rule("{caller: 95588}", "tga"), "rules.yaml:4:9: then: 'tga' is no action; write forward, tag, {tag: {label: TEXT, ring: URI, mask: true}}, reject, {reject: PROFILE}, divert, {divert: NAME}, {suspicion: 4} or {list: {add: NAME, for: 1h}}"),
        (rule("{caller: 95588}", "{tag: {}}"), "rules.yaml:4:9: then: 'tag' is no action of this shape; write forward, tag, {tag: {label: TEXT, ring: URI, mask: true}}, reject, {reject: PROFILE}, divert, {divert: NAME}, {suspicion: 4} or {list: {add: NAME, for: 1h}}"),
        (rule("{caller: 95588}", "{tag: {mask: number}}"), "rules.yaml:4:9: then: 'number' cannot stand here; write mask: true, or leave it out"),
        (rule("{caller: 95588}", "{tag: {label: ' '}}"), "rules.yaml:4:9: then: a control character in the label, or nothing; write printable text on one line"),
        (rule("{caller: 95588}", '{tag: {label: "a\\r\\nX-Evil: 1"}}'), "rules.yaml:4:9: then: a control character in the label, or nothing; write printable text on one line"),
        (rule("{caller: 95588}", "{tag: {ring: ding}}"), "rules.yaml:4:9: then: 'ding' is no URI; write one such as urn:alert:source:external"),
        (rule("{caller: 95588}").replace("It is so.", "''"), "rules.yaml:2:12: because: nothing stands here; write some text, or leave the key out"),
        (rule("{caller: 95588}").replace("It is so.", '"\\u200b"'), "rules.yaml:2:12: because: a reason of which nothing is to be seen; write why, for whom the rule hits"),
        (rule("{caller: 95588}", "{tag: {label: " + "x" * 65 + "}}"), "rules.yaml:4:9: then: there is too much here; write at most 64 characters"),
        (rule("{caller: 95588}", mode="on"), "rules.yaml:5:9: mode: 'on' is no mode; write live, observe, or a share of callers such as 10%"),
        (rule("{caller: 95588}", name="a b"), "rules.yaml:1:9: rule: 'a b' is no name; write letters, digits, - _ and ., 64 at most"),
        (rule("{caller: {group: homes}}"), "rules.yaml:3:19: unknown key 'group'; it stands under called or catches or spares"),
        (rule("{starts_with: 95}"), "rules.yaml:3:10: unknown key 'starts_with'; it stands under called or caller"),
        (rule("{caller: {hours: 21:00-08:00}}"), "rules.yaml:3:19: unknown key 'hours'; it stands under all or any or conditions or unless or when"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_and_what_would_be_right(text, fault):
    assert faults(text) == [fault]


def test_the_schema_that_editors_read_is_the_one_of_this_language():
    shipped_schema = json.loads(shipped("schema/rules.json").read_text())
    assert shipped_schema == json_schema(), "run: python -m rules.language.grammar > config/schema/rules.json"


def test_every_condition_and_key_says_in_the_schema_what_it_is():
    definitions = json_schema()["$defs"]
    silent = [
        f"{name}.{key}"
        for name in ("When", "CallerCondition", "CalledCondition", "Count", "Share")
        for key, value in definitions[name]["properties"].items()
        if "description" not in value
    ]
    assert silent == []


DOCS = Path(__file__).resolve().parents[3] / "docs" / "rules.md"


@pytest.mark.parametrize(
    "name", ["RuleFile", "Rule", "When", "CallerCondition", "CalledCondition", "Count", "Share", "Example"]
)
def test_every_key_is_in_the_documentation(name):
    schema = json_schema()
    properties = {"RuleFile": schema["oneOf"][0]}.get(name) or schema["$defs"][name]
    text = DOCS.read_text()
    assert [key for key in properties["properties"] if not re.search(rf"\b{key}\b", text)] == []


def test_every_rule_in_the_documentation_compiles():
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    files = [
        block.replace("include: [more-banks.yaml]\n", "")
        for block in blocks
        if re.search("^- rule:", block, re.MULTILINE)
    ]
    files = [
        file for file in files if not file.startswith("# rules.d/")
    ]  # the session, which is played by its own test
    files = [file for file in files if "# Needs in ringfence.yaml" not in file]  # a recipe: see test_recipes.py
    assert len(files) == 3
    rules("\n---\n".join(files))


@pytest.mark.parametrize("pack", ["baseline", "cn", "uk", "de", "fr", "nanp", "in"])
def test_a_shipped_pack_points_editors_to_the_schema(pack):
    assert load_document(shipped(f"rules/{pack}.yaml")).text.startswith(
        "# yaml-language-server: $schema=../schema/rules.json\n"
    )


def test_a_rule_without_examples_is_warned_of():
    ruleset, found = compiled(rule("{caller: 95588}"))
    assert ruleset is not None
    assert [str(fault) for fault in found] == [
        "rules.yaml:1:9: warning: rule 'r' shows no call that it catches; add catches: [{from: NUMBER, to: NUMBER}]"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "country: UK\nrules: []",
        "rules:\n- {rule: r, because: b, when: {caller: {country: UK}}, then: tag}",
        "rules:\n- {rule: r, because: b, when: {trunk_country: UK}, then: tag}",
        "rules:\n- {rule: r, because: b, when: {trunk_country: CN}, then: tag, catches: [{from: 1, trunk_country: UK}]}",
    ],
)
def test_a_country_that_does_not_exist_is_a_fault_in_every_place_of_a_rule_file(text):
    assert "'UK' is no country of ISO 3166" in str(faults(text)[0])


DEEP = {
    "conditions": {"night": {"hours": "21:00-08:00"}},
    "rules": [
        {
            "rule": "a",
            "because": "b",
            "when": {"caller": "95588", "any": [{"days": "mon"}, {"all": [{"anonymous": True}]}]},
            "unless": [{"diverted": True}],
            "then": "tag",
        }
    ],
}


def test_every_condition_has_its_place():
    assert [loc for loc, _ in whens(RuleFile.model_validate(DEEP))] == [
        ("conditions", "night"),
        ("rules", 0, "when"),
        ("rules", 0, "when", "any", 0),
        ("rules", 0, "when", "any", 1),
        ("rules", 0, "when", "any", 1, "all", 0),
        ("rules", 0, "unless", 0),
    ]


def test_references_are_found_at_any_depth():
    when = When.model_validate({"condition": "a", "any": [{"all": [{"condition": ["b", "c"]}]}, {"anonymous": True}]})
    assert references(when) == {"a", "b", "c"}
