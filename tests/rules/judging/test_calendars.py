"""Working days of a country, as far as anybody announced them."""

from datetime import date

from rules.judging.calendars import working_days


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
    assert works(date(2090, 10, 2))
    assert not works(date(2090, 10, 1))


def test_an_unknown_country_is_said_to_be_so():
    for country in ("", "XX"):
        works, warning = working_days(country, 2026)
        assert "no calendar is known" in warning
        assert [works(date(2026, 11, day)) for day in (27, 28)] == [True, False]
