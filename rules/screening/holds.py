"""Callers whom rules put on a list for a time: noted beside the call, written by a task, in history under the rule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from rules.judging.engine import Hold
from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.model import Call, Verdict
from rules.storage.store import DatabaseError, StoreError

SOURCE: Final = "rule"  # where such an entry comes from; its author is the rule
_MOST: Final = 10_000  # callers that wait to be written, and that were lately

Key = tuple[str, str]


class Holds:
    """What is to be written of a process."""

    def __init__(self, tell: Callable[[str, BaseException], None]) -> None:
        self.by_rule: Mapping[str, Hold] = {}  # what the live rules hold; empty: nothing is asked of any call
        self.written = 0
        self.dropped = 0  # for want of room, or because the list did not take them
        self._tell = tell
        self._waiting: dict[Key, tuple[str, Hold, float]] = {}  # rule, what it holds, until when
        self._lately: dict[Key, float] = {}  # until when they are held
        self._task: asyncio.Task[None] | None = None

    def note(self, call: Call, verdict: Verdict) -> None:
        """A call was judged by rules of which some hold callers; emergency calls hold nobody."""
        number = call.caller.canonical
        if call.emergency or not number:
            return
        for fired in verdict.fired:
            hold = self.by_rule.get(fired.name)
            if hold is None or fired.observed:
                continue
            key = (hold.list, number)
            # Somebody who goes on calling is written anew when half of his time is over.
            if self._lately.get(key, 0.0) - call.at > hold.seconds / 2:
                continue
            if len(self._waiting) >= _MOST:
                self.dropped += 1
                continue
            if len(self._lately) >= _MOST:
                self._lately = {one: until for one, until in self._lately.items() if until > call.at}
                if len(self._lately) >= _MOST:
                    self._lately.clear()
            self._lately[key] = call.at + hold.seconds
            self._waiting[key] = (fired.name, hold, call.at + hold.seconds)

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
                await lists.add(name, number, Origin(source=SOURCE, reason=hold.because, author=author, expires=until))
                self.written += 1
            except (EntryError, StoreError, DatabaseError, PermissionError) as error:
                self.dropped += 1
                self._lately.pop((name, number), None)
                self._tell("a caller could not be held on a list", error)

    async def _stands(self, lists: Lists, name: str, number: str, until: float) -> bool:
        """Does he stand there for longer already, or by a person's hand?"""
        for entry in await lists.covering(number):
            if entry.list == name and entry.text == number:
                return entry.origin.source != SOURCE or (entry.origin.expires or until) >= until
        return False
