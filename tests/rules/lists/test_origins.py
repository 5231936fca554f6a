"""Qualifications: whole or refused, approved by another, off when their review is due."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rules.lists.admission import EntryError
from rules.lists.origins import (
    Entry,
    Origin,
    Qualification,
    check_qualification,
    read_end,
    read_hours,
    refuse_limits,
    refuse_past,
    within,
)
from rules.settings.screening import ListSettings

WHOLE = Qualification("B2-1", "sha256:ab", "surveys", "09:00-18:00", 500.0, "Li", "Wang")


PLAIN, WANTED = ListSettings(kind="allow"), ListSettings(kind="allow", qualified=True, review_days=30)


def refusal(origin, policy=PLAIN):
    with pytest.raises(EntryError) as error:
        check_qualification("95588", origin, policy, 0.0)
    return error.value.name


def test_a_qualification_is_whole_or_refused():
    check_qualification("95588", Origin(author="li", qualification=WHOLE), WANTED, 0.0)
    check_qualification("95588", Origin(), PLAIN, 0.0)
    assert refusal(Origin(), WANTED) == "unqualified"
    assert refusal(Origin(qualification=Qualification(licence="B2-1"))) == "unqualified"
    assert refusal(Origin(author="wang ", qualification=WHOLE)) == "self-approved"


def test_a_review_is_due_within_the_longest_period():
    late = Origin(author="li", qualification=replace(WHOLE, review=31 * 86_400.0 + 1.0))
    assert refusal(late, WANTED) == "review-late"
    check_qualification("95588", late, PLAIN, 0.0)
    check_qualification("95588", late, WANTED, 1.0)


def test_an_entry_says_why_it_is_off():
    entry = Entry("bank", "CN:95588", Origin(expires=900.0, qualification=WHOLE), 0.0)
    assert [entry.off(now) for now in (499.0, 500.0, 900.0)] == ["", "review date has passed", "expired"]
    assert Entry("bank", "CN:95588", Origin(), 0.0).off(1e12) == ""


@pytest.mark.parametrize("text", ["9-18", "09:00-09:00", "25:00-26:00", "09:00-24:30", ""])
def test_hours_that_are_none(text):
    with pytest.raises(EntryError):
        read_hours(text)


def test_hours_start_in_end_out_also_across_midnight():
    day, night = read_hours("09:00-18:00"), read_hours("22:00-06:00")
    assert [within(day, minute) for minute in (539, 540, 1079, 1080)] == [False, True, True, False]
    assert [within(night, minute) for minute in (1319, 1320, 0, 359, 360)] == [False, True, True, True, False]


def test_trunks_and_hours_are_refused_where_they_limit_nothing():
    for origin in (Origin(trunks=("north",)), Origin(qualification=Qualification(hours="09:00-18:00"))):
        with pytest.raises(EntryError, match="only entries of allow lists have trunks and hours") as error:
            refuse_limits("95588", origin, "block", None)
        assert error.value.name == "allow-only"
        refuse_limits("95588", origin, "allow", None)
    refuse_limits("95588", Origin(), "block", None)


def test_an_entry_that_would_be_off_at_once_is_refused():
    for origin, name in (
        (Origin(expires=5.0), "expired"),
        (Origin(qualification=Qualification(review=5.0)), "review-passed"),
    ):
        with pytest.raises(EntryError) as error:
            refuse_past("95588", origin, 5.0)
        assert error.value.name == name
        refuse_past("95588", origin, 4.0)


DAY_S = 86_400
MIDNIGHT = datetime(2026, 12, 30, 16, tzinfo=UTC).timestamp()  # 31 December begins in Shanghai


@pytest.mark.parametrize("text", ["2026-12-31", "2026/12/31", "2026.12.31", "2026年12月31日", " 2026-12-31 "])
def test_a_day_ends_at_its_end_in_the_operators_zone(text):
    assert read_end(text, "Asia/Shanghai") == MIDNIGHT + DAY_S
    assert read_end(text, "UTC") == MIDNIGHT + DAY_S + 8 * 3_600


def test_the_last_day_of_the_calendar_stands_for_ever():
    assert read_end("9999-12-31", "UTC") > MIDNIGHT


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-12-31T18:00", 18),
        ("2026/12/31 18:00:00", 18),
        ("2026/12/31 9:00", 9),
        ("2026-12-31T18:00+00:00", 26),
        ("2026-12-31 18:00:00+08:00", 18),
        ("2026年12月31日 18:00", 18),
    ],
)
def test_a_time_of_that_day(text, hours):
    assert read_end(text, "Asia/Shanghai") == MIDNIGHT + hours * 3_600


def test_short_months_and_days():
    assert read_end("2026/1/5", "UTC") == read_end("2026-01-05", "UTC")


@pytest.mark.parametrize(
    "text", ["", "soon", "31.12.2026", "12/31/2026", "2026-13-01", "2026-02-30", "46022", "20261231"]
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(EntryError, match="is no time; write 2026-12-31"):
        read_end(text, "UTC")
