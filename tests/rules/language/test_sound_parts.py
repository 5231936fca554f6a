"""Every mistake of a rule file is named at once: of what cannot be read only the smallest part is left out."""

import copy

import pytest
import yaml

from rules.language.compile import Known
from rules.settings.screening import ListSettings
from tests.rules.calls import compiled, faults

KNOWN = Known(profiles=("decline",))
SOUND = """\
country: CN
conditions:
  bank: {caller: {on_list: banks, class: cn-95}}
rules:
- rule: first
  because: One of the banks at night.
  when: {condition: bank, any: [{hours: '21:00-08:00'}, {display_name: {contains: bank}}]}
  unless: [{caller: {starts_with: [95012]}}, {called: {group: night-shift}}]
  then: {reject: decline}
  mode: 10%
  catches: [{from: '95588', to: '13800138000', at: '2026-11-24T22:10', on_list: [banks]}]
  spares: [{from: '95588', to: '13800138000', at: '2026-11-24T09:00', on_list: [banks]}]
- rule: second
  because: Many calls.
  when: {caller: {calls: {over: 60, within: 1h}}, domain: [a.example, b.example]}
  then: {tag: {label: Machine}}
  catches: [{from: '13912345678', domain: a.example, facts: {calls_1h: 61}}]
- rule: third
  because: From abroad.
  when: {caller: {country: US}}
  then: {suspicion: 3}
  catches: [{from: '+12125551234'}]
"""


def said(text):
    lists = {"banks": ListSettings(kind="plain")}
    _, found = compiled(text, settings={"lists": lists}, known=KNOWN)
    return [fault for fault in found if not fault.warning]


def paths(data, path=()):
    """Every part of it."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*path, key))


def changed(path, value):
    data = copy.deepcopy(yaml.safe_load(SOUND))
    above = data
    for part in path[:-1]:
        above = above[part]
    above[path[-1]] = value
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


PATHS = [path for path in paths(yaml.safe_load(SOUND)) if len(path) > 2 or path[0] == "country"]


def test_the_sound_one_is_sound():
    assert said(SOUND) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_no_mistake_hides_another_or_makes_one(path):
    """One part after another is wrong; a list that there is not, in another rule, is named all the same."""
    for value in ([], {"nonsense": 1}, None, "\x00", 1e300):
        text = changed(path, value)
        once = said(text)
        lines = text.splitlines()
        begins = [number for number, line in enumerate(lines, 1) if line.startswith(("- rule", "rules:", "country"))]
        more = lines + [line.replace("third", "more").replace("country: US", "on_list: nolist") for line in THIRD]
        found = [fault.what for fault in said("\n".join(more) + "\n")]
        assert "there is no list 'nolist'" in found, (value, found)
        if once and path[0] == "rules":
            rule = [number for number in begins if lines[number - 1].startswith("- rule")] + [len(lines) + 1]
            where = range(rule[path[1]], rule[path[1] + 1])
            assert all(fault.line in where for fault in once), (value, list(map(str, once)))


THIRD = yaml.safe_dump([yaml.safe_load(SOUND)["rules"][2]], sort_keys=False).splitlines()


def test_what_is_wrong_in_one_rule_is_all_said_at_once():
    text = """\
- rule: a
  because: x
  when: {caller: {class: mobil}, any: []}
  unless: {caller: {on_list: nolist}}
  then: {reject: noprofile}
  mode: canary
  catches: [{form: 1}, {from: '13912345678', on_list: [none]}]
- rule: b
  because: x
  when: {caller: {class: mobile}}
  then: reject
  catches: [{from: '02012345678'}]
  spares: [{form: 1}, {from: '13912345678'}]
"""
    places = {f"{fault.line}:{fault.column}": fault.what for fault in said(text)}
    assert set(places) == {
        "3:26",
        "3:39",
        "4:30",
        "5:9",
        "6:9",
        "7:13",
        "7:14",
        "7:24",
        "12:13",
        "13:12",
        "13:13",
        "13:23",
    }
    assert "there is no list 'nolist'" in places["4:30"]
    assert "there is no reply profile 'noprofile'" in places["5:9"]
    assert "there is no list 'none'" in places["7:24"], "and not that it is not caught: nobody knows"
    assert "does not catch" in places["12:13"]
    assert "catches what it should spare" in places["13:23"]


def test_a_condition_that_cannot_be_read_makes_no_rule_wrong_that_names_it():
    found = said(SOUND.replace("class: cn-95", "class: cn-69"))
    assert [(fault.line, fault.what) for fault in found] == [(3, "class: 'cn-69' is none of the words allowed here")]


def test_a_rule_without_its_dash_is_told_as_that():
    text = "\n".join(line[2:] for line in SOUND.splitlines()[17:]) + "\n"
    assert text.startswith("rule: third")
    (fault,) = faults(text)
    assert fault.startswith(
        "rules.yaml:1:1: a rule stands here without the `- ` before its first key; write `- rule: ...`"
    )
    assert "there is no list 'nolist'" in " ".join(faults(text.replace("country: US", "on_list: nolist")))
