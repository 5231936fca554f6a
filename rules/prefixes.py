"""What an author writes as the beginning of numbers, in the spelling in which canonical numbers begin."""

from __future__ import annotations

import re

from rules.plan_table import LONGEST_E164, Plan, codes_of, plan_of
from rules.spelling import fold, is_digits, without_separators

_SPREADSHEET = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+")
_INSIDE_PLAN = re.compile(r"([A-Za-z]{2}|[Ee][Xx][Tt]):([0-9*#]+)")


def canonical_prefix(text: str, country: str) -> str:
    """``95012`` -> ``CN:95012``, ``138`` -> ``+86138`` on CN; ValueError with advice where it could mean several things.

    A star at the end is allowed. The result is a beginning of `Number.canonical`.
    """
    spelt = fold(text).strip().removesuffix("*")
    if _SPREADSHEET.fullmatch(spelt):
        raise ValueError(f"{text!r} is a number that a spreadsheet rounded: format the column as text and export again")
    if inside := _INSIDE_PLAN.fullmatch(spelt):
        return f"{inside[1].upper()}:{inside[2]}"
    digits = without_separators(spelt.removeprefix("tel:"))
    plus = digits[:1] == "+"
    digits = digits[1:] if plus else digits
    if not is_digits(digits):
        raise ValueError(f"{text!r} is no beginning of a number; write for example +86138, 95012 or EXT:20")
    if not digits.strip("0"):
        raise ValueError(f"{text!r} names no number: zeros alone are a trunk or international prefix, not a number")
    if len(digits) > LONGEST_E164 + 2:
        raise ValueError(f"{text!r} is too long: a number has at most {LONGEST_E164} digits")
    if plus or digits[:2] == "00":
        return _global(digits if plus else digits[2:], text)
    return _national(digits, text, country)


def _global(digits: str, text: str) -> str:
    if not digits or digits[0] == "0" or len(digits) > LONGEST_E164:
        raise ValueError(f"{text!r}: no country code begins with 0; write for example +86138")
    plan = plan_of("CN")
    if plan is None or digits[:2] != plan.calling_code:
        return f"+{digits}"
    rest = digits[2:].removeprefix(plan.trunk_prefix)  # +86 (0)138
    return _in_plan(plan, rest) or f"+{plan.calling_code}{rest}"


def _in_plan(plan: Plan, rest: str) -> str:
    """The beginning of numbers that exist only inside the plan; empty for those that have E.164."""
    if (row := plan.listed(rest)) and row.inside:  # a complete number: +8695588 is the bank, not 0955-88…
        return f"{plan.country}:{rest}"
    if plan.area(rest) and not _short_code_under_area(plan, rest):
        return ""
    inside = any(
        row.inside and (rest.startswith(prefix) or (prefix.startswith(rest) and rest[:1] in "49" and len(rest) > 1))
        for prefix, rows in plan.rows.items()
        for row in rows
    )
    return f"{plan.country}:{rest}" if inside or rest[:2] == "95" else ""


def _short_code_under_area(plan: Plan, rest: str) -> bool:
    """10086 begins with the area code 10, but no local number in that area begins with 0 or 1."""
    area = plan.area(rest)
    return rest[len(area) : len(area) + 1] in ("0", "1") and any(rest.startswith(prefix) for prefix in plan.rows)


def _national(digits: str, text: str, country: str) -> str:
    code, trunk_prefix = codes_of(country)
    if not code:
        raise ValueError(f"{text!r}: no country is set here, so write the number with its country code: +86138")
    plan = plan_of(country)
    if plan is None:
        rest = digits.removeprefix(trunk_prefix) if trunk_prefix else digits
        return f"+{code}{rest}"
    if digits[0] == plan.trunk_prefix:
        return _after_trunk_prefix(plan, digits[1:], text)
    return _bare(plan, digits, text)


def _after_trunk_prefix(plan: Plan, rest: str, text: str) -> str:
    if rest == "1" or (plan.listed(rest) and plan.listed(rest).inside and plan.area(rest)):  # type: ignore[union-attr]
        raise ValueError(f"{text!r} could mean several things; write one digit more, or {plan.country}:{rest}")
    if not rest[:1].strip("0"):
        raise ValueError(f"{text!r} names no number; write for example 0755 or 138")
    return f"+{plan.calling_code}{rest}"


def _bare(plan: Plan, digits: str, text: str) -> str:
    if digits[:2] in ("95", "96"):
        return f"{plan.country}:{digits}"
    if inside := _in_plan(plan, digits):
        return inside
    if plan.area(digits) or any(digits.startswith(p) for p in plan.rows):
        if digits == "10":
            raise ValueError(f"{text!r} could be Beijing or the service numbers 100…; write 010 or {plan.country}:10")
        return f"+{plan.calling_code}{digits}"
    if digits[:2] == plan.calling_code and len(digits) > 2:
        return _global(digits, text)
    raise ValueError(
        f"{text!r} begins no number of {plan.country}; write +{digits} for another country or EXT:{digits} for extensions"
    )
