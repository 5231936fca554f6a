"""The periods of reports: a day, a month, a quarter, the one before each, and the same a year ago."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from desk.faults import ComplaintError

_PERIOD = re.compile(r"(\d{4})(?:Q([1-4])|-(\d{2})(?:-(\d{2}))?)")


def first_day(period: str) -> date:
    """The first day of ``2026Q3``, ``2026-07`` or ``2026-07-01``."""
    return days_of(period)[0]


def last_day(period: str) -> date:
    """The last day of it."""
    return days_of(period)[1] - timedelta(days=1)


def days_of(period: str) -> tuple[date, date]:
    """First day, and the first day after."""
    match = _PERIOD.fullmatch(period.strip())
    try:
        if match is None:
            raise ValueError
        year, quarter, month, day = match.groups()
        if quarter:
            first = date(int(year), int(quarter) * 3 - 2, 1)
            return first, _months_on(first, 3)
        if day:
            first = date(int(year), int(month), int(day))
            return first, first + timedelta(days=1)
        first = date(int(year), int(month), 1)
        return first, _months_on(first, 1)
    except ValueError:
        raise ComplaintError("period", f"{period[:20]!r} is none; write 2026Q3, 2026-07 or 2026-07-01") from None


def earlier(period: str) -> str:
    """The period before."""
    first, after = days_of(period)
    if (after - first).days == 1:
        return (first - timedelta(days=1)).isoformat()
    return _named(_months_on(first, -3 if "Q" in period else -1), period)


def a_year_before(period: str) -> str:
    """The same period a year ago."""
    first, _ = days_of(period)
    day = min(first.day, monthrange(first.year - 1, first.month)[1])
    return _named(date(first.year - 1, first.month, day), period)


def _named(first: date, like: str) -> str:
    if "Q" in like:
        return f"{first.year:04}Q{(first.month + 2) // 3}"
    return first.isoformat() if like.count("-") == 2 else f"{first.year:04}-{first.month:02}"


def _months_on(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
