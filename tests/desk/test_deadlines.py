"""Deadlines: working days of China with made-up Saturdays, hours, and what an operator's own calendar says."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.clock_profiles import APPEAL_PROFILES, CASE_PROFILES, TimeLimit
from desk.deadlines import (
    Clock,
    ClockState,
    Deadlines,
    clocks_of,
    meet,
    start_clocks,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-07-01 09:00", 1, "2026-07-03 00:00"),  # Wednesday: to the end of Thursday
        ("2026-07-03 23:59", 1, "2026-07-07 00:00"),  # Friday: to the end of Monday
        ("2026-02-13 12:00", 1, "2026-02-15 00:00"),  # before the Spring Festival Saturday the 14th is worked
        ("2026-02-14 12:00", 1, "2026-02-25 00:00"),  # and the 15th to the 23rd are free
        ("2026-07-01 09:00", 15, "2026-07-23 00:00"),
    ],
)
def test_working_days(received, days, due):
    assert Deadlines("Asia/Shanghai", "CN").due(at(received), TimeLimit(working_days=days)) == at(due)


def test_hours_run_through_nights_and_holidays():
    assert Deadlines("Asia/Shanghai", "CN").due(at("2026-02-15 12:00"), APPEAL_PROFILES["crtc"].clocks["answer"]) == at(
        "2026-02-16 12:00"
    )


def test_a_year_nobody_announced_warns_and_falls_back():
    deadlines = Deadlines("Asia/Shanghai", "CN")
    received = at("2090-07-07 12:00")
    assert deadlines.due(received, TimeLimit(working_days=1)) == at("2090-07-11 00:00")
    profile = {"accept": TimeLimit(working_days=1), "decide": TimeLimit(hours=24)}
    (warning,) = deadlines.warnings(deadlines.clocks(received, profile), profile)
    assert "working days of 2090 are Monday to Friday" in warning
    hours = {"decide": TimeLimit(hours=24)}
    assert deadlines.warnings(deadlines.clocks(received, hours), hours) == [], "it counts hours"


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2085-12-31 12:00", "2086-01-03 00:00"),  # New Year's Day, a Tuesday, is free in every year
        ("2086-09-30 12:00", "2086-10-05 00:00"),  # as are the first days of October: to the end of Friday
    ],
)
def test_holidays_by_law_are_free_in_a_year_that_nobody_announced(received, due):
    deadlines = Deadlines("Asia/Shanghai", "CN")
    assert deadlines.due(at(received), TimeLimit(working_days=1)) == at(due)


def test_the_operators_calendar_overrules():
    overruled = {date(2026, 7, 2): False, date(2026, 7, 4): True}
    deadlines = Deadlines("Asia/Shanghai", "CN", overruled)
    assert deadlines.due(at("2026-07-01 09:00"), TimeLimit(working_days=2)) == at("2026-07-05 00:00")


@given(st.integers(1_700_000_000, 1_790_000_000), st.integers(1, 25))
def test_more_working_days_are_due_later(received, days):
    deadlines = Deadlines("Asia/Shanghai", "CN")
    shorter, longer = (deadlines.due(received, TimeLimit(working_days=n)) for n in (days, days + 1))
    assert received < shorter < longer


def test_how_a_clock_stands():
    clock = Clock("accept", 0, 10, None)
    assert clock.standing(10) is ClockState.RUNNING
    assert clock.standing(11) is ClockState.OVERDUE
    assert clock._replace(met=10).standing(99) is ClockState.MET
    assert clock._replace(met=11).standing(99) is ClockState.LATE


async def test_clocks_are_met_once(town):
    deadlines = Deadlines("Asia/Shanghai", "CN")
    async with town.desk.archive.store.transaction() as connection:
        await start_clocks(connection, "case", {7: deadlines.clocks(town.now, CASE_PROFILES["12321"].clocks)})
        await meet(connection, "case", 7, ("accept",), town.now + 5)
        await meet(connection, "case", 7, ("accept",), town.now + 9)
        found = await clocks_of(connection, "case", 7)
    assert [clock.name for clock in found] == ["accept", "hand over", "decide", "answer"]
    assert [clock.met for clock in found] == [town.now + 5, None, None, None]


def test_the_days_of_a_year_that_are_not_as_monday_to_friday():
    own = {date(2026, 12, 7): False, date(2026, 12, 8): True}
    found, warning = Deadlines("Asia/Shanghai", "CN", own).exceptions(2026)
    days = {one.day: (one.worked, one.own) for one in found}
    assert (days[date(2026, 2, 14)], days[date(2026, 2, 17)]) == ((True, False), (False, False))
    assert (days[date(2026, 12, 7)], days[date(2026, 12, 8)]) == ((False, True), (True, True))
    assert date(2026, 7, 1) not in days
    assert warning == ""
    assert Deadlines("Asia/Shanghai", "CN").names(2026, "zh_CN")[date(2026, 2, 17)] == "春节"
    assert Deadlines("Asia/Shanghai", "").names(2026, "en_US") == {}
