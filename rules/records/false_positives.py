"""How often each rule was wrong lately: it hit callers on an allow list, or lost an appeal; who passes it is named."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rules.model import Action, Step
from rules.records.decisions import read_fired
from rules.settings.screening import FalsePositiveSettings
from rules.storage.store import Store

_HOUR_S = 3600.0
_PAGE = 5_000
_NEWEST = 200_000  # records read at a start: what lies further back is left out of the first figures
_STEPS = frozenset((Step.RULES, Step.SUSPICION))
_SUBSCRIBERS = "subscriber-allow"


class Alarm(NamedTuple):
    """A rule that was wrong more often than it may."""

    rule: str
    per_thousand: float
    hits: int  # calls of callers on an allow list
    caught: int
    appeals: int = 0  # granted


class _Hour:
    __slots__ = ("caught", "hits", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.caught: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()


class FalsePositives:
    """Counts over a rolling window, hour by hour."""

    def __init__(self, settings: FalsePositiveSettings, allow_lists: Iterable[str]) -> None:
        self._settings = settings
        self._allow = frozenset((*allow_lists, _SUBSCRIBERS))
        self._hours: deque[_Hour] = deque()

    def take(self, settings: FalsePositiveSettings, allow_lists: Iterable[str]) -> None:
        """Another budget, other lists; what was counted stays."""
        self._settings, self._allow = settings, frozenset((*allow_lists, _SUBSCRIBERS))

    def count(self, rows: Iterable[tuple[float, str]]) -> None:
        """Take in records: when, and what fired as JSON."""
        for at, fired in rows:
            names, allowed = [], False
            for one in read_fired(fired):
                if one.name in self._allow and one.step not in _STEPS:
                    allowed = True
                elif one.step in _STEPS and not (one.observed or one.effect == Action.FORWARD or one.points < 0):
                    names.append(one.name)
            if names:
                hour = self._hour(int(at // _HOUR_S))
                hour.caught.update(names)
                if allowed:
                    hour.hits.update(names)

    def _hour(self, number: int) -> _Hour:
        if not self._hours or number > self._hours[-1].number:
            self._hours.append(_Hour(number))
        return next((hour for hour in reversed(self._hours) if hour.number == number), self._hours[0])

    def since(self, now: float) -> float:
        """The beginning of the oldest hour that counts."""
        return (int(now // _HOUR_S) - self._settings.hours + 1) * _HOUR_S

    def over(self, now: float, granted: Mapping[str, int] = MappingProxyType({})) -> list[Alarm]:
        """The rules that pass the budget, the worst first; `granted` are appeals against rules since `since`."""
        settings = self._settings
        oldest = int(now // _HOUR_S) - settings.hours
        while self._hours and self._hours[0].number <= oldest:
            self._hours.popleft()
        caught: Counter[str] = Counter()
        hits: Counter[str] = Counter()
        for hour in self._hours:
            caught.update(hour.caught)
            hits.update(hour.hits)
        found = []
        for rule in hits.keys() | granted.keys() & caught.keys():
            wrong, appeals = hits[rule], granted.get(rule, 0)
            alarm = Alarm(rule, 1000 * (wrong + appeals) / caught[rule], wrong, caught[rule], appeals)
            if alarm.caught >= settings.at_least and alarm.per_thousand > settings.per_thousand:
                found.append(alarm)
        return sorted(found, key=lambda one: (-one.per_thousand, one.rule))


class FalsePositiveWatch:
    """Reads new records from the log of decisions."""

    def __init__(self, store: Store, counts: FalsePositives) -> None:
        self._store, self._counts = store, counts
        self._seq = -1

    @classmethod
    async def open(cls, path: Path, counts: FalsePositives) -> FalsePositiveWatch:
        """Open the database of decisions."""
        return cls(await Store.open(path, "decisions", durable=False), counts)

    async def look(self, now: float, granted: Mapping[str, int] = MappingProxyType({})) -> list[Alarm]:
        """Take in what was written since the last look; the rules that pass their budget."""
        if self._seq < 0:
            newest = (await self._rows("select max(seq) from decision", ()))[0][0] or 0
            self._seq = max(0, newest - _NEWEST)
        query = "select seq, at, fired from decision where seq > ? and fired <> '[]' order by seq limit ?"
        while rows := await self._rows(query, (self._seq, _PAGE)):
            self._seq = rows[-1][0]
            self._counts.count((at, fired) for _, at, fired in rows)
        return self._counts.over(now, granted)

    async def close(self) -> None:
        """Nothing is open any more."""
        await self._store.close()

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        return list(await self._store.connection.execute_fetchall(query, values))
