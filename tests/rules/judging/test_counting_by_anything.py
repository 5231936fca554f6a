"""Calls counted by what they have in common: one pair, one called number, a block of callers, a name, an agent."""

from typing import get_args

import pytest

from rules.judging.explain import explain
from rules.judging.rates import Rates
from rules.language.values import Per, count_name, read_count_name, read_rate_name
from rules.model import COUNTED_SINCE, Outcome
from rules.settings.screening import RateSettings
from tests.rules.calls import EVENING, TRUSTED, call, compiled, faults, rule, rules

HOUR = 3600


class Counting:
    """A table, and calls that come to it a second apart."""

    def __init__(self, *rates, **settings):
        self.rates, self.at, self.n = Rates(rates, RateSettings(**settings)), EVENING, 0

    def call(self, caller="13912345678", called="13800138000", *, after=1.0, lists=(), **more):
        self.at += after
        self.n += 1
        made = call(caller, called, at=self.at, **more)
        self.rates.count(made, f"d{self.n}", lists)
        return made.facts


def test_one_caller_who_rings_one_person_again_and_again():
    counting = Counting(("calls_per_caller_and_called", 86_400))
    for number in range(1, 4):
        assert counting.call()["calls_per_caller_and_called_1d"] == number
    assert counting.call(called="13800138001")["calls_per_caller_and_called_1d"] == 1
    assert counting.call(trunk=TRUSTED)["calls_per_caller_and_called_1d"] == 4, "on all trunks together"


def test_one_person_who_is_rung_by_many_numbers():
    counting = Counting(("callers_per_called", 600), ("calls_per_called", 600))
    for number in range(5):
        facts = counting.call(f"1391234567{number}")
    assert facts["callers_per_called_10m"] == 5
    facts = counting.call("13912345670")
    assert (facts["callers_per_called_10m"], facts["calls_per_called_10m"]) == (5, 6)
    assert counting.call("13912345679", after=601)["callers_per_called_10m"] == 1, "the others left the window"


@pytest.mark.parametrize(("block", "alike"), [(10, 1), (100, 2), (1000, 3), (10000, 4)])
def test_numbers_that_rotate_within_a_block(block, alike):
    name = count_name("calls", [f"caller.block/{block}"])
    counting = Counting((name, HOUR))
    ends = ("5678", "5679", "5699", "5999", "9999")
    found = [counting.call(f"1391234{end}")[f"{name}_1h"] for end in ends]
    assert found[: alike + 1] == list(range(1, alike + 2))
    assert set(found[alike + 1 :]) <= {1}


@pytest.mark.parametrize(
    ("per", "first", "second", "third"),
    [
        ("domain", {"domain": "a.example"}, {"domain": "A.EXAMPLE"}, {"domain": "b.example"}),
        ("display_name", {"display_name": "Bank"}, {"display_name": "\uff22ANK"}, {"display_name": "Other"}),
        ("user_agent", {"user_agent": "dialler/1"}, {"user_agent": "dialler/1"}, {"user_agent": "phone"}),
        ("source", {"source": "192.0.2.9"}, {"source": "192.0.2.9"}, {"source": "192.0.2.8"}),
    ],
)
def test_what_does_not_rotate_with_the_number(per, first, second, third):
    counting = Counting((f"callers_per_{per}", HOUR))
    found = [
        counting.call(f"1391234567{number}", **more)[f"callers_per_{per}_1h"]
        for number, more in enumerate((first, second, third))
    ]
    assert found == [1, 2, 1]


def test_a_call_that_lacks_what_is_counted_by_lacks_the_fact():
    counting = Counting(("calls_per_display_name", HOUR), ("calls_per_called", HOUR))
    assert counting.call() == {"calls_per_called_1h": 1}
    assert "calls_per_caller.block/1000_1h" not in (counting.call("1001") or {})


def test_shares_are_counted_by_anything_too():
    counting = Counting(("answered_per_called", HOUR), ratio_calls=2)
    for number in range(2):
        counting.call(f"1391234567{number}")
        counting.rates.ended(f"d{counting.n}", Outcome(200 if number else 486, True, 0))
    assert counting.call("13912345679")["answered_per_called_1h"] == 50.0


