"""One spelling for many numbers: prefix `95*`, range `95500..95599`; what only looks like one of them is a fault."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rules.model import BadValue, Number, NumberClass, Trunk
from rules.numbering.home import decided, read_typed
from rules.numbering.numbers import read_number
from rules.numbering.spelling import fold, without_separators

# What people write between the ends of a range. A hyphen stands inside single numbers, too.
_BETWEEN: Final = re.compile(r"\s*(?:\.{2,}|[…~～〜至到]+|\bto\b|[-–—‒―−－]+)\s*")
_HYPHENS: Final = frozenset("-–—‒―−－\u2010\u2011\ufe63")
_END: Final = re.compile(r"(?:\+|tel:|[A-Za-z]{2,3}:)?[0-9][0-9 ()./]*")
_PLAIN: Final = re.compile(r"\+?[0-9]+")
_EXTENSION: Final = re.compile(r"[Ee][Xx][Tt]:.+")
# RFC 3966 section 3, RFC 3261 19.1.1: what stands behind ; in an address is a name, nearly always with a value.
_PARAMETERS: Final = re.compile(r"[^;]*(?:;\s*(?:[A-Za-z][A-Za-z.-]*=[^;]*|npdi|lr|user))*;?\s*")
_BESIDE: Final = re.compile(
    r"[+0-9 ()-]*[0-9]\s*[:@]\s*\+?[0-9]{5,}(?![0-9.])"
)  # where an address has password and host
_SURELY_A_RANGE: Final = 5  # digits on each side of one hyphen: no plan groups its numbers so
_NO_NUMBER: Final = frozenset(
    (NumberClass.CN_9_ODD, NumberClass.IMPOSSIBLE, NumberClass.MALFORMED, NumberClass.NAME, NumberClass.EXTENSION)
)


class Spelt(NamedTuple):
    """One number, all that begin with some digits, or all between two; digits of any width are folded."""

    first: str  # the number, the beginning without its star, or the first of a range
    last: str = ""  # of a range
    prefix: bool = False


class SpellingFault(BadValue):
    """A text that could mean several things."""


def read_spelling(text: str, country: str = "") -> Spelt:
    """`95588`, `95*` or `95500..95599`, in any spelling of their digits; bare ones are read in `country`."""
    folded = fold(text).strip()
    if _PLAIN.fullmatch(folded):
        return Spelt(folded)
    if (";" in folded and not _PARAMETERS.fullmatch(folded)) or _BESIDE.match(folded):
        what = f"{text!r} holds more than one number"
        raise SpellingFault(what, "write each by itself; in a file each on a line of its own")
    if "*" in folded:
        return _with_star(text, folded)
    if ".." in folded or "…" in folded:
        return _with_dots(text, folded)
    if not _HYPHENS.isdisjoint(folded) or _BETWEEN.search(folded):
        return _with_hyphen(text, folded, country)
    return Spelt(folded)


def one_typed(text: str, home: str, *, called: bool = False) -> Number:
    """The one number that somebody typed; SpellingFault where it is a prefix, a range or could be one."""
    spelt = read_spelling(text, decided(home))
    if spelt.prefix or spelt.last:
        sort = "prefix" if spelt.prefix else "range"
        raise SpellingFault(f"{text!r} is a {sort}, and one number belongs here", "write it whole")
    return read_typed(text, home, called=called)


def _with_star(text: str, folded: str) -> Spelt:
    beginning = folded.removesuffix("*")
    digits = without_separators(beginning)
    if ".." in folded or "…" in folded:
        raise SpellingFault(f"{text!r} is neither prefix nor range", "write 95* or 95500..95599")
    if not digits:
        raise SpellingFault(f"{text!r} holds no digits", "write some before the star, such as 95*")
    if beginning.endswith("*"):
        raise SpellingFault(f"{text!r} ends with several stars", f"a prefix is written {digits.strip('*')}*, with one")
    if _EXTENSION.fullmatch(beginning):  # a feature code of the PBX may hold stars: EXT:*70
        return Spelt(beginning, prefix=True) if folded != beginning else Spelt(folded)
    if "*" in beginning:
        hint = f"a prefix has its star at the end: {digits.split('*')[0]}*" if digits[0] != "*" else ""
        hint = hint or f"a code with a star that the PBX knows is written EXT:{without_separators(folded)}"
        raise SpellingFault(f"{text!r} has a star in its midst", hint)
    return Spelt(beginning, prefix=True)


def _with_dots(text: str, folded: str) -> Spelt:
    first, dots, last = _cut(folded, r"\s*(?:\.{2,}|…+)\s*")
    if not last or not first:
        one = without_separators(first or last)
        raise SpellingFault(
            f"{text!r} is half a range", f"write {one}* for all that begin so, or both ends: 95500..95599"
        )
    if dots.strip() != ".." or not (_END.fullmatch(first) and _END.fullmatch(last)):
        raise SpellingFault(f"{text!r} is no range", _right(first, last))
    return Spelt(first, last)


def _with_hyphen(text: str, folded: str, country: str) -> Spelt:
    """One number with hyphens in it, if some plan has it and nobody could take it for a range."""
    first, _, last = _cut(folded, _BETWEEN.pattern)
    between = folded[len(first) : len(folded) - len(last)].strip()
    whole = without_separators(folded)
    if not (_HYPHENS.issuperset(between) and between and last):
        if _END.fullmatch(first) and _END.fullmatch(last):
            raise SpellingFault(f"{text!r} is no range", _right(first, last))
        return Spelt(folded)  # words: whoever reads them says what they are not
    if not _END.fullmatch(last) or not _END.fullmatch(first):  # several hyphens
        if last[:1] == "+" or ":" in last:
            raise SpellingFault(f"{text!r} is no range", _right(first, last))
        return Spelt(folded)
    one, two = _digits(first), _digits(last)
    if last[:1] == "+" or ":" in last or min(len(one), len(two)) >= _SURELY_A_RANGE <= len(one) == len(two):
        raise SpellingFault(f"{text!r} is no range", _right(first, last))
    like_a_range = one < two if len(one) == len(two) else len(one) > max(len(two), 3)
    if like_a_range and read_number(folded, Trunk("", country=decided(country))).kind in _NO_NUMBER:
        end = last if len(two) == len(one) else one[: len(one) - len(two)] + two
        raise SpellingFault(
            f"{text!r} could be a number or a range", f"write {whole} for one number, {first}..{end} for a range"
        )
    return Spelt(folded)


def _cut(folded: str, sign: str) -> tuple[str, str, str]:
    """What stands before the first such sign, the sign, and what stands behind it."""
    found = re.search(sign, folded)
    return (folded[: found.start()], found[0], folded[found.end() :]) if found else (folded, "", "")


def _digits(end: str) -> str:
    return without_separators(end.rpartition(":")[2]).removeprefix("+")


def _right(first: str, last: str) -> str:
    return f"a range is written with two dots: {first.strip()}..{last.strip()}"
