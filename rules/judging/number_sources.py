"""What others know of a number: plug-ins of the entry point `ringfence.numbers`, asked beside the calls.

Each has a thread with an event loop of its own. A call is judged by what the cache has; what it lacks is asked for, and
known at the next call. So no call waits for a network, unless the operator lets it wait some milliseconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from cachetools import LRUCache

from rules.judging.plugins import NUMBERS, Conduct, Wrong, loaded, read_mapping, told_of
from rules.model import Call

Fact = float | str | bool
_REST_S: Final = 30.0  # after so many failures on end
_ON_END: Final = 5
_HANGS: Final = "does not come back from what it was asked"
_CROWDED: Final = "is asked too much at once"
_SLACK_S: Final = 1.0  # how much later than its deadline an answer may be told, before its thread hangs


class AtOnce(NamedTuple):
    """Bounds of looking numbers up."""

    deadline_s: float = 2.0
    at_once: int = 8
    cached: int = 50_000
    kept_s: float = 3600.0
    wait_s: float = 0.0  # how long a call waits for what the cache lacks


class NumberSource(Protocol):
    """What a plug-in is: the entry point names a class or function that gives one, called without arguments."""

    names: Collection[str]  # the facts that it may give

    async def look_up(self, number: str) -> Mapping[str, Fact] | None:
        """What is known of a number in its one spelling (+8613912345678, CN:95588); None: nothing."""


class NumberWorker(Conduct):
    """One plug-in, with what it said of numbers."""

    def __init__(self, name: str, source: NumberSource, bounds: AtOnce) -> None:
        super().__init__(name)
        self.names = frozenset(source.names)
        self.bounds = bounds
        self.hits = 0
        self._source = source
        self._lock = threading.Lock()  # of the cache and of what is asked
        self._known: LRUCache[str, tuple[dict[str, Fact], float]] = LRUCache(bounds.cached)
        self._under_way: dict[str, tuple[float, threading.Event]] = {}
        self._failed_on_end = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name=f"plug-in {self.name}", daemon=True)
        self._thread.start()

    def measure(self, call: Call) -> None:
        """Give the call what is known of its caller's number, and ask for what is not."""
        number = call.caller.canonical
        if not number:
            return
        found = self._remembered(number)
        if found is None and (coming := self._ask_for(number)) is not None and self.bounds.wait_s:
            coming.wait(self.bounds.wait_s)
            found = self._remembered(number)
        elif found is not None:
            self.hits += 1
        if found:
            call.facts = {**(call.facts or {}), **found}

    def figures(self) -> dict[str, Any]:
        """The same, with the cache."""
        return {**super().figures(), "cached": len(self._known), "hits": self.hits, "under_way": len(self._under_way)}

    def close(self) -> None:
        """Nothing is asked any more; a plug-in that holds its thread is left behind."""
        self._closed = True
        with suppress(RuntimeError):  # it is closed already
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SLACK_S)

    def _remembered(self, number: str) -> dict[str, Fact] | None:
        with self._lock:
            found = self._known.get(number)
            if found is not None and found[1] > monotonic():
                return found[0]
        return None

    def _ask_for(self, number: str) -> threading.Event | None:
        """Let it be looked up; None where that is not done now."""
        now = monotonic()
        with self._lock:
            if (asked := self._under_way.get(number)) is not None:
                return asked[1]
            if self.rests:
                self.failures += 1  # why it rests is what went wrong before
                return None
            if len(self._under_way) >= self.bounds.at_once:
                oldest = min(begun for begun, _ in self._under_way.values())
                hangs = now - oldest > self.bounds.deadline_s + _SLACK_S
                self.fail(_HANGS if hangs else _CROWDED)
                return None
            self.asked += 1
            coming = threading.Event()
            self._under_way[number] = (now, coming)
        try:
            self._loop.call_soon_threadsafe(self._begin, number)
        except RuntimeError:  # it has stopped the loop that it was run in
            self.fail("its thread has ended")
            with self._lock:  # what was asked of it as it ended it does not answer either
                for _, told in self._under_way.values():
                    told.set()
                self._under_way.clear()
            if not self._closed:
                self.rest(_REST_S)
                self._start()
            return None
        return coming

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            for task in self._tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(self._tasks, timeout=_SLACK_S) if self._tasks else _nothing())
            loop.close()

    def _begin(self, number: str) -> None:
        task = self._loop.create_task(self._look_up(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(self, number: str) -> None:
        """Ask, bounded; what does not heed its end keeps its place until then, so that these are bounded, too."""
        begun = monotonic()
        asking = asyncio.ensure_future(_answer_of(self._source, number))
        try:
            done, _ = await asyncio.wait({asking}, timeout=self.bounds.deadline_s)
            self.took(monotonic() - begun)
            if not done:
                self._failed(f"no answer within {self.bounds.deadline_s:g} s")
                self._told(number)
                asking.cancel()
                await asyncio.wait({asking})
            elif asking.cancelled():
                self._failed("it cancelled itself")
            elif (error := asking.exception()) is not None:
                self._failed(told_of(error))
            else:
                self._keep(number, asking.result())
        finally:
            self._told(number)
            with self._lock:
                self._under_way.pop(number, None)

    def _keep(self, number: str, facts: dict[str, Any] | None) -> None:
        sound: dict[str, Fact] = {}
        for name, value in (facts or {}).items():
            if name not in self.names or not isinstance(value, bool | int | float | str):
                self._failed(f"{name!r}: {type(value).__name__} is none of the facts that it names")
                return
            sound[name] = value
        self._failed_on_end = 0
        with self._lock:
            self._known[number] = (sound, monotonic() + self.bounds.kept_s)

    def _failed(self, why: str) -> None:
        self.fail(why)
        self._failed_on_end += 1
        if self._failed_on_end >= _ON_END:
            self._failed_on_end = 0
            self.rest(_REST_S)

    def _told(self, number: str) -> None:
        with self._lock:
            asked = self._under_way.get(number)
        if asked is not None:
            asked[1].set()


async def _answer_of(source: NumberSource, number: str) -> dict[str, Any] | None:
    try:
        return read_mapping(await source.look_up(number))
    except (SystemExit, KeyboardInterrupt) as error:  # which would end the loop
        raise RuntimeError(told_of(error)) from None


async def _nothing() -> None:
    return


def installed_numbers(claimed: Callable[[str, Collection[str]], list[Wrong]]) -> dict[str, NumberSource]:
    """Every plug-in of `ringfence.numbers`; RuleError names those that can't be used."""

    def wrong(name: str, source: NumberSource) -> list[Wrong]:
        given = list(source.names)
        if isinstance(source.names, str) or not asyncio.iscoroutinefunction(source.look_up):
            raise TypeError("`names` is a collection of names, and `look_up` a coroutine function that takes a number")
        return claimed(name, given)

    found: dict[str, NumberSource] = loaded(NUMBERS, wrong, "docs/plugins.md")
    return found
