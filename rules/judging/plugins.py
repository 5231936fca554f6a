"""Plug-ins: found by their entry points, asked in threads of their own; whatever they do costs no call.

A call waits a few milliseconds for one at most. One that raised, answered nonsense, or is still busy gives nothing; one
that was slow rests before it is asked again.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from math import isfinite
from queue import SimpleQueue
from time import monotonic, perf_counter
from typing import Any, Final, NamedTuple

from rules.language.faults import Fault, RuleError

FACTS, NUMBERS, REPLIES, ACTIONS = "ringfence.facts", "ringfence.numbers", "ringfence.replies", "ringfence.actions"
GROUPS: Final = (FACTS, NUMBERS, REPLIES, ACTIONS)
REST_S: Final = 1.0
_TIMED: Final = 1000  # answers whose times are kept
_LONGEST_ERROR: Final = 200
_DIGITS: Final = re.compile(r"[0-9]{5,}")  # an error may quote a number, and stands in logs
_MOST_VALUES, _LONGEST_TEXT = 64, 1000  # of one answer
_MOST_BITS: Final = 63  # of a whole number, as a database holds it
_ALONE: Final = re.compile("[\ud800-\udfff]")


class Installed(NamedTuple):
    """One plug-in as its package tells of it."""

    group: str
    name: str
    where: str  # module:object
    package: str
    version: str

    @property
    def place(self) -> str:
        """As faults name it."""
        return f"plug-in {self.name} ({self.where})"


def installed(group: str) -> Iterator[tuple[EntryPoint, Installed]]:
    """The plug-ins of a group, by name."""
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        package = point.dist
        name, version = (package.name, package.version) if package is not None else ("", "")
        yield point, Installed(group, point.name, point.value, name, version)


class Wrong(NamedTuple):
    """Why a plug-in that can be loaded is of no use, and what to do."""

    what: str
    hint: str


def loaded(group: str, wrong_with: Callable[[str, Any], list[Wrong]], book: str) -> dict[str, Any]:
    """What each plug-in of a group is, made. RuleError names all that can't be used.

    `wrong_with` says of a name and what was made what is wrong with it, or raises TypeError.
    """
    found: dict[str, Any] = {}
    faults = []
    for point, told in installed(group):
        try:
            made = point.load()()
            wrong = wrong_with(point.name, made)
        except Exception as error:
            what = f"it can't be used: {told_of(error)}"
            faults.append(Fault(told.place, 0, 0, what, f"repair or uninstall it; {book} says what a plug-in is"))
            continue
        if point.name in found:
            wrong = [*wrong, Wrong("another plug-in has that name, too", "uninstall one of the two")]
        faults += [Fault(told.place, 0, 0, *each) for each in wrong]
        found[point.name] = made
    if faults:
        raise RuleError(faults)
    return found


# What a plug-in that puts something on the wire has to have.
METHODS: Final = {REPLIES: "reply", ACTIONS: "lines"}


def loaded_by_method(group: str) -> dict[str, Any]:
    """Every plug-in of a group that is asked by one method. RuleError names those that lack it."""
    method = METHODS[group]

    def wrong(name: str, made: Any) -> list[Wrong]:
        if not callable(getattr(made, method, None)):
            raise TypeError(f"`{method}` takes what was judged")
        return []

    return loaded(group, wrong, "docs/plugins.md")


class Conduct:
    """What a plug-in did so far, for whoever looks after it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self.failures = 0
        self.last_error = ""
        self.rests_until = 0.0
        self._times: deque[float] = deque(maxlen=_TIMED)

    def took(self, seconds: float) -> None:
        """It has answered, whatever it was."""
        self._times.append(seconds)

    def fail(self, why: str) -> None:
        """It gave nothing that can be used."""
        self.failures += 1
        self.last_error = f"{self.name}: {_DIGITS.sub('***', why)}"[:_LONGEST_ERROR]

    def rest(self, seconds: float) -> None:
        """It is asked nothing for a while."""
        self.rests_until = monotonic() + seconds

    @property
    def rests(self) -> bool:
        """Is it left alone at this moment?"""
        return bool(self.rests_until) and monotonic() < self.rests_until

    def figures(self) -> dict[str, Any]:
        """For programs: how often it was asked, how slow it was, what went wrong last, how long it still rests."""
        times = sorted(self._times.copy())
        return {
            "asked": self.asked,
            "failed": self.failures,
            "p50_ms": _quantile(times, 0.5),
            "p99_ms": _quantile(times, 0.99),
            "rests_s": round(max(self.rests_until - monotonic(), 0.0), 1) if self.rests_until else 0.0,
            "last_error": self.last_error,
        }


def _quantile(times: list[float], share: float) -> float | None:
    return round(times[min(int(len(times) * share), len(times) - 1)] * 1000, 3) if times else None


class Worker(Conduct):
    """One plug-in in its thread."""

    def __init__(self, name: str, work: Callable[[Any], Any]) -> None:
        super().__init__(name)
        self._work = work
        self._asked: SimpleQueue[tuple[Any, list[Any]] | None] = SimpleQueue()
        self._answered = threading.Semaphore(0)
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=f"plug-in {name}", daemon=True)
        self._thread.start()

    def ask(self, question: Any, wait_s: float) -> Any:
        """Its answer; None where it knows nothing, fails, or is too slow, which is counted."""
        self.asked += 1
        if self._busy and not self._caught_up():
            self.fail("still busy with an earlier call")
            return None
        if self.rests:
            self.fail("was slow and rests")
            return None
        box: list[Any] = []
        self._busy = True
        self._asked.put((question, box))
        if not self._answered.acquire(timeout=wait_s):
            self.rest(REST_S)
            self.fail(f"no answer within {wait_s * 1000:g} ms")
            return None
        self._busy = False
        return box[0] if box else None

    def close(self) -> None:
        """The thread ends as soon as the plug-in lets it."""
        self._asked.put(None)
        if not self._busy or self._caught_up():
            self._thread.join()

    def _caught_up(self) -> bool:
        self._busy = not self._answered.acquire(blocking=False)
        return not self._busy

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            question, box = asked
            begun = perf_counter()
            try:
                box.append(self._work(question))
            except BaseException as error:  # whatever goes wrong there, also sys.exit: its answer is lacking
                self.fail(told_of(error))
            self.took(perf_counter() - begun)
            self._answered.release()


def told_of(error: BaseException) -> str:
    """Its kind and what it says, unless it fails at that, too."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except BaseException:  # of a class of the plug-in, as code of its own
        return kind


def read_mapping(answer: Any) -> dict[str, Any] | None:
    """An answer that is to be a mapping of a few names to values of some size; TypeError for any other."""
    if answer is None:
        return None
    if not isinstance(answer, Mapping):
        raise TypeError(f"{type(answer).__name__} is no mapping")
    if len(answer) > _MOST_VALUES:
        raise TypeError(f"{len(answer):,} values, of which there may be {_MOST_VALUES}")
    for name, value in answer.items():
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise TypeError(f"{name!r} has {len(value):,} characters, and {_LONGEST_TEXT} at most are kept")
        if isinstance(value, float) and not isfinite(value):
            raise TypeError(f"{name!r} is {value}, which is no number")
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise TypeError(f"{name!r} has {value.bit_length():,} bits, and {_MOST_BITS} at most are kept")
        if isinstance(value, str) and not value.isascii() and _ALONE.search(value) is not None:
            raise TypeError(f"{name!r} is no text: half of a character stands in it")
    return dict(answer)
