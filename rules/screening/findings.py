"""What lists, subscribers, ladder and ledger say of a call: asked when it rings, and by those who explain calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from rules.judging.complained import Complained
from rules.judging.ladder import Ladder
from rules.judging.own_facts import CODE_DAYS_LEFT, DAY_S, Fact, measures_of
from rules.lists.cache import Lookup, asked_of, only_single
from rules.lists.ledger import Ledger
from rules.lists.subscribers import SubscriberLists
from rules.model import Call, Hit
from rules.settings.screening import CallSideComplaints
from rules.storage.store import database_path

_NONE: Final[tuple[Hit, ...]] = ()


class Findings:
    """Everything that is looked up for a call. A plain class: it is asked once a call, on the call path."""

    def __init__(
        self,
        lookup: Lookup,
        pseudonym_key: bytes,
        limits: CallSideComplaints,
        count: Callable[[tuple[Hit, ...], float], None] | None = None,
    ) -> None:
        self._lookup = lookup
        self._subscribers = SubscriberLists(lookup, pseudonym_key)
        self._ladder = Ladder(lookup, calls_hour=limits.limit_calls_hour, called_day=limits.limit_called_day)
        self._ledger = Ledger(lookup)
        self._count = count  # hears which entries of the operator's lists covered a caller
        self.unknown = 0  # numbers that could not be looked up
        self._measures: list[Callable[[Call, Sequence[Hit]], tuple[str, Fact | None]]] = []
        self._of_code = False
        self._complained = Complained(database_path(lookup.path, "complaints"))

    def ask(self, names: Iterable[str], zone: str) -> None:
        """Find out these facts from now on, as far as they are of those that Ringfence itself finds out."""
        self._of_code = CODE_DAYS_LEFT in names
        self._complained.ask(names)
        self._measures = measures_of(names, ZoneInfo(zone))

    def limit(self, *, calls_hour: int, called_day: int) -> None:
        """What the ladder's step limit lets pass from now on."""
        self._ladder.limit(calls_hour=calls_hour, called_day=called_day)

    def poll(self) -> None:
        """See which of these hold anything at all; called four times a second."""
        self._ledger.poll()
        self._subscribers.poll()
        self._ladder.poll()
        self._complained.poll()

    def close(self) -> None:
        """Nothing is open any more."""
        self._complained.close()

    def find(
        self, call: Call, called_lists: frozenset[str], *, counts: bool = True
    ) -> tuple[tuple[Hit, ...], tuple[Hit, ...], bool] | None:
        """The entries for the caller and for the called number, and whether that is all; the call learns its facts.

        None: of the asserted caller or the called number nothing is known.
        """
        look_up, now = self._lookup.look_up, call.at
        hits: tuple[Hit, ...] = _NONE
        whole = True
        for number in call.callers:
            found = look_up(number.canonical, now)
            if found is None:
                self.unknown += 1
                if number is call.callers[0]:
                    return None
                whole = False
                break
            hits = hits + found if hits else found
        for number in call.resembled:
            if found := look_up(number.canonical, now):
                hits += only_single(found)
        if hits and counts and self._count is not None:
            self._count(hits, now)
        if self._subscribers.any or self._ladder.any or self._ledger.any:
            hits += self.beside_lists(call)
        if self._measures or self._of_code or self._complained.any:
            self._enter_own(call, hits)
        called_hits: tuple[Hit, ...] = _NONE
        if called_lists:
            for number in call.called_readings:
                found = look_up(number.canonical, now)
                if found is None:
                    self.unknown += 1
                    return None
                if found:
                    called_hits += asked_of(found, call, called_lists)
        return hits, called_hits, whole

    def _enter_own(self, call: Call, hits: tuple[Hit, ...]) -> None:
        """What rules ask for by name beside what every call shows; the record keeps it."""
        facts = dict(call.facts or {})
        for measure in self._measures:
            name, value = measure(call, hits)
            if value is not None:
                facts[name] = value
        if self._of_code and self._ledger.any:
            held = self._ledger.look_up(call.caller.canonical, call.at)
            if held is not None and isfinite(held.until):
                facts[CODE_DAYS_LEFT] = round((held.until - call.at) / DAY_S, 2)
        if self._complained.any:
            self._complained.measure(call, facts)
        if facts:
            call.facts = facts

    def beside_lists(self, call: Call) -> tuple[Hit, ...]:
        """What is not on the operator's lists: subscribers' own entries, the step of the ladder, the ledger's facts."""
        hits: tuple[Hit, ...] = _NONE
        if self._subscribers.any:
            hits += self._subscribers.look_up_call(call)
        if self._ladder.any:
            hits += self._ladder.look_up(call)
        if self._ledger.any and (known := self._ledger.look_up(call.caller.canonical, call.at)):
            known.enter(call)
        return hits
