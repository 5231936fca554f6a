"""Working days: of a country, made-up working Saturdays included, and as the operator's own file overrules them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from rules.texts.bad_value import BadValue
from rules.texts.encodings import NotUtf8, decoded

Days = Mapping[date, bool]  # is it worked?
NO_DAYS: Days = MappingProxyType({})
_MOST = 1_000_000  # octets
_KINDS = {"work": True, "free": False}


class BadCalendar(ValueError):
    """A file of days that can't be read; `faults` are its lines, with what is wrong there."""

    def __init__(self, path: Path, faults: list[tuple[int, BadValue]]) -> None:
        super().__init__("; ".join(f"{path}:{line}: {wrong}" for line, wrong in faults))
        self.faults = faults


def read_calendar(path: Path) -> Days:
    """Days, one a line: ``2026-10-10 work`` or ``2026-10-12 free``; # begins a remark. Raises BadCalendar."""
    found: dict[date, bool] = {}
    faults = []
    if path.exists() and not path.is_file():  # opening a FIFO waits for ever
        raise BadCalendar(path, [(1, BadValue("this is no file", "write the path of one"))])
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST + 1)
        if len(raw) > _MOST:
            raise BadCalendar(path, [(1, BadValue("it is larger than 1 MB", "a calendar has one day a line"))])
        text = decoded(raw)
    except NotUtf8 as error:
        raise BadCalendar(path, [(error.line, error)]) from error
    except OSError as error:
        raise BadCalendar(path, [(1, BadValue(f"it can't be read: {error.strerror}"))]) from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            day, worked = date.fromisoformat(words[0]), _KINDS[" ".join(words[1:])]
        except (ValueError, KeyError):
            faults.append((number, BadValue("that is no day", "write it with work or free: 2026-10-10 work")))
            continue
        if found.setdefault(day, worked) is not worked:
            faults.append((number, BadValue(f"{day} is both worked and free", "leave one line")))
    if faults:
        raise BadCalendar(path, faults)
    return found


def working_days(country: str, year: int, overruled: Days = NO_DAYS) -> tuple[Callable[[date], bool], str]:
    """A test for working days around `year`, and a warning if nobody has said yet which days of it are worked.

    What is `overruled` goes before the country's calendar. A year that it has days of needs no other announcement.
    """
    import holidays  # loading it costs more than checking most rule files, and few ask for working days

    known = any(day.year == year for day in overruled)
    try:
        calendar = holidays.country_holidays(country, years=range(year - 1, year + 2))
    except NotImplementedError:
        what = f"no calendar is known for {country}" if country else "it is not said whose working days"
        what += ": working days are Monday to Friday"
        return _overruling(overruled, monday_to_friday), "" if known else what
    # Where holidays are moved by decree, a year without a decree would look like one without moved days.
    decreed = set(getattr(calendar, "special_public_holidays", {})) if calendar.weekend_workdays else set()
    last = max(decreed, default=calendar.end_year)

    def works(day: date) -> bool:
        if day.year > last:  # what the law says stands for every year; which days are moved is announced for each
            return monday_to_friday(day) and day not in calendar
        return bool(calendar.is_working_day(day))

    what = (
        f"the calendar of {country} ends with {last}: working days of {year} are Monday to Friday "
        "but for holidays by law; which days are moved nobody has announced"
    )
    return _overruling(overruled, works), what if year > last and not known else ""


class Calendar(NamedTuple):
    """The days of one country."""

    works: Callable[[date], bool]
    is_holiday: Callable[[date], bool]


def calendar_of(country: str, year: int, overruled: Days = NO_DAYS) -> Calendar:
    """Working days and public holidays of a country; a day that the operator's file names is one if it is free."""
    works, _ = working_days(country, year, overruled)
    import holidays

    try:
        known = holidays.country_holidays(country, years=range(year - 1, year + 2))
    except NotImplementedError:
        known = None

    def is_holiday(day: date) -> bool:
        worked = overruled.get(day)
        if worked is not None:
            return not worked
        return known is not None and day in known

    return Calendar(works, is_holiday)


def named_days(country: str, year: int, language: str) -> dict[date, str]:
    """The holidays of a country and how they are called; nothing where no calendar is known."""
    import holidays

    try:
        calendar = holidays.country_holidays(country, years=[year], language=language)
    except NotImplementedError:
        return {}
    return {day: str(name) for day, name in calendar.items() if day.year == year}


def unannounced(country: str, years: Iterable[int], overruled: Days = NO_DAYS) -> str:
    """The warning of the first of these years of which nobody has said yet which days are worked; empty for none."""
    return next((said for year in sorted({*years}) if (said := working_days(country, year, overruled)[1])), "")


def _overruling(overruled: Days, works: Callable[[date], bool]) -> Callable[[date], bool]:
    if not overruled:
        return works

    def test(day: date) -> bool:
        worked = overruled.get(day)
        return works(day) if worked is None else worked

    return test


def monday_to_friday(day: date) -> bool:
    """Is it a working day where nobody says more?"""
    return day.weekday() < 5


NO_CALENDAR: Final = Calendar(monday_to_friday, lambda _: False)
