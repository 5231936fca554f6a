"""When something is due: spans in hours or working days, run from receipt; they are met, running or overdue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from desk.clock_profiles import TimeLimit
from rules.judging.calendars import NO_DAYS, Days, monday_to_friday, named_days, working_days
from rules.storage.store import Connection


class ClockState(StrEnum):
    """Of a clock."""

    MET = "met"
    LATE = "met late"
    RUNNING = "running"
    OVERDUE = "overdue"


class Clock(NamedTuple):
    """One deadline of one case or appeal."""

    name: str
    started: float
    due: float
    met: float | None

    def standing(self, now: float) -> ClockState:
        """How it stands at this moment."""
        if self.met is not None:
            return ClockState.MET if self.met <= self.due else ClockState.LATE
        return ClockState.RUNNING if now <= self.due else ClockState.OVERDUE


class Exceptional(NamedTuple):
    """A day that is not as Monday to Friday would have it, or that the operator's own file names."""

    day: date
    worked: bool
    own: bool  # by the operator's file


class Deadlines:
    """Reckons in the operator's zone and calendar."""

    def __init__(self, zone: str, country: str, overruled: Days = NO_DAYS) -> None:
        self._zone, self._country, self._overruled = ZoneInfo(zone), country, overruled
        self._calendars: dict[int, Callable[[date], bool]] = {}
        self._ends: dict[tuple[date, int], float] = {}
        self._warnings: dict[int, str] = {}  # by year

    def due(self, received: float, span: TimeLimit) -> float:
        """The moment by which it must be done: hours to the second, working days to the end of the last one."""
        if not span.working_days:
            return received + span.hours * 3600.0
        return self._end_of(datetime.fromtimestamp(received, self._zone).date(), span.working_days)

    def working_days_left(self, now: float, due: float) -> int:
        """Working days between today and the day of a deadline, that day counted; negative: so many since."""
        today, last = (datetime.fromtimestamp(at, self._zone).date() for at in (now, due - 1.0))
        if last < today or due <= now:
            return -max(sum(self._works(last + timedelta(days=n)) for n in range(1, (today - last).days + 1)), 1)
        return sum(self._works(today + timedelta(days=n)) for n in range(1, (last - today).days + 1))

    def clocks(self, received: float, profile: Mapping[str, TimeLimit]) -> list[Clock]:
        """All clocks of a profile, started."""
        return [Clock(name, received, self.due(received, span), None) for name, span in profile.items()]

    def warnings(self, clocks: Iterable[Clock], profile: Mapping[str, TimeLimit]) -> list[str]:
        """What is not known of the years in which these clocks count working days."""
        years: set[int] = set()
        for clock in clocks:
            if (span := profile.get(clock.name)) and span.working_days:
                first, last = (datetime.fromtimestamp(at, self._zone).year for at in (clock.started, clock.due - 1.0))
                years.update(range(first, last + 1))
        for year in years:
            self._works(date(year, 1, 1))
        return [self._warnings[year] for year in sorted(years) if year in self._warnings]

    def exceptions(self, year: int) -> tuple[list[Exceptional], str]:
        """What deadlines hold of a year beyond Monday to Friday, and what nobody has said of it yet."""
        first = date(year, 1, 1)
        days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
        found = [Exceptional(day, self._works(day), day in self._overruled) for day in days]
        told = [one for one in found if one.own or one.worked is not monday_to_friday(one.day)]
        return told, self._warnings.get(year, "")

    def know(self, now: float) -> None:
        """Read the calendar of this year before somebody waits for it: a tenth of a second."""
        self._works(datetime.fromtimestamp(now, self._zone).date())

    def names(self, year: int, language: str) -> dict[date, str]:
        """How the holidays of the country are called, in a language that its calendar has, else in another."""
        return named_days(self._country, year, language)

    def _end_of(self, day: date, left: int) -> float:
        """The end of the working day that comes so many working days after a day."""
        known = self._ends.get((day, left))
        if known is None:
            last, still = day, left
            while still:
                last += timedelta(days=1)
                still -= self._works(last)
            known = datetime.combine(last + timedelta(days=1), time(), self._zone).timestamp()
            self._ends[day, left] = known
        return known

    def _works(self, day: date) -> bool:
        calendar = self._calendars.get(day.year)
        if calendar is None:
            calendar, warning = working_days(self._country, day.year, self._overruled)
            self._calendars[day.year] = calendar
            if warning:
                self._warnings[day.year] = warning
        return calendar(day)


async def start_clocks(connection: Connection, subject: str, clocks: Mapping[int, list[Clock]]) -> None:
    """Start the clocks of these cases or appeals."""
    rows = [(subject, of, *clock) for of, several in clocks.items() for clock in several]
    await connection.executemany("insert into clock values (?, ?, ?, ?, ?, ?) on conflict do nothing", rows)


async def meet(connection: Connection, subject: str, of: int, names: tuple[str, ...], now: float) -> None:
    """These clocks are met, unless they were met before."""
    await connection.executemany(
        "update clock set met = ? where subject = ? and id = ? and name = ? and met is null",
        [(now, subject, of, name) for name in names],
    )


async def clocks_of(connection: Connection, subject: str, of: int) -> list[Clock]:
    """The clocks of a case or appeal, the next one due first."""
    query = "select name, started, due, met from clock where subject = ? and id = ? order by due"
    return [Clock(*row) for row in await connection.execute_fetchall(query, (subject, of))]
