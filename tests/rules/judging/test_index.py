"""The index gives every rule that could hold, each once, and few others."""

import re2

from rules.judging.facts import Facts
from rules.judging.index import Index, Key, Pattern, expression_options
from tests.rules.calls import call, hit, rules

CLOCK = rules("").clock


def found(index, made, hits=(), called_hits=()):
    return sorted(index.candidates(Facts(made, hits, called_hits, CLOCK)))


def test_a_rule_without_a_key_is_always_asked():
    assert found(Index([("always", ()), ("bank", (Key("caller.exact", "CN:95588"),))]), call()) == ["always"]


def test_a_rule_under_several_keys_is_found_once():
    index = Index(
        [("r", (Key("caller.starts_with", "+86"), Key("caller.starts_with", "+86139"), Key("trunk", "carrier")))]
    )
    assert found(index, call()) == ["r"]


def test_rules_are_found_by_what_a_call_is():
    made = call(facts={"calls_1h": 3.0}, display_name="My Bank", headers={"x-origin": "a"})
    keys = {
        "caller.exact": "+8613912345678",
        "called.exact": "+8613800138000",
        "caller.class": "mobile",
        "called.class": "mobile",
        "caller.country": "CN",
        "called.country": "CN",
        "caller.starts_with": "+86139",
        "called.starts_with": "+86138",
        "caller.on_list": "blocked",
        "called.on_list": "consented",
        "caller.list_kind": "block",
        "called.list_kind": "plain",
        "trunk": "carrier",
        "trunk_country": "CN",
        "fact": "calls_1h",
    }
    rows = [(about, (Key(about, value),)) for about, value in keys.items()]
    rows += [(f"not {about}", (Key(about, f"{value}x"),)) for about, value in keys.items()]
    hits, called_hits = [hit("blocked", "block", made)], [hit("consented", "plain", made.called.canonical)]
    assert found(Index(rows), made, hits, called_hits) == sorted(keys)


def test_rules_that_ask_for_bounds_are_found_where_the_figure_is_beyond_one_of_them():
    keys = [("fact.over", "calls_1h>3.0"), ("fact.over", "calls_1h>1.0"), ("fact.under", "calls_1h<2.0")]
    index = Index([(value, (Key(about, value),)) for about, value in keys])
    assert found(index, call()) == []
    assert [found(index, call(facts={"calls_1h": n})) for n in (0, 2, 4, "many")] == [
        ["calls_1h<2.0"],
        ["calls_1h>1.0", "calls_1h>3.0"],  # the least bound of a name finds all of its rules
        ["calls_1h>1.0", "calls_1h>3.0"],
        ["calls_1h<2.0", "calls_1h>1.0", "calls_1h>3.0"],  # what is no figure is for the rules themselves
    ]


def test_every_prefix_of_a_number_is_found_and_no_other():
    prefixes = ["CN:9", "CN:95", "CN:9558", "CN:95588", "CN:955880", "+", "CN:96"]
    index = Index([(prefix, (Key("caller.starts_with", prefix),)) for prefix in prefixes])
    assert found(index, call("95588")) == ["CN:9", "CN:95", "CN:9558", "CN:95588"]
    assert found(index, call("anonymous")) == []
    assert found(index, call()) == ["+"]


def test_texts_are_found_whole_or_by_expression():
    whole, part = Key("display_name", "whole"), Key("display_name", "part")
    patterns = {whole: Pattern(frozenset({"my bank"}), ""), part: Pattern(frozenset(), "(?is:bank)")}
    index = Index([("whole", (whole,)), ("part", (part,))], patterns)
    assert found(index, call(display_name="MY BANK")) == ["part", "whole"]
    assert found(index, call(display_name="Bank of China")) == ["part"]
    assert found(index, call()) == []


def test_ten_thousand_expressions_fit_one_automaton():
    expressions = re2.Set.SearchSet(expression_options(10_000))
    for number in range(10_000):
        expressions.Add(f"(?is:loan{number}shark)")
    expressions.Compile()
    assert expressions.Match("a LOAN4711SHARK calls") == [4711]
