"""Groups of digits that somebody typed: do they make one number, or are they several drawn together?

A blank where a comma was meant makes a number that nobody has, or another one's; then neither of those meant is on the
list. So whatever could be several is refused, and whoever means one writes its digits without anything between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
_SHORTEST_CODE: Final = 5  # 95588, 12345: with fewer digits groups begin as well
_LONGEST_ITEM: Final = 2
_ITEM: Final = re.compile(r"[1-9][0-9]{0,2}[.)]\s+[+(0-9]")  # of a list
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

    So are those of which at some gap one side is a number by itself: of two numbers, or of one and what counts it or
    what a PBX dials behind it, came a third.
    """
    groups = _GROUP.findall(folded)
    whole = without_separators(folded)
    together = len(groups) > 1 and _DIGITS_ALONE.fullmatch(whole) is not None
    decimal = _DECIMAL.fullmatch(folded) is not None
    if not together and not decimal:
        return
    plan = _plan(country)
    number = read_number(folded, plan)
    if together and _cuts_the_code(groups, whole, number):
        raise SpellingFault(
            f"{text!r} would be {number.canonical}, whose country code stands in two groups",
            f"write {number.canonical} if it is meant, else the number without what a PBX dials before it",
        )
    if together and _are_several(folded, groups, number, plan):
        raise SpellingFault(f"{text!r} could be several numbers", f"write each by itself; {whole} if it is one")
    if decimal and number.kind in NO_NUMBER:
        raise SpellingFault(f"{text!r} is a decimal number", "format the column as text, or put it in quotes")


def _plan(country: str) -> Trunk:
    return Trunk("", country=country, national=bool(country))


def _cuts_the_code(groups: list[str], whole: str, number: Number) -> bool:
    """Is it E.164, with a gap in the country code? So is a number of here behind the digit that a PBX dials out by."""
    digits = whole.removeprefix("+")
    return number.canonical == f"+{digits}" and len(groups[0]) < len(calling_code(digits))


