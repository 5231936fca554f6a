"""Whole numbers that lost what stands in front of them, a 0 or the + before a country code, or a digit.

Spreadsheets drop both signs. What is left may be read as a number of somebody else's, or as an extension.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import phonenumbers

from rules.model import Number, NumberClass, Trunk
from rules.numbering.numbers import SHORTEST_GUESS, read_number, without_address
from rules.numbering.old_spellings import as_written_now, could_be_now
from rules.numbering.plan_table import codes_of, plan_of
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.texts.bad_value import BadValue

_LINES: Final = frozenset((NumberClass.FIXED, NumberClass.MOBILE))
_NO_NUMBER: Final = frozenset((NumberClass.IMPOSSIBLE, NumberClass.MALFORMED, NumberClass.EXTENSION))
_OF_A_PLAN: Final = re.compile(r"([A-Za-z]{2}):([0-9]+)")
_LONGEST_DIALLED: Final = 3  # digits that were dialled before numbers once: 01, 044 and 045 in Mexico
_SHORTEST_DIALLED: Final = 8  # digits: of those that begin with a 0 no extension has so many
_DIALS_OUT: Final = ("8", "9")  # what a PBX takes for an outside line, where no number of the country begins with it
_BEHIND: Final = re.compile(r"([0-9]{7,})[*#][0-9*#]*")
_FIRST_GROUP: Final = re.compile(r"\(?([1-9][0-9]{0,2})(?:\)[ .-]*|[ .-]+)[0-9]")
_NO_EXTENSION: Final = 9  # digits: longer than the numbers that are dialled within an area


class SpoiltNumber(BadValue):
    """Digits that lack a 0 or a + in front, or have before them what was dialled once."""

    def __init__(self, text: str, digits: str, readings: tuple[str, ...]) -> None:
        could = " or ".join(readings)
        if digits[0] == "0":
            super().__init__(f"{text!r} is no number of any plan as it stands", f"write {could}")
            self.name = "old-prefix"
            return
        hint = f"format the column as text, export again, or write {could}"
        sign = "0 or the +" if len(readings) > 1 else "0"
        super().__init__(f"{text!r} lacks the {sign} in front, which spreadsheets drop", hint)
        self.name = "lost-zero"


class NoExtension(SpoiltNumber):
    """So many digits that no plan has, and that nobody said to be an extension."""

    def __init__(self, text: str, digits: str, now: str) -> None:
        hint = f"write +{now}" if now else f"write it with + and its country code, or EXT:{digits} for an extension"
        BadValue.__init__(self, f"{text!r} is no number of any plan as it stands; was a digit lost?", hint)
        self.name = "not-a-number"
        self.otherwise = "" if now else f"EXT:{digits}"  # what it is for whoever numbers his people so


class DialledBehind(SpoiltNumber):
    """A whole number and what a PBX dials behind it: 13800138000#12."""

    def __init__(self, text: str, whole: str, otherwise: str) -> None:
        BadValue.__init__(self, f"{text!r} has something behind a whole number", f"write {whole} or {otherwise}")
        self.name = "not-a-number"


class BehindLine(SpoiltNumber):
    """A number of here behind the digit by which a PBX dials out, which is another country's, or none, as it stands."""

    def __init__(self, text: str, digit: str, here: str, otherwise: str) -> None:
        what = f"{text!r} could be {here} behind the {digit} that a PBX dials out by"
        BadValue.__init__(self, what, f"write {here} or {otherwise}")
        self.name = "outside-line"


class GroupedAbroad(SpoiltNumber):
    """A number of here whose digits are grouped as one of another country that lost its +: 43 1 5883000 in the USA."""

    def __init__(self, text: str, here: str, there: str) -> None:
        BadValue.__init__(self, f"{text!r} is grouped as {there} without its +", f"write {there} or {here}")
        self.name = "lost-zero"


