"""An entry as operators give it to each other, and a withdrawal: one line of JSON each, read strictly.

Whoever reads was written to by another operator, who may be wrong, or somebody else by now. A line is as this file
writes it or the whole version is refused: nothing is repaired, and nothing is left out that was not understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from sys import intern
from typing import Any, Final, NamedTuple

from rules.lists.admission import EntryError, read_entry
from rules.lists.origins import DAY_S
from rules.numbering.reach import reach
from rules.settings.screening import ListSettings

# Why a number is listed: words of a list that both sides know, since free text could name anybody.
REASONS: Final = ("fraud", "harassment", "marketing", "forged", "do-not-originate", "other")
# How strong the evidence is, in buckets: a figure would tell how many complained.
STRENGTHS: Final = ("verified", "documented", "stated", "bare")
WHY_WITHDRAWN: Final = ("appeal", "reassigned", "removed")
MOST_HOPS: Final = 8
LONGEST_LIFE_DAYS: Final = 731
LARGEST_RANGE: Final = 1_000_000  # numbers of the plan
_CLOCKS_APART_DAYS: Final = 1
_LONGEST_LINE: Final = 400
_OPERATOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_HEAD: Final = 9  # plans tell by leading digits and length, as `rules.lists.import_batch` has it
_AS_BLOCKED: Final = ListSettings(kind="block", min_length=3)


class Rubbish(ValueError):
    """A line that no operator may send; with its place in the file, counted from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


class SharedEntry(NamedTuple):
    """A number, prefix or range, and all that is told of it. Never who complained, whom it called, or free text."""

    number: str  # canonical: +8613800138000, CN:95588, +861380*, CN:95500..CN:95599
    reason: str
    strength: str
    first: str  # days, in UTC: 2026-12-01
    last: str
    expires: str  # on that day it counts no more
    origin: str  # the operator who verified it
    version: int  # of the origin, in which it was last changed
    hop: int  # 0: the origin's own word; else how many passed it on

    @property
    def key(self) -> tuple[str, str]:
        """One origin has one opinion of a number."""
        return self.origin, self.number

    @property
    def line(self) -> str:
        """As it stands in a file."""
        return json.dumps(self._asdict(), separators=(",", ":"))


def shared(said: dict[str, Any]) -> SharedEntry:
    """An entry of these fields; of what a million have in common there is one text."""
    known: dict[str, Any] = {name: intern(one) if type(one) is str else one for name, one in said.items()}
    return SharedEntry(**known)


class Withdrawal(NamedTuple):
    """An origin takes back what it said of a number, up to this version of its own."""

    number: str
    origin: str
    version: int  # what is as old or older counts no more
    why: str
    on: str  # the day

    @property
    def key(self) -> tuple[str, str]:
        """Of what is withdrawn."""
        return self.origin, self.number

    @property
    def line(self) -> str:
        """As it stands in a file."""
        return json.dumps(self._asdict(), separators=(",", ":"))


def is_operator(name: str) -> bool:
    """Is it a name of an operator: lower-case, such as example.net?"""
    return _OPERATOR.fullmatch(name) is not None


def day_of(now: float) -> str:
    """The day in UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def days_after(day: str, days: int) -> str:
    """The day that so many days later is; the last one of the calendar at most."""
    return date.fromordinal(min(date.fromisoformat(day).toordinal() + days, date.max.toordinal())).isoformat()


def start_of(day: str) -> float:
    """When a day begins in UTC, in seconds since the epoch."""
    year, month, number = map(int, day.split("-"))
    return datetime(year, month, number, tzinfo=UTC).timestamp()


class Reader:
    """Reads lines that another operator wrote, at a moment: what lies far ahead of it is refused."""

    def __init__(self, now: float) -> None:
        self._latest = day_of(now + _CLOCKS_APART_DAYS * DAY_S)
        self._farthest = day_of(now + LONGEST_LIFE_DAYS * DAY_S)
        self._heads: set[tuple[str, int]] = set()
        self._days: set[str] = set()

    def entries(self, lines: Iterable[str]) -> Iterator[SharedEntry]:
        """Each line as an entry; Rubbish for one that is none."""
        for at, line in enumerate(lines, start=1):
            yield self.entry(_read(line, at, SharedEntry), at)

    def withdrawals(self, lines: Iterable[str]) -> Iterator[Withdrawal]:
        """Each line as a withdrawal."""
        for at, line in enumerate(lines, start=1):
            found = Withdrawal(**_read(line, at, Withdrawal))
            if found.why not in WHY_WITHDRAWN or not isinstance(found.on, str) or not self._is_day(found.on):
                raise Rubbish(at, "why or when it was withdrawn is none of ours")
            self._from(found.origin, found.version, at)
            self._number(found.number, at)
            yield found

    def entry(self, said: dict[str, Any], at: int) -> SharedEntry:
        """What was read of a line as an entry."""
        one = shared(said)
        if one.reason not in REASONS or one.strength not in STRENGTHS:
            raise Rubbish(at, "its reason or strength is none of ours")
        for day in (one.first, one.last, one.expires):
            if not isinstance(day, str) or not self._is_day(day):
                raise Rubbish(at, "a day of it is none")
        if not one.first <= one.last <= self._latest:
            raise Rubbish(at, f"it was last seen on {one.last}, which is before the first time or after today")
        if one.expires > self._farthest:
            raise Rubbish(at, f"it expires on {one.expires}, more than {LONGEST_LIFE_DAYS} days ahead")
        if not isinstance(one.hop, int) or isinstance(one.hop, bool) or not 0 <= one.hop <= MOST_HOPS:
            raise Rubbish(at, "its hop is none")
        self._from(one.origin, one.version, at)
        self._number(one.number, at)
        return one

    def _from(self, origin: object, version: object, at: int) -> None:
        if not isinstance(origin, str) or not is_operator(origin):
            raise Rubbish(at, "its origin is no operator's name")
        if not isinstance(version, int) or isinstance(version, bool) or not 0 < version < 1 << 53:
            raise Rubbish(at, "its version is none")

    def _number(self, text: object, at: int) -> None:
        """Refuse what is no canonical number, and what no operator may stop: emergency, service, a whole country."""
        if not isinstance(text, str):
            raise Rubbish(at, "its number is none")
        head = (text[:_HEAD], len(text))
        international = _INTERNATIONAL.fullmatch(text) is not None
        if international and head in self._heads:
            return
        try:
            interval = read_entry(text, _AS_BLOCKED)
        except EntryError as error:
            raise Rubbish(at, f"its number is not taken ({error.name})") from error  # faults are logged: no number
        if interval.text != text:
            raise Rubbish(at, "its number is not canonical")
        if not interval.exact and (count := reach(interval)) > LARGEST_RANGE:
            raise Rubbish(at, f"it covers {count:,} numbers; at most {LARGEST_RANGE:,} are taken")
        if international:
            self._heads.add(head)

    def _is_day(self, text: str) -> bool:
        if text in self._days:
            return True
        try:
            good = len(text) == 10 and date.fromisoformat(text).isoformat() == text
        except ValueError:
            good = False
        if good:
            self._days.add(text)
        return good


def _read(line: str, at: int, kind: type[SharedEntry] | type[Withdrawal]) -> dict[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise Rubbish(at, f"it has {len(line):,} characters")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Rubbish(at, "it is no JSON") from error
    if not isinstance(said, dict) or said.keys() != set(kind._fields):
        raise Rubbish(at, f"it has other fields than {', '.join(kind._fields)}")
    return said