def test_calls_that_nobody_answers_and_how_long_bait_rings():
    """One ring, so that he calls back: given up after a second by the caller, again and again."""
    counting = Counting(("unanswered_per_caller", HOUR), ("ring_time_per_caller", HOUR), ratio_calls=3)
    ends = [Outcome(487, True, 1000), Outcome(200, True, 9000), Outcome(0, True, 2000), Outcome(603, False, 1)]
    for end in [*ends, Outcome(487, True, 3000)]:
        facts = counting.call()
        counting.rates.ended(f"d{counting.n}", end)
        assert "ring_time_per_caller_1h" not in facts
    assert counting.call() == {"unanswered_per_caller_1h": 4, "ring_time_per_caller_1h": 2.0}


def test_calls_that_go_on_at_once():
    counting = Counting(("concurrent_per_source", HOUR))
    fact = "concurrent_per_source_1h"
    assert [counting.call(source="192.0.2.9")[fact] for _ in range(3)] == [1, 2, 3]
    counting.rates.ended("d1", Outcome(486, True, 1000))
    counting.rates.ended("d2", Outcome(200, True, 1000))
    assert counting.call(source="192.0.2.9")[fact] == 3, "one is over, and one is answered"
    counting.rates.hung_up("d2", counting.at)
    counting.rates.gone("d3")
    assert counting.call(source="192.0.2.9")[fact] == 2, "of one that went on elsewhere nobody knows"
    assert counting.call(source="192.0.2.9", after=HOUR)[fact] == 1, "a BYE that never came ends with the window"


def test_a_caller_on_several_lists_counts_in_each_and_shows_the_largest_figure():
    counting = Counting(("calls_per_list", HOUR), ("calls_per_called_and_list", HOUR))
    for number in range(3):
        counting.call(f"1391234567{number}", lists=["robots"])
    facts = counting.call("13912345679", lists=["robots", "sellers"])
    assert facts == {"calls_per_list_1h": 4, "calls_per_called_and_list_1h": 4}
    assert counting.call(lists=["sellers"])["calls_per_list_1h"] == 2
    assert counting.call() is None, "one on no list counts in none"


def test_calls_are_counted_by_the_holder_of_their_code():
    counting = Counting(("called_numbers_per_holder", HOUR))
    for number in range(2):
        facts = counting.call(f"1391234567{number}", f"1380013800{number}", facts={"holder": "Acme"})
    assert facts == {"holder": "Acme", "called_numbers_per_holder_1h": 2}
    assert counting.call() is None


def test_a_call_is_remembered_once_whatever_it_is_counted_by_and_what_is_forgotten_is_told():
    counting = Counting(("calls_per_called", HOUR), ("calls", HOUR), remembered_calls=1000)
    for number in range(1_200):
        counting.call(called=f"138{number:08d}")
    assert (len(counting.rates), counting.rates.forgotten) == (1_000, 200)
    counting.rates.ask([("calls", HOUR)])
    assert (len(counting.rates), counting.rates.forgotten) == (1_000, 200)
    assert counting.call()["calls_1h"] == 1_001, "and serves whatever is asked next"


def test_another_rule_set_goes_on_with_what_is_remembered():
    counting = Counting(("calls_per_called", HOUR))
    counting.call()
    counting.rates.ask([("calls_per_called", HOUR), ("calls_per_called", 600), ("calls", HOUR)])
    assert counting.call() == {"calls_per_called_1h": 2, "calls_per_called_10m": 2, "calls_1h": 1}


@pytest.mark.parametrize(
    ("when", "fact"),
    [
        ("{count: {of: calls, per: [caller, called], within: 1d, over: 20}}", "calls_per_caller_and_called_1d"),
        ("{count: {of: calls, per: [called, caller], within: 24h, over: 20}}", "calls_per_caller_and_called_1d"),
        ("{count: {of: callers, per: called, within: 10m, over: 30}}", "callers_per_called_10m"),
        ("{count: {of: calls, per: pair, within: 1d, over: 20}}", "calls_per_caller_and_called_1d"),
        ("{count: {of: unanswered, per: holder, within: 1d, over: 20}}", "unanswered_per_holder_1d"),
        ("{count: {of: concurrent, per: [list, trunk], within: 4h, over: 5}}", "concurrent_per_trunk_and_list_4h"),
        ("{count: {of: calls, per: caller.block/1000, within: 1h, over: 200}}", "calls_per_caller_block_1000_1h"),
    ],
)
def test_a_rule_asks_for_a_count(when, fact):
    amount = int(when.rpartition("over: ")[2].rstrip("}"))
    proof = {"catches": f"[{{from: 13912345678, facts: {{{fact}: {amount + 1}}}}}]"}
    proof["spares"] = f"[{{from: 13912345678, facts: {{{fact}: {amount}}}}}]"
    ruleset = rules(rule(when, "reject", **proof))
    (rate,) = ruleset.rates
    assert rate == read_rate_name(fact)
    assert rules(rule(f"{{fact: {{{fact}: {{over: {amount}}}}}}}", "reject", **proof)).rates == ruleset.rates


