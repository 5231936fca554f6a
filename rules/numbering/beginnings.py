"""The beginning of numbers that somebody typed, judged by how whole numbers that begin so are read.

Trunk prefixes, old ones (8 in Lithuania), carriers (0 21 in Brazil) and what a plan turns about (0 11 15 in Argentina)
stand before numbers that one person writes in full. So the digits are completed to whole numbers of the plan, which the
one reader reads, and the entry has to cover what these are. Where they are several things, or none, it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from itertools import product, takewhile
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from rules.model import NumberClass
from rules.numbering.numbers import read_in_plan
from rules.numbering.plan_table import LONGEST_E164, calling_code, codes_of, international_prefix, plan_of
from rules.numbering.prefixes import canonical_prefix
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.texts.bad_value import BadValue

_NO_WHOLE_NUMBER: Final = frozenset(
    (NumberClass.IMPOSSIBLE, NumberClass.MALFORMED, NumberClass.NAME, NumberClass.EXTENSION, NumberClass.EMERGENCY)
)
_LINES: Final = frozenset((NumberClass.FIXED, NumberClass.MOBILE))
_LONGEST_DIALLED: Final = LONGEST_E164 + 4  # with what is dialled before it
_AREA_OF_NORTH_AMERICA: Final = 3  # digits, which everybody there writes without anything before them
_MOST_REGIONS: Final = 8  # of a country code: the examples of these are enough
_MOST_TOLD: Final = 3
_DEEPEST: Final = 3  # digits that an international prefix may have more than 00


class LongerThanAny(BadValue):
    """A beginning within a plan of ours that is longer than whatever begins so there."""

    def __init__(self, what: str, hint: str, beginning: str) -> None:
        super().__init__(what, hint)
        self.beginning = beginning


class _Read(NamedTuple):
    """What the whole numbers that begin with some digits are."""

    beginnings: frozenset[str]  # in which their canonical forms begin
    lines: bool  # are all of them lines or mobiles, whose 0 in front a spreadsheet may have dropped?
    turned: str  # in which those begin that the plan writes in another order; nothing where there are none


@lru_cache(maxsize=20_000)
def beginning_typed(text: str, country: str, *, surely: bool = False) -> str:
    """The beginning of canonical numbers, as `canonical_prefix` writes it; ValueError says what to write instead.

    ``surely``: the author named the country, so that no other is meant.
    """
    country = country.upper()
    digits = without_separators(fold(text).strip().removesuffix("*").removeprefix("tel:"))
    if not is_digits(digits.removeprefix("+")) or not digits.strip("+0"):
        return canonical_prefix(text, country)  # or the reason why it is none
    if digits[0] == "+":
        return of_some_number(text, _of_the_world(text, country))
    if digits[0] == "0" and _ends_within_an_international_prefix(digits, country):
        raise BadValue(
            f"{text!r} ends within what is dialled before a country code in {country}", f"write +{digits.lstrip('0')}"
        )
    _refuse_two_abroad(text, digits, country)
    if not codes_of(country)[0] or plan_of(country) is not None:
        return _in_own_plan(text, digits, country, surely)
    return _national(text, digits, country, surely)


def of_some_number(text: str, beginning: str) -> str:
    """The beginning; ValueError where it is one within a plan of ours, longer than whatever begins so: CN:100861."""
    country, colon, digits = beginning.partition(":")
    plan = plan_of(country) if colon else None
    if plan is None or digits[:2] in ("95", "96"):  # of these numbers come in any length
        return beginning
    rows = [row for each in plan.rows.values() for row in each if row.inside]
    lengths = [max(row.lengths) for row in rows if digits.startswith(row.prefix) or row.prefix.startswith(digits)]
    if len(digits) > max(lengths, default=0):
        hint = f"the numbers that it could mean have {max(lengths)} digits at most" if lengths else ""
        raise LongerThanAny(f"{text!r} begins no number of {country}", hint, beginning)
    return beginning


def _is_abroad(digits: str, country: str) -> bool:
    """Does it begin with an international prefix, with something behind?"""
    prefix = international_prefix(country)
    dialled = prefix.match(digits) if prefix else None
    return digits[:2] == "00" or (dialled is not None and dialled.end() < len(digits))


def _refuse_two_abroad(text: str, digits: str, country: str) -> None:
    """Behind the prefix of here it begins other numbers than behind 00: 0011 507200* in Australia."""
    prefix = international_prefix(country)
    dialled = prefix.match(digits) if prefix and digits[:2] == "00" else None
    if dialled is None or not 2 < dialled.end() < len(digits):
        return
    own, other = (_spelt_out(rest) if rest[0] != "0" else frozenset() for rest in (digits[dialled.end() :], digits[2:]))
    if own and other and own != other:
        raise _several(text, own | other)


@cache
def _ends_within_an_international_prefix(digits: str, country: str) -> bool:
    prefix = international_prefix(country)
    if prefix is None or len(digits) > _DEEPEST + 2:
        return False
    more = ("".join(each) for count in range(_DEEPEST + 1) for each in product("0123456789", repeat=count))
    return any((found := prefix.match(digits + each)) and found.end() >= len(digits) + len(each) for each in more)


def _of_the_world(text: str, country: str) -> str:
    """With its country code, or of a plan of ours: as it is spelt, unless whole numbers that begin so begin otherwise.

    Numbers that no plan has are called from, too: where none begins so, it stands as it is spelt.
    """
    spelt = canonical_prefix(text, country)
    typed = without_separators(fold(text).strip().removesuffix("*").removeprefix("tel:"))
    if spelt[0] != "+":
        return spelt
    digits = typed[1:] if typed[0] == "+" else spelt[1:]
    code = calling_code(digits)
    region = phonenumbers.region_code_for_country_code(int(code or 0))
    if plan := plan_of(region):
        within = typed.removeprefix("+").removeprefix("00").removeprefix(code)
        if typed[0] in "+0" and within != typed and within[:1] == plan.trunk_prefix:  # +86 (0)1 may be (0)10
            try:
                return canonical_prefix(within, region)
            except BadValue as error:
                raise BadValue(f"{text!r} could mean several things", error.hint or f"write +{code}") from error
        return spelt
    found = _spelt_out(digits)
    if f"+{digits}" in found:
        return f"+{digits}"
    if len(found) > 1:
        raise _several(text, found)
    return next(iter(found), spelt)


@lru_cache(maxsize=20_000)
def _spelt_out(digits: str) -> frozenset[str]:
    """What numbers are that begin with these digits behind a plus; that alone, where it is among them."""
    code = calling_code(digits)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0), ())[:_MOST_REGIONS]
    found: set[str] = set()
    for ending in _endings(regions, len(digits)):
        whole, _ = _read("+" + digits + ending, "")
        beginning = whole.removesuffix(ending) if whole.endswith(ending) else ""
        if beginning == f"+{digits}":
            return frozenset((beginning,))
        if len(beginning) > 1 and beginning != f"+{code}":
            found.add(beginning)
    return frozenset(found)


def _in_own_plan(text: str, digits: str, country: str, surely: bool) -> str:
    """In a plan of ours, whose table says what begins so; it does not know of carriers and other countries."""
    plan = plan_of(country)
    area = plan.area(digits) if plan else ""
    within = bool(plan and surely and area and area == calling_code(digits))  # CN:855 is Kaili
    spelt = _of_the_world(f"{codes_of(country)[1]}{digits}" if within else text, country)
    spelt = of_some_number(text, spelt)
    if plan is None or _is_abroad(digits, country):
        return spelt
    metadata = PhoneMetadata.metadata_for_region(country)
    dialled = metadata.national_prefix_for_parsing if metadata else None
    carrier = re.match(dialled, digits) if dialled else None
    if carrier and carrier.lastindex and carrier[1] and carrier.end() < len(digits):  # 17951 in China
        both = {f"+{plan.calling_code}{digits}", f"+{plan.calling_code}{digits[carrier.end() :]}"}
        raise _several(text, both)
    bare = f"+{digits}"
    if (
        area
        and not surely
        and spelt == f"+{plan.calling_code}{digits}"
        and bare in _whole_numbers(digits, country).beginnings
    ):
        raise _several(text, {spelt, bare})
    return spelt


def _national(text: str, digits: str, country: str, surely: bool) -> str:
    code, trunk_prefix = codes_of(country)
    read = _whole_numbers(digits, country)
    here = frozenset(each for each in read.beginnings if each.startswith(f"+{code}"))
    abroad = read.beginnings - here
    lacks_a_zero = trunk_prefix == "0" != digits[0] and read.lines
    zeroed = _with_a_zero(digits, country)
    here |= zeroed
    if trunk_prefix == code == digits[0] and f"+{digits}" in here:  # 1 246 is Barbados, and never its 246
        return f"+{digits}"
    if here and f"+{digits}" in _spelt_out(digits):
        if digits.startswith(code):  # 49151 is a mobile without its +, and Leer's 0491 without its 0
            here |= {f"+{digits}"}
        elif lacks_a_zero or zeroed:  # 30 is Berlin without its 0, and Greece
            abroad |= {f"+{digits}"}
    if read.turned and read.beginnings:
        raise _several(text, {*read.beginnings, read.turned})
    if here and abroad and (surely or not (zeroed or _could_be_abroad(digits, country))):
        abroad = frozenset()
    if len(here | abroad) > 1:
        raise _several(text, {*here, *abroad}, first=f"+{digits}" if digits.startswith(code) else "")
    if here or abroad:
        return next(iter(here or abroad))
    if _is_abroad(digits, country):
        return _of_the_world(text, country)
    if digits in (code, "0" + code):
        raise BadValue(f"{text!r} begins no number of {country}", f"write +{code} if all of its numbers are meant")
    raise BadValue(
        f"{text!r} begins no number of {country}",
        f"write +{digits.lstrip('0')} for another country, EXT:{digits} for extensions",
    )


def _with_a_zero(digits: str, country: str) -> frozenset[str]:
    """What they begin with a 0 in front, where it is part of the number (061 is Rome) or of what is dialled (06)."""
    code, trunk_prefix = codes_of(country)
    if digits[0] == "0":
        return frozenset()
    found = _whole_numbers(f"0{digits}", country).beginnings
    dialled = trunk_prefix[:1] == "0" != trunk_prefix
    return frozenset(each for each in found if each == f"+{code}0{digits}" or (dialled and each.startswith(f"+{code}")))


def _could_be_abroad(digits: str, country: str) -> bool:
    """Could the digits, which begin numbers of here, be written for those of another country without its + as well?

    A spreadsheet takes the + away, or the 0 in front. Where neither stands before numbers, they are of here.
    """
    code, trunk_prefix = codes_of(country)
    if code == "1" and digits[:2] != "01":
        return len(digits) < _AREA_OF_NORTH_AMERICA
    if trunk_prefix == "0" or digits[0] == "0":
        return digits[0] != "0" or _is_abroad(digits, country)
    return digits == calling_code(digits) or bool(trunk_prefix and digits.startswith(trunk_prefix))


@lru_cache(maxsize=20_000)
def _whole_numbers(digits: str, country: str) -> _Read:
    """What numbers that begin so are, in the plan of a country."""
    found: set[str] = set()
    turned, lines = "", True
    metadata = PhoneMetadata.metadata_for_region(country)
    rule = (metadata.national_prefix_transform_rule or "") if metadata else ""
    code = codes_of(country)[0]
    for ending in _endings((country,), len(digits)):
        whole, kind = _read(digits + ending, country)
        kept = whole.removesuffix(ending) if whole.endswith(ending) else ""
        if len(kept) > 1 and (kept.startswith(f"+{code}") or digits.endswith(kept[1:])):
            found.add(kept)
            lines = lines and kind in _LINES
        elif whole.startswith(f"+{code}") and rule[:1].isdigit():  # 0 11 15 becomes 9 11
            head = whole[: len(whole) - len(_begun_alike(whole[::-1], ending[::-1]))]
            turned = _begun_alike(turned, head) if turned else head
    return _Read(frozenset(found - {f"+{code}"}), lines, turned)


def _begun_alike(one: str, other: str) -> str:
    """What both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(first for first, _ in same)


