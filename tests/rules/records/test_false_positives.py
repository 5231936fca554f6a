"""The budget of false positives: which rule passes it, by which calls, over which hours."""

import json

import pytest

from rules.model import Outcome
from rules.records.decisions import Decisions, row
from rules.records.false_positives import FalsePositives, FalsePositiveWatch
from rules.settings.screening import FalsePositiveSettings
from tests.rules.calls import EVENING, call, hit, rule, rules

SETTINGS = FalsePositiveSettings(per_thousand=100, hours=2, at_least=10)
CATCH = ["r", "deciding rule", "reject", "a.yaml:1"]
ALLOWED = ["allowed", "no rule", "fact", "+8613912345678"]
HOUR = 3600.0


def counted(*rows):
    counts = FalsePositives(SETTINGS, ["allowed"])
    counts.count((at, json.dumps(fired)) for at, fired in rows)
    return counts


def test_a_rule_that_passes_its_budget():
    counts = counted(*[(EVENING, [CATCH])] * 8, *[(EVENING, [CATCH, ALLOWED])] * 2)
    (alarm,) = counts.over(EVENING)
    assert alarm == ("r", 200.0, 2, 10, 0)


@pytest.mark.parametrize(
    "rows",
    [
        [(EVENING, [CATCH])] * 9 + [(EVENING, [CATCH, ALLOWED])],  # at the budget, not over it
        [(EVENING, [CATCH, ALLOWED])] * 9,  # too few
        [(EVENING, [["r", "deciding rule", "reject", "", "", "", 0, 1], ALLOWED])] * 20,
        [(EVENING, [["r", "deciding rule", "forward", ""], ALLOWED])] * 20,
        [(EVENING, [["r", "suspicion", "suspicion", "", "", "", -3, 0], ALLOWED])] * 20,
        [(EVENING, [CATCH, ["other", "no rule", "fact", ""]])] * 20,
        [(EVENING - 3 * HOUR, [CATCH, ALLOWED])] * 20,
    ],
)
def test_no_alarm(rows):
    assert counted(*rows).over(EVENING) == []


def test_appeals_that_were_granted_count_too():
    counts = counted(*[(EVENING, [CATCH])] * 10)
    assert counts.over(EVENING, {"r": 1}) == []
    assert counts.over(EVENING, {"r": 2, "gone": 5}) == [("r", 200.0, 0, 10, 2)]
    assert counts.since(EVENING) == EVENING // HOUR * HOUR - HOUR


def test_the_window_rolls():
    counts = counted(*[(EVENING, [CATCH, ALLOWED])] * 20)
    assert counts.over(EVENING + HOUR)
    assert counts.over(EVENING + 2 * HOUR) == []


def test_a_record_that_comes_late_counts_in_its_hour():
    counts = counted((EVENING, [CATCH]), *[(EVENING - HOUR, [CATCH, ALLOWED])] * 20)
    assert counts.over(EVENING)


async def test_it_reads_the_log_as_it_grows(tmp_path):
    path = tmp_path / "decisions.db"
    decisions = await Decisions.open(path)
    ruleset, numbers = rules(rule("{caller: {class: mobile}}", "reject", "r")), iter(range(1000))

    async def judge(many, allowed):
        rows = []
        for _ in range(many):
            made = call()
            verdict = ruleset.judge(made, (hit("allowed", "allow", made),) if allowed else ())
            verdict.decision = f"{next(numbers):020x}"
            rows.append(row(made, verdict, Outcome(603, False, 0), b"k" * 32))
        await decisions.write(rows, [])

    watch = await FalsePositiveWatch.open(path, FalsePositives(SETTINGS, ["allowed"]))
    assert await watch.look(EVENING) == []
    await judge(20, allowed=False)
    assert await watch.look(EVENING) == []
    await judge(5, allowed=True)
    assert [(alarm.hits, alarm.caught) for alarm in await watch.look(EVENING)] == [(5, 25)]
    await watch.close()
    await decisions.close()