@pytest.mark.parametrize(
    ("count", "says"),
    [
        ("{of: calls, per: colour, within: 1h, over: 3}", "3:34: per: 'colour' is none of the words allowed here"),
        ("{of: rings, per: called, within: 1h, over: 3}", "3:22: of: 'rings' is none of the words allowed here"),
        ("{of: calls, per: called, within: 0s, over: 3}", "'0s' is no length of time"),
        ("{of: calls, per: called, within: 1h}", "nothing is asked of it"),
        ("{of: calls, within: 1h, over: 3}", "3:10: 'per' is missing"),
        ("{of: callers, per: [caller, called], within: 1h, over: 3}", "there is one caller per caller"),
        ("{of: callers, per: pair, within: 1h, over: 3}", "there is one caller per caller"),
        ("{of: unanswered, per: called, within: 1h, over: 90%}", "90% is a share, and calls are counted here"),
        ("{of: ring_time, per: caller, within: 1h, under: 3%}", "3% is a share, and seconds are measured here"),
        ("{of: ring_time, per: caller, within: 1h, under: 0}", "nothing rings under 0 seconds"),
        ("{of: concurrent, per: caller, within: 1h, over: 0}", "because this call counts; write 1 or more"),
        ("{of: called_numbers, per: called, within: 1h, over: 3}", "there is one called per called"),
        ("{of: answered, per: called, within: 1h, over: 120%}", "no share is over 120%"),
        ("{of: calls, per: called, within: 1h, over: 0.5}", "0.5 is no count"),
        ("{of: calls, per: [called, called], within: 1h, over: 3}", "one of these stands twice"),
    ],
)
def test_what_can_not_be_counted_is_named_at_its_place(count, says):
    assert says in "\n".join(faults(rule(f"{{count: {count}}}")))


@pytest.mark.parametrize("per", get_args(Per))
def test_whatever_the_language_counts_by_is_read_of_a_call(per):
    made = {"domain": "a.example", "display_name": "Bank", "user_agent": "dialler/1", "source": "192.0.2.9"}
    name = count_name("calls", [per])
    assert Counting((name, HOUR)).call(**made, facts={"holder": "Acme"}, lists=["known"])[f"{name}_1h"] == 1


def test_more_tables_than_there_is_memory_for_are_refused():
    per = ("called", "trunk", "source", "domain", "display_name", "user_agent", "caller", "caller.block/10")
    text = "".join(
        rule(f"{{count: {{of: calls, per: {each}, within: 1h, over: 3}}}}", name=f"r{number}")
        for number, each in enumerate((*per, "caller.block/100"))
    )
    assert compiled("".join(text.partition("- rule: r8")[:1]))[0] is not None
    (fault,) = faults(text)
    assert fault.endswith(
        "calls would be counted by 9 different things, and each is a table in memory; "
        "count by 8 at most, in all rules together"
    )


def test_explain_tells_the_count_what_it_counts_and_since_when():
    ruleset = rules(rule("{count: {of: calls, per: pair, within: 1d, over: 2}}", "reject"))
    counting = Counting(*ruleset.rates)
    told = []
    for _ in range(3):
        made = call(at=counting.at)
        counting.rates.count(made, "d")
        counting.at += 60
        told.append(next(one.text for one in explain(made, ruleset.judge(made), ruleset) if one.text.startswith("r:")))
    assert told[1] == (
        "r: does not hold: calls per caller and called within 1d: over 2? 2, counted since 2026-11-23 22:11:00"
    )
    assert told[2] == (
        "r: holds: calls per caller and called within 1d: over 2 (3, counted since 2026-11-23 22:12:00); says reject"
    )
    made.facts[COUNTED_SINCE] = EVENING
    (last,) = (one.text for one in explain(made, ruleset.judge(made), ruleset) if one.text.startswith("r:"))
    assert "(3, counted since 2026-11-24 22:10:00)" in last, "counting began with a start of the node"


@pytest.mark.parametrize("name", ["calls_per_", "calls_per_called_and_caller", "callers", "rings_per_called", "x"])
def test_a_name_that_no_count_has_is_another_fact(name):
    assert read_count_name(name) is None
