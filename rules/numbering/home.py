"""In which plan people's national spellings are read: the home country's, and where nobody chose one, in none.

A *home* is written as a country (``CN``); as nothing where no trunk has one; undecided, as the countries of the trunks
between which nobody chose (``CN HK``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from rules.model import BadValue, Number, NumberClass, Trunk
from rules.numbering.countries import known_country
from rules.numbering.numbers import read_number
from rules.numbering.plan_table import codes_of
from rules.numbering.prefixes import canonical_prefix
from rules.numbering.spelling import fold, is_digits, without_separators

T = TypeVar("T")
_OF_A_PLAN = re.compile(r"([A-Za-z]{2}):([0-9]+)")  # not EXT:


class UndecidedHome(BadValue):
    """A national spelling that several countries read differently."""

    def __init__(self, what: str, spellings: str) -> None:
        super().__init__(what, f"{spellings}, or set `country` at the top of ringfence.yaml")
        self.spellings = spellings  # the hint without the setting, which a file of rules may have as well


def home_of(country: str, of_trunks: Iterable[str]) -> str:
    """The home: the country that was set, else the only one of the trunks, else all of these."""
    return country or " ".join(sorted({each for each in of_trunks if each}))


def decided(home: str) -> str:
    """The one country of the home; nothing where there is none, or several and no choice."""
    return "" if " " in home else home


def read_typed(text: str, home: str, *, called: bool = False) -> Number:
    """The number that somebody typed; ValueError where its country is none, `UndecidedHome` where nobody chose one."""
    if inside := _OF_A_PLAN.fullmatch(fold(text).strip()):
        return _of_plan(known_country(inside[1].upper()), inside[2], called)
    if " " in home and not (fold(text).strip()[:1] == "+" or ":" in text):
        return _alike(text, home, lambda country: _read(text, country, called), lambda number: number.canonical)
    return _read(text, decided(home), called)


def prefix_typed(text: str, home: str) -> str:
    """The beginning of numbers that somebody typed, as `canonical_prefix` reads it, and with the same faults."""
    spelt = fold(text).strip().removesuffix("*")
    if inside := _OF_A_PLAN.fullmatch(spelt):
        country = known_country(inside[1].upper())
        try:
            return canonical_prefix(inside[2], country)  # CN:138 are the mobiles +86138
        except ValueError:
            return canonical_prefix(text, country)  # CN:10, as the advice says where 10 could mean several things
    if " " in home and not (spelt[:1] == "+" or ":" in spelt):
        return _alike(text, home, lambda country: canonical_prefix(text, country), str)
    return canonical_prefix(text, decided(home))


def _read(text: str, country: str, called: bool) -> Number:
    # Without a country there is no national plan: bare digits are E.164 without the plus.
    return read_number(text, Trunk("", country=country, national=bool(country)), called=called)


def _of_plan(country: str, digits: str, called: bool) -> Number:
    """A number written with its country: our own canonical form where it has one, else a national spelling."""
    number = _read(f"{country}:{digits}", "", called)
    if number.kind is not NumberClass.OTHER:
        return number
    national = _read(digits, country, called)
    return national if national.canonical.startswith("+") else number


def _alike(text: str, home: str, read: Callable[[str], T], meaning: Callable[[T], str]) -> T:
    """What all these countries read alike; their own fault where all have one."""
    found: list[T] = []
    faults: list[BadValue] = []
    for country in home.split():
        try:
            found.append(read(country))
        except BadValue as error:
            faults.append(error)
    if found and not faults and len({meaning(one) for one in found}) == 1:
        return found[0]
    if faults and not found:
        raise faults[0]
    raise _undecided(text, home)


def _possible_in(text: str, country: str) -> bool:
    """Could it be a number there?"""
    try:
        return _read(text, country, called=False).kind is not NumberClass.IMPOSSIBLE
    except ValueError:
        return False


def _undecided(text: str, home: str) -> UndecidedHome:
    country, *others = home.split()
    possible = next((each for each in home.split() if _possible_in(text, each)), country)
    digits = without_separators(fold(text)).rstrip("*")
    code, trunk_prefix = codes_of(possible)
    shown = digits.removeprefix(trunk_prefix) if is_digits(digits) else "..."
    return UndecidedHome(
        f"{text!r} is read differently in {', '.join((country, *others[:-1]))} and {others[-1]}",
        f"write it with its country code (+{code}{shown}) or with its plan ({possible}:{shown})",
    )
