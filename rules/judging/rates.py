"""What came lately in rolling windows: by a caller on a trunk, or by anything else that calls have in common.

Windows end at the call that is judged and include it. Everything is soft state in bounded memory, oldest out: a
restart begins from zero, and losing it costs statistics, never a call. Nothing is measured that no rule asks for.

Each call is remembered once, whatever it is counted by. What only one call has so far is that call itself; windows and
sums are made with the second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import blake2b
from itertools import islice, product
from typing import Final

from rules.judging.counting_memory import octets_a_call
from rules.judging.folding import folded as fold
from rules.language.values import read_count_name, span_name
from rules.model import READINGS_DIFFER, Call, Outcome
from rules.settings.screening import RateSettings
from rules.texts.turned import turned

# The same call comes again with what was lacking (RFC 3261 8.1.3.5, 22.2 and 22.3, RFC 3329, 4028, 8224).
_AMENDABLE: Final = frozenset((401, 407, 413, 415, 416, 420, 421, 422, 428, 494))
_AMENDED_AT_MOST: Final = 2  # times a call: a challenge, then a session timer that is too short
_GIVEN_UP: Final = frozenset((0, 487))  # the caller rang off before anybody answered (RFC 3261 9.1)
_SHORTEST_BLOCK: Final = 4  # characters of a number that are left: what is shorter is no block of one holder
_LONGEST_TEXT: Final = 64  # characters by which calls are counted: strangers choose them, and more takes more memory
_SWEPT_AT_ONCE: Final = 4  # calls that left every window are forgotten a few at a time, as new ones come
_CUT_AT: Final = 32  # places of forgotten calls before the list of those that have something in common is cut
_MOST_KEYS: Final = 32  # by which one call is counted that shows several names: each takes the room of a call
LIST: Final = "list"  # what a call may have more than one of

Key = str | tuple[str, ...]
Facts = dict[str, float | str | bool]
_NO_KEYS: Final[tuple[Key, ...]] = ()


_OF_ENDS: Final = frozenset(("short_calls", "answered", "unanswered", "ring_time", "concurrent"))


class _Asked:
    """One window, with the names of the facts that rules want from it; empty: not wanted."""

    __slots__ = (
        "answered",
        "called_numbers",
        "callers",
        "calls",
        "concurrent",
        "of_ends",
        "ring_time",
        "seconds",
        "short_calls",
        "unanswered",
    )

    def __init__(self, seconds: int, names: dict[str, str]) -> None:
        self.seconds = seconds
        self.calls = names.get("calls", "")
        self.called_numbers = names.get("called_numbers", "")
        self.callers = names.get("callers", "")
        self.short_calls = names.get("short_calls", "")
        self.answered = names.get("answered", "")
        self.unanswered = names.get("unanswered", "")
        self.ring_time = names.get("ring_time", "")
        self.concurrent = names.get("concurrent", "")
        self.of_ends = not _OF_ENDS.isdisjoint(names)  # is anything asked of how calls end?


class _Counted:
    """One call that is remembered, whatever it is counted by."""

    __slots__ = (
        "amended",
        "answered",
        "at",
        "beyond",
        "call_id",
        "called",
        "calling",
        "decision",
        "ended",
        "hung_up",
        "keys",
        "number",
        "over",
        "rang",
        "short",
        "tables",
    )

    def __init__(
        self, call: Call, decision: str, number: int, tables: tuple[Table, ...], keys: tuple[Key, ...]
    ) -> None:
        self.decision = decision
        self.at = call.at
        self.called = call.called.canonical or _short(call.called.raw)
        self.calling = call.caller.canonical or _short(call.caller.raw)
        self.number = number  # counted up over all calls
        self.call_id = call.call_id  # while it could come again amended
        self.tables = tables  # that count it
        self.keys = keys  # by what, in each of these
        self.amended = 0  # so many times it did
        self.beyond = 0  # places that it takes beyond one a table
        self.answered = 0.0  # when; 0: not, or not yet
        self.hung_up = 0.0
        self.rang = 0.0  # seconds that it rang until the caller gave it up; 0: he did not
        self.ended = False  # is it known whether it was answered?
        self.short = False
        self.over = False  # does it go on no more?


class _Ends:
    """Sums over what is known of how calls went on: of all in a window, or what became known of one."""

    __slots__ = ("answered", "ended", "open", "rang", "rang_s", "short")

    def __init__(self) -> None:
        self.ended = self.answered = self.short = self.rang = self.open = 0
        self.rang_s = 0.0

    def take(self, counted: _Counted, by: int) -> None:
        """Into them what is known of a call, or out of them."""
        if not counted.over:
            self.open += by
        if counted.ended:
            self.ended += by
            if counted.answered > 0.0:
                self.answered += by
            if counted.short:
                self.short += by
            if counted.rang > 0.0:
                self.rang += by
                self.rang_s += by * counted.rang


class _Window(_Ends):
    """The calls that have one thing in common within one span of time, and the sums over them."""

    __slots__ = (
        "asked",
        "begin",
        "called",
        "callers",
        "of_ends",
        "seconds",
        "start",
        "wants_called",
        "wants_callers",
    )

    def __init__(self, asked: _Asked, begin: int, start: int) -> None:
        super().__init__()
        self.asked = asked
        self.seconds = asked.seconds
        self.begin = begin  # place of its first call among those of its common
        self.start = start  # and the number of that call
        self.of_ends = asked.of_ends
        self.wants_called = asked.called_numbers != ""
        self.wants_callers = asked.callers != ""
        self.called: dict[str, int] | None = None  # made with the second call
        self.callers: dict[str, int] | None = None

    def add(self, counted: _Counted) -> None:
        if self.called is not None:
            self.called[counted.called] = self.called.get(counted.called, 0) + 1
        if self.callers is not None:
            self.callers[counted.calling] = self.callers.get(counted.calling, 0) + 1
        if self.of_ends:
            self.take(counted, 1)

    def change(self, change: _Ends) -> None:
        """More is known of a call that it holds."""
        self.open += change.open
        self.ended += change.ended
        self.answered += change.answered
        self.short += change.short
        self.rang += change.rang
        self.rang_s += change.rang_s

    def forget_oldest(self, calls: list[_Counted]) -> None:
        counted = calls[self.begin]
        self.begin += 1
        self.start = counted.number + 1
        if self.called is not None:
            _take_one(self.called, counted.called)
        if self.callers is not None:
            _take_one(self.callers, counted.calling)
        if self.of_ends:
            self.take(counted, -1)

    def compare(self, calls: list[_Counted]) -> None:
        """Count different numbers from now on: there are two calls at least."""
        if self.wants_called and self.called is None:
            called: dict[str, int] = {}
            for at in range(self.begin, len(calls)):
                called[calls[at].called] = called.get(calls[at].called, 0) + 1
            self.called = called
        if self.wants_callers and self.callers is None:
            callers: dict[str, int] = {}
            for at in range(self.begin, len(calls)):
                callers[calls[at].calling] = callers.get(calls[at].calling, 0) + 1
            self.callers = callers


def _take_one(amounts: dict[str, int], of: str) -> None:
    left = amounts[of] - 1
    if left:
        amounts[of] = left
    else:
        del amounts[of]


class _Common:
    """Two calls or more that have something in common; the longest window comes first and holds all of them."""

    __slots__ = ("asked", "calls", "windows")

    def __init__(self, first: _Counted, asked: tuple[_Asked, ...]) -> None:
        self.calls = [first]
        self.asked = asked
        self.windows = [_Window(one, 0, first.number) for one in asked]
        for window in self.windows:
            window.add(first)

    def ask(self, asked: tuple[_Asked, ...]) -> None:
        """Measure other windows from now on, with the calls that are remembered."""
        longest = self.windows[0]
        calls = self.calls = self.calls[longest.begin :]
        self.asked = asked
        self.windows = [_Window(one, 0, longest.start) for one in asked]
        for window in self.windows:
            for counted in calls:
                window.add(counted)
            if len(calls) > 1:
                window.compare(calls)

    def add(self, counted: _Counted) -> None:
        self.calls.append(counted)
        for window in self.windows:
            window.add(counted)

    def forget(self, counted: _Counted) -> None:
        """This is the oldest call that is remembered at all."""
        calls = self.calls
        for window in self.windows:
            if counted.number >= window.start:
                window.forget_oldest(calls)
        self.cut()

    def cut(self) -> None:
        """Give back the places of what was forgotten."""
        gone = self.windows[0].begin
        if gone >= _CUT_AT and gone * 2 >= len(self.calls):
            del self.calls[:gone]
            for window in self.windows:
                window.begin -= gone

    def left(self) -> int:
        return len(self.calls) - self.windows[0].begin

    def measure(self, facts: Facts, at: float, need: int) -> None:
        """Forget what left the windows, and give the facts of the call that came last."""
        calls = self.calls
        for window in self.windows:
            begin = at - window.seconds
            while calls[window.begin].at <= begin:
                window.forget_oldest(calls)
            many = len(calls) - window.begin
            names = window.asked
            if names.calls:
                facts[names.calls] = many
            if window.wants_called or window.wants_callers:
                if many > 1:
                    window.compare(calls)
                if window.wants_called:
                    facts[names.called_numbers] = 1 if window.called is None else len(window.called)
                if window.wants_callers:
                    facts[names.callers] = 1 if window.callers is None else len(window.callers)
            if window.of_ends:
                _of_ends(facts, window, names, need)
        if self.windows[0].begin >= _CUT_AT:
            self.cut()


def _of_ends(facts: Facts, window: _Window, names: _Asked, need: int) -> None:
    """The facts that tell how calls ended."""
    if names.concurrent:
        facts[names.concurrent] = window.open
    if names.unanswered:
        facts[names.unanswered] = window.ended - window.answered
    if names.short_calls and window.answered >= need:
        facts[names.short_calls] = 100.0 * window.short / window.answered
    if names.answered and window.ended >= need:
        facts[names.answered] = 100.0 * window.answered / window.ended
    if names.ring_time and window.rang >= need:
        facts[names.ring_time] = window.rang_s / window.rang


def _of_caller(call: Call) -> Key:
    """A caller on his trunk; one without a number has nothing in common with another."""
    return (call.caller.canonical, call.trunk.name) if call.caller.canonical else ""


def _plain(text: str) -> str:
    """What it looks like: signs that nobody sees make nothing else of it."""
    found = _PLAIN.get(text)
    return _made_plain(text) if found is None else found


_PLAIN: dict[str, str] = {"": ""}  # of texts that came lately: most calls of a trunk show one host and one agent
_MOST_PLAIN: Final = 2_000
_LONGEST_PLAIN: Final = 200  # characters: strangers choose them


def _made_plain(text: str) -> str:
    found = _short(fold(text).casefold())
    if len(text) <= _LONGEST_PLAIN:
        if len(_PLAIN) >= _MOST_PLAIN:
            _PLAIN.clear()
            _PLAIN[""] = ""
        _PLAIN[text] = found
    return found


def _name(text: str) -> str:
    """Blanks, of which there are many kinds, make no other name of it either."""
    return _plain(text).replace(" ", "")


def _short(text: str) -> str:
    """The text, or what no other long one has."""
    return text if len(text) <= _LONGEST_TEXT else blake2b(text.encode("utf-8", "replace"), digest_size=24).hexdigest()


def _block(digits: int) -> Callable[[Call], str]:
    def block(call: Call) -> str:
        canonical = call.caller.canonical
        return canonical[:-digits] if len(canonical) > digits + _SHORTEST_BLOCK else ""

    return block


def _holder(call: Call) -> str:
    """Who holds the caller's code by the range ledger, which is asked before."""
    return _short(str(call.facts.get("holder", ""))) if call.facts is not None else ""


