"""Callers whom rules put on a list for a time: noted beside the call, written by a task, in history under the rule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rules.judging.engine import Hold
from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.origins import BY_RULE
from rules.model import Call, Hit, Verdict
from rules.records.decisions import Decision
from rules.storage.store import DatabaseError, StoreError

_MOST: Final = 10_000  # callers that wait to be written, and that were lately
_PART: Final = 20  # somebody who goes on calling is written anew when such a part of his time is over
_SEEN_S: Final = 1.0  # by then what was written shows in look-ups
_READINGS: Final = 10  # of one caller, at most

Key = tuple[str, str]
LookUp = Callable[[str, float], tuple[Hit, ...] | None]


class Holds:
    """What is to be written of a process."""

    def __init__(self, tell: Callable[[str, object], None], look_up: LookUp) -> None:
        self.by_rule: Mapping[str, Hold] = {}  # what the live rules hold; empty: nothing is asked of any call
        self.written = 0
        self.dropped = 0  # for want of room, or because the list did not take them
        self._tell = tell
        self._look_up = look_up  # the entries that cover a number now
        self._waiting: dict[Key, tuple[str, Hold, float]] = {}  # rule, what it holds, until when
        self._lately: dict[Key, float] = {}  # until when they are held
        self._task: asyncio.Task[None] | None = None

    def note(self, call: Call, verdict: Verdict) -> bool:
        """A call was judged by rules of which some hold callers; is one to be written? No emergency call holds any."""
        if call.emergency:
            return False
        waiting = False
        numbers: list[str] | None = None
        for fired in verdict.fired:
            hold = self.by_rule.get(fired.name)
            if hold is None or fired.observed:
                continue
            if numbers is None:
                numbers = _numbers_of(call)
                if not numbers:
                    self.dropped += 1
                    self._tell("a caller could not be held on a list", f"his call shows no number (rule {fired.name})")
                    return False
            for number in numbers:
                waiting |= self._hold(fired.name, hold, number, call.at)
        return waiting

    def restore(self, decisions: Iterable[Decision], now: float) -> None:
        """What a killed process had told its callers, and did not live to write: whose time is not over is held."""
        for decision in decisions:
            for fired in decision.fired:
                hold = self.by_rule.get(fired.name)
                if hold is None or fired.observed or decision.at + hold.seconds <= now:
                    continue
                facts = decision.facts
                read = (decision.caller, *facts.get("callers", ())[: facts.get("readings", 1)])
                for number in _some((*read, *facts.get("resembled", ()))):
                    self._hold(fired.name, hold, number, decision.at)

    def _hold(self, rule: str, hold: Hold, number: str, now: float) -> bool:
        """Have it written, unless it stands there for long enough."""
        key = (hold.list, number)
        left = self._lately.get(key, 0.0) - now
        if left > hold.seconds - hold.seconds / _PART and self._still_held(key, hold.seconds - left, now):
            return False
        if len(self._waiting) >= _MOST:
            self.dropped += 1
            return False
        if len(self._lately) >= _MOST:
            self._lately = {one: until for one, until in self._lately.items() if until > now}
            if len(self._lately) >= _MOST:
                self._lately.clear()
        self._lately[key] = now + hold.seconds
        self._waiting[key] = (rule, hold, now + hold.seconds)
        return True

    def _still_held(self, key: Key, since: float, now: float) -> bool:
        """Did nobody take him off after he was written?"""
        if since < _SEEN_S:
            return True
        name, number = key
        hits = self._look_up(number, now)
        return hits is None or any(hit.list == name for hit in hits)

    def poll(self, lists: Lists | None) -> None:
        """Write what waits; called four times a second."""
        if self._waiting and lists is not None and (self._task is None or self._task.done()):
            waiting, self._waiting = self._waiting, {}
            self._task = asyncio.get_running_loop().create_task(self._write(lists, waiting), name="holds")

    async def close(self) -> None:
        """Nothing is written any more."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write(self, lists: Lists, waiting: dict[Key, tuple[str, Hold, float]]) -> None:
        for (name, number), (rule, hold, until) in waiting.items():
            try:
                if await self._stands(lists, name, number, until):
                    continue
                author = f"rule {rule}"
                await lists.add(name, number, Origin(source=BY_RULE, reason=hold.because, author=author, expires=until))
                self.written += 1
            except (EntryError, StoreError, DatabaseError, PermissionError) as error:
                self.dropped += 1
                self._lately.pop((name, number), None)
                self._tell("a caller could not be held on a list", error)

    async def _stands(self, lists: Lists, name: str, number: str, until: float) -> bool:
        """Does he stand there for longer already, or by a person's hand?"""
        for entry in await lists.covering(number):
            if entry.list == name and entry.text == number:
                return entry.origin.source != BY_RULE or (entry.origin.expires or until) >= until
        return False


def _numbers_of(call: Call) -> list[str]:
    """Every number that the asserted one may be read as, or looks like: whichever is looked up next time."""
    return _some(number.canonical for number in (call.caller, *call.asserted, *call.resembled))


def _some(numbers: Iterable[str]) -> list[str]:
    return [number for number in dict.fromkeys(numbers) if number][:_READINGS]
