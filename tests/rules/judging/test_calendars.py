"""Working days of a country, as far as anybody announced them."""

import os
from datetime import date
from pathlib import Path

import pytest

from rules.judging.calendars import BadCalendar, read_calendar, working_days


def test_made_up_saturdays_are_worked_and_holidays_are_not():
    works, warning = working_days("CN", 2026)
    assert warning == ""
    assert works(date(2026, 2, 14))
    assert not works(date(2026, 2, 17))
    assert works(date(2026, 11, 24))
    assert not works(date(2026, 11, 28))


def test_a_year_that_nobody_announced_falls_back_to_monday_to_friday():
    works, warning = working_days("CN", 2090)
    assert "working days of 2090 are Monday to Friday" in warning
    assert works(date(2090, 10, 9))
    assert not works(date(2090, 10, 2)), "a holiday by law is free without an announcement"
    assert not works(date(2086, 1, 1))
    assert not works(date(2090, 10, 1))


def test_an_unknown_country_is_said_to_be_so():
    for country in ("", "XX"):
        works, warning = working_days(country, 2026)
        assert ("no calendar is known for XX" if country else "it is not said whose working days") in warning
        assert [works(date(2026, 11, day)) for day in (27, 28)] == [True, False]


def test_the_operators_file_goes_first():
    days = {date(2026, 11, 28): True, date(2026, 11, 24): False}
    works, _ = working_days("CN", 2026, days)
    assert works(date(2026, 11, 28))
    assert not works(date(2026, 11, 24))
    assert works(date(2026, 11, 25))


def test_a_year_that_it_has_days_of_is_announced():
    for country in ("CN", "", "XX"):
        works, warning = working_days(country, 2090, {date(2090, 10, 2): False})
        assert warning == ""
        assert [works(date(2090, 10, day)) for day in (2, 9)] == [False, True]
        assert working_days(country, 2091, {date(2090, 10, 2): False})[1] != ""


def test_the_file_is_one_day_a_line(tmp_path):
    path = tmp_path / "days"
    path.write_text("\ufeff# our own\n2026-07-02 free\n2026-07-04  work  # a Saturday\n\n", encoding="utf-8")
    assert read_calendar(path) == {date(2026, 7, 2): False, date(2026, 7, 4): True}


def test_every_line_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "days"
    path.write_text("2026-07-02 perhaps\n2026-07-03 work\n2026-13-01 free\n2026-07-03 free\n2026-07-05\n")
    with pytest.raises(BadCalendar) as bad:
        read_calendar(path)
    assert [line for line, _ in bad.value.faults] == [1, 3, 4, 5]
    assert "2026-07-03 is both worked and free" in str(bad.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadCalendar, match=":1: this is UTF-16, not UTF-8"):
        read_calendar(path)


def test_a_calendar_without_end_and_one_that_is_no_file_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path):
        with pytest.raises(BadCalendar, match="this is no file; write the path of one"):
            read_calendar(path)
    (tmp_path / "long").write_text("2026-10-10 work\n" * 70_000)
    with pytest.raises(BadCalendar, match="it is larger than 1 MB"):
        read_calendar(tmp_path / "long")
