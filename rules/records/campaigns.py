"""Finds campaigns among past calls: calls that share what does not rotate, to many people, hardly one of them answered.

Memory is bounded: so many groups, and of each so many callers and called numbers; the oldest small group goes first.
Nothing is blocked by it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_GROUPS: Final = 20_000
MOST_KEPT: Final = 256  # callers and called numbers of a group that are told apart
FEWEST_CALLS: Final = 20  # of a campaign
STRANGERS: Final = 0.8  # so many of its calls are the first to that number
ANSWERED: Final = 0.3  # and no more of them are answered
BESIDE: Final = 0.2  # by so much more are the other calls of its trunks answered
WHOLE_TRUNK: Final = 0.5  # what is more than half of a trunk's calls is the carrier's own gateway
BLOCK: Final = 3  # digits in which the numbers of a block differ
_ALIKE: Final = 0.5  # of callers that two groups share: they are one campaign


class Seen(NamedTuple):
    """What of a past call does not rotate, and how it ended."""

    at: float
    decision: str
    caller: str
    called: str  # a pseudonym is enough
    trunk: str
    source: str
    user_agent: str
    display_name: str
    domain: str
    answered: bool
    holder: str = ""  # of the caller's code, by the range ledger


class Mark(NamedTuple):
    """What calls of a campaign have in common."""

    by: str  # block, user_agent, display_name, domain, holder, source
    value: str


class Group:
    """Calls with one mark."""

    __slots__ = ("answered", "called", "callers", "calls", "first", "last", "mark", "samples", "strangers", "trunks")

    def __init__(self, mark: Mark, first: float) -> None:
        self.mark, self.first, self.last = mark, first, first
        self.calls = self.answered = self.strangers = 0
        self.callers: set[str] = set()
        self.called: set[str] = set()
        self.trunks: Counter[str] = Counter()
        self.samples: list[str] = []  # decisions

    def add(self, seen: Seen) -> None:
        """One more call."""
        self.calls += 1
        self.answered += seen.answered
        self.last = seen.at
        self.trunks[seen.trunk] += 1
        if seen.called not in self.called:
            self.strangers += 1
            if len(self.called) < MOST_KEPT:
                self.called.add(seen.called)
        if len(self.callers) < MOST_KEPT:
            self.callers.add(seen.caller)
        if len(self.samples) < 3:
            self.samples.append(seen.decision)


class Campaign(NamedTuple):
    """A group that calls like one."""

    id: str  # the same for the same mark
    marks: tuple[Mark, ...]  # the telling one first
    calls: int
    callers: int  # `MOST_KEPT` stands for that many or more
    answered: float  # share
    first: float
    last: float
    trunks: tuple[str, ...]
    numbers: frozenset[str]  # callers, as far as they are kept
    samples: tuple[str, ...]


class Campaigns:
    """Past calls go in, one by one; campaigns come out."""

    def __init__(self) -> None:
        self._groups: OrderedDict[Mark, Group] = OrderedDict()
        self._calls: Counter[str] = Counter()  # by trunk
        self._answered: Counter[str] = Counter()

    @property
    def groups(self) -> int:
        """How many are kept."""
        return len(self._groups)

    def add(self, seen: Seen) -> None:
        """One call."""
        self._calls[seen.trunk] += 1
        self._answered[seen.trunk] += seen.answered
        for mark in marks_of(seen):
            group = self._groups.get(mark)
            if group is None:
                group = self._groups[mark] = Group(mark, seen.at)
                if len(self._groups) > MOST_GROUPS:
                    self._groups.popitem(last=False)
            elif group.calls >= 2:  # whoever was seen once stays where he is, and goes first
                self._groups.move_to_end(mark)
            group.add(seen)

    def found(self) -> list[Campaign]:
        """Those that call like a campaign, the largest first; groups that share their callers are one."""
        groups = sorted(filter(self._is_one, self._groups.values()), key=lambda one: (-one.calls, one.mark))
        kept: list[tuple[Group, list[Mark]]] = []
        for group in groups:
            for other, marks in kept:
                if len(group.callers & other.callers) > _ALIKE * min(len(group.callers), len(other.callers)):
                    marks.append(group.mark)
                    break
            else:
                kept.append((group, [group.mark]))
        return [_campaign(group, marks) for group, marks in kept]

    def _is_one(self, group: Group) -> bool:
        if group.calls < FEWEST_CALLS or len(group.callers) < 2:
            return False  # one number that calls too often is what rates are for
        if group.strangers < STRANGERS * group.calls or group.answered > ANSWERED * group.calls:
            return False
        others = answered = 0
        for trunk, calls in group.trunks.items():
            others += self._calls[trunk] - calls
            answered += self._answered[trunk]
        answered -= group.answered
        if group.calls > WHOLE_TRUNK * (others + group.calls):
            return False
        return answered >= (group.answered / group.calls + BESIDE) * others


def marks_of(seen: Seen) -> Iterator[Mark]:
    """What of a call does not rotate."""
    if len(seen.caller) > 2 * BLOCK:
        yield Mark("block", seen.caller[:-BLOCK])
    if seen.source:
        yield Mark("source", seen.source)
    for by in ("user_agent", "display_name", "domain", "holder"):
        if (value := getattr(seen, by)) and "*" not in value:  # digits of a text that are not kept
            yield Mark(by, value)


def _campaign(group: Group, marks: list[Mark]) -> Campaign:
    id_ = hashlib.sha256(f"{group.mark.by} {group.mark.value}".encode()).hexdigest()[:8]
    share = group.answered / group.calls
    trunks = tuple(sorted(group.trunks))
    times = (group.first, group.last)
    return Campaign(
        id_, tuple(marks), group.calls, len(group.callers), share, *times, trunks, frozenset(group.callers),
        tuple(group.samples),
    )  # fmt: skip