def _are_several(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    long = sum(len(each) > 1 for each in groups) > 1  # of a number some people set a single digit apart
    if number.kind in NO_NUMBER:
        return (
            long or _is_counted(folded, groups, number, plan) or any(_is_number(head, plan) for head in _heads(groups))
        )
    if _goes_on_behind(groups, plan) or _is_counted(folded, groups, number, plan):
        return True
    return long and _make_a_third(folded, groups, number, plan)


def _heads(groups: list[str]) -> Iterator[str]:
    """What stands before each gap."""
    return ("".join(groups[:at]) for at in range(1, len(groups)))


def _make_a_third(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Are the groups two numbers, which together read as another one?"""
    if len(_BRACKETS.findall(folded)) > 1 or _drops_a_number(folded, groups, number, plan):
        return True
    if number.canonical[:1] != "+":
        short = sum(map(len, groups)) < SHORTEST_GUESS
        return short and all(read_number(each, plan).kind in _SHORT for each in groups)
    code, trunk_prefix = codes_of(number.region)
    inside = _within_the_country(folded, groups, number, code)
    if _begins_anew(inside, code, trunk_prefix, _plan(number.region)):
        return True
    spelt_out = folded.startswith("+") or groups[0].startswith("0")
    return not spelt_out and _makes_two_of_here(groups, number, plan)


def _drops_a_number(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Are groups left out before it that are a number by themselves, as if they chose a carrier?"""
    code, kept = "", number.canonical.partition(":")[2]
    if not kept:
        code = calling_code(number.canonical[1:])
        kept = number.canonical[1 + len(code) :]
    digits = "".join(groups)
    if not digits.endswith(kept):
        return False
    left_out = len(digits) - len(kept)
    abroad = code if folded.startswith("+") else ""
    return any(len(head) <= left_out and head != abroad and _is_number(head, plan) for head in _heads(groups))


def _goes_on_behind(groups: list[str], plan: Trunk) -> bool:
    """Is it a number of the plan's own, such as 96345, with an extension behind it, which makes another one's?"""
    return any(len(head) >= _SHORTEST_CODE and _is_short(head, plan) for head in _heads(groups))


def _is_counted(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Is it the line of a list, with its number before it: ``1. 13800138101``?"""
    if _ITEM.match(folded):
        return True
    code, trunk_prefix = codes_of(plan.country)
    first = groups[0]
    if not trunk_prefix or folded.startswith("+") or len(first) > _LONGEST_ITEM or first[0] == "0":
        return False
    abroad = number.canonical == "+" + "".join(groups) and first == calling_code(number.canonical[1:])
    return first not in (trunk_prefix, code) and not abroad and _is_number("".join(groups[1:]), plan)


def _within_the_country(folded: str, groups: list[str], number: Number, code: str) -> list[str]:
    """The groups without the country code, where they begin with it."""
    digits = "".join(groups)
    if digits.startswith(f"00{code}") and not folded.startswith("+"):
        gone = 2 + len(code)
    elif folded.startswith("+") or number.canonical == f"+{digits}":
        gone = len(code)
    else:
        return groups
    found = []
    for group in groups:
        found.append(group[gone:])
        gone = max(gone - len(group), 0)
    return [group for group in found if group]


def _begins_anew(groups: list[str], code: str, trunk_prefix: str, there: Trunk) -> bool:
    """Does an area code or a country's stand in their midst, with a number on either side? Or are both short ones?"""
    for at in range(1, len(groups)):
        first, then = "".join(groups[:at]), groups[at:]
        if _is_short(first, there) and _is_short("".join(then), there):
            return True
        if not _is_number(first if first.startswith(trunk_prefix) else trunk_prefix + first, there):
            continue
        if any(_is_number(spelt, there) for spelt in _dialled_anew(groups[0], then, code, trunk_prefix, there)):
            return True
    return False


def _dialled_anew(area: str, groups: list[str], code: str, trunk_prefix: str, there: Trunk) -> Iterator[str]:
    """What these groups would be as a number by themselves, within the country."""
    begins, digits = groups[0], "".join(groups)
    bare = area.removeprefix(trunk_prefix)
    if begins in (area, bare):
        yield digits if begins.startswith(trunk_prefix) else trunk_prefix + digits
    elif begins == trunk_prefix or (
        begins.startswith(trunk_prefix or "0") and _may_begin_a_number(groups, digits, there)
    ):
        yield digits
    for abroad in (code, f"00{code}"):
        if digits.startswith(abroad) and (begins == abroad or abroad[0] == "0"):
            yield trunk_prefix + digits.removeprefix(abroad)


def _may_begin_a_number(groups: list[str], digits: str, there: Trunk) -> bool:
    """Is its area code whole in the first group? Of digits in pairs, as in 12 03 45 67, none begins with one."""
    number = read_number(digits, there)
    if number.canonical[:1] != "+":
        return False
    area = phonenumbers.length_of_national_destination_code(phonenumbers.parse(number.canonical))
    return len(groups[0]) > (area or 2) or any(len(group) > 2 for group in groups)


def _is_number(spelt: str, there: Trunk) -> bool:
    return read_number(spelt, there).kind not in NO_NUMBER


def _is_short(spelt: str, there: Trunk) -> bool:
    number = read_number(spelt, there)
    return number.canonical[:1] != "+" and number.kind not in NO_NUMBER


def _makes_two_of_here(groups: list[str], number: Number, plan: Trunk) -> bool:
    """Where numbers have no area code: do they begin anew, or make a number of another country of two of this one?"""
    code, _ = codes_of(plan.country)
    if not code:
        return False
    foreign = calling_code(number.canonical[1:])
    if foreign != code and groups[0] != foreign:
        return True  # nobody cuts a country code so: 118 218 118 008 are two of France and none of North America
    return any(
        all(
            read_number(part, plan).canonical == f"+{code}{part}"
            for part in ("".join(groups[:at]), "".join(groups[at:]))
        )
        for at in range(1, len(groups))
        if foreign != code or groups[at] == groups[0]
    )
