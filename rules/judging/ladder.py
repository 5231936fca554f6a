"""Where a repeat offender stands on the ladder at a moment, and what the call path asks about it.

watch -> tag -> limit -> reject; the step above, sealed, is a person's and stands on a list. A step holds for a term
that doubles with each offence; after it, each span of good conduct leads one step down.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum, StrEnum
from typing import NamedTuple

from cachetools import LRUCache

from rules.lists.cache import Lookup
from rules.model import Call, Hit
from rules.numbering.intervals import EXACT

DAY_S = 86_400.0
TERM_DAYS = 30.0  # of the first offence
LONGEST_TERM_DAYS = 730.0
DECAY_DAYS = 30.0  # of good conduct for one step down, once the term has ended
_CACHED = 50_000
_TRACKED = 10_000  # callers on step limit that are counted at once
STANDINGS = (
    "select kind, name, level, offences, since, reason from standing where kind = 'number' and name = ?1 union all "
    "select s.kind, s.name, s.level, s.offences, s.since, s.reason from belongs b "
    "join standing s on s.kind = b.kind and s.name = b.name where b.number = ?1"
)


class StepName(StrEnum):
    """What the steps of the ladder are called, the lowest first; sealed, the one above, is for cases only."""

    WATCH = "watch"
    TAG = "tag"
    LIMIT = "limit"
    REJECT = "reject"


class LadderStep(IntEnum):
    """How far somebody has climbed."""

    NONE = 0
    WATCH = 1
    TAG = 2
    LIMIT = 3
    REJECT = 4

    @classmethod
    def called(cls, name: StepName) -> LadderStep:
        """The step of this name."""
        return cls[name.name]

    @property
    def said(self) -> StepName:
        """Its name; there must be somebody on it."""
        return StepName[self.name]


class Standing(NamedTuple):
    """Of a number, an owner or a business, as it was set."""

    kind: str
    name: str
    level: int
    offences: int
    since: float
    reason: str = ""

    @property
    def term_ends(self) -> float:
        """From then on good conduct leads down."""
        days = min(TERM_DAYS * 2 ** min(self.offences - 1, 10), LONGEST_TERM_DAYS)
        return self.since + float(days) * DAY_S

    def step_at(self, now: float) -> LadderStep:
        """The step at a moment."""
        late = now - self.term_ends
        if late < 0:
            return LadderStep(self.level)
        return LadderStep(max(self.level - 1 - int(late // (DECAY_DAYS * DAY_S)), 0))

    def climbed(self, now: float, *, to: LadderStep | None = None, reason: str = "") -> Standing:
        """One step up from where it stands now, or on a given one; the term is longer than the last."""
        step = min(self.step_at(now) + 1, LadderStep.REJECT) if to is None else to
        return self._replace(level=int(step), offences=self.offences + 1, since=now, reason=reason)


class Rung(NamedTuple):
    """What the ladder says of a number."""

    step: LadderStep
    kind: str
    name: str
    reason: str


class Ladder:
    """The call path's view: nothing is looked up while nobody stands on it."""

    def __init__(self, lookup: Lookup, *, calls_hour: int = 10, called_day: int = 20) -> None:
        self._lookup = lookup
        self._calls_hour, self._called_day = calls_hour, called_day
        self._revision = 0
        self._cache: LRUCache[str, tuple[Standing, ...]] = LRUCache(_CACHED)
        self._recent: LRUCache[str, deque[tuple[float, str]]] = LRUCache(_TRACKED)
        self.any = False
        self.poll()

    def limit(self, *, calls_hour: int, called_day: int) -> None:
        """Let so many calls an hour and called numbers a day pass; who was counted by others begins anew."""
        if (calls_hour, called_day) != (self._calls_hour, self._called_day):
            self._calls_hour, self._called_day = calls_hour, called_day
            self._recent.clear()

    def poll(self) -> None:
        """See what was changed; called four times a second."""
        rows = self._lookup.ask("select ladder from change")
        if rows is None or rows[0][0] == self._revision:
            return
        standing = self._lookup.ask("select exists (select 1 from standing)")
        if standing is None:
            return  # the next poll asks again
        self._cache.clear()
        self._revision, self.any = rows[0][0], bool(standing[0][0])

    def step_of(self, canonical: str, now: float) -> Rung | None:
        """The highest step of the number, its owner and its business; None: it stands on none, or nobody knows."""
        if not self.any:
            return None
        standings = self._cache.get(canonical)
        if standings is None:
            rows = self._lookup.ask(STANDINGS, (canonical,))
            if rows is None:
                return None
            standings = self._cache[canonical] = tuple(Standing(*row) for row in rows)
        if not standings:
            return None
        step, standing = max((standing.step_at(now), standing) for standing in standings)
        return Rung(step, standing.kind, standing.name, standing.reason) if step else None

    def look_up(self, call: Call) -> tuple[Hit, ...]:
        """What judging hears of the ladder: one hit on list `ladder`, of kind ladder-watch, -tag, -limit or -reject.

        Of the asserted number only, in all of its readings: a forged one must not be punished where another number was
        asserted.
        """
        number, rung = call.callers[0].canonical, None
        for reading in call.asserted:
            found = self.step_of(reading.canonical, call.at)
            if found is not None and (rung is None or found.step > rung.step):
                number, rung = reading.canonical, found
        if rung is None:
            return ()
        kind = f"ladder-{rung.step.name.lower()}"
        if rung.step is LadderStep.LIMIT and not self._beyond(number, call):
            kind = "ladder-tag"
        return (Hit("ladder", kind, rung.step.name.lower(), rung.name, number, EXACT, of=rung.kind),)

    def _beyond(self, number: str, call: Call) -> bool:
        """Has a limited caller used up his calls of this hour, or his called numbers of this day?"""
        recent = self._recent.get(number)
        if recent is None:
            recent = self._recent[number] = deque(maxlen=self._calls_hour * 24 + self._called_day)
        now, called = call.at, call.called.canonical
        while recent and recent[0][0] <= now - DAY_S:
            recent.popleft()
        beyond = (
            sum(at > now - 3600.0 for at, _ in recent) >= self._calls_hour
            or len({one for _, one in recent} | {called}) > self._called_day
        )
        if not beyond and not call.emergency:
            recent.append((now, called))
        return beyond
