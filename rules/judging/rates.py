"""What came lately in rolling windows: by a caller on a trunk, or by anything else that calls have in common.

Windows end at the call that is judged and include it. Everything is soft state in bounded tables, oldest out: a
restart begins from zero, and losing it costs statistics, never a call. Nothing is measured that no rule asks for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from rules.judging.folding import folded as fold
from rules.language.values import read_count_name, span_name
from rules.model import Call, Outcome
from rules.settings.screening import RateSettings

# The same call comes again with what was lacking (RFC 3261 8.1.3.5, 22.2 and 22.3, RFC 3329, 4028, 8224).
_AMENDABLE: Final = frozenset((401, 407, 413, 415, 416, 420, 421, 422, 428, 494))
_AMENDED_AT_MOST: Final = 2  # times a call: a challenge, then a session timer that is too short
_SHORTEST_BLOCK: Final = 4  # characters of a number that are left: what is shorter is no block of one holder
_SWEPT_AT_ONCE = 4  # calls that left every window are forgotten a few at a time, as new ones come


class _Asked(NamedTuple):
    """One window, with the names of the facts that rules want from it; empty: not wanted."""

    seconds: int
    calls: str
    called_numbers: str
    callers: str
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
        "calling",
        "decision",
        "ended",
        "hung_up",
        "number",
        "short",
    )

    def __init__(
        self, caller: _Common, decision: str, at: float, called: str, calling: str, number: int, call_id: str
    ) -> None:
        self.caller = caller
        self.calling = calling
        self.decision = decision
        self.at = at
        self.called = called
        self.number = number  # counted up within what it has in common with others
        self.call_id = call_id  # while it could come again amended
        self.amended = 0  # so many times it did
        self.answered = 0.0  # when; 0: not, or not yet
        self.hung_up = 0.0
        self.ended = False  # is it known whether it was answered?
        self.short = False


class _Window:
    """The calls that have one thing in common within one span of time, and the sums over them."""

    __slots__ = ("answered", "called", "callers", "calls", "ended", "seconds", "short", "start")

    def __init__(self, asked: _Asked, start: int) -> None:
        self.seconds = asked.seconds
        self.calls: deque[_Counted] = deque()
        self.start = start  # number of the first call within it
        self.called: dict[str, int] | None = {} if asked.called_numbers else None
        self.callers: dict[str, int] | None = {} if asked.callers else None
        self.ended = 0
        self.answered = 0
        self.short = 0

    def add(self, counted: _Counted) -> None:
        self.calls.append(counted)
        if self.called is not None:
            self.called[counted.called] = self.called.get(counted.called, 0) + 1
        if self.callers is not None:
            self.callers[counted.calling] = self.callers.get(counted.calling, 0) + 1
        if counted.ended:
            self.ended += 1
            self.answered += counted.answered > 0.0
            self.short += counted.short

    def forget_oldest(self) -> None:
        counted = self.calls.popleft()
        self.start += 1
        if self.called is not None:
            _take_one(self.called, counted.called)
        if self.callers is not None:
            _take_one(self.callers, counted.calling)
        if counted.ended:
            self.ended -= 1
            self.answered -= counted.answered > 0.0
            self.short -= counted.short


def _take_one(amounts: dict[str, int], of: str) -> None:
    left = amounts[of] - 1
    if left:
        amounts[of] = left
    else:
        del amounts[of]


Key = tuple[str, ...]


class _Common:
    """What calls have in common; the longest window comes first and holds every call that is remembered."""

    __slots__ = ("asked", "counted", "key", "windows")

    def __init__(self, key: Key) -> None:
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


def _of_caller(call: Call) -> Key | None:
    """A caller on his trunk; one without a number has nothing in common with another."""
    return (call.caller.canonical, call.trunk.name) if call.caller.canonical else None


def _plain(text: str) -> str:
    """What it looks like: signs that nobody sees make nothing else of it."""
    return fold(text).casefold() if text else ""


def _block(digits: int) -> Callable[[Call], str]:
    def block(call: Call) -> str:
        canonical = call.caller.canonical
        return canonical[:-digits] if len(canonical) > digits + _SHORTEST_BLOCK else ""

    return block


_READ: Final[dict[str, Callable[[Call], str]]] = {
    "caller": lambda call: call.caller.canonical,
    "called": lambda call: call.called.canonical or call.called.raw,
    "trunk": lambda call: call.trunk.name,
    "source": lambda call: call.source,
    "domain": lambda call: _plain(call.domain).rstrip("."),
    "display_name": lambda call: _plain(call.display_name),
    "user_agent": lambda call: _plain(call.user_agent),
    "caller.block/10": _block(1),
    "caller.block/100": _block(2),
    "caller.block/1000": _block(3),
    "caller.block/10000": _block(4),
}


def _reader_of(per: Sequence[str]) -> Callable[[Call], Key | None]:
    """What calls have in common by these; one that lacks any of them is not counted."""
    if not per:
        return _of_caller
    readers = [_READ[each] for each in per]

    def read(call: Call) -> Key | None:
        key = tuple([each(call) for each in readers])
        return key if all(key) else None

    return read


class Rates:
    """All tables: by the caller on his trunk, and by whatever else rules count by."""

    def __init__(self, asked: Iterable[tuple[str, int]], settings: RateSettings | None = None) -> None:
        self._settings = settings or RateSettings()
        self._tables: dict[tuple[str, ...], Table] = {}
        self._all: tuple[Table, ...] = ()
        self._gone = 0  # forgotten by tables that nobody asks for any more
        self.ask(asked)

    def __len__(self) -> int:
        return sum(map(len, self._all))

    @property
    def settings(self) -> RateSettings:
        """How much is remembered, and what a short call is."""
        return self._settings

    @settings.setter
    def settings(self, settings: RateSettings) -> None:
        self._settings = settings
        for table in self._all:
            table.settings = settings

    @property
    def forgotten(self) -> int:
        """Calls that had to go before their time, because a table is full."""
        return self._gone + sum(table.forgotten for table in self._all)

    def ask(self, asked: Iterable[tuple[str, int]]) -> None:
        """Measure what another rule set asks for; what is remembered serves it as far as it reaches back."""
        wanted: dict[tuple[str, ...], list[tuple[str, int]]] = {}
        for name, seconds in asked:
            found = read_count_name(name)
            if found is not None:
                wanted.setdefault(found[1], []).append((name, seconds))
        for per in self._tables.keys() - wanted.keys():
            self._gone += self._tables.pop(per).forgotten
        for per, rates in wanted.items():
            if per in self._tables:
                self._tables[per].ask(rates)
            else:
                self._tables[per] = Table(rates, self._settings, _reader_of(per))
        self._all = tuple(self._tables.values())

    def count(self, call: Call, decision: str) -> None:
        """Count this call, and give it the facts of all that it has in common with others."""
        for table in self._all:
            table.count(call, decision)

    def ended(self, decision: str, outcome: Outcome) -> None:
        """It is known whether a call was answered."""
        for table in self._all:
            table.ended(decision, outcome)

    def hung_up(self, decision: str, now: float) -> None:
        """A call is over, whoever ended it."""
        for table in self._all:
            table.hung_up(decision, now)


class Table:
    """One table; every method takes a few microseconds, whatever it holds."""

    def __init__(
        self, asked: Iterable[tuple[str, int]], settings: RateSettings, read: Callable[[Call], Key | None]
    ) -> None:
        """`read` says what a call has in common with others; None: nothing, it is not counted."""
        self.settings = settings
        self._read = read
        self._callers: dict[Key, _Common] = {}
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
            names.setdefault(seconds, {})[name.partition("_per_")[0]] = f"{name}_{span_name(seconds)}"
        wanted = tuple(
            _Asked(seconds, *(names[seconds].get(field, "") for field in _Asked._fields[1:]))
            for seconds in sorted(names, reverse=True)
        )
        if wanted != self._asked:
            self._asked = wanted

    def count(self, call: Call, decision: str) -> None:
        """Count this call, and give it the facts of what it has in common with others.

        One that was challenged below, or refused for its form, and comes again amended is the same call. That holds
        twice: whoever guesses passwords under one Call-ID is counted.
        """
        asked, at = self._asked, call.at
        key = self._read(call)
        if key is None:
            return
        caller = self._callers.get(key)
        if caller is None:
            caller = self._callers[key] = _Common(key)
        if caller.asked is not asked:
            caller.ask(asked)
        called = call.called.canonical or call.called.raw
        counted = self._again(caller, call.call_id, called, at, decision) if self._amendable else None
        new = counted is None
        if counted is None:
            calling = call.caller.canonical or call.caller.raw
            counted = _Counted(caller, decision, at, called, calling, caller.counted, call.call_id)
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
            if window.callers is not None:
                facts[names.callers] = len(window.callers)
            if names.short_calls and window.answered >= need:
                facts[names.short_calls] = 100.0 * window.short / window.answered
            if names.answered and window.ended >= need:
                facts[names.answered] = 100.0 * window.answered / window.ended
        self._open[decision] = counted
        self._sweep(at - asked[0].seconds)

    def _again(self, caller: _Common, call_id: str, called: str, at: float, decision: str) -> _Counted | None:
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
