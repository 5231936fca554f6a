"""The days on which a rule is valid: `valid: {from, until}`, both included, by the wall clock of the home."""

import pytest

from tests.rules.calls import EVENING, call, compiled, faults, rule, rules

DAY = 86_400
CAMPAIGN = {"valid": "{from: 2026-11-24, until: 2026-12-20}"}
EXAMPLE = {"catches": "[{from: 13912345678, to: 13800138000}]"}


def warnings(text: str) -> list[str]:
    return [str(fault) for fault in compiled(text)[1] if fault.warning]


@pytest.mark.parametrize(
    ("valid", "days", "holds"),
    [
        ("{from: 2026-11-24, until: 2026-12-20}", 0, True),
        ("{from: 2026-11-24, until: 2026-12-20}", -1, False),
        ("{from: 2026-11-24, until: 2026-12-20}", 26, True),
        ("{from: 2026-11-24, until: 2026-12-20}", 27, False),
        ("{from: 2026-11-25}", 0, False),
        ("{from: 2026-11-25}", 1, True),
        ("{until: 2026-11-24}", 0, True),
        ("{until: 2026-11-23}", 0, False),
        ("{from: '2026-11-24', until: 2026-11-24}", 0, True),
    ],
)
def test_a_rule_holds_on_its_days_both_ends_included(valid: str, days: int, holds: bool):
    ruleset = rules(rule("{caller: {class: mobile}}", "reject", valid=valid))
    verdict = ruleset.judge(call(at=EVENING + days * DAY))
    assert (verdict.rule == "r") is holds


def test_a_day_begins_at_midnight_of_the_wall_clock():
    """22:10 in Shanghai: two hours later it is the next day there, and still the same one in Greenwich."""
    ruleset = rules(rule("{caller: {class: mobile}}", "reject", valid="{until: 2026-11-24}"))
    assert ruleset.judge(call(at=EVENING + 1.8 * 3600)).rule == "r"
    assert ruleset.judge(call(at=EVENING + 2 * 3600)).rule == ""


def test_examples_that_name_no_time_are_of_its_days():
    for valid in ("{from: 2027-01-01}", "{until: 2025-06-01}", "{from: 2026-12-24, until: 2026-12-26}"):
        rules(rule("{caller: {class: mobile}}", "reject", valid=valid, **EXAMPLE))
    (fault,) = faults(
        rule(
            "{caller: {class: mobile}}",
            "reject",
            **CAMPAIGN,
            catches="[{from: 13912345678, to: 13800138000, at: 2026-11-23T12:00}]",
        )
    )
    assert fault.endswith("this does not hold: the day is from 2026-11-24 until 2026-12-20 (2026-11-23)")


@pytest.mark.parametrize(
    ("valid", "says"),
    [
        ("{from: 2026-12-20, until: 2026-11-24}", "5:10: valid: it ends on 2026-11-24, before it begins on 2026-12-20"),
        ("{from: 2026-02-30}", "5:17: from: '2026-02-30' is no day; write one such as 2026-12-01"),
        ("{from: 24.11.2026}", "5:17: from: '24.11.2026' is no day; write one such as 2026-12-01"),
        ("{from: 2026-11-24T10:00}", "'2026-11-24T10:00' is no day; write one such as 2026-12-01"),
        ("{from: 20261124}", "5:17: from: '20261124' is no day"),
        ("{till: 2026-11-24}", "unknown key 'till'"),
        ("{}", "5:10: valid: no day stands here; write from, until, or both"),
        ("2026-11-24", "5:10"),
    ],
)
def test_what_is_no_span_of_days_is_named_at_its_place(valid: str, says: str):
    assert says in "\n".join(faults(rule("{caller: {class: mobile}}", "reject", valid=valid)))


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2026-11-23", "ended with 2026-11-23"),
        ("2026-11-24", "ends with 2026-11-24, today"),
        ("2026-11-25", "ends with 2026-11-25, tomorrow"),
        ("2026-12-01", "ends with 2026-12-01, in 7 days"),
        ("2026-12-02", ""),
    ],
)
def test_its_end_is_announced_a_week_before(until: str, says: str):
    told = [each for each in warnings(rule("{caller: {class: mobile}}", valid=f"{{until: {until}}}")) if "end" in each]
    assert bool(told) is bool(says)
    assert not says or f"rules.yaml:5:10: warning: rule 'r' {says}; remove it, or give it another `until`" in told[0]


def test_other_days_are_another_revision():
    plain = rules(rule("{caller: {class: mobile}}"))
    dated = rules(rule("{caller: {class: mobile}}", **CAMPAIGN))
    assert plain.revision != dated.revision
