"""What a caller did lately on a trunk: calls, different called numbers, short calls, answers, in rolling windows.

Windows end at the call that is judged and include it. Everything is soft state in one bounded table, oldest out: a
restart begins from zero, and losing it costs statistics, never a call. Nothing is measured that no rule asks for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rules.language.values import span_name
from rules.model import Call, Outcome
from rules.settings.screening import RateSettings

# The same call comes again with what was lacking (RFC 3261 8.1.3.5, 22.2 and 22.3, RFC 3329, 4028, 8224).
_AMENDABLE: Final = frozenset((401, 407, 413, 415, 416, 420, 421, 422, 428, 494))
_AMENDED_AT_MOST: Final = 2  # times a call: a challenge, then a session timer that is too short
_SWEPT_AT_ONCE = 4  # calls that left every window are forgotten a few at a time, as new ones come


class _Asked(NamedTuple):
    """One window, with the names of the facts that rules want from it; empty: not wanted."""

    seconds: int
    calls: str
    called_numbers: str
    short_calls: str
    answered: str


class _Counted:
    """One call in the table."""

    __slots__ = (
        "amended",
        "answered",
        "at",
        "call_id",
        "called",
        "caller",
        "decision",
        "ended",
        "hung_up",
        "number",
        "short",
    )

    def __init__(self, caller: _Caller, decision: str, at: float, called: str, number: int, call_id: str) -> None:
        self.caller = caller
        self.decision = decision
        self.at = at
        self.called = called
        self.number = number  # counted up within its caller
        self.call_id = call_id  # while it could come again amended
        self.amended = 0  # so many times it did
        self.answered = 0.0  # when; 0: not, or not yet
        self.hung_up = 0.0
        self.ended = False  # is it known whether it was answered?
        self.short = False


class _Window:
    """The calls of one caller within one span of time, and the sums over them."""

    __slots__ = ("answered", "called", "calls", "ended", "seconds", "short", "start")

    def __init__(self, asked: _Asked, start: int) -> None:
        self.seconds = asked.seconds
        self.calls: deque[_Counted] = deque()
        self.start = start  # number of the first call within it
        self.called: dict[str, int] | None = {} if asked.called_numbers else None
        self.ended = 0
        self.answered = 0
        self.short = 0

    def add(self, counted: _Counted) -> None:
        self.calls.append(counted)
        if self.called is not None:
            self.called[counted.called] = self.called.get(counted.called, 0) + 1
        if counted.ended:
            self.ended += 1
            self.answered += counted.answered > 0.0
            self.short += counted.short

    def forget_oldest(self) -> None:
        counted = self.calls.popleft()
        self.start += 1
        if self.called is not None:
            left = self.called[counted.called] - 1
            if left:
                self.called[counted.called] = left
            else:
                del self.called[counted.called]
        if counted.ended:
            self.ended -= 1
            self.answered -= counted.answered > 0.0
            self.short -= counted.short


class _Caller:
    """A number on a trunk; the longest window comes first and holds every call that is remembered."""

    __slots__ = ("asked", "counted", "key", "windows")

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key
        self.asked: Sequence[_Asked] = ()
        self.windows: list[_Window] = []
        self.counted = 0

    def ask(self, asked: Sequence[_Asked]) -> None:
        """Measure other windows from now on, with the calls that are remembered."""
        known = self.windows[0] if self.windows else None
        self.asked = asked
        self.windows = [_Window(one, known.start if known else self.counted) for one in asked]
        for counted in known.calls if known else ():
            for window in self.windows:
                window.add(counted)


class Rates:
    """The table; every method takes a few microseconds, whatever it holds."""

    def __init__(self, asked: Iterable[tuple[str, int]], settings: RateSettings | None = None) -> None:
        self.settings = settings or RateSettings()
        self._callers: dict[tuple[str, str], _Caller] = {}
        self._calls: deque[_Counted] = deque()  # all of them, oldest first
        self._open: dict[str, _Counted] = {}  # by decision: those whose end is still awaited
        self._amendable: dict[str, _Counted] = {}  # by Call-ID: those that may come again amended
        self._asked: tuple[_Asked, ...] = ()
        self.forgotten = 0  # calls that had to go before their time, because the table is full
        self.ask(asked)

    def __len__(self) -> int:
        return len(self._calls)

    def ask(self, asked: Iterable[tuple[str, int]]) -> None:
        """Measure what another rule set asks for; what is remembered serves it as far as it reaches back."""
        names: dict[int, dict[str, str]] = {}
        for name, seconds in asked:
            names.setdefault(seconds, {})[name] = f"{name}_{span_name(seconds)}"
        wanted = tuple(
            _Asked(seconds, *(names[seconds].get(field, "") for field in _Asked._fields[1:]))
            for seconds in sorted(names, reverse=True)
        )
        if wanted != self._asked:
            self._asked = wanted
        if not wanted:
            self._callers, self._calls, self._open, self._amendable = {}, deque(), {}, {}

    def count(self, call: Call, decision: str) -> None:
        """Count this call, and give it the facts of its caller; a caller without a number has none.

        One that was challenged below, or refused for its form, and comes again amended is the same call. That holds
        twice: whoever guesses passwords under one Call-ID is counted.
        """
        asked, at = self._asked, call.at
        canonical = call.caller.canonical
        if not asked or not canonical:
            return
        key = (canonical, call.trunk.name)
        caller = self._callers.get(key)
        if caller is None:
            caller = self._callers[key] = _Caller(key)
        if caller.asked is not asked:
            caller.ask(asked)
        called = call.called.canonical or call.called.raw
        counted = self._again(caller, call.call_id, called, at, decision) if self._amendable else None
        new = counted is None
        if counted is None:
            counted = _Counted(caller, decision, at, called, caller.counted, call.call_id)
            caller.counted += 1
            self._calls.append(counted)
        facts = call.facts
        if facts is None:
            facts = call.facts = {}
        need = self.settings.ratio_calls
        for window, names in zip(caller.windows, asked, strict=True):
            calls, begin = window.calls, at - window.seconds
            if new:
                window.add(counted)
            while calls[0].at <= begin:
                window.forget_oldest()
            if names.calls:
                facts[names.calls] = len(calls)
            if window.called is not None:
                facts[names.called_numbers] = len(window.called)
            if names.short_calls and window.answered >= need:
                facts[names.short_calls] = 100.0 * window.short / window.answered
            if names.answered and window.ended >= need:
                facts[names.answered] = 100.0 * window.answered / window.ended
        self._open[decision] = counted
        self._sweep(at - asked[0].seconds)

    def _again(self, caller: _Caller, call_id: str, called: str, at: float, decision: str) -> _Counted | None:
        """The call that this one continues after a challenge: its end is open again."""
        counted = self._amendable.pop(call_id, None)
        if counted is None or counted.caller is not caller or counted.called != called:
            return None
        shortest = caller.windows[-1]
        if counted.number < shortest.start or at - counted.at >= shortest.seconds:
            return None  # it left a window, and each has to include the call that is judged
        for window in caller.windows:
            window.ended -= 1
        counted.ended, counted.decision, counted.hung_up = False, decision, 0.0
        counted.amended += 1
        return counted

    def ended(self, decision: str, outcome: Outcome) -> None:
        """It is known whether a call was answered."""
        counted = self._open.get(decision)
        if counted is None or counted.ended:
            return
        counted.ended = True
        answered = 200 <= outcome.status < 300
        if answered:
            counted.answered = counted.at + outcome.setup_ms / 1000
        else:
            del self._open[decision]
        if outcome.status in _AMENDABLE and counted.call_id and counted.amended < _AMENDED_AT_MOST:
            self._amendable[counted.call_id] = counted
        else:
            counted.call_id = ""
        for window in counted.caller.windows:
            if counted.number >= window.start:
                window.ended += 1
                window.answered += answered
        if answered and counted.hung_up:
            self._over(counted)

    def hung_up(self, decision: str, now: float) -> None:
        """A call is over, whoever ended it."""
        counted = self._open.get(decision)
        if counted is None or counted.hung_up:
            return
        counted.hung_up = now
        if counted.ended:
            self._over(counted)

    def _over(self, counted: _Counted) -> None:
        """An answered call is over: was it short?"""
        self._open.pop(counted.decision, None)
        if counted.hung_up - counted.answered > self.settings.short_call_s:
            return
        counted.short = True
        for window in counted.caller.windows:
            if counted.number >= window.start:
                window.short += 1

    def _sweep(self, begin: float) -> None:
        """Forget what left every window, and the oldest when there is no room."""
        calls = self._calls
        if len(calls) > self.settings.remembered_calls:
            self.forgotten += 1
            self._forget(calls.popleft())
        for _ in range(_SWEPT_AT_ONCE):
            if calls[0].at > begin:
                return
            self._forget(calls.popleft())

    def _forget(self, counted: _Counted) -> None:
        caller = counted.caller
        self._open.pop(counted.decision, None)
        if counted.call_id and self._amendable.get(counted.call_id) is counted:
            del self._amendable[counted.call_id]
        for window in caller.windows:
            if counted.number >= window.start:
                window.forget_oldest()
        if not caller.windows[0].calls:
            del self._callers[caller.key]
