"""Groups of digits that somebody typed: do they make one number, or are they several drawn together?

A blank where a comma was meant makes a number that nobody has, or another one's; then neither of those meant is on the
list. So whatever could be several is refused, and whoever means one writes its digits without anything between them.
"""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from rules.model import Number, NumberClass, Trunk
from rules.numbering.numbers import SHORTEST_GUESS, read_number
from rules.numbering.plan_table import calling_code, codes_of
from rules.numbering.spelling import without_separators
from rules.texts.bad_value import BadValue

NO_NUMBER: Final = frozenset(
    (NumberClass.CN_9_ODD, NumberClass.IMPOSSIBLE, NumberClass.MALFORMED, NumberClass.NAME, NumberClass.EXTENSION)
)
# What a PBX or a network has in few digits, and what has them in no plan.
_SHORT: Final = frozenset((NumberClass.EXTENSION, NumberClass.SERVICE, NumberClass.EMERGENCY))
_GROUP: Final = re.compile(r"[0-9]+")
_DIGITS_ALONE: Final = re.compile(r"(?:[A-Za-z]{2,3}:)?\+?[0-9]+")  # once what people write between them is out
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]{1,2}")
_BRACKETS: Final = re.compile(r"\([0-9]{2,}\)")
_SLASH: Final = re.compile(r"([+0-9 ().-]*[0-9)])\s*/\s*([0-9][0-9 .-]*)")


class SpellingFault(BadValue):
    """A text that could mean several things."""


def without_slash(folded: str, country: str) -> str:
    """The text with a blank for the slash behind an area code, as Germans write it: ``089/1234567``.

    As it is where anything else stands before the slash: there it is between two numbers.
    """
    found = _SLASH.fullmatch(folded) if "/" in folded else None
    if found is None:
        return folded
    before = without_separators(found[1])
    number = read_number(before + without_separators(found[2]), _plan(country))
    if number.kind in NO_NUMBER or number.canonical[:1] != "+":
        return folded
    parsed = phonenumbers.parse(number.canonical)
    area = phonenumbers.national_significant_number(parsed)[: phonenumbers.length_of_national_destination_code(parsed)]
    code, trunk_prefix = codes_of(number.region)
    spelt = {f"+{code}{area}", f"00{code}{area}", trunk_prefix + area}
    if trunk_prefix:
        spelt |= {f"+{code}{trunk_prefix}{area}", f"00{code}{trunk_prefix}{area}"}
    # In Italy the 0 belongs to the area code; without any what stands there might be a number by itself.
    dialled = before[:1] in "+0"
    return f"{found[1]} {found[2]}" if area and dialled and before in spelt else folded


def refuse_several(text: str, folded: str, country: str) -> None:
    """Groups of digits that make no number of any plan are several numbers, or one that a table has spoilt.

    So are those that begin anew in their midst: where numbers have no fixed length, two may make a third.
    """
    groups = _GROUP.findall(folded)
    whole = without_separators(folded)
    together = len(groups) > 1 and _DIGITS_ALONE.fullmatch(whole) is not None
    several = together and sum(len(each) > 1 for each in groups) > 1
    if not together and not _DECIMAL.fullmatch(folded):
        return
    plan = _plan(country)
    number = read_number(folded, plan)
    if together and _cuts_the_code(groups, whole, number):
        raise SpellingFault(
            f"{text!r} would be {number.canonical}, whose country code stands in two groups",
            f"write {number.canonical} if it is meant, else the number without what a PBX dials before it",
        )
    if not several and not _DECIMAL.fullmatch(folded):
        return
    if number.kind not in NO_NUMBER and not (several and _could_be_several(folded, groups, number, plan)):
        return
    if not several:
        raise SpellingFault(f"{text!r} is a decimal number", "format the column as text, or put it in quotes")
    raise SpellingFault(
        f"{text!r} could be several numbers",
        f"write each by itself; {whole} if it is one",
    )


def _plan(country: str) -> Trunk:
    return Trunk("", country=country, national=bool(country))


def _cuts_the_code(groups: list[str], whole: str, number: Number) -> bool:
    """Is it E.164, with a gap in the country code? So is a number of here behind the digit that a PBX dials out by."""
    digits = whole.removeprefix("+")
    return number.canonical == f"+{digits}" and len(groups[0]) < len(calling_code(digits))


def _could_be_several(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    if len(_BRACKETS.findall(folded)) > 1:
        return True
    if number.canonical[:1] != "+":
        short = sum(map(len, groups)) < SHORTEST_GUESS
        return short and all(read_number(each, plan).kind in _SHORT for each in groups)
    if folded.startswith("+") or groups[0].startswith("0"):
        return _begins_anew(folded, groups, plan)
    return _makes_two_of_here(groups, number, plan)


def _begins_anew(folded: str, groups: list[str], plan: Trunk) -> bool:
    """Does an area code, or a country's, stand there again, and is what stands on either side a number by itself?"""
    plus = "+" if folded.startswith("+") else ""
    again = (f"00{groups[0]}", f"0{groups[1]}") if plus else (groups[0],)
    return any(
        all(
            read_number(part, plan).kind not in NO_NUMBER
            for part in (plus + "".join(groups[:at]), "".join(groups[at:]))
        )
        for at in range(2, len(groups))
        if groups[at] in again
    )


def _makes_two_of_here(groups: list[str], number: Number, plan: Trunk) -> bool:
    """Where numbers have no area code: do they begin anew, or make a number of another country of two of this one?"""
    code, _ = codes_of(plan.country)
    if not code:
        return False
    foreign = not number.canonical.startswith(f"+{code}")
    return any(
        all(
            read_number(part, plan).canonical == f"+{code}{part}"
            for part in ("".join(groups[:at]), "".join(groups[at:]))
        )
        for at in range(1, len(groups))
        if foreign or groups[at] == groups[0]
    )
