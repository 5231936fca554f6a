"""The ladder: terms that rise, good conduct that leads down, and what the call path sees of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.judging.ladder import DAY_S, DECAY_DAYS, TERM_DAYS, Ladder, LadderStep, Standing, StepName
from rules.lists.cache import Lookup
from rules.model import Call, Number, NumberClass
from tests.desk.town import CHINA, SCREENING, SPAM

FRESH = Standing("number", SPAM, 0, 0, 0.0)


def call(at, called="+8613800138000", caller=SPAM, emergency=False):
    numbers = {"caller": Number(caller, NumberClass.CN_95), "called": Number(called, NumberClass.MOBILE)}
    return Call(**numbers, trunk=CHINA, at=at, emergency=emergency)


@pytest.fixture
def ladder(town):
    lookup = Lookup(town.folder / SCREENING.storage.database, entries=100)
    yield Ladder(lookup, calls_hour=3, called_day=4)
    lookup.close()


def test_each_offence_leads_one_step_up_for_twice_as_long():
    standing, now, terms = FRESH, 0.0, []
    for _ in range(5):
        standing = standing.climbed(now)
        terms.append(round((standing.term_ends - now) / DAY_S))
        now += DAY_S
    assert standing.step_at(now) is LadderStep.REJECT
    assert terms == [30, 60, 120, 240, 480]


def test_good_conduct_leads_down_a_step_a_month_once_the_term_is_over():
    standing = FRESH.climbed(0.0, to=LadderStep.LIMIT)
    end = TERM_DAYS * DAY_S
    month = DECAY_DAYS * DAY_S
    assert standing.step_at(end - 1) is LadderStep.LIMIT
    assert standing.step_at(end) is LadderStep.TAG
    assert standing.step_at(end + month) is LadderStep.WATCH
    assert standing.step_at(end + 2 * month) is LadderStep.NONE
    assert standing.climbed(end + 9 * month).step_at(end + 9 * month) is LadderStep.WATCH


@given(st.integers(0, 4), st.integers(1, 40), st.floats(0, 1e9), st.floats(0, 1e9))
def test_nobody_climbs_by_waiting(level, offences, earlier, later):
    standing = Standing("number", SPAM, level, offences, 0.0)
    first, second = sorted((earlier, later))
    assert standing.step_at(first) >= standing.step_at(second)


async def test_nothing_is_asked_while_nobody_stands_on_it(town, ladder):
    assert not ladder.any
    assert ladder.look_up(call(town.now)) == ()


@pytest.mark.parametrize(
    ("step", "kind"),
    [(LadderStep.WATCH, "ladder-watch"), (LadderStep.TAG, "ladder-tag"), (LadderStep.REJECT, "ladder-reject")],
)
async def test_what_judging_hears(town, ladder, step, kind):
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="x", to=step)
    assert ladder.step_of(SPAM, town.now) is None, "seen at the next poll"
    ladder.poll()
    (hit,) = ladder.look_up(call(town.now))
    assert (hit.list, hit.kind, hit.of, hit.source) == ("ladder", kind, "number", SPAM)
    assert ladder.look_up(call(town.now, caller="CN:95013333")) == ()
    assert ladder.look_up(call(town.now + 400 * DAY_S)) == ()


async def test_limited_callers_are_tagged_then_rejected(town, ladder):
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="x", to=LadderStep.LIMIT)
    ladder.poll()

    def kind(at, called="+8613800138000", **more):
        return ladder.look_up(call(town.now + at, called, **more))[0].kind

    assert [kind(0, "110", emergency=True) for _ in range(9)] == ["ladder-tag"] * 9, "emergency calls are not counted"
    assert [kind(at) for at in range(4)] == ["ladder-tag"] * 3 + ["ladder-limit"]
    assert kind(3_601) == "ladder-tag", "an hour later"
    others = [kind(8_000 + at * 1_500, f"+861380013900{at}") for at in range(4)]
    assert others == ["ladder-tag"] * 3 + ["ladder-limit"], "a fifth different number within a day"
    assert kind(DAY_S + 20_000, "+8613800139009") == "ladder-tag"


async def test_an_owner_keeps_his_step_on_all_his_numbers(town, ladder):
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.ladder.climb("owner", "Loan King", actor="li", reason="x", to=LadderStep.REJECT)
    await town.desk.ladder.assign("95013333", owner="Loan King", actor="li")
    ladder.poll()
    assert ladder.step_of(SPAM, town.now) == (LadderStep.REJECT, "owner", "Loan King", "x")
    assert ladder.step_of("CN:95013333", town.now).step is LadderStep.REJECT
    await town.desk.ladder.assign(SPAM, owner="A Bakery", actor="li")
    ladder.poll()
    assert ladder.step_of(SPAM, town.now) is None


def test_each_step_but_none_has_a_name():
    steps = [step for step in LadderStep if step]
    assert [step.said for step in steps] == list(StepName)
    assert [LadderStep.called(name) for name in StepName] == steps