def refuse_spoilt(text: str, spelt: str, number: Number, home: str, *, fewest: int = 2) -> None:
    """SpoiltNumber where the digits could mean so many things: by one alone nobody else is meant.

    ``spelt`` is the number within the text. ``home``: the country, or all that read ``number`` alike
    (rules/numbering/typed.py).
    """
    folded = fold(spelt).strip()
    inside = _OF_A_PLAN.fullmatch(folded)
    if inside and (number.canonical[:1] == "+" or _is_of_no_plan(number)):  # DE:4915123456789, MX:0445512345678
        home, folded, fewest = inside[1].upper(), inside[2], 2
    if not inside:
        folded = without_address(folded)
    digits = without_separators(folded)
    for country in home.split():
        readings = spoilt_readings(folded, number, country)
        if len(readings) >= fewest:
            raise SpoiltNumber(text, digits, readings)
    for country in home.split():
        if there := _grouped_abroad(folded, digits, number, country):
            raise GroupedAbroad(text, number.canonical, there)
    for country in home.split():
        grouped = folded[:2].isdigit() and folded[2:3] in (" ", "-", ".")  # 91 98765 43210
        if not grouped and (here := _behind_a_line(digits, number, country)):
            raise BehindLine(text, digits[0], here, number.canonical)
    if behind := _BEHIND.fullmatch(digits) if number.kind is NumberClass.EXTENSION else None:
        for country in home.split():
            if (whole := _read(behind[1], country)).kind not in _NO_NUMBER:
                raise DialledBehind(text, whole.canonical, number.canonical)
    if home and is_digits(digits) and _is_of_no_plan(number):
        now = next((found for country in home.split() if (found := _written_now(digits, country))), "")
        if now or len(digits) >= (_NO_EXTENSION if digits[0] != "0" else _SHORTEST_DIALLED):
            raise NoExtension(text, digits, now)


def _grouped_abroad(folded: str, digits: str, number: Number, country: str) -> str:
    """The number of another country whose code stands there as a group by itself, where nobody here groups so."""
    first = _FIRST_GROUP.match(folded)
    code, _ = codes_of(country)
    if first is None or not code or number.canonical != f"+{code}{digits}" or not _is_valid(digits):
        return ""
    if phonenumbers.parse(f"+{digits}").country_code != int(first[1]):
        return ""
    here = phonenumbers.format_number(phonenumbers.parse(number.canonical), phonenumbers.PhoneNumberFormat.NATIONAL)
    own = _FIRST_GROUP.match(here.lstrip("(0"))
    return "" if own is not None and own[1] == first[1] else f"+{digits}"


def _behind_a_line(digits: str, number: Number, country: str) -> str:
    """What of the country stands behind a 9 or an 8, where the digits are none of it: 91 212... is India's."""
    code, trunk_prefix = codes_of(country)
    if digits[:1] not in _DIALS_OUT or digits[0] == trunk_prefix or digits.startswith(code) or not is_digits(digits):
        return ""
    if len(digits) < _NO_EXTENSION:
        return ""
    if not (_is_of_no_plan(number) or number.canonical == f"+{digits}"):
        return ""
    here = _read(digits[1:], country)
    if here.kind not in _LINES or not here.canonical.startswith(f"+{code}"):
        return ""
    known = phonenumbers.is_valid_number(phonenumbers.parse(here.canonical)) or plan_of(country) is not None
    return here.canonical if known else ""


def _written_now(digits: str, country: str) -> str:
    """What the digits may be that were a number before the plan changed."""
    code, trunk_prefix = codes_of(country)
    for each in (digits, code + digits.removeprefix(trunk_prefix)) if code else ():
        if now := as_written_now(each) or could_be_now(each):
            return now
    return ""


def _is_of_no_plan(number: Number) -> bool:
    """Are the digits an extension, or of a plan that we have no table of and that the library does not know?"""
    if number.kind is NumberClass.OTHER:
        return number.canonical[:1] != "+" and plan_of(number.region) is None
    return number.kind is NumberClass.EXTENSION


