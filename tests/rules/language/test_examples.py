"""An example becomes the call that it describes."""

from zoneinfo import ZoneInfo

import pytest

from rules.judging.facts import Facts
from rules.language.examples import example_call, example_hits, example_words, moment, read_fact
from rules.language.grammar import Example
from rules.model import NumberClass
from tests.rules.calls import CN, EVENING, READ, rules

ZONE = ZoneInfo("Asia/Shanghai")


def made(**said):
    return example_call(Example.model_validate(said), CN, ZONE, READ)


def test_numbers_are_read_on_the_trunk():
    call = made(**{"from": "13912345678", "to": "010 6555 1234"})
    assert (call.caller.canonical, call.called.canonical) == ("+8613912345678", "+861065551234")
    assert made(**{"from": "anonymous"}).caller.kind is NumberClass.ANONYMOUS


def test_an_emergency_number_is_an_emergency():
    assert made(**{"from": "95588", "to": "110"}).emergency
    assert not made(**{"from": "95588", "to": "13800138000"}).emergency


def test_times_have_an_offset_or_are_of_the_zone_or_a_wednesday_noon():
    for text in ("2026-11-24T22:10+08:00", "2026-11-24T14:10Z", "2026-11-24T22:10"):
        assert made(**{"from": "95588", "at": text}).at == EVENING
    assert rules("").clock.read(moment(None, ZONE)) == (20460, 720)


@pytest.mark.parametrize(
    ("text", "fact"), [("61", 61.0), ("80%", 80.0), ("true", True), ("False", False), ("China X", "China X")]
)
def test_facts_are_read_as_authors_write_them(text, fact):
    assert read_fact(text) == fact


def test_lists_of_an_example_are_hits_of_their_kind():
    example = Example.model_validate(
        {"from": "95588", "to": "8001", "on_list": "a", "list_kind": "own", "called_on_list": "b"}
    )
    call = example_call(example, CN, ZONE, READ)
    facts = Facts(call, *example_hits(example, call, {"a": "block"}), rules("").clock)
    assert (facts.caller_lists, facts.called_lists) == ({"a", "any own list"}, {"b"})
    assert (facts.caller_kinds, facts.called_kinds) == ({"block", "own"}, {"plain"})


def test_an_example_in_a_few_words():
    example = Example.model_validate(
        {"from": "95588", "at": "2026-11-24T22:10", "facts": {"calls_1h": "61"}, "group": ""}
    )
    assert example_words(example) == "from 95588, at 2026-11-24 22:10, facts calls_1h=61"
