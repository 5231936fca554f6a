"""Numbers as people type them: one, a prefix ``95*`` or a range ``95500..95599``, and in which plan they are read.

National spellings are read in the plan of the home country, and where nobody chose one, in none.

A *home* is written as a country (``CN``); as nothing where no trunk has one; undecided, as the countries of the trunks
between which nobody chose (``CN HK``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple, TypeVar

from rules.model import Number, NumberClass, Trunk
from rules.numbering.beginnings import beginning_typed, of_some_number
from rules.numbering.countries import known_country
from rules.numbering.groups import NO_NUMBER, SpellingFault, makes_a_mailbox, refuse_several, without_slash
from rules.numbering.numbers import behind_prefixes, read_number, without_address
from rules.numbering.old_spellings import could_be_now
from rules.numbering.plan_table import codes_of, plan_of
from rules.numbering.prefixes import canonical_prefix
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.numbering.spoilt import SpoiltNumber, refuse_spoilt
from rules.texts.bad_value import BadValue

__all__ = [
    "SpellingFault",
    "Spelt",
    "UndecidedHome",
    "decided",
    "home_of",
    "one_typed",
    "prefix_typed",
    "read_spelling",
    "read_typed",
    "surely_typed",
]

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
    """The beginning of numbers that somebody typed, as `beginning_typed` reads it, and with the same faults."""
    spelt = fold(text).strip().removesuffix("*")
    if inside := _OF_A_PLAN.fullmatch(spelt):
        country = known_country(inside[1].upper())
        try:
            return beginning_typed(inside[2], country, surely=True)  # CN:138 are the mobiles +86138
        except ValueError:
            if plan_of(country) is None:
                raise  # GB:447404*: no plan of ours tells that some numbers exist only within the country
            return of_some_number(
                text, canonical_prefix(text, country)
            )  # CN:10, as the advice says where 10 could mean several things
    if " " in home and not (spelt[:1] == "+" or ":" in spelt):
        return _alike(text, home, lambda country: beginning_typed(text, country), str)
    return beginning_typed(text, decided(home))


def _read(text: str, country: str, called: bool) -> Number:
    # Without a country there is no national plan: bare digits are E.164 without the plus.
    _refuse_two_abroad(text, country)
    return read_number(text, Trunk("", country=country, national=bool(country)), called=called)


def _refuse_two_abroad(text: str, country: str) -> None:
    """Behind the prefix of here it is another number than behind 00: 0011 431... in Australia, 001... in Hong Kong."""
    digits = without_separators(without_address(fold(text)).strip())
    if digits[:2] != "00" or not is_digits(digits):
        return
    found = [each.canonical for each in behind_prefixes(digits, country)]
    if len(found) > 1:
        raise SpellingFault(f"{text!r} could be {' or '.join(found)}", f"write {' or '.join(found)}")


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
    advice = f"write it with its country code (+{code}{shown}) or with its plan ({possible}:{shown})"
    for own, prefix in map(codes_of, home.split()):
        if own != prefix and digits.startswith(own) and is_digits(digits):  # without its +, or of there without its 0
            advice = f"write +{digits} or +{own}{digits}"
    return UndecidedHome(
        f"{text!r} is read differently in {', '.join((country, *others[:-1]))} and {others[-1]}", advice
    )


# What people write between the ends of a range. A hyphen stands inside single numbers, too.
_BETWEEN: Final = re.compile(r"\s*(?:\.{2,}|[…~～〜至到]+|\bto\b|[-–—‒―−－\u2010\u2011\ufe63]+)\s*")
_HYPHENS: Final = frozenset("-–—‒―−－\u2010\u2011\ufe63")
_MINUS: Final = re.compile(r"[-–—‒―−－\u2010\u2011\ufe63]\s*\+[0-9]")
_END: Final = re.compile(r"(?:\+|tel:|[A-Za-z]{2,3}:)?[0-9][0-9 ()./]*")
_PLAIN: Final = re.compile(r"\+?[0-9]+")
_EXTENSION: Final = re.compile(r"[Ee][Xx][Tt]:.+")
# RFC 3966 section 3, RFC 3261 19.1.1: what stands behind ; in an address is a name, nearly always with a value.
_PARAMETERS: Final = re.compile(r"[^;]*(?:;\s*(?:[A-Za-z][A-Za-z.-]*=[^;]*|npdi|lr|user))*;?\s*")
# Where an address has its password, and where its host.
_BESIDE: Final = re.compile(r"[+0-9 ().-]*[0-9]\s*(?::\s*\S|@\s*\+?[0-9]{5,}(?![0-9.]))")
_WIDE_BRACKETS: Final = str.maketrans("（）：", "():")
# Behind a host another address, or a number; or a number in place of the host.
_BEHIND: Final = re.compile(
    r"@.*(?:@|:[0-9]{6}|[\s,、，;；|/<?#]\s*(?:[A-Za-z]+:)?[+(]?[0-9][0-9() -]*[0-9])|@\s*\+?[0-9]{5,}(?![0-9.])",
    re.DOTALL,
)
_SCHEME: Final = re.compile(r"(?:tel|sips?):\s*", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[;@].*", re.DOTALL)
_TRUNK_PREFIX: Final = re.compile(r"((?:\+|00)[0-9]{1,3})[ .-]?\(0\)[ .-]?")  # +49 (0)151
_SLASHED: Final = re.compile(r"[+0-9(][+0-9 ().-]*/[+0-9 ()./-]*")  # behind an area code it is gone by now
_GAP: Final = re.compile(r"[0-9)][ ().-]+(?=[(0-9])")
# The one gap that a beginning may have: behind the country code, or behind an area code with its trunk prefix.
_ONE_GAP: Final = re.compile(r"(?:\+|00)[0-9]{1,3}[ .-]\(?[0-9]+\)?|\(?0[0-9]{1,4}\)?[ .-]?[1-9][0-9]*\)?")
_SURELY_A_RANGE: Final = 5  # digits on each side of one hyphen: no plan groups its numbers so


class Spelt(NamedTuple):
    """One number, all that begin with some digits, or all between two; digits of any width are folded."""

    first: str  # the number, the beginning without its star, or the first of a range
    last: str = ""  # of a range
    prefix: bool = False


def read_spelling(text: str, home: str = "") -> Spelt:
    """`95588`, `95*` or `95500..95599`, in any spelling of their digits; bare ones are read in `home`.

    Of several countries one that writes a number so is enough: whose number it is nobody decides here.
    """
    try:
        return _spelling_in(text, decided(home))
    except SpellingFault as fault:
        for country in home.split() if " " in home else ():
            with suppress(SpellingFault):
                return _spelling_in(text, country)
        raise _well_advised(fault, without_separators(fold(text)).replace("/", ""), decided(home)) from fault.__cause__


def _spelling_in(text: str, country: str) -> Spelt:
    folded = without_slash(fold(text).strip().translate(_WIDE_BRACKETS), country)
    if _MINUS.match(folded):  # of a list of points, or what a formula left
        folded = folded.lstrip("".join(_HYPHENS)).lstrip()
    if _PLAIN.fullmatch(folded):
        return Spelt(folded)
    beside = _BESIDE.match(folded) or _BEHIND.search(folded)
    if beside or (";" in folded and not _PARAMETERS.fullmatch(folded)):
        what = f"{text!r} holds more than one number"
        raise SpellingFault(what, "write each by itself; in a file each on a line of its own")
    if _SLASHED.fullmatch(folded):
        whole = without_separators(folded).replace("/", "")
        raise SpellingFault(f"{text!r} could be several numbers", f"write each by itself; {whole} if it is one")
    user = _ADDRESS.sub("", _SCHEME.sub("", folded)).rstrip()
    if user and user != folded:  # what makes an address of it changes nothing in how its digits stand
        _checked(text, user, country)
    return _checked(text, folded, country)


def _checked(text: str, folded: str, country: str) -> Spelt:
    if "*" in folded:
        return _with_star(text, folded)
    if ".." in folded or "…" in folded:
        return _with_dots(text, folded, country)
    if not _HYPHENS.isdisjoint(folded) or _BETWEEN.search(folded):
        return _with_hyphen(text, folded, country)
    refuse_several(text, folded, country)
    return Spelt(folded)


def _well_advised(fault: SpellingFault, whole: str, country: str) -> SpellingFault:
    """The same, without the advice to write digits that would be refused next: 0445512345678 in Mexico."""
    if not fault.hint.endswith(f"{whole} if it is one"):
        return fault
    number = _read(whole, country, called=False)
    instead = ""
    try:
        refuse_spoilt(whole, whole, number, country)
    except SpoiltNumber as spoilt:
        instead = spoilt.hint.rpartition("write ")[2].partition(" or EXT:")[0]
    else:
        if number.kind is not NumberClass.IMPOSSIBLE:
            return fault
        now = could_be_now(number.canonical[1:])
        instead = f"+{now}" if now else ""
    apart = fault.hint.partition(";")[0]
    return SpellingFault(fault.what, f"{apart}; {instead} if it is one" if instead[:1] == "+" else apart)


def one_typed(text: str, home: str, *, called: bool = False) -> Number:
    """The one number that somebody typed; SpellingFault where it is a prefix, a range or could be one."""
    spelt = read_spelling(text, home)
    if spelt.prefix or spelt.last:
        sort = "prefix" if spelt.prefix else "range"
        raise SpellingFault(f"{text!r} is a {sort}, and one number belongs here", "write it whole")
    return surely_typed(spelt.first, home, called=called)


def surely_typed(text: str, home: str, *, called: bool = False) -> Number:
    """The number that somebody typed; SpoiltNumber where it lacks its 0 or its + and could be another one's."""
    number = read_typed(text, home, called=called)
    refuse_spoilt(text, text, number, home)
    return number