def _read(spelt: str, country: str) -> tuple[str, NumberClass]:
    """The canonical form of a whole number that some plan has, else nothing; and its class."""
    canonical, kind, *_ = read_in_plan(spelt, country, bool(country), "", False)
    return canonical if kind not in _NO_WHOLE_NUMBER and canonical[:1] == "+" else "", kind


@lru_cache(maxsize=4_000)
def _endings(regions: tuple[str, ...], begun: int) -> tuple[str, ...]:
    """What whole numbers may end in that begin with so many digits: ends of examples, and digits of all sorts."""
    found: dict[str, None] = {}
    wholes = [whole for region in regions for whole in _examples(region)]
    for count in range(max(_LONGEST_DIALLED - begun, 0) + 1):
        found |= dict.fromkeys(whole[len(whole) - count :] for whole in wholes if len(whole) >= count)
        found |= dict.fromkeys(each * count for each in "0123456789")
    return tuple(found)


@cache
def _examples(region: str) -> tuple[str, ...]:
    """Numbers of a plan, without its code and as they are written there."""
    found: dict[str, None] = {}
    for sort in range(11):
        example = phonenumbers.example_number_for_type(region, sort)
        if example is not None:
            found[phonenumbers.national_significant_number(example)] = None
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
            found["".join(filter(str.isdigit, written))] = None
    return tuple(found)


def _several(text: str, beginnings: AbstractSet[str], *, first: str = "") -> BadValue:
    told = sorted(beginnings, key=lambda each: (each != first, each))[:_MOST_TOLD]
    written = ", ".join(told[:-1]) + f" or {told[-1]}"
    return BadValue(f"{text!r} could mean numbers that begin with {written}", f"write {written}")