def spoilt_readings(folded: str, number: Number, country: str) -> tuple[str, ...]:
    """What a number of digits alone could be that lacks its 0, or its +; nothing where none seems to be missing.

    ``number`` is how it is read in the plan of ``country``; the likeliest reading comes first.
    """
    digits = without_separators(folded)
    if not country or not is_digits(digits):
        return ()
    if digits[0] == "0":
        return _behind_an_old_prefix(digits, number, country)
    code, trunk_prefix = codes_of(country)
    found: list[str] = []
    if _lacks_its_trunk_prefix(digits, number, country):
        found.append(number.canonical)
    with_a_zero = "" if _is_whole(digits, number, country) else _with_its_zero(digits, country)
    if with_a_zero:
        if number.kind is NumberClass.EXTENSION and len(digits) < SHORTEST_GUESS:
            return ()  # of a PBX
        found += [number.canonical, with_a_zero] if number.kind in _LINES else [with_a_zero, number.canonical]
    if found and f"+{digits}" not in found and _is_valid(digits):
        found.insert(0 if digits.startswith(code) or not trunk_prefix else len(found), f"+{digits}")
    return tuple(dict.fromkeys(found))


def _lacks_its_trunk_prefix(digits: str, number: Number, country: str) -> bool:
    """Is it a national number of a plan that writes a 0 in front of it? Mobiles of Colombia have none."""
    code, trunk_prefix = codes_of(country)
    # Mobile numbers of China have no trunk prefix; those of the table's own plan are settled by it.
    prefixed = number.kind not in _NO_NUMBER and (number.kind is not NumberClass.MOBILE or country != "CN")
    if trunk_prefix != "0" or not prefixed or number.canonical != f"+{code}{digits}":
        return False
    parsed = phonenumbers.parse(number.canonical)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL).strip("( ")[:1] == "0"


def _with_its_zero(digits: str, country: str) -> str:
    """The line that it is with a 0 in front, which is part of the number (Italy) or of what is dialled (06 in Hungary).

    Nothing where the 0 is the trunk prefix: then it is read as this line without it as well.
    """
    code, trunk_prefix = codes_of(country)
    number = _read(f"0{digits}", country)
    here = number.kind in _LINES and number.canonical.startswith(f"+{code}")
    kept = number.canonical == f"+{code}0{digits}"
    return number.canonical if here and (kept or trunk_prefix[:1] == "0" != trunk_prefix) else ""


def _is_whole(digits: str, number: Number, country: str) -> bool:
    """Is it a number of the country as it stands, as long as they usually are? With a 0 a mobile of Italy is a line."""
    code, _ = codes_of(country)
    if number.canonical[:1] != "+":
        return number.kind is not NumberClass.EXTENSION
    if number.kind in _NO_NUMBER or not number.canonical.startswith(f"+{code}"):
        return False
    return number.canonical != f"+{code}{digits}" or len(digits) in _usual_lengths(country) or number.kind not in _LINES


@cache
def _usual_lengths(country: str) -> frozenset[int]:
    examples = (phonenumbers.example_number_for_type(country, sort) for sort in (0, 1))
    return frozenset(len(phonenumbers.national_significant_number(each)) for each in examples if each is not None)


def _behind_an_old_prefix(digits: str, number: Number, country: str) -> tuple[str, ...]:
    """What an extension of so many digits would be without the digits that were dialled before it."""
    if not _is_of_no_plan(number) or len(digits) < _SHORTEST_DIALLED:
        return ()
    code, _ = codes_of(country)
    for count in range(1, _LONGEST_DIALLED + 1):
        known = _read(digits[count:], country)
        if known.kind not in _NO_NUMBER and known.canonical.startswith(f"+{code}"):
            return known.canonical, f"EXT:{digits}"
    return ()


def _is_valid(digits: str) -> bool:
    return _read(f"+{digits}", "").kind not in _NO_NUMBER


def _read(spelt: str, country: str) -> Number:
    return read_number(spelt, Trunk("", country=country, national=bool(country)))
