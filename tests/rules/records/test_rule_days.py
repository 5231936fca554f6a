"""What each rule did, by day: on how many calls it held, acted or only watched, and for how long that is known."""

from zoneinfo import ZoneInfo

import pytest

from rules.model import Action, Call, Fired, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, row
from rules.records.retention import Keeping, Retention
from rules.records.rule_days import rule_days, totals

DAY = 86_400.0
NOON = 1_700_020_800.0  # 2023-11-15 04:00 UTC, noon in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
CALLED = Number("+8613800138000", NumberClass.MOBILE, "CN")
CALLER = Number("+8613912345678", NumberClass.MOBILE, "CN")


def did(name="night", effect="reject", *, observed=False, points=0):
    step = Step.SUSPICION if effect == "suspicion" else Step.RULES
    return Fired(name, step, effect, "own.yaml:1", points=points, observed=observed)


ALLOWED = Fired("customers", Step.OPERATOR_ALLOW, "forward", "+8613912345678", "import 1")


@pytest.fixture
async def decisions(tmp_path):
    decisions = await Decisions.open(tmp_path / "decisions.db")
    yield decisions
    await decisions.close()


async def calls(decisions, *fired, action=Action.FORWARD, at=NOON, times=1, by=Step.RULES):
    rows = []
    for number in range(times):
        decision = f"{int(at * 256):010x}{abs(hash((fired, action, at, number, by))) % 16**10:010x}"
        verdict = Verdict(action, by, decision=decision, fired=fired)
        call = Call(caller=CALLER, called=CALLED, trunk=Trunk("north"), at=at)
        rows.append(row(call, verdict, Outcome(200, True, 20), b"k" * 32))
    await decisions.write(rows, [])


async def tidied(decisions, now, *, days=30):
    await Retention(decisions.store, Keeping(days, 100, 30, "Asia/Shanghai")).tidy(now)


async def shown(decisions, **words):
    return [tuple(one)[:7] for one in await rule_days(decisions.store, SHANGHAI, **words)]


async def test_calls_are_counted_whether_or_not_they_were_counted_up_already(decisions):
    expected = [(20231115, "night", 3, 2, 1, 1, 0)]
    await calls(decisions, did(), action=Action.REJECT, times=2)
    await calls(decisions, did(observed=True))
    assert await shown(decisions) == expected
    await tidied(decisions, NOON + DAY)
    assert await shown(decisions) == expected
    await calls(decisions, did(), action=Action.REJECT, at=NOON + 60)
    assert (await shown(decisions))[0][2:4] == (4, 3), "those of the last minutes are added"


@pytest.mark.parametrize(
    ("effect", "action", "changes"),
    [
        ("reject", Action.FORWARD, 1),
        ("reject", Action.TAG, 1),
        ("reject", Action.REJECT, 0),
        ("divert", Action.FORWARD, 1),
        ("tag", Action.FORWARD, 1),
        ("tag", Action.REJECT, 0),
        ("suspicion", Action.FORWARD, 0),
    ],
)
async def test_what_a_rule_that_watched_would_have_changed(decisions, effect, action, changes):
    await calls(decisions, did(effect=effect, observed=True, points=3), action=action)
    assert (await shown(decisions))[0][4:6] == (1, changes)


async def test_callers_of_allow_lists_are_told_apart(decisions):
    await calls(decisions, ALLOWED, did(observed=True))
    await calls(decisions, did(observed=True))
    assert await shown(decisions) == [(20231115, "night", 2, 0, 2, 1, 1)], (
        "no rule goes before the operator's allow list"
    )


async def test_a_rule_acts_where_nothing_that_goes_before_rules_decided(decisions):
    for by in (Step.EMERGENCY, Step.OPERATOR_ALLOW, Step.RULES, Step.SUSPICION):
        await calls(decisions, did(effect="tag"), action=Action.TAG, by=by)
    assert (await shown(decisions))[0][2:4] == (4, 2)


async def test_days_are_those_of_the_operators_zone(decisions):
    await calls(decisions, did(), at=NOON + 11.9 * 3_600)
    await calls(decisions, did(), at=NOON + 12 * 3_600)
    assert [one[0] for one in await shown(decisions)] == [20231116, 20231115]
    assert [one[0] for one in await shown(decisions, since=20231116)] == [20231116]
    assert await shown(decisions, rule="day") == []


async def test_they_outlive_their_records_and_go_after_ninety_days(decisions):
    await calls(decisions, did(), action=Action.REJECT)
    await tidied(decisions, NOON + 40 * DAY)
    assert await decisions.recent(9) == []
    assert await shown(decisions) == [(20231115, "night", 1, 1, 0, 0, 0)]
    await tidied(decisions, NOON + 91 * DAY)
    assert await shown(decisions) == []


async def test_all_days_of_a_rule_together(decisions):
    for days in range(3):
        await calls(decisions, did(), action=Action.REJECT, at=NOON + days * DAY, times=2)
    found = totals(await rule_days(decisions.store, SHANGHAI))
    assert (found["night"].day, found["night"].matched, found["night"].last) == (20231115, 6, NOON + 2 * DAY)