_READ: Final[dict[str, Callable[[Call], str]]] = {
    "caller": lambda call: call.caller.canonical,
    "called": lambda call: call.called.canonical or _short(call.called.raw),
    "trunk": lambda call: call.trunk.name,
    "source": lambda call: call.source,
    "domain": lambda call: _plain(call.domain).rstrip("."),
    "display_name": lambda call: _name(call.display_name),
    "user_agent": lambda call: _plain(call.user_agent),
    "caller.block/10": _block(1),
    "caller.block/100": _block(2),
    "caller.block/1000": _block(3),
    "caller.block/10000": _block(4),
    "holder": _holder,
}


def _reader_of(per: Sequence[str]) -> Callable[[Call], Key]:
    """What calls have in common by these, but for lists; one that lacks any of them is not counted: nothing."""
    if not per:
        return _of_caller
    readers = [_READ[each] for each in per if each != LIST]
    if len(readers) == 1:
        return readers[0]

    def read(call: Call) -> Key:
        key = tuple([each(call) for each in readers])
        return key if all(key) else ""

    return read


def _by_each_caller(part: str, call: Call) -> list[str]:
    """By each number that it shows: of one that could be taken for another by each of its readings."""
    differ = call.facts is not None and READINGS_DIFFER in call.facts
    first, found = call.caller, list[str]()
    for number in call.callers if differ else (first, *call.callers[len(call.asserted) :]):
        call.caller = number
        found.append(_READ[part](call))
    call.caller = first
    return found


