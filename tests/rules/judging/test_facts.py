"""What rules see of a call: the lists of the right numbers, and the wall clock of the configured zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.judging.facts import Facts, WallClock, gap_at
from tests.rules.calls import EVENING, call, faults, hit, rule

SHANGHAI = WallClock("Asia/Shanghai", lambda day: day.weekday() < 5)


def test_nothing_is_on_no_list():
    facts = Facts(call(), (), (), SHANGHAI)
    assert facts.caller_lists == facts.called_lists == facts.caller_kinds == facts.called_kinds == frozenset()


def test_entries_that_open_a_door_count_on_the_asserted_number_only():
    made = call("95588", shown=("13912345678",))
    shown, asserted = "+8613912345678", "CN:95588"
    hits = [hit("a", "allow", shown), hit("b", "block", shown), hit("c", "plain", asserted), hit("d", "own", shown)]
    facts = Facts(made, hits, (), SHANGHAI)
    assert facts.caller_lists == {"b", "c"}
    assert facts.caller_kinds == {"block", "plain"}


def test_measured_facts_may_be_lacking():
    assert Facts(call(facts={"calls_1h": 3.0}), (), (), SHANGHAI).measured("calls_1h") == 3.0
    assert Facts(call(facts={}), (), (), SHANGHAI).measured("calls_1h") is None
    assert Facts(call(), (), (), SHANGHAI).measured("calls_1h") is None


def test_days_and_minutes_are_those_of_the_zone():
    day, minute = SHANGHAI.read(EVENING)
    assert divmod(minute, 60) == (22, 10)
    assert date.fromordinal(day + date(1970, 1, 1).toordinal()) == date(2026, 11, 24)
    assert SHANGHAI.works(day)
    assert not SHANGHAI.works(day + 4)


def test_a_change_of_the_clocks_is_followed_at_once():
    berlin = WallClock("Europe/Berlin", lambda _: True)
    spring = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()
    assert [berlin.read(spring + seconds)[1] for seconds in (-1, 0, 59, 60)] == [119, 180, 180, 181]


@given(st.sampled_from(["Asia/Kathmandu", "America/St_Johns", "Europe/London", "UTC"]), st.floats(0, 4e9))
def test_the_clock_agrees_with_the_library(zone, at):
    clock = WallClock(zone, lambda _: True)
    clock.read(at + 1000)
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    day, minute = clock.read(at)
    assert (day + date(1970, 1, 1).toordinal(), minute) == (local.toordinal(), local.hour * 60 + local.minute)


BERLIN = ZoneInfo("Europe/Berlin")


def test_what_lies_between_is_said():
    assert gap_at(datetime(2026, 3, 29, 2, 30), BERLIN) == (
        "no clock in Europe/Berlin shows 2026-03-29 02:30: it is set forward over that time",
        "write 2026-03-29 03:30, or a time with its offset",
    )


@pytest.mark.parametrize("text", ["2026-03-29T01:59", "2026-03-29T03:00", "2026-10-25T02:30", "2026-03-29T02:30+01:00"])
def test_every_other_time_there_is(text):
    assert gap_at(datetime.fromisoformat(text), BERLIN) is None


def test_an_example_has_no_such_time():
    text = rule("{anonymous: true}", catches="[{from: anonymous, at: 2026-03-29T02:30}]")
    (fault,) = faults(text, settings={"time_zone": "Europe/Berlin"})
    assert fault.startswith("rules.yaml:5:35: no clock in Europe/Berlin shows 2026-03-29 02:30")
