"""What an author writes as the beginning of numbers, in the spelling in which canonical numbers begin."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers

from rules.numbering.plan_table import LONGEST_E164, Plan, calling_code, codes_of, international_prefix, plan_of
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.texts.bad_value import BadValue

_SPREADSHEET = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+")
_INSIDE_PLAN = re.compile(r"([A-Za-z]{2}|[Ee][Xx][Tt]):([0-9*#]+)")
_BEGIN_NO_AREA = ("0", "1", "06", "01")  # trunk prefixes with which no number begins
_LOCAL = "2345678"  # local numbers in China begin with these


def canonical_prefix(text: str, country: str) -> str:
    """``95012`` -> ``CN:95012``, ``138`` -> ``+86138`` on CN: a beginning of `Number.canonical`.

    A star at the end is allowed. Where the text could mean several things, ValueError says what to write.
    """
    spelt = fold(text).strip().removesuffix("*")
    if _SPREADSHEET.fullmatch(spelt):
        raise BadValue(f"{text!r} is a number that a spreadsheet rounded: format the column as text and export again")
    if inside := _INSIDE_PLAN.fullmatch(spelt):
        return f"{inside[1].upper()}:{inside[2]}"
    digits = without_separators(spelt.removeprefix("tel:"))
    plus = digits[:1] == "+"
    digits = digits[1:] if plus else digits
    if not is_digits(digits):
        raise BadValue(f"{text!r} is no beginning of a number", "write for example +86138, 95012 or EXT:20")
    if not digits.strip("0"):
        raise BadValue(f"{text!r} names no number: zeros alone are a trunk or international prefix")
    if plus:
        return _global(digits, text)
    abroad = international_prefix(country.upper()) if digits[0] == "0" else None
    dialled = abroad.match(digits) if abroad else None
    if dialled is not None and dialled.end() < len(digits):  # 001 in Thailand, 0011 in Australia: longer than 00
        return _global(digits[dialled.end() :], text)
    if digits[:2] == "00":
        return _global(digits[2:], text)
    return _national(digits, text, country.upper())


def _global(digits: str, text: str) -> str:
    if not digits or digits[0] == "0":
        raise BadValue(f"{text!r}: no country code begins with 0", "write for example +86138")
    if len(digits) > LONGEST_E164:
        raise BadValue(f"{text!r} is too long: a number has at most {LONGEST_E164} digits")
    plan = plan_of("CN")
    if plan is None or not digits.startswith(plan.calling_code):
        return f"+{_without_trunk_prefix(digits)}"
    return _in_china(plan, digits.removeprefix(plan.calling_code).removeprefix(plan.trunk_prefix))


def _without_trunk_prefix(digits: str) -> str:
    """+49 (0)151 without the 0 that is dialled within Germany only: no number begins with it."""
    code = calling_code(digits)
    region = phonenumbers.region_code_for_country_code(int(code)) if code else ""
    rest = digits.removeprefix(code)
    return code + rest[1:] if rest[:1] == "0" and codes_of(region)[1] == "0" else digits


def _in_china(plan: Plan, rest: str) -> str:
    """The beginning of a national number: inside the plan only, or of E.164."""
    if len(plan.calling_code + rest) > LONGEST_E164:
        raise BadValue(f"{rest!r} is too long: a number has at most {LONGEST_E164} digits, country code and all")
    local = rest[len(plan.area(rest)) :]
    if _inside(plan, rest):
        return f"{plan.country}:{rest}"
    if len(local) < len(rest) and local[:1] in ("1", "9") and _inside(plan, local):
        return f"{plan.country}:{local}"  # 010-96…
    return f"+{plan.calling_code}{rest}"


def _inside(plan: Plan, rest: str) -> bool:
    """Do the numbers that begin so exist only inside the plan?"""
    if rest in ("95", "96") or ((row := plan.listed(rest)) and row.inside):
        return True
    area = plan.area(rest)
    if area and rest[len(area) : len(area) + 1] in _LOCAL:  # also when nothing follows the area code
        return False
    if any(row.inside and rest.startswith(row.prefix) for rows in plan.rows.values() for row in rows):
        return True
    begun = [row.inside for rows in plan.rows.values() for row in rows if row.prefix.startswith(rest)]
    return bool(begun) and all(begun) and not any(code.startswith(rest) for code in plan.areas)


@cache
def _longest(country: str) -> int:
    """How many digits the longest number of a country has, without its code."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    lengths = metadata.general_desc.possible_length if metadata is not None and metadata.general_desc else ()
    return max(lengths, default=LONGEST_E164)


def _national(digits: str, text: str, country: str) -> str:
    code, trunk_prefix = codes_of(country)
    if not code:
        raise BadValue(f"{text!r}: no country is set here, so write the number with its country code: +86138")
    abroad = international_prefix(country)
    if abroad and (spelt := abroad.match(digits)) and spelt.end() < len(digits):
        return _global(digits[spelt.end() :], text)
    plan = plan_of(country)
    if plan is None:
        dialled = bool(trunk_prefix) and digits.startswith(trunk_prefix)
        rest = digits.removeprefix(trunk_prefix) if dialled else digits
        if digits.startswith(code) and not dialled:  # a spreadsheet takes the + away
            raise BadValue(
                f"{text!r} could mean numbers that begin with +{digits}, or with +{code}{digits}",
                f"write +{digits} or +{code}{digits}",
            )
        if dialled and trunk_prefix not in _BEGIN_NO_AREA:  # 812 is Saint Petersburg
            raise BadValue(
                f"{text!r} could mean numbers that begin with +{code}{digits}, or with +{code}{rest}",
                f"write +{code}{digits} or +{code}{rest}",
            )
        if len(rest) > _longest(country):
            raise BadValue(f"{text!r} is longer than any number of {country}")
        return _global(code + rest, text)
    if digits[0] == plan.trunk_prefix:
        return _after_trunk_prefix(plan, digits[1:], text)
    return _bare(plan, digits, text)


def _after_trunk_prefix(plan: Plan, rest: str, text: str) -> str:
    if rest in ("1", "95") or (plan.area(rest) and _inside(plan, rest)):
        raise BadValue(f"{text!r} could mean several things", f"write one digit more, or {plan.country}:{rest}")
    return _in_china(plan, rest)


def _bare(plan: Plan, digits: str, text: str) -> str:
    if digits in ("1", "10"):
        raise BadValue(
            f"{text!r} could be an area, mobiles or service numbers", f"write 010, 13 … 19, or {plan.country}:{digits}"
        )
    if digits[:2] in ("95", "96"):
        return f"{plan.country}:{digits}"
    area = plan.area(digits)
    if area and len(area) == len(calling_code(digits)) > 2:  # 855 is Kaili, and Cambodia
        raise BadValue(
            f"{text!r} could be an area, or another country", f"write 0{digits} for the area, +{digits} for the country"
        )
    if _inside(plan, digits) or area or any(digits.startswith(prefix) for prefix in plan.rows):
        return _in_china(plan, digits)
    if digits.startswith(plan.calling_code) and len(digits) > len(plan.calling_code):
        return _global(digits, text)
    raise BadValue(
        f"{text!r} begins no number of {plan.country}",
        f"write 0{digits} for an area, +{digits} for another country, EXT:{digits} for extensions",
    )
