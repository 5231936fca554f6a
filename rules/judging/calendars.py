"""Working days of a country, made-up working Saturdays included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import holidays


def working_days(country: str, year: int) -> tuple[Callable[[date], bool], str]:
    """A test for working days around `year`, and a warning about years that nobody has announced yet."""
    if country not in holidays.list_supported_countries():
        return (
            _monday_to_friday,
            f"no calendar is known for {country or 'no country'}: working days are Monday to Friday",
        )
    calendar = holidays.country_holidays(country, years=range(year - 1, year + 2))
    # Where holidays are moved by decree, a year without a decree would look like one without moved days.
    decreed = set(getattr(calendar, "special_public_holidays", {})) if calendar.weekend_workdays else set()
    last = max(decreed, default=calendar.end_year)

    def works(day: date) -> bool:
        if day.year > last:
            return _monday_to_friday(day)
        return bool(calendar.is_working_day(day))

    if year > last:
        return works, f"the calendar of {country} ends with {last}: working days of {year} are Monday to Friday"
    return works, ""


def _monday_to_friday(day: date) -> bool:
    return day.weekday() < 5
