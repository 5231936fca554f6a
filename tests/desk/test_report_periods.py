"""The periods of reports: each has one before it, and the same a year ago."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.faults import ComplaintError
from desk.report_periods import a_year_before, earlier, first_day


@pytest.mark.parametrize(
    ("period", "before", "year_ago"),
    [
        ("2026Q3", "2026Q2", "2025Q3"),
        ("2026Q1", "2025Q4", "2025Q1"),
        ("2026-03", "2026-02", "2025-03"),
        ("2026-01", "2025-12", "2025-01"),
        ("2026-03-01", "2026-02-28", "2025-03-01"),
        ("2028-02-29", "2028-02-28", "2027-02-28"),
    ],
)
def test_neighbours_of_a_period(period, before, year_ago):
    assert (earlier(period), a_year_before(period)) == (before, year_ago)


@pytest.mark.parametrize("period", ["2026Q5", "2026", "2026-13", "2026-02-30", "Q3", "2026Q3; drop"])
def test_what_is_no_period(period):
    with pytest.raises(ComplaintError, match="write 2026Q3"):
        first_day(period)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_the_period_before_ends_where_this_one_begins(day):
    for period in (f"{day.year:04}Q{(day.month + 2) // 3}", f"{day.year:04}-{day.month:02}", day.isoformat()):
        assert first_day(earlier(period)) < first_day(period)
