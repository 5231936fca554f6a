"""Numbers, prefixes and ranges as authors of rules write them, read in the plan of a file; faults have their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rules.language.faults import Location
from rules.model import Number, NumberClass, Trunk
from rules.numbering.numbers import canonical_prefix, read_number
from rules.numbering.typed import (
    SpellingFault,
    Spelt,
    UndecidedHome,
    decided,
    prefix_typed,
    read_spelling,
    surely_typed,
)
from rules.texts.bad_value import BadValue


class TellFault(Protocol):
    """Takes what is wrong at a place, and what would be right; a warning stops nothing."""

    def __call__(self, loc: Location, what: str, hint: str, warning: bool = False, /) -> None:
        """Keep it."""


class Several(NamedTuple):
    """Whole numbers, beginnings, and ranges by their ends, all canonical."""

    whole: frozenset[str]
    prefixes: frozenset[str]
    ranges: list[tuple[str, str]]


class WrittenNumbers:
    """Those of one file. ``stored``: of a text that was live once, whose spellings are read as they were then."""

    def __init__(self, home: str, report: TellFault, *, stored: bool) -> None:
        self.home = home  # undecided between several countries it is refused what they read differently
        self.country = decided(home)
        self.report = report
        self.stored = stored

    def several(self, who: str, spellings: Sequence[str], loc: Location) -> Several:
        """Numbers, prefixes and ranges, each sort by itself."""
        whole: set[str] = set()
        prefixes: set[str] = set()
        ranges: list[tuple[str, str]] = []
        for position, spelling in enumerate(spellings):
            place = (*loc, position)
            spelt = self.spelt(spelling, place)
            if spelt is None:
                continue
            if spelt.last:
                ranges += self.range(spelling, spelt, place)
            elif spelt.prefix:
                prefixes |= self.prefix(spelling, place)
            else:
                whole |= self.exact(who, [spelling], loc, first=position)
        return Several(frozenset(whole), frozenset(prefixes), ranges)

    def spelt(self, spelling: str, loc: Location) -> Spelt | None:
        """Is it a number, a prefix or a range?"""
        try:
            return read_spelling(spelling, self.home)
        except SpellingFault as error:
            self.refused(loc, error)
            return None

    def exact(self, who: str, spellings: Sequence[str], loc: Location, *, first: int = 0) -> frozenset[str]:
        """Canonical numbers of what the author wrote; `first` is the place of the first one in its list."""
        found = []
        for position, spelling in enumerate(spellings, start=first):
            number = self.read(spelling, called=who == "called", loc=(*loc, position))
            if number is None:
                continue
            if who == "called" and number.kind is NumberClass.EMERGENCY:
                what = f"{spelling!r} is an emergency number, and emergency calls always pass"
                self.report((*loc, position), what, "leave it out")
            found.append(number.canonical)
        return frozenset(found)

    def read(self, spelling: str, *, called: bool, loc: Location) -> Number | None:
        """One number, if some plan allows it."""
        meant = spelling
        if not self.stored:
            spelt = self.spelt(spelling, loc)
            if spelt is None:
                return None
            meant = spelt.first
            if spelt.prefix or spelt.last:
                sort = "prefix" if spelt.prefix else "range"
                self.report(loc, f"{spelling!r} is a {sort}, and one number belongs here", "write it under `is`")
                return None
        try:
            if self.stored:  # as it was read when it went live
                number = read_number(spelling, Trunk("", country=self.country), called=called)
            elif self.home:
                number = surely_typed(meant, self.home, called=called)
            else:
                number = read_number(meant, Trunk(""), called=called)
        except BadValue as error:
            self.refused(loc, error)
            return None
        if not number.canonical or number.kind in (NumberClass.MALFORMED, NumberClass.NAME, NumberClass.IMPOSSIBLE):
            hint = "write it with its country code, such as +8613800138000"
            what = "is a number that no plan allows" if number.canonical else "is no number"
            self.report(loc, f"{spelling!r} {what}", hint)
            return None
        if number.kind is NumberClass.EXTENSION and not self.country and len(number.canonical) > 9:
            hint = "write it with its country code, or set `country: CN` at the top of the file"
            self.report(loc, f"{spelling!r} could be a number of any country", hint)
            return None
        return number

    def prefixes(self, spellings: Sequence[str], loc: Location) -> frozenset[str]:
        """Canonical beginnings of what the author wrote; a star behind them says the same again."""
        found: set[str] = set()
        for position, spelling in enumerate(spellings):
            place = (*loc, position)
            spelt = Spelt(spelling) if self.stored else self.spelt(spelling, place)
            if spelt is None:
                continue
            if spelt.last:
                self.report(place, f"{spelling!r} is a range, and a beginning belongs here", "write it under `range`")
                continue
            found |= self.prefix(spelling, place)
        return frozenset(found)

    def prefix(self, spelling: str, loc: Location) -> set[str]:
        """The canonical beginning, if there is one."""
        try:
            if self.stored and self._is_read_otherwise(spelling):
                return {canonical_prefix(spelling, self.country)}
            return {prefix_typed(spelling, self.home)}
        except BadValue as error:
            if not self.home and not error.hint:
                error.hint = "or set `country: CN` at the top of the file"
            self.refused(loc, error)
            return set()

    def _is_read_otherwise(self, spelling: str) -> bool:
        """Was it taken once, and would be refused now as one that could mean several things?"""
        try:
            prefix_typed(spelling, self.home)
        except BadValue:
            return True
        return False

    def ranges(self, spellings: Sequence[str], loc: Location) -> list[tuple[str, str]]:
        """First and last canonical numbers of what the author wrote."""
        found: list[tuple[str, str]] = []
        for position, spelling in enumerate(spellings):
            place = (*loc, position)
            if self.stored and ".." not in spelling:  # how ranges were written before
                first, _, last = spelling.replace("–", "-").partition("-")
                spelt: Spelt | None = Spelt(first.strip(), last.strip())
            else:
                spelt = self.spelt(spelling, place)
            if spelt is None:
                continue
            if not spelt.last:
                self.report(place, f"{spelling!r} is no range", "write FIRST..LAST, such as 95000..95099")
                continue
            found += self.range(spelling, spelt, place)
        return found

    def range(self, spelling: str, spelt: Spelt, loc: Location) -> list[tuple[str, str]]:
        """The canonical ends of a range, if both are numbers of one plan and length."""
        ends = [self.read(end, called=False, loc=loc) for end in (spelt.first, spelt.last)]
        low, high = (end.canonical if end else "" for end in ends)
        if not low or not high:
            return []
        if len(low) != len(high) or low > high or low.partition(":")[0][:3] != high.partition(":")[0][:3]:
            hint = "write two numbers of one plan and length, the smaller one first"
            self.report(loc, f"{spelling!r} is no range of numbers of one length", hint)
            return []
        return [(low, high)]

    def refused(self, loc: Location, wrong: BadValue) -> None:
        """Tell of a value that cannot be used; a file of rules may have a country of its own."""
        hint = wrong.hint
        if isinstance(wrong, UndecidedHome):
            hint = f"{wrong.spellings}, or set `country` at the top of this file or of ringfence.yaml"
        self.report(loc, wrong.what, hint)
