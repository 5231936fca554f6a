"""The calls that a condition holds for, as far as lists, numbers, classes, times and trunks say; the rest stays opaque.

A domain is a set of constraints that must all hold. Of two domains one covers the other when each of its constraints
follows from some constraint of the other; what is opaque follows only from itself. So what is said here is always true,
and what is not said is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rules.judging.conditions import range_prefixes
from rules.language.faults import Location
from rules.language.grammar import CalledCondition, CallerCondition, NumberCondition, When
from rules.language.values import DAYS
from rules.language.written_numbers import WrittenNumbers
from rules.model import NumberClass

DAY = 1440
WEEK = 7 * DAY
# Keys whose meaning is known here; every other one is opaque.
_ANALYSED = frozenset(("is_", "exact", "starts_with", "range", "class_", "on_list", "list_kind"))


class Numbers(NamedTuple):
    """Some numbers: whole ones, beginnings, and beginnings of numbers of one length."""

    whole: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    spans: frozenset[tuple[str, int]] = frozenset()

    def holds(self, number: str) -> bool:
        """Is this number among them?"""
        if number in self.whole or any(number[:n] in self.prefixes for n in range(1, len(number) + 1)):
            return True
        return any(len(number) == length and number.startswith(prefix) for prefix, length in self.spans)

    def covers(self, other: Numbers) -> bool:
        """Is every number of the other among them, as far as single beginnings tell?"""
        return (
            all(self.holds(number) for number in other.whole)
            and all(self._begins(prefix) for prefix in other.prefixes)
            and all(self._begins(prefix) or self._spans(prefix, length) for prefix, length in other.spans)
        )

    def meets(self, other: Numbers) -> bool:
        """Could one number be among both?"""
        if any(other.holds(number) for number in self.whole) or any(self.holds(number) for number in other.whole):
            return True
        mine = [*self.prefixes, *(prefix for prefix, _ in self.spans)]
        theirs = [*other.prefixes, *(prefix for prefix, _ in other.spans)]
        return any(one.startswith(two) or two.startswith(one) for one in mine for two in theirs)

    def _begins(self, prefix: str) -> bool:
        return any(prefix[:n] in self.prefixes for n in range(1, len(prefix) + 1))

    def _spans(self, prefix: str, length: int) -> bool:
        return any((prefix[:n], length) in self.spans for n in range(1, len(prefix) + 1))


class Constraint(NamedTuple):
    """One thing that must be so."""

    about: str  # caller.number, called.class, trunk, time ...; empty: opaque
    values: Numbers | frozenset[str] | int | str  # numbers, names, a mask of the minutes of a week, or the words
    loc: Location
    said: str  # the keys it came from, as written

    def follows_from(self, other: Constraint) -> bool:
        """Does it hold wherever the other does?"""
        if self.about != other.about:
            return False
        if isinstance(self.values, Numbers) and isinstance(other.values, Numbers):
            return self.values.covers(other.values)
        if isinstance(self.values, int) and isinstance(other.values, int):
            return other.values & ~self.values == 0
        if isinstance(self.values, frozenset) and isinstance(other.values, frozenset):
            return other.values <= self.values
        return self.values == other.values

    def excludes(self, other: Constraint) -> bool:
        """Can the two never hold together?"""
        if self.about != other.about or self.about.endswith(("_list", "_kind")) or not self.about:
            return False  # a number stands on many lists
        if isinstance(self.values, Numbers) and isinstance(other.values, Numbers):
            return not self.values.meets(other.values)
        if isinstance(self.values, int) and isinstance(other.values, int):
            return self.values & other.values == 0
        if isinstance(self.values, frozenset) and isinstance(other.values, frozenset):
            return self.values.isdisjoint(other.values)
        return False


class Domain(NamedTuple):
    """Constraints that must all hold."""

    constraints: tuple[Constraint, ...]

    def covers(self, other: Domain) -> bool:
        """Does it hold for every call that the other holds for?"""
        return all(any(mine.follows_from(one) for one in other.constraints) for mine in self.constraints)

    @property
    def opaque(self) -> list[str]:
        """The keys that are not analysed."""
        return sorted({one.said for one in self.constraints if not one.about})

    def contradiction(self) -> tuple[Constraint, Constraint] | None:
        """Two constraints that can never hold together."""
        for position, one in enumerate(self.constraints):
            for other in self.constraints[:position]:
                if one.excludes(other):
                    return other, one
        return None


class DomainReader:
    """Reads domains out of what authors wrote in one file."""

    def __init__(self, country: str, kinds: Mapping[str, str], named: Mapping[str, When]) -> None:
        self._kinds = kinds
        self._named = named
        self._written = WrittenNumbers(country, lambda *_: None, stored=False)

    def read(self, when: When, loc: Location) -> Domain:
        """The domain of what stands under `when`, or in an item of `unless`."""
        return Domain(tuple(self._constraints(when, loc)))

    def _constraints(self, when: When, loc: Location) -> Iterator[Constraint]:
        for key in sorted(when.model_fields_set):
            value = getattr(when, key)
            name = key.rstrip("_")
            here = (*loc, name)
            if value is None or key in ("hours", "days"):
                continue
            if isinstance(value, CallerCondition | CalledCondition):
                yield from self._number(name, value, here)
            elif key == "anonymous" and value is True:
                yield Constraint("caller.class", frozenset((NumberClass.ANONYMOUS.value,)), here, name)
            elif key == "trunk":
                yield Constraint("trunk", frozenset(value), here, name)
            elif key == "all_" or (key == "any_" and len(value) == 1):
                for position, part in enumerate(value):
                    yield from self._constraints(part, (*here, position))
            elif key == "condition" and len(value) == 1 and value[0] in self._named:
                for one in self._constraints(self._named[value[0]], here):
                    yield one._replace(loc=here)
            else:
                yield Constraint("", f"{key} {_words(value)}", here, name)
        if when.hours or when.days:
            yield self._time(when, loc)

    def _number(self, who: str, condition: NumberCondition, loc: Location) -> Iterator[Constraint]:
        about = f"{who}.number"
        if condition.is_:
            whole, prefixes, ranges = self._written.several(who, condition.is_, loc)
            yield Constraint(about, Numbers(whole, prefixes, spans_of(ranges)), (*loc, "is"), f"{who}.is")
        if condition.exact:
            numbers = self._written.exact(who, condition.exact, loc)
            yield Constraint(about, Numbers(whole=numbers), (*loc, "exact"), f"{who}.exact")
            read = [self._written.read(spelling, called=who == "called", loc=loc) for spelling in condition.exact]
            kinds = frozenset(number.kind.value for number in read if number is not None)
            yield Constraint(f"{who}.class", kinds, (*loc, "exact"), f"{who}.exact")
        if condition.starts_with:
            prefixes = self._written.prefixes(condition.starts_with, loc)
            yield Constraint(about, Numbers(prefixes=prefixes), (*loc, "starts_with"), f"{who}.starts_with")
        if condition.range:
            spans = spans_of(self._written.ranges(condition.range, loc))
            yield Constraint(about, Numbers(spans=spans), (*loc, "range"), f"{who}.range")
        if condition.class_:
            kinds = frozenset(kind.value for kind in condition.class_)
            yield Constraint(f"{who}.class", kinds, (*loc, "class"), f"{who}.class")
        if condition.on_list:
            names = frozenset(condition.on_list)
            yield Constraint(f"{who}.on_list", names, (*loc, "on_list"), f"{who}.on_list")
            kinds = frozenset(self._kinds.get(name, name) for name in names)
            yield Constraint(f"{who}.list_kind", kinds, (*loc, "on_list"), f"{who}.on_list")
        if condition.list_kind:
            kinds = frozenset(map(str, condition.list_kind))
            yield Constraint(f"{who}.list_kind", kinds, (*loc, "list_kind"), f"{who}.list_kind")
        for key in sorted(condition.model_fields_set - _ANALYSED):
            value = getattr(condition, key)
            if value is not None:
                yield Constraint("", f"{who}.{key} {_words(value)}", (*loc, key), f"{who}.{key}")

    def _time(self, when: When, loc: Location) -> Constraint:
        """Hours and days as minutes of a week; working days are not known beforehand."""
        key = "hours" if when.hours else "days"
        days = [DAYS.index(day) for day in when.days or DAYS if day in DAYS]
        if when.days and len(days) < len(when.days):
            return Constraint("", f"time {when.hours} {when.days} {when.calendar}", (*loc, "days"), "days")
        return Constraint("time", week_mask(when.hours or [(0, DAY)], days), (*loc, key), key)


def spans_of(ranges: Iterable[tuple[str, str]]) -> frozenset[tuple[str, int]]:
    """Ranges as beginnings of numbers of one length."""
    return frozenset((prefix, len(low)) for low, high in ranges for prefix in range_prefixes(low, high))


def week_mask(windows: Iterable[tuple[int, int]], days: Sequence[int]) -> int:
    """A bit for each minute of a week in these windows; one across midnight belongs to the day it begins."""
    mask = 0
    for start, end in windows:
        length = (end - start) % DAY or DAY
        for day in days:
            bits = ((1 << length) - 1) << (day * DAY + start)
            mask |= (bits & ((1 << WEEK) - 1)) | (bits >> WEEK)
    return mask


def _words(value: object) -> str:
    """What was written, in one spelling."""
    if isinstance(value, list):
        return f"[{', '.join(sorted(_words(one) for one in value))}]"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in sorted(value.items()))
    dump = getattr(value, "model_dump_json", None)
    return str(dump(exclude_unset=True)) if dump else repr(value)