def _with_star(text: str, folded: str) -> Spelt:
    beginning = _TRUNK_PREFIX.sub(r"\1 ", folded.removesuffix("*"))
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
    if _GAP.search(beginning) and not _ONE_GAP.fullmatch(beginning.strip()):
        raise SpellingFault(f"{text!r} could be several numbers", f"write {digits}* if it is one beginning")
    return Spelt(beginning, prefix=True)


def _with_dots(text: str, folded: str, country: str) -> Spelt:
    first, dots, last = _cut(folded, r"\s*(?:\.{2,}|…+)\s*")
    if not last or not first:
        one = without_separators(first or last)
        raise SpellingFault(
            f"{text!r} is half a range", f"write {one}* for all that begin so, or both ends: 95500..95599"
        )
    if dots.strip() != ".." or not (_END.fullmatch(first) and _END.fullmatch(last)):
        raise SpellingFault(f"{text!r} is no range", _right(first, last))
    for end in (first, last):
        refuse_several(text, end, country)
    return Spelt(first, last)


def _with_hyphen(text: str, folded: str, country: str) -> Spelt:
    """One number with hyphens in it, if some plan has it and nobody could take it for a range."""
    first, _, last = _cut(folded, _BETWEEN.pattern)
    between = folded[len(first) : len(folded) - len(last)].strip()
    whole = without_separators(folded)
    if folded.rstrip()[-1:] in _HYPHENS and is_digits(whole.removeprefix("+")):
        raise SpellingFault(
            f"{text!r} ends in a hyphen", f"write {whole} for one number, {whole}* for all that begin so"
        )
    if not (_HYPHENS.issuperset(between) and between and last):
        if _END.fullmatch(first) and _END.fullmatch(last):
            raise SpellingFault(f"{text!r} is no range", _right(first, last))
        return Spelt(folded)  # words: whoever reads them says what they are not
    if not _END.fullmatch(last) or not _END.fullmatch(first):  # several hyphens
        if last[:1] == "+" or ":" in last:
            raise SpellingFault(f"{text!r} is no range", _right(first, last))
        refuse_several(text, folded, country)
        return Spelt(folded)
    one, two = _digits(first), _digits(last)
    if last[:1] == "+" or ":" in last or min(len(one), len(two)) >= _SURELY_A_RANGE <= len(one) == len(two):
        raise SpellingFault(f"{text!r} is no range", _right(first, last))
    like_a_range = one < two if len(one) == len(two) else len(one) > max(len(two), 3)
    known = read_number(folded, Trunk("", country=decided(country))).kind not in NO_NUMBER
    if like_a_range and (not known or makes_a_mailbox(first, folded, decided(country))):
        end = last if len(two) == len(one) else one[: len(one) - len(two)] + two
        raise SpellingFault(
            f"{text!r} could be a number or a range", f"write {whole} for one number, {first}..{end} for a range"
        )
    refuse_several(text, folded, country)
    return Spelt(folded)


def _cut(folded: str, sign: str) -> tuple[str, str, str]:
    """What stands before the first such sign, the sign, and what stands behind it."""
    found = re.search(sign, folded)
    return (folded[: found.start()], found[0], folded[found.end() :]) if found else (folded, "", "")


def _digits(end: str) -> str:
    return without_separators(end.rpartition(":")[2]).removeprefix("+")


def _right(first: str, last: str) -> str:
    return f"a range is written with two dots: {first.strip()}..{last.strip()}"
