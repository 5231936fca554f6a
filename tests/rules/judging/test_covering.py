"""Which rules a number falls under by itself."""

import pytest

from rules.judging.explain import covering
from tests.rules.calls import call, hit, rule, rules


def covers(when, made=None, *hits, unless=""):
    ruleset = rules(rule(when, unless=unless) if unless else rule(when))
    found = covering(ruleset, made or call("95012345"), hits)
    return [(one.surely, [part.says for part in one.asks]) for one in found]


@pytest.mark.parametrize(
    "when",
    [
        "{caller: 95012345}",
        "{caller: {starts_with: 9501, length: 8, class: cn-95, country: CN}}",
        "{caller: {range: 95012000..95012999}}",
        "{any: [{caller: 95012345}, {diverted: true}]}",
        "{anonymous: false}",
    ],
)
def test_by_the_number_alone(when):
    assert covers(when) == [(True, [])]


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("{caller: 95012345, trunk: carrier}", "the trunk is carrier"),
        ("{caller: 95012345, hours: 21:00-08:00}", "the time is 21:00-08:00"),
        ("{caller: {starts_with: 950, country: trunk}}", "the country of the caller is the trunk's own"),
        ("{caller: {starts_with: 950, calls: {over: 60, within: 1h}}}", "fact calls_1h is over 60"),
    ],
)
def test_what_else_is_asked(when, open_):
    assert covers(when) == [(False, [open_])]


@pytest.mark.parametrize(
    "when",
    [
        "{caller: 95588}",
        "{caller: {class: mobile}, hours: 21:00-08:00}",
        "{hours: 21:00-08:00}",
        "{called: 13800138000}",
        "{caller: {on_list: blocked}}",
        "{any: [{caller: 95588}, {caller: 95599}]}",
    ],
)
def test_rules_that_it_does_not_fall_under(when):
    assert covers(when) == []


def test_lists():
    made = call("95012345")
    assert covers("{caller: {on_list: blocked}}", made, hit("blocked", "block", made)) == [(True, [])]
    assert covers("{caller: {class: cn-95}}", made, unless="[{caller: 95012345}]") == []


def test_an_alternative_that_depends_on_more():
    assert covers("{any: [{caller: 95588}, {caller: 95012345, diverted: true}]}") == [(False, ["one of these holds"])]
