"""Test files are read with every fault named, and editors know their shape."""

import json

import pytest

from rules.language.faults import RuleError
from rules.language.sequences import is_test_file, json_schema, read_sequences
from rules.language.source import read_document, shipped

GOOD = """\
# yaml-language-server: $schema=../schema/tests.json
version: 1
tests:
- test: a machine is tagged
  calls:
  - {from: 13912345678, to: 13800138000, at: 2026-11-24T10:00, times: 60, every: 10s, lasts: 3s}
  - {from: 13912345678, to: 13800138000, expect: tag, rule: calling-machine}
"""


def test_a_test_file_is_told_from_rules():
    assert is_test_file(read_document(GOOD, "t.yaml"))
    assert not is_test_file(read_document("rules: []", "r.yaml"))
    assert not is_test_file(read_document("- rule: a", "r.yaml"))


def test_calls_are_read_as_written():
    first, second = read_sequences(read_document(GOOD, "t.yaml")).tests[0].calls
    assert (first.times, first.every, first.lasts, first.expect) == (60, 10, 3, None)
    assert (second.times, second.every, second.lasts, second.expect, second.rule) == (
        1,
        60,
        None,
        "tag",
        "calling-machine",
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "expect: tag",
            "expect: block",
            "t.yaml:7:50: expect: 'block' is none of the words allowed here; known here: ",
        ),
        ("lasts: 3s", "lasts: 3", "t.yaml:6:94: lasts: '3' is no length of time; write one such as 10m, 1h or 1d"),
        ("times", "tmes", "t.yaml:6:64: unknown key 'tmes'; did you mean 'times'?"),
        ("times: 60", "times: 0", "t.yaml:6:71: times: '0' is out of bounds; write 1 or more"),
        ("version: 1", "version: 2", "t.yaml:2:10: version: version '2' of the rule language is not known"),
    ],
)
def test_a_fault_names_its_place_and_what_would_be_right(old, new, fault):
    with pytest.raises(RuleError) as error:
        read_sequences(read_document(GOOD.replace(old, new), "t.yaml"))
    assert str(error.value).startswith(fault)


def test_the_schema_that_editors_read_is_the_one_of_these_files():
    known = json.loads(shipped("schema/tests.json").read_text())
    assert known == json_schema(), "run: python -m rules.language.sequences > config/schema/tests.json"