def _each_text(about: str) -> Callable[[Call], list[str]]:
    def texts(call: Call) -> list[str]:
        more = call.more_texts or {}
        return [getattr(call, about), *more.get(about, ())]

    return texts


def _each_name(call: Call) -> list[str]:
    names = _each_text("display_name")(call)
    return [*names, *(shown for name in names for shown in turned(name))]


_TEXTS: Final[dict[str, tuple[Callable[[Call], list[str]], Callable[[str], str]]]] = {
    "display_name": (_each_name, _name),
    "domain": (_each_text("domain"), lambda text: _plain(text).rstrip(".")),
    "user_agent": (_each_text("user_agent"), _plain),
}


def _values(part: str, call: Call) -> list[str]:
    """All that a telephone may show of this part of a call, each once."""
    found: list[str] = []
    if part in _TEXTS:
        texts, plain = _TEXTS[part]
        found = [plain(text) for text in texts(call)]
    elif part.startswith("caller"):
        found = _by_each_caller(part, call)
    else:
        found = [_READ[part](call)]
    return [value for value in dict.fromkeys(found) if value]


def _shows_several(call: Call) -> bool:
    """Has it several numbers or texts, of which one telephone shows this and another that?"""
    if call.more_texts is not None or (not call.display_name.isascii() and turned(call.display_name)):
        return True
    if len(call.callers) == 1:
        return False
    return len(call.callers) > len(call.asserted) or (call.facts is not None and READINGS_DIFFER in call.facts)


