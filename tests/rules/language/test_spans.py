"""A range in an example is a call for each of its numbers: in examples, in sequences, in faults and in failures."""

import pytest

from rules.language.grammar import Example
from rules.language.spans import MOST, calls_of
from tests.rules.calls import rule
from tests.rules.language.test_compile import faults
from tests.rules.language.test_proof import outcome, proved, sequence


def called(to: str, **given: str) -> list[str]:
    return [one.to for one in calls_of(Example.model_validate({"from": "95588", "to": to, **given}))]


def test_one_number_is_one_call():
    assert called("13800138000") == ["13800138000"]
    assert called("*97") == ["*97"]


def test_a_range_is_a_call_to_each_number():
    assert called("13800138000..13800138002") == ["13800138000", "13800138001", "13800138002"]
    assert called("+8613800138009 .. +8613800138010") == ["+8613800138009", "+8613800138010"]
    assert called("CN:95009..95010") == ["CN:95009", "CN:95010"]
    assert called("010 6555 0099..010 6555 0100", trunk_country="CN") == ["01065550099", "01065550100"]


def test_two_ranges_are_a_call_from_each_to_each():
    example = Example.model_validate({"from": "95588..95589", "to": "13800138000..13800138001"})
    assert len({(one.from_, one.to) for one in calls_of(example)}) == 4


SPARES_TWO = rule("{caller: 95588..95590}", catches="[{from: 95588..95591}]")


def test_the_first_number_that_comes_out_otherwise_is_named():
    assert outcome(SPARES_TWO) == ["rule 'r' does not catch: from 95591"]
    assert outcome(SPARES_TWO.replace("95588..95591", "95588..95590")) == []


def test_each_call_of_a_sequence_is_one_to_the_next_number():
    text = rule("{caller: {called_numbers: {over: 30, within: 1h}}}")
    many = "from: 13912345678, to: 13800138000..13800138029, every: 10s, expect: forward"
    assert outcome(text, sequence(many, "from: 13912345678, to: 13800138030, expect: tag")) == []
    assert outcome(text, sequence(many.replace("8029", "8030"))) == [
        "test 'it works', call 1, the 31. of 31: expected forward, got tag by r"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("from: 95588..9559", "its ends have 5 and 4 digits"),
        ("from: 95590..95588", "ends before it begins"),
        ("from: 13800130000..13800139999", "stands for 10,000 calls"),
        ("from: 95588..", "is half a range"),
        ("from: 955*", "is a prefix, and an example is one call"),
        ("from: +861..CN:2", "its ends are written in two ways"),
        ("from: 95500..95599, to: 13800138000..13800138099", "its two ranges stand for 10,000 calls"),
    ],
)
def test_a_range_that_is_no_calls_is_a_fault_at_its_place(words, said):
    text = rule("{caller: {starts_with: 955}}", catches=f"[{{{words}}}]")
    proof, found = proved(text)
    assert proof is None
    assert said in found[0].what
    assert MOST == 1000
    assert faults(text)


def test_an_example_without_a_time_is_of_a_day_of_its_rule_in_tests_too():
    text = rule("{caller: 95588}", valid="{from: 2027-01-01}", catches="[{from: 95588}]")
    assert outcome(text) == []
