"""Groups of digits that somebody typed: do they make one number, or are they several drawn together?

A blank where a comma was meant makes a number that nobody has, or another one's; then neither of those meant is on the
list. So whatever could be several is refused, and whoever means one writes its digits without anything between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from rules.model import Number, NumberClass, Trunk
from rules.numbering import north_america
from rules.numbering.numbers import SHORTEST_GUESS, read_number
from rules.numbering.plan_table import calling_code, codes_of
from rules.numbering.spelling import without_separators
from rules.texts.bad_value import BadValue

NO_NUMBER: Final = frozenset(
    (NumberClass.CN_9_ODD, NumberClass.IMPOSSIBLE, NumberClass.MALFORMED, NumberClass.NAME, NumberClass.EXTENSION)
)
# What a PBX or a network has in few digits, and what has them in no plan.
_SHORT: Final = frozenset((NumberClass.EXTENSION, NumberClass.SERVICE, NumberClass.EMERGENCY))
# What nobody types in groups with a whole number before the last of them: a mailbox is the mobile and two digits.
_OF_MACHINES: Final = frozenset(
    (
        *(PhoneNumberType.VOICEMAIL, PhoneNumberType.PAGER, PhoneNumberType.UAN),
        *(PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER),
    )
)
_SHORTEST_CODE: Final = 5  # 95588, 12345: with fewer digits groups begin as well
_LONGEST_ITEM: Final = 2
_LONGEST_COUNT: Final = 3
_SHORTEST_AREA: Final = 3  # digits, without a 0
_LONGEST_ROW: Final = 4  # of a table
_SHORTEST_ROW: Final = 7  # what it counts: on islands a number less a digit is one as well
_OTHER_LINES: Final = frozenset(("IT", "SM", "VA"))  # there 06 1234567-8 are two lines of somebody
_OPEN: Final = 6  # lengths that numbers of an area have where extensions are dialled behind them
_ITEM: Final = re.compile(r"(?:[1-9][0-9]{0,2}[.)]\s+|[0-9]{1,3}\)\s*)[+(0-9]")  # of a list
_ZERO_ITEM: Final = re.compile(r"0[0-9]{0,2}\s*(?:[.:]|\s[-\u2010-\u2015]\s)\s*[+(0-9]")  # 01. 02. 03.
_GROUP: Final = re.compile(r"[0-9]+")
_DIGITS_ALONE: Final = re.compile(r"(?:[A-Za-z]{2,3}:)?\+?[0-9]+")  # once what people write between them is out
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]{1,2}")
_WITH_CENTS: Final = re.compile(r"\+?[0-9]{5,}\.0{1,2}")
_DATE: Final = re.compile(
    r".*[0-9)]\s+([0-9]{1,2}\.[0-9]{1,2}\.(?:[0-9]{4})?|[0-9]{1,4}[.,][0-9]{1,2}|(?:19|20)[0-9]{2})"
)  # or an amount
_ZEROS: Final = re.compile(r"[^.]*[0-9)]\s*\.\s*0{1,2}")  # a column of amounts has them
_SENTENCE: Final = re.compile(r"[^.]*[0-9)]\s*\.\s+[0-9]+")  # a number and its full stop, and what begins behind it
_COLUMNS: Final = re.compile(r"[0-9)]\s*(?:\t|\s\s)\s*[(+0-9]")
_SPACED_HYPHEN: Final = re.compile(r"[0-9]{1,4}\s+[-\u2010-\u2015]\s+[(+0-9]")
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
    # In Italy the 0 belongs to the area code; without any what stands there might be a number by itself: 10086/...
    dialled = before[:1] in "+0" or (len(before) >= _SHORTEST_AREA and _is_part(before, found[2], _plan(country)))
    return f"{found[1]} {found[2]}" if area and dialled and before in {*spelt, area} else folded


def _is_part(before: str, behind: str, plan: Trunk) -> bool:
    """Is neither side of a slash a number by itself? 347/1234567, 212/555-0123."""
    sides = before, without_separators(behind)
    return all(read_number(each, plan).kind is NumberClass.EXTENSION for each in sides)


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
    if _WITH_CENTS.fullmatch(folded):
        raise SpellingFault(f"{text!r} is a decimal number", "format the column as text, export again")
    plan = _plan(country)
    number = read_number(folded, plan)
    if together and _cuts_the_code(groups, whole, number):
        raise SpellingFault(
            f"{text!r} would be {number.canonical}, whose country code stands in two groups",
            f"write {number.canonical} if it is meant, else the number without what a PBX dials before it",
        )
    if together and (
        _are_several(folded, groups, number, plan)
        or _has_a_tail(folded, groups, number, plan)
        or _is_set_apart(text, folded, groups, number, plan)
    ):
        raise SpellingFault(f"{text!r} could be several numbers", f"write each by itself; {whole} if it is one")
    if decimal and number.kind in NO_NUMBER:
        raise SpellingFault(f"{text!r} is a decimal number", "format the column as text, or put it in quotes")


def _plan(country: str) -> Trunk:
    return Trunk("", country=country, national=bool(country))


def _cuts_the_code(groups: list[str], whole: str, number: Number) -> bool:
    """Is it E.164, with a gap in the country code? So is a number of here behind the digit that a PBX dials out by."""
    digits = whole.removeprefix("+")
    return number.canonical == f"+{digits}" and len(groups[0]) < len(calling_code(digits))


def _only_looks_foreign(groups: list[str], number: Number, plan: Trunk) -> bool:
    """Is it E.164 without the plus, and no gap behind the country code? So is a number of here with a count behind it.

    Or does it lead abroad by 00 with a gap between? So does one of here behind the 0 that a PBX dials out by.
    """
    digits = "".join(groups)
    if number.canonical != f"+{digits}":
        return groups[0] == "0" and groups[1][0] == "0"
    code = calling_code(digits)
    return groups[0] != code and number.region != plan.country and code != codes_of(plan.country)[0]


def _has_a_tail(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Does something stand behind a whole number: a count, an extension, a date or an amount?

    What is set behind a hyphen is an extension where the plan is open to them, as in Germany: 030 12345-0.
    """
    if number.kind is NumberClass.EXTENSION or _is_in_brackets_behind(folded, groups, number, plan):
        return True
    if not folded.startswith("+") and _only_looks_foreign(groups, number, plan):
        return True
    coded = number.canonical == "+" + "".join(groups) and groups[0] == calling_code(number.canonical[1:])
    plus = "+" if folded.startswith("+") or (coded and not _is_foreign_without_plus(folded, number, plan)) else ""
    heads = [plus + each for each in _heads(groups)]
    of_machines = _is_of_machines(number) and not _is_set_as_printed(groups, number)
    if of_machines or _is_foreign_without_plus(folded, number, plan):
        return any(_is_valid(each, plan) for each in heads)
    dated = _DATE.fullmatch(folded)
    if dated is not None and _is_valid(without_separators(folded[: dated.start(1)]), plan):
        return True
    if (_ZEROS.fullmatch(folded) or _SENTENCE.fullmatch(folded)) and _is_valid(heads[-1], plan):
        return True
    if folded[-len(groups[-1]) - 1] in "-/" and _is_open(number.region) and number.region not in _OTHER_LINES:
        return False
    if len(groups[-1]) == 1:  # in an open plan a digit is left over of pairs, and a 0 is a switchboard
        left_over = _is_open(number.region) and (len(groups[-2]) < 3 or groups[-1] == "0")
        return not left_over and _is_valid(heads[-1], plan)
    counted = len(groups[-1]) <= _LONGEST_COUNT and not _is_open(number.region)
    if counted and _is_valid(heads[-1], plan) and not _is_set_as_printed(groups, number):
        return True
    return not _is_valid(plus + "".join(groups), plan) and any(_is_valid(each, plan) for each in heads)