class Rates:
    """All that is counted: by the caller on his trunk, and by whatever else rules count by."""

    def __init__(self, asked: Iterable[tuple[str, int]], settings: RateSettings | None = None) -> None:
        self.settings = settings or RateSettings()  # how much is remembered, and what a short call is
        self._tables: dict[tuple[str, ...], Table] = {}
        self._all: tuple[Table, ...] = ()
        self._longest = self._shortest = 0
        self._calls: deque[_Counted] = deque()  # all of them, oldest first
        self._open: dict[str, _Counted] = {}  # by decision: those whose end is still awaited
        self._amendable: dict[str, _Counted] = {}  # by Call-ID: those that may come again amended
        self._number = 0
        self._beyond = 0  # places that calls take beyond one a table: those that show several names
        self._octets = 0  # what a call takes
        self._begun = 0  # the second of the first call that was counted since something new was; 0: none yet
        self.forgotten = 0  # calls that had to go before their time, because there is no more room
        self._of_ends = False
        self.by_list = False  # must it be told on which lists a caller stands?
        self.ask(asked)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def octets(self) -> int:
        """What the remembered calls take in memory at most."""
        return len(self._calls) * self._octets

    def ask(self, asked: Iterable[tuple[str, int]]) -> None:
        """Measure what another rule set asks for; what is remembered serves it as far as it reaches back."""
        asked = [*asked]
        self._octets = octets_a_call(asked)
        wanted: dict[tuple[str, ...], list[tuple[str, int]]] = {}
        for name, seconds in asked:
            found = read_count_name(name)
            if found is not None:
                wanted.setdefault(found[1], []).append((name, seconds))
        for per in self._tables.keys() - wanted.keys():
            self._tables.pop(per).commons.clear()
        if wanted.keys() - self._tables.keys():
            self._begun = 0  # what is new has seen nothing
        for per, rates in wanted.items():
            if per in self._tables:
                self._tables[per].ask(rates)
            else:
                self._tables[per] = Table(per, rates)
        self._all = tuple(self._tables.values())
        self.by_list = any(table.by_list for table in self._all)
        self._of_ends = any(table.of_ends for table in self._all)
        self._longest = max((table.asked[0].seconds for table in self._all), default=0)
        self._shortest = min((table.asked[-1].seconds for table in self._all), default=0)
        if not self._all:
            self._calls.clear()
            self._beyond = 0
            self._open.clear()
            self._amendable.clear()

    def begun(self, at: float) -> int:
        """The second in which counting began, if that is later than windows begin that end now; else 0."""
        if self._begun == 0:
            self._begun = int(at)
        return self._begun if at - self._begun < self._longest else 0

    def count(self, call: Call, decision: str, lists: Collection[str] = ()) -> None:
        """Count this call, and give it the facts of all that it has in common with others.

        One that was challenged below, or refused for its form, and comes again amended is the same call. That holds
        twice: whoever guesses passwords under one Call-ID is counted. `lists` are those that its caller stands on.
        """
        tables = self._all
        if not tables:
            return
        several = _shows_several(call)
        if several:
            tables, keys = _counted_by_each(tables, call, lists)
        else:
            keys = tuple([table.read(call) for table in tables])
            if self.by_list or "" in keys:
                tables, keys = _counted_by(tables, keys, lists)
        if not keys:
            return
        at = call.at
        counted = self._again(call, tables, keys, decision) if self._amendable else None
        new = counted is None
        if counted is None:
            counted = _Counted(call, decision, self._number, tables, keys)
            self._number += 1
            self._calls.append(counted)
            counted.beyond = max(0, len(keys) - len(self._all))
            self._beyond += counted.beyond
        facts = call.facts
        if facts is None:
            facts = call.facts = {}
        need = self.settings.ratio_calls
        place = -1
        for table in tables:
            place += 1
            if several or table.by_list:
                largest: Facts = {}
                table.count(keys[place], counted, largest, need, new)
                _take_larger(facts, largest)
            else:
                table.count(keys[place], counted, facts, need, new)
        self._open[decision] = counted
        self._sweep(at - self._longest)

    def _again(self, call: Call, tables: tuple[Table, ...], keys: tuple[Key, ...], decision: str) -> _Counted | None:
        """The call that this one continues after a challenge: its end is open again."""
        counted = self._amendable.pop(call.call_id, None)
        if counted is None or counted.keys != keys or counted.tables != tables:
            return None
        if counted.called != (call.called.canonical or _short(call.called.raw)):
            return None
        if call.at - counted.at >= self._shortest or not _in_all_windows(counted):
            return None  # it left a window, and each has to include the call that is judged
        change = self._change_of(counted)
        counted.ended, counted.decision, counted.hung_up, counted.over = False, decision, 0.0, False
        _changed(counted, change)
        counted.amended += 1
        return counted

    def ended(self, decision: str, outcome: Outcome) -> None:
        """It is known whether a call was answered."""
        counted = self._open.get(decision)
        if counted is None or counted.ended:
            return
        change = self._change_of(counted)
        counted.ended = True
        if 200 <= outcome.status < 300:
            counted.answered = counted.at + outcome.setup_ms / 1000
            self._over(counted)
        else:
            counted.over = True
            if outcome.rang and outcome.status in _GIVEN_UP:
                counted.rang = max(outcome.setup_ms / 1000, 0.001)
            del self._open[decision]
            if outcome.status in _AMENDABLE and counted.call_id and counted.amended < _AMENDED_AT_MOST:
                self._amendable[counted.call_id] = counted
        if counted.call_id and self._amendable.get(counted.call_id) is not counted:
            counted.call_id = ""
        _changed(counted, change)

    def gone(self, decision: str) -> None:
        """A call went on elsewhere: whether it goes on is not known."""
        counted = self._open.get(decision)
        if counted is not None and not counted.over:
            change = self._change_of(counted)
            counted.over = True
            _changed(counted, change)

    def hung_up(self, decision: str, now: float) -> None:
        """A call is over, whoever ended it."""
        counted = self._open.get(decision)
        if counted is None or counted.hung_up:
            return
        change = self._change_of(counted)
        counted.hung_up = now
        self._over(counted)
        _changed(counted, change)

    def _change_of(self, counted: _Counted) -> _Ends | None:
        """What was known of a call so far, taken away; None: it changes nothing."""
        if not self._of_ends:
            return None
        change = _Ends()
        change.take(counted, -1)
        return change

    def _over(self, counted: _Counted) -> None:
        """An answered call may be over: was it short?"""
        if not (counted.ended and counted.hung_up):
            return
        counted.over = True
        self._open.pop(counted.decision, None)
        counted.short = counted.hung_up - counted.answered <= self.settings.short_call_s

    def _sweep(self, begin: float) -> None:
        """Forget what left every window, and the oldest when there is no room."""
        calls = self._calls
        most = self.settings.remembered_calls
        while len(calls) > most - (self._beyond // len(self._all) if self._beyond else 0) and len(calls) > 1:
            self.forgotten += 1
            self._forget(calls.popleft())
        for _ in range(_SWEPT_AT_ONCE):
            if calls[0].at > begin:
                return
            self._forget(calls.popleft())

    def _forget(self, counted: _Counted) -> None:
        self._beyond -= counted.beyond
        self._open.pop(counted.decision, None)
        if counted.call_id and self._amendable.get(counted.call_id) is counted:
            del self._amendable[counted.call_id]
        place = -1
        for table in counted.tables:
            place += 1
            table.forget(counted.keys[place], counted)


def _counted_by(
    tables: tuple[Table, ...], keys: tuple[Key, ...], lists: Collection[str]
) -> tuple[tuple[Table, ...], tuple[Key, ...]]:
    """The tables that count a call which lacks something or is counted once a list, each with its key."""
    those: list[Table] = []
    theirs: list[Key] = []
    for place, table in enumerate(tables):
        key = keys[place]
        if table.by_list:
            if table.only_list or key:
                for name in lists:
                    those.append(table)
                    theirs.append(name if table.only_list else (name, *(key if isinstance(key, tuple) else (key,))))
        elif key:
            those.append(table)
            theirs.append(key)
    return tuple(those), tuple(theirs) if theirs else _NO_KEYS


def _counted_by_each(
    tables: tuple[Table, ...], call: Call, lists: Collection[str]
) -> tuple[tuple[Table, ...], tuple[Key, ...]]:
    """The same for a call that shows several names or numbers: it counts under each that is one of a rule's."""
    those: list[Table] = []
    theirs: list[Key] = []
    for table in tables:
        for key in table.read_each(call)[:_MOST_KEYS]:
            found = _counted_by((table,), (key,), lists)
            those += found[0]
            theirs += found[1]
    return tuple(those), tuple(theirs)


def _take_larger(facts: Facts, more: Facts) -> None:
    """Of a call that is counted under several lists, the largest figures."""
    for name, value in more.items():
        known = facts.get(name)
        if not (isinstance(known, int | float) and isinstance(value, int | float)) or known < value:
            facts[name] = value


def _changed(counted: _Counted, change: _Ends | None) -> None:
    """Take what became known of a call into all sums that hold it."""
    if change is None:
        return
    change.take(counted, 1)
    place = -1
    for table in counted.tables:
        place += 1
        if table.of_ends:
            common = table.commons.get(counted.keys[place])
            if isinstance(common, _Common):
                for window in common.windows:
                    if window.of_ends and counted.number >= window.start:
                        window.change(change)


def _in_all_windows(counted: _Counted) -> bool:
    """Did it leave none of them?"""
    place = -1
    for table in counted.tables:
        place += 1
        common = table.commons.get(counted.keys[place])
        if isinstance(common, _Common):
            for window in common.windows:
                if counted.number < window.start:
                    return False
        elif common is not counted:
            return False
    return True


class Table:
    """All that is counted by the same thing; every method takes a microsecond, whatever it holds."""

    def __init__(self, per: tuple[str, ...], asked: Iterable[tuple[str, int]]) -> None:
        """`per`: what calls have in common; nothing: the caller on his trunk."""
        self.by_list = LIST in per
        self.only_list = per == (LIST,)
        self.read: Callable[[Call], Key] = _nothing if self.only_list else _reader_of(per)
        self._parts = [each for each in per if each != LIST]
        self.commons: dict[Key, _Counted | _Common] = {}
        self.asked: tuple[_Asked, ...] = ()
        self.of_ends = False  # is anything asked of how calls end?
        self._names: dict[int, dict[str, str]] = {}
        self._alone: list[str] = []  # figures that are 1 for whoever has nothing in common with another
        self._none: list[str] = []  # and those that are 0
        self.ask(asked)

    def read_each(self, call: Call) -> list[Key]:
        """All by which it counts a call that shows several names or numbers, what stands first before the others."""
        if self.only_list:
            return [""]
        if not self._parts:
            return [(value, call.trunk.name) for value in _values("caller", call)]
        values = [_values(part, call) for part in self._parts]
        if len(values) == 1:
            return [*values[0]]
        return [*islice(product(*values), _MOST_KEYS)]

    def ask(self, asked: Iterable[tuple[str, int]]) -> None:
        """Measure what another rule set asks for; what is remembered serves it as far as it reaches back."""
        names: dict[int, dict[str, str]] = {}
        for name, seconds in asked:
            names.setdefault(seconds, {})[name.partition("_per_")[0]] = f"{name}_{span_name(seconds)}"
        if names == self._names:
            return
        self._names = names
        self.asked = wanted = tuple([_Asked(seconds, names[seconds]) for seconds in sorted(names, reverse=True)])
        self.of_ends = any(one.of_ends for one in wanted)
        self._alone = [
            name for one in wanted for name in (one.calls, one.called_numbers, one.callers, one.concurrent) if name
        ]
        self._none = [one.unanswered for one in wanted if one.unanswered]

    def count(self, key: Key, counted: _Counted, facts: Facts, need: int, new: bool) -> None:
        """Count a call, and give it the facts of what it has in common with others."""
        found = self.commons.get(key)
        if isinstance(found, _Common):
            if found.asked is not self.asked:
                found.ask(self.asked)
        elif found is None or found is counted or found.at <= counted.at - self.asked[0].seconds:
            self.commons[key] = counted
            for name in self._alone:
                facts[name] = 1
            for name in self._none:
                facts[name] = 0
            return
        else:
            found = self.commons[key] = _Common(found, self.asked)
        if new:
            found.add(counted)
        found.measure(facts, counted.at, need)

    def forget(self, key: Key, counted: _Counted) -> None:
        """The oldest call that is remembered at all goes."""
        found = self.commons.get(key)
        if found is counted:
            del self.commons[key]
        elif isinstance(found, _Common):
            found.forget(counted)
            left = found.left()
            if left == 0:
                del self.commons[key]
            elif left == 1:
                self.commons[key] = found.calls[-1]


def _nothing(call: Call) -> Key:
    return ""
