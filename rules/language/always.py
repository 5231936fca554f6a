"""Conditions that hold for every call, whenever it comes: a rule that asks nothing else would match all of them.

A condition is read as alternatives of atoms that must all hold. They hold for every call when nothing escapes them:
whichever atom a call fails in each alternative, what is left of some subject is nothing. What is no atom may fail.
Of amounts that is asked by their spans: are some together every amount that there can be?
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import inf
from types import MappingProxyType
from typing import Final, NamedTuple

from rules.language.domain import DAY, WEEK, week_mask
from rules.language.faults import Location
from rules.language.grammar import Amount, NumberCondition, Rate, When
from rules.language.values import DAYS, Window, count_name, is_share, is_time, least_of, read_rate_name, span_name
from rules.model import NumberClass
from rules.numbering.numbers import LONGEST_EXTENSION

_CLASSES: Final = frozenset(NumberClass) - {NumberClass.UNHELD}
_TRUTHS: Final = frozenset((True, False))
_LENGTHS: Final = (1 << LONGEST_EXTENSION + 1) - 1  # a bit for each, the lowest for no number
_FACT: Final = "fact."
_CONTACT: Final = "known_contact."  # with the seconds behind it; where that is not known, neither is so
_HOME: Final = frozenset(("trunk", "not-trunk"))
_ALL_TIME: Final = (1 << 2 * WEEK) - 1  # each minute of a week, once on working days and once on others
_MOST: Final = 500  # alternatives, and steps for each: beyond that nothing is said
Values = frozenset[object] | int
Atom = tuple[str, Values]  # a subject, and the values of it for which the atom holds; no subject: not known
Alternatives = list[tuple[Atom, ...]]
_EVERYTHING: Final[Mapping[str, Values]] = {
    "caller.class": _CLASSES,
    "called.class": _CLASSES,
    "caller.country": _HOME,
    "called.country": _HOME,
    "caller.inbound_only": _TRUTHS,
    "called.inbound_only": _TRUTHS,
    "caller.length": _LENGTHS,
    "called.length": _LENGTHS,
    "diverted": _TRUTHS,
    "believed": _TRUTHS,
    "agrees": _TRUTHS | {None},
    "time": _ALL_TIME,
    "called_time": _ALL_TIME,  # few called numbers lie in several zones: a rule for all others is one for all
}
_NOT_KNOWN: Final[Atom] = ("", frozenset())


COUNTRY, NUMBER, AMOUNTS = "country", "number", "amounts"


class Always:
    """Tells conditions that hold for every call, with the named ones of all files, and where calls come from.

    ``known``: for every call that has its country, its numbers, what is measured of it.
    """

    def __init__(
        self,
        named: Mapping[str, When],
        *,
        trunks: Mapping[str, str] = MappingProxyType({}),  # their countries by name
        known: Collection[str] = (),
    ) -> None:
        self._named, self._known = named, known
        self._trunks = dict(trunks)
        self._everything_of: dict[str, Values] = dict(_EVERYTHING)
        if len(self._trunks) > 1:  # who names the only one has those in mind that are to come
            self._everything_of["trunk"] = frozenset(self._trunks)
        if NUMBER in known:
            for who in ("caller", "called"):
                self._everything_of[f"{who}.length"] = _LENGTHS & ~1

    def holds(self, when: When) -> bool:
        """Does it hold for every call?"""
        parts = [one for _, _, one in self._parts(when, frozenset())]
        return bool(parts) and all(map(self._everything, parts))

    def idle_keys(self, when: When) -> Iterator[tuple[str, Location]]:
        """The keys that ask nothing, by the names of their fields, and where they stand."""
        for key, loc, alternatives in self._parts(when, frozenset()):
            if self._everything(alternatives):
                yield key, self._closer(when, key, loc)

    def _closer(self, when: When, key: str, loc: Location) -> Location:
        """The one of several alternatives that is enough, where there is one."""
        if key == "any_":
            alone = (number for number, part in enumerate(when.any_ or ()) if self.holds(part))
        elif key == "condition":
            names = enumerate(when.condition or ())
            alone = (number for number, name in names if name in self._named and self.holds(self._named[name]))
        else:
            return loc
        return (*loc, *list(alone)[:1])

    def _parts(self, when: When, within: frozenset[str]) -> Iterator[tuple[str, Location, Alternatives]]:
        """Each key that must hold, as alternatives; hours and days are one."""
        for key in sorted(when.model_fields_set):
            value, name = getattr(when, key), key.rstrip("_")
            if value is None:
                continue
            if key in ("hours", "days"):
                if key == "days" or not when.days:
                    yield key, (key,), [(("time", _minutes(when.hours or (), when.days or ())),)]
            elif key == "called_hours":
                yield key, (name,), [(("called_time", _minutes(value, ())),)]
            elif isinstance(value, NumberCondition):
                atoms = tuple(_atoms(key, value))
                only = (name,) if len(value.model_fields_set) > 1 else (name, *_names(value))
                yield key, only, [atoms]
            elif key == "anonymous":
                kinds = frozenset((NumberClass.ANONYMOUS,))
                yield key, (name,), [(("caller.class", kinds if value else _CLASSES - kinds),)]
            elif key in ("diverted", "believed"):
                yield key, (name,), [((key, frozenset((value,))),)]
            elif key == "agrees":
                known = frozenset((None,)) if value.missing else frozenset((value.is_,))
                yield key, (name,), [((key, known),)]
            elif key == "trunk":
                yield key, (name,), [(("trunk", frozenset(value)),)]
            elif key == "trunk_country":
                countries = {word.upper() for word in value.is_ or ()}
                named = [name for name, country in self._trunks.items() if country in countries]
                named += [name for name, country in self._trunks.items() if value.missing and not country]
                yield key, (name,), [(("trunk", frozenset(named)),)]
            elif key == "fact":
                yield key, (name,), [tuple(_amount(fact, amount) for fact, amount in value.items())]
            elif key == "count":
                fact = f"{count_name(value.of, value.per)}_{span_name(value.within)}"
                yield key, (name,), [(_bounded(fact, value),)]
            elif key == "known_contact":
                yield key, (name,), [((f"{_CONTACT}{value.within}", frozenset((value.is_,))),)]
            elif key == "any_":
                yield key, (name,), [one for part in value for one in self._alternatives(part, within)]
            elif key == "all_":
                yield key, (name,), _together([self._alternatives(part, within) for part in value])
            elif key == "condition":
                yield key, (name,), [one for other in value for one in self._of_named(other, within)]
            else:
                yield key, (name,), [(_NOT_KNOWN,)]

    def _of_named(self, name: str, within: frozenset[str]) -> Alternatives:
        if name not in self._named or name in within:
            return [(_NOT_KNOWN,)]
        return self._alternatives(self._named[name], within | {name})

    def _alternatives(self, when: When, within: frozenset[str]) -> Alternatives:
        return _together([one for _, _, one in self._parts(when, within)])

    def _everything(self, alternatives: Alternatives) -> bool:
        """Does every call fulfil one of these?"""
        return len(alternatives) <= _MOST and self._nothing_escapes(alternatives, {}, [0])

    def _nothing_escapes(self, alternatives: Alternatives, held: Mapping[str, Values], steps: list[int]) -> bool:
        """Is there no call that fails all of these, having failed what is held?

        No function within another: that is a circle which only the collector breaks, for each condition of each rule.
        """
        steps[0] += 1
        if not alternatives or steps[0] > _MOST:
            return False
        for about, values in alternatives[0]:
            if not about or (COUNTRY not in self._known and about.endswith(".country")):
                more = held
            else:
                both = _united(held.get(about), values)
                if not self._left(about, both):
                    continue  # no call fails this one and those before
                more = {**held, about: both}
            if not self._nothing_escapes(alternatives[1:], more, steps):
                return False
        return True

    def _left(self, about: str, held: Values) -> bool:
        """Is there a call for which none of these values is so?"""
        if about.startswith(_CONTACT):
            return AMOUNTS not in self._known or held != _TRUTHS
        if not about.startswith(_FACT):
            return about not in self._everything_of or _left(self._everything_of[about], held)
        assert isinstance(held, frozenset)
        spans = [each for each in held if isinstance(each, Span)]
        return (AMOUNTS not in self._known and None not in held) or not all_amounts(about.removeprefix(_FACT), spans)


def _names(value: NumberCondition) -> list[str]:
    return [key.rstrip("_") for key in value.model_fields_set]


def _atoms(who: str, number: NumberCondition) -> Iterator[Atom]:
    for key in sorted(number.model_fields_set):
        value = getattr(number, key)
        if value is None:
            continue
        if key == "class_":
            yield f"{who}.class", frozenset(value)
        elif key == "country":
            yield f"{who}.country", frozenset(value) & _HOME
        elif key == "inbound_only":
            yield f"{who}.inbound_only", frozenset((value,))
        elif key == "missing":
            yield f"{who}.length", 1
        elif key == "length":
            yield f"{who}.length", sum(1 << digits for digits in {n for each in value for n in _lengths(*each)})
        elif isinstance(value, Rate):
            yield _bounded(f"{key}_{span_name(value.within)}", value)
        else:
            yield _NOT_KNOWN


def _lengths(low: int, high: int) -> range:
    return range(max(low, 1), min(high, LONGEST_EXTENSION) + 1)


def _amount(fact: str, amount: Amount) -> Atom:
    return _NOT_KNOWN if amount.is_ else _bounded(fact, amount)


def _bounded(fact: str, amount: Amount | Rate) -> Atom:
    """What a fact is asked; one that is lacking has no amount."""
    if amount.missing:
        return f"{_FACT}{fact}", frozenset((None,))
    over, under = amount.over, amount.under
    span = Span(-inf if over is None else over, inf if under is None else under)
    return f"{_FACT}{fact}", frozenset((span,))


def _together(parts: Sequence[Alternatives]) -> Alternatives:
    """What must hold all together, as alternatives."""
    count = 1
    for part in parts:
        count *= len(part)
    if count > _MOST or not parts:
        return [(_NOT_KNOWN,)]
    return [tuple(atom for one in each for atom in one) for each in product(*parts)]


def _united(one: Values | None, other: Values) -> Values:
    if one is None:
        return other
    if isinstance(one, int) and isinstance(other, int):
        return one | other
    assert isinstance(one, frozenset)
    assert isinstance(other, frozenset)
    return one | other


def _left(everything: Values, held: Values) -> bool:
    """Is there anything else?"""
    if isinstance(everything, int) and isinstance(held, int):
        return bool(everything & ~held)
    assert isinstance(everything, frozenset)
    assert isinstance(held, frozenset)
    return not everything <= held


def _minutes(hours: Iterable[Window], days: Sequence[str]) -> int:
    """The minutes that surely fit, on working days and on others."""
    windows = list(hours) or [Window(0, DAY)]
    week = range(len(DAYS))
    if not days or {"working", "off"} <= set(days):
        mask = week_mask(windows, week)
        return mask | mask << WEEK
    mask = week_mask(windows, [DAYS.index(day) for day in days if day in DAYS])
    mask |= mask << WEEK
    # Whether the day after one of these is a working day is not known: a window ends at midnight.
    same_day = week_mask([(start, end if start < end else DAY) for start, end in windows], week)
    if "working" in days:
        mask |= same_day
    if "off" in days:
        mask |= same_day << WEEK
    return mask


class Span(NamedTuple):
    """All amounts over the one and under the other."""

    over: float = -math.inf
    under: float = math.inf


def all_amounts(fact: str, spans: Collection[Span]) -> bool:
    """Is every amount that this fact can have within one of these?"""
    rate = read_rate_name(fact)
    if rate is None:
        return _covered(spans, -math.inf, math.inf)
    if is_share(rate[0]):
        return _covered(spans, 0.0, 100.0)
    return _covered(spans, least_of(rate[0]), math.inf, whole=not is_time(rate[0]))


def _covered(spans: Collection[Span], first: float, last: float, *, whole: bool = False) -> bool:
    """Goes from one amount that is in no span before to the next; both bounds of a span are outside of it."""
    while first <= last:
        begun = [each.under for each in spans if each.over < first or each.over == -math.inf]
        reached = max(begun, default=first)
        if reached <= first:
            return False
        if reached == math.inf:
            return True
        first = math.ceil(reached) if whole else reached
    return True