def makes_a_mailbox(head: str, folded: str, country: str) -> bool:
    """Is the head a number by itself, and all of it together one that only a machine has?"""
    plan = _plan(country)
    number = read_number(folded, plan)
    return _is_of_machines(number) and _is_valid(without_separators(head), plan)


def _is_of_machines(number: Number) -> bool:
    if number.kind is not NumberClass.OTHER or number.canonical[:1] != "+":
        return False
    return phonenumbers.number_type(phonenumbers.parse(number.canonical)) in _OF_MACHINES


def _is_set_as_printed(groups: list[str], number: Number) -> bool:
    """Do its gaps stand where numbers of its plan have them?"""
    if number.canonical[:1] != "+":
        return False
    parsed = phonenumbers.parse(number.canonical)
    formats = (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.NATIONAL)
    return any(_GROUP.findall(phonenumbers.format_number(parsed, each)) == groups for each in formats)


def _is_foreign_without_plus(folded: str, number: Number, plan: Trunk) -> bool:
    """Does it begin with the code of another country, and not with a + or 00?"""
    if folded.startswith(("+", "00")) or number.canonical[:1] != "+":
        return False
    return number.region != plan.country and calling_code(number.canonical[1:]) != codes_of(plan.country)[0]


def _is_in_brackets_behind(folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Do digits stand in brackets where no area code does?"""
    at = folded.find("(")
    if at < 0:
        return False
    before = _GROUP.findall(folded[:at])
    spelt_out = folded.startswith(("+", "00"))
    if not before:  # a foreign country's code has a + before it
        return _is_foreign_without_plus(folded, number, plan)
    first = before[0].removeprefix("00")
    begins = first in ("", *codes_of(plan.country)) or first == calling_code(first)
    if len(before) == 1:
        return not begins
    # +54 9 (11) 2345-6789: what stands between names no area
    return not (spelt_out and begins and len(before) == 2 and len(before[1]) == 1)


def _is_set_apart(text: str, folded: str, groups: list[str], number: Number, plan: Trunk) -> bool:
    """Does something before it, or in another column, leave a whole number, and make another one of it?"""
    tail = "".join(groups[1:])
    dialled_out = groups[0] in ("0", "9") and groups[0] != codes_of(plan.country)[1]
    signs = _SPACED_HYPHEN.match(folded) or _ZERO_ITEM.match(folded)
    anew = tail[0] == "0" and codes_of(plan.country)[1] == "0"  # within an area no number begins so
    apart = dialled_out or anew or folded.startswith("(") or signs is not None
    if apart and _is_valid(tail, plan) and read_number(tail, plan).canonical != number.canonical:
        return True
    if _COLUMNS.search(text) is None:
        return False
    plus = "+" if folded.startswith("+") else ""
    return _is_valid(tail, plan) or any(_is_valid(plus + each, plan) for each in _heads(groups))


def _begins_anew_here(groups: list[str], digits: str, plan: Trunk) -> bool:
    """Are the digits a number as people of here write it: begun by a 0, or with the area code whole in its group?"""
    if not _is_valid(digits, plan):
        return False
    number = read_number(digits, plan)
    if number.canonical[:1] != "+":
        return True
    _, trunk_prefix = codes_of(plan.country)
    parsed = phonenumbers.parse(number.canonical)
    if trunk_prefix and groups[0].startswith(trunk_prefix):
        return True
    of_an_area = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE
    if of_an_area and trunk_prefix == "0" and len(groups) > 2:  # 44 20 7946 0958
        return False
    return len(groups[0]) >= phonenumbers.length_of_national_destination_code(parsed)


@cache
def _is_open(region: str) -> bool:
    """Have numbers of an area there so many lengths that an extension may follow any?"""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None) if region else None
    lines = None if metadata is None else metadata.fixed_line
    return lines is not None and len(lines.possible_length) >= _OPEN


def _is_valid(spelt: str, plan: Trunk) -> bool:
    """Is it a number that can have been given to somebody, in the plan or by its country code?"""
    number = read_number(spelt, plan)
    if number.canonical[:1] != "+":
        return number.kind in _SHORT and number.kind is not NumberClass.EXTENSION
    if number.kind in NO_NUMBER:
        return False  # of no country, too
    # The library does not know each area code of North America.
    if calling_code(number.canonical[1:]) == north_america.CALLING_CODE:
        return True
    return phonenumbers.is_valid_number(phonenumbers.parse(number.canonical))


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
    first, rest = groups[0], "".join(groups[1:])
    if folded.startswith("+") or first[0] == "0" or first in (trunk_prefix, code):
        return False
    if read_number(rest, plan).canonical == number.canonical:
        return False  # an area code that may be left out
    if not trunk_prefix or len(first) > _LONGEST_ITEM or _is_foreign_without_plus(folded, number, plan):
        return len(first) <= _LONGEST_ROW and len(rest) >= _SHORTEST_ROW and _begins_anew_here(groups[1:], rest, plan)
    return len(first) <= _LONGEST_ITEM and _is_number(rest, plan)


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
