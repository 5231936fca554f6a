"""Whatever an author saves: one clear line for each fault, at its place, and nothing is loaded."""

# ruff: noqa: E501 - a fault reads best in one line

import json

import pytest

RULE = """\
- rule: new
  because: It is so.
  when: {caller: 95588}
  then: tag
  catches: [{from: 95588}]
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def said(run, path, text) -> list[str]:
    """The faults of a file, without the file's name."""
    path.write_text(text)
    found = run("check", str(path))
    assert found.exit_code == 1, found.stdout
    assert found.exception is None or isinstance(found.exception, SystemExit)
    data = json.loads(run("check", str(path), "--json").stdout)
    assert data["revision"] is None
    faults = [f for f in data["faults"] if not f["warning"]]
    lines = found.stdout.splitlines()
    assert sum(line.startswith(f"{path}:") and ": warning: " not in line for line in lines) == len(faults)
    return [f"{f['line']}:{f['column']}: {f['what']}" for f in faults]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (BOMB, ["7:10: the document grows beyond all bounds"]),
        ("rules: &a [*a]\n", ["1:12: alias *a stands inside what it names"]),
        (RULE.replace("  then: tag", "  then: tag\n  then: reject"), ["5:3: key 'then' stands here twice (first in line 4)"]),
        (RULE.replace("  then", "\tthen"), ["4:1: a tab stands here"]),
        (RULE.replace("{caller: 95588}", "[95588]"), ["3:9: when: a list is not what belongs here"]),
        (RULE.replace("tag", "{suspicion: many}"), ["4:21: suspicion: 'many' is not what belongs here"]),
        (RULE[:-10], ["5:18: the file ends in the middle of something that begins in line 5"]),
        (f"version: 2\nrules:\n{RULE}", ["1:10: version: version '2' of the rule language is not known"]),
        (RULE.replace("95588}", "95588, name: x}", 1), ["3:25: unknown key 'name'"]),
        (RULE.replace("{caller: 95588}", "{}"), ["3:9: when: there is no condition here, so it would match every call"]),
        (RULE.replace("{caller: 95588}", "{caller: {}}"), ["3:18: caller: there is no condition here, so it would match every call"]),
        (RULE.replace("{caller: 95588}", "{user_agent: {matches: '(a{1000}){1000}'}}"), ["3:32: RE2 cannot use this expression: invalid repetition size: {1000}"]),
        (RULE.replace("{caller: 95588}", "{user_agent: {matches: '(?=a)'}}"), ["3:32: RE2 cannot use this expression: invalid perl operator: (?="]),
        (RULE.replace("{caller: 95588}", "{caller: {on_list: blokced}}"), ["3:28: there is no list 'blokced'"]),
        (RULE.replace("95588", "+999123456789", 1), ["3:18: '+999123456789' is a number that no plan allows"]),
        (RULE.replace("95588", "8.61391E+12", 1), ["3:18: '8.61391E+12' is no number"]),
        ("include: ../x.yaml\n", ["1:10: '../x.yaml' lies outside this folder"]),
        ("include: new.yaml\n", ["1:10: 'new.yaml' includes this file in turn"]),
        (RULE + RULE, ["6:9: rule 'new' stands in {path}:1 too"]),
        ("[" * 100_000, ["1:1001: parts are nested too deep"]),
        ("rules: \x00", ["1:8: character 0x0 is not allowed"]),
    ],
    ids=["bomb", "alias loop", "twice", "tab", "list for mapping", "word for number", "half saved", "version", "unknown key",
         "empty when", "empty caller", "exploding expression", "look-ahead", "no such list", "no plan", "spreadsheet",
         "include outside", "include circle", "same name", "deep", "binary"],
)  # fmt: skip
def test_a_rule_file_that_cannot_be(run, file, text, faults):
    path = file.parent / "new.yaml"
    found = said(run, path, text)
    assert [line[: len(fault.replace("{path}", str(path)))] for line, fault in zip(found, faults, strict=True)] == [
        fault.replace("{path}", str(path)) for fault in faults
    ]


def test_a_file_of_fifty_megabytes(run, file):
    path = file.parent / "large.yaml"
    with path.open("wb") as large:
        large.truncate(50_000_000)
    found = run("check", str(path))
    assert found.exit_code == 1
    assert found.stdout.splitlines()[0] == f"{path}: the file is larger than 5 MB; put numbers into a list"


def test_one_name_in_two_files(run, file):
    second = file.parent / "rules.d" / "second.yaml"
    second.write_text((file.parent / "rules.d" / "own.yaml").read_text())
    found = run("check")
    assert found.exit_code == 1
    assert f"{second}:1:9: rule 'night-calls' stands in {file.parent}/rules.d/own.yaml:1 too" in found.stdout


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("Asia/Shanghai", "Asia/Shangai", "2:12: time_zone: 'Asia/Shangai' is no time zone; write one such as Asia/Shanghai or UTC"),
        ("version: 1", "version: 7", "1:10: version: version 7 is unknown to this program; write version: 1"),
        ("[rules.d/*.yaml]", "[rules.d/none.yaml]", "14:9: no file matches 'rules.d/none.yaml'"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be(run, file, old, new, fault):
    file.write_text(file.read_text().replace(old, new))
    found = run("check")
    assert found.exit_code == 1
    assert found.stdout.splitlines()[0].startswith(f"{file}:{fault}")
