"""Reads a number as it was spelt into its one canonical form and its class (docs/numbers.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from rules.model import Number, NumberClass, Trunk
from rules.numbering import north_america
from rules.numbering.emergency import EVERYWHERE, EmergencyTable, emergency_table, is_emergency, own_numbers
from rules.numbering.old_spellings import as_written_now
from rules.numbering.phone_context import context_digits, country_of_context, split_context
from rules.numbering.plan_table import (
    LONGEST_E164,
    Plan,
    PlanRow,
    calling_code,
    codes_of,
    international_prefix,
    is_as_long_as_its_numbers,
    plan_of,
)
from rules.numbering.prefixes import canonical_prefix
from rules.numbering.spelling import condensed, fold, is_address, is_digits, without_separators

__all__ = ["EmergencyTable", "behind_prefixes", "canonical_prefix", "emergency_table", "is_emergency", "read_number"]

LONGEST_EXTENSION: Final = 32
SHORTEST_95: Final = 5  # digits
LONGEST_USER: Final = 256  # characters looked at, once what nobody sees is gone; more is no number
SHORTEST_BARE_E164: Final = 10  # digits: shorter ones on a national trunk are local numbers and extensions
SHORTEST_GUESS: Final = 7  # digits: shorter ones that no plan claims are extensions on every trunk
ANONYMOUS_WORDS: Final = frozenset(
    {"anonymous", "anonymoususer", "unavailable", "notavailable", "restricted", "unknown", "unknowncaller"}
    | {"unknownnumber", "private", "privatenumber", "privatecaller", "withheld", "numberwithheld", "blocked"}
    | {"nocallerid", "noname", "nonumber", "hidden", "匿名", "未知"}
)
KINDS: Final = {
    PhoneNumberType.FIXED_LINE: NumberClass.FIXED,
    # The North American plan cannot tell the two apart. Fixed, so that a rule for mobiles means mobiles only.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberClass.FIXED,
    PhoneNumberType.MOBILE: NumberClass.MOBILE,
    PhoneNumberType.PREMIUM_RATE: NumberClass.PREMIUM,
    PhoneNumberType.TOLL_FREE: NumberClass.TOLL_FREE,
}
_CANONICAL: Final = re.compile(r"([A-Za-z]{2}|[Ee][Xx][Tt]):([0-9*#]{1,32})")


def read_number(user: str, trunk: Trunk, *, context: str = "", called: bool = False) -> Number:
    """The number that a user part means on this trunk; every text gives one, none raises.

    ``user`` is the decoded user part of a sip: or tel: URI, ``context`` its phone-context (RFC 3966 section 5.1.5).
    """
    if len(user) + len(context) > LONGEST_USER:
        return read_in_plan(user, trunk.country, trunk.national, context, called)
    return _remembered(user, trunk.country, trunk.national, context, called)


def read_in_plan(user: str, country: str, national: bool, context: str, called: bool) -> Number:
    """The same, in the plan of a country: nothing is remembered."""
    if len(user) + len(context) > LONGEST_USER:
        return _read(user, country, national, context, called)._replace(raw=user)
    # The usual spellings, ASCII digits with or without a plus, hold nothing to fold, to split off or to drop.
    dialled = user[1:] if user[:1] == "+" else user
    if not (dialled.isascii() and dialled.isdigit()):
        number = _read(user, country, national, context, called)
    elif dialled is not user:
        number = _global(dialled, country.upper())
    elif context:
        number = _read(user, country, national, context, called)
    else:
        number = (_national if national else _international)(user, country.upper(), called)
    canonical, kind, region, _, inbound_only = number
    return _number(canonical, kind, region, user, inbound_only)


_remembered: Final = lru_cache(maxsize=20_000)(read_in_plan)


def _number(canonical: str, kind: NumberClass, region: str, raw: str, inbound_only: bool) -> Number:
    """`Number(...)`, at a fifth of the price: its own constructor stays Python where this is compiled."""
    return tuple.__new__(Number, (canonical, kind, region, raw, inbound_only))


def _read(user: str, country: str, national: bool, context: str, called: bool) -> Number:
    if len(user) > LONGEST_USER:
        user = condensed(user).partition(";")[0]
        if len(user) > LONGEST_USER:
            return _MALFORMED
    country = country.upper()
    text = fold(user).strip()
    if canonical := _CANONICAL.fullmatch(text):
        return _of_canonical(*canonical.groups())
    text, context = _bare_user(text, context)
    dialled = without_separators(text)
    if dialled[:1] == "+":
        return _global(dialled[1:], country) if is_digits(dialled[1:]) else _MALFORMED
    if not is_digits(dialled) or is_address(text):
        return _no_number(text, dialled, called)
    if context and (region := country_of_context(context)):
        return _in_context(dialled, context_digits(context), region, called)
    return _national(dialled, country, called) if national else _international(dialled, country, called)


def _bare_user(text: str, context: str) -> tuple[str, str]:
    """The user part without scheme, host, password and parameters, which a careful caller has split off before."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("tel", "sip", "sips"):
        text = rest
    text = text.partition("@")[0] or text  # also user%40realm, as mobile networks write identities
    text, _, parameters = text.partition(";")
    return text.partition(":")[0].strip(), context or split_context(parameters)


def without_address(text: str) -> str:
    """What of a typed text is digits: without tel:, sip:, a host and parameters."""
    return _bare_user(text, "")[0]


def _no_number(text: str, dialled: str, called: bool) -> Number:
    """Not digits alone: a word for nobody, a feature code such as *97, a name (it has a letter), or rubbish."""
    word = dialled.replace("_", "").casefold()
    if not called and (not text or word in ANONYMOUS_WORDS):
        return _ANONYMOUS
    if is_address(text) or not text:
        return _NAME
    if not dialled.strip("0123456789*#"):
        return _extension(dialled) if dialled else _MALFORMED
    return _NAME if text.isprintable() and any(c.isalpha() for c in text) else _MALFORMED


def _of_canonical(plan: str, digits: str) -> Number:
    """Our own canonical form, read back."""
    plan = plan.upper()
    if not is_digits(digits) or (plan == "EXT" and digits not in EVERYWHERE):
        return Number(f"EXT:{digits}", NumberClass.EXTENSION)
    table = plan_of(plan)
    row = table.listed(digits) if table else None
    if table and row:
        return _of_row(table, row, digits)
    if table and digits[:2] in ("95", "96"):
        return Number(f"{plan}:{digits}", NumberClass.CN_9_ODD, plan)
    kind = NumberClass.EMERGENCY if digits in EVERYWHERE or digits in own_numbers(plan) else NumberClass.OTHER
    return Number(f"{plan}:{digits}", kind, "" if plan == "EXT" else plan)


def _of_row(plan: Plan, row: PlanRow, digits: str) -> Number:
    prefix = f"{plan.country}:" if row.inside else f"+{plan.calling_code}"
    return _number(prefix + digits, row.kind, plan.country, "", row.inbound_only)


def _in_plan(plan: Plan, digits: str, *, area_spelt: bool) -> Number | None:
    """A national number that our own table knows; ``area_spelt``: after 0 or +86 a short code may have an area code."""
    if row := plan.listed(digits):
        return _of_row(plan, row, digits)
    if plan.fixed(digits):
        return Number(f"+{plan.calling_code}{digits}", NumberClass.FIXED, plan.country)
    local = digits[len(plan.area(digits)) :] if area_spelt else digits
    if len(local) < len(digits):
        if (row := plan.listed(local)) and row.area:
            return _of_row(plan, row, local)
        if odd := _odd(plan, local):
            return odd
    return None


def _odd(plan: Plan, digits: str) -> Number | None:
    """A 95 or 96 number of a length that the plan does not list."""
    if digits[:2] in ("95", "96") and len(digits) <= LONGEST_E164:
        return Number(f"{plan.country}:{digits}", NumberClass.CN_9_ODD, plan.country)
    return None


def _global(digits: str, country: str = "") -> Number:
    """Digits that begin with a country code, as they were sent on a trunk of ``country``."""
    if digits[:1] == "0" or not 0 < len(digits) <= LONGEST_E164:
        return _MALFORMED
    return _known_global(digits) or _in_north_america(digits, country) or _impossible(digits)


def _known_global(digits: str) -> Number | None:
    """The same, where a plan that we know has the number."""
    if digits[:1] == "0" or not 0 < len(digits) <= LONGEST_E164:
        return None
    if digits[:2] == "86" and (plan := plan_of("CN")):
        rest = digits[2:]
        known = _in_plan(plan, rest, area_spelt=True)
        if known is None and rest[:1] == plan.trunk_prefix:  # +86 (0)138…
            known = _after_trunk_prefix(plan, rest[1:])
        if known := known or _odd(plan, rest):
            return known
    return _of_library(f"+{digits}", None) or _global_emergency(digits) or _as_before(digits)


def _as_before(digits: str) -> Number | None:
    """+52 1 55…: as it was written before the plan changed."""
    now = as_written_now(digits)
    return _of_library(f"+{now}", None) if now else None


def _in_north_america(digits: str, country: str) -> Number | None:
    """A number that the plan allows, in an area code that phonenumbers does not know yet."""
    code = north_america.CALLING_CODE
    if digits[:1] != code or not north_america.allows(digits[1:]):
        return None
    return Number(f"+{digits}", NumberClass.FIXED, country if codes_of(country)[0] == code else _region_of(digits))


def _global_emergency(digits: str) -> Number | None:
    """+49110: an emergency number behind its country code."""
    region = _region_of(digits)
    rest = digits[len(calling_code(digits)) :]
    if region and rest and rest in own_numbers(region):
        return Number(f"{region}:{rest}", NumberClass.EMERGENCY, region)
    return None


def _of_library(text: str, country: str | None) -> Number | None:
    """A number that phonenumbers knows to be valid."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:
        return None
    canonical = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if len(canonical) > LONGEST_E164 + 1:  # the library knows longer ones in Germany
        return None
    if parsed.country_code == 86 and text != canonical:  # prefixes gone, our own table is asked again
        return _global(canonical[1:])
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[parsed.country_code or 0]
    region = regions[0] if len(regions) == 1 else phonenumbers.region_code_for_number(parsed) or ""
    return Number(canonical, KINDS.get(kind, NumberClass.OTHER), region if region.isalpha() else "")


def _impossible(digits: str) -> Number:
    """It looks international, but no plan allows it; kept as spelt, so that a list can hold it."""
    return Number(f"+{digits}", NumberClass.IMPOSSIBLE, _region_of(digits))


def _region_of(digits: str) -> str:
    region = phonenumbers.region_code_for_country_code(int(calling_code(digits) or 0))
    return region if region.isalpha() and region != "ZZ" else ""


def _national(digits: str, country: str, called: bool) -> Number:
    """Bare digits in the plan of the trunk's country; the first reading that some plan allows wins."""
    return (
        _in_own_plan(digits, country, called)
        or _short_emergency(digits, country)
        or _after_prefix(digits, country)
        or (_of_library(digits, country) if country else None)
        or _national_in_north_america(digits, country)
        or _bare_global(digits, SHORTEST_BARE_E164)
        or _impossible_as_spelt(digits, country)
        or _extension(digits)
    )


def _national_in_north_america(digits: str, country: str) -> Number | None:
    """Ten digits as that plan has them, with or without its 1, are a number of it there, and of no other country.

    Where there is no country, and no plan that the digits could be meant in, those with the 1 are as well.
    """
    code, _ = codes_of(country)
    if country and code != north_america.CALLING_CODE:
        return None
    return _in_north_america(digits if not code or digits[0] == code else code + digits, country)


def _international(digits: str, country: str, called: bool) -> Number:
    """Bare digits that are E.164 without the plus, unless only a national reading is possible."""
    plan = plan_of(country)
    row = plan.listed(digits) if plan else None
    if plan and row and row.inside:
        return _of_row(plan, row, digits)
    if known := _short_emergency(digits, country) or _after_prefix(digits, country) or _bare_global(digits, 1):
        return known
    known = _national(digits, country, called)
    guess = known.kind in (NumberClass.EXTENSION, NumberClass.IMPOSSIBLE) and digits[0] != "0"
    return _global(digits) if guess and SHORTEST_GUESS <= len(digits) <= LONGEST_E164 else known


def _in_own_plan(digits: str, country: str, called: bool) -> Number | None:
    plan = plan_of(country)
    if plan is None or digits[:2] == "00":
        return None
    if digits[0] == plan.trunk_prefix:
        return _after_trunk_prefix(plan, digits[1:])
    if digits[:2] in ("95", "96") and not plan.listed(digits):
        # Also 9518888888: without 0 or +86 it is no fixed line. Called, 955 and 9501 are extensions of the PBX.
        return None if called and len(digits) < SHORTEST_95 else _odd(plan, digits)
    return _in_plan(plan, digits, area_spelt=False)


def _after_trunk_prefix(plan: Plan, digits: str) -> Number | None:
    """What follows 0; 0110 is an extension, not the police."""
    return _in_plan(plan, digits, area_spelt=True) if len(digits) >= SHORTEST_95 else None


def _short_emergency(digits: str, country: str) -> Number | None:
    if digits in EVERYWHERE or digits in own_numbers(country):
        return Number(f"{country or 'EXT'}:{digits}", NumberClass.EMERGENCY, country)
    return None


def _after_prefix(digits: str, country: str) -> Number | None:
    """A valid number after an international prefix."""
    return next(_behind_prefixes(digits, country), None)


def _behind_prefixes(digits: str, country: str) -> Iterator[Number]:
    return (known for rest in _rests(digits, country) if (known := _valid(_global(rest, country))))


def behind_prefixes(digits: str, country: str) -> tuple[Number, ...]:
    """Each number that bare digits lead to, of which the first is what they are read as.

    In Australia 0011 431... is Vienna behind the prefix of there, and Manitoba behind 00.
    """
    return tuple({number.canonical: number for number in _behind_prefixes(digits, country)}.values())


def _rests(digits: str, country: str) -> Iterator[str]:
    """What follows an international prefix: the country's own, which may be longer, or 00, understood everywhere."""
    prefix = international_prefix(country)
    if prefix and (spelt := prefix.match(digits)):
        yield digits[spelt.end() :]
    if digits[:2] == "00":
        yield digits[2:]


def _bare_global(digits: str, shortest: int) -> Number | None:
    """A valid number of E.164 without the plus. 3315 is an extension, not an emergency in France."""
    known = _known_global(digits) if len(digits) >= shortest else None
    return known if known and known.kind is not NumberClass.EMERGENCY else None


def _valid(number: Number) -> Number | None:
    return None if number.kind in (NumberClass.IMPOSSIBLE, NumberClass.MALFORMED) else number


def _impossible_as_spelt(digits: str, country: str) -> Number | None:
    """Spelt like a long-distance or international number, though no plan allows it."""
    if len(digits) <= SHORTEST_GUESS:
        return None
    if rest := next(_rests(digits, country), ""):
        return _global(rest, country)
    code, prefix = codes_of(country)
    if prefix and digits.startswith(prefix):
        digits = digits[len(prefix) :]
    elif code != "1":  # the North American plan alone has one length, with or without its prefix
        return None
    return _global(code + digits) if is_as_long_as_its_numbers(code, digits) else None


def _extension(digits: str) -> Number:
    return Number(f"EXT:{digits}", NumberClass.EXTENSION) if len(digits) <= LONGEST_EXTENSION else _MALFORMED


def _in_context(digits: str, area: str, region: str, called: bool) -> Number:
    """A local number in a context: +86 is a country, +8610 a city, a domain a mobile network (RFC 3966, 5.1.5)."""
    code, _ = codes_of(region)
    city = _bare_global(area + digits, 1) if area and area != code else None
    known = city or _national(digits, region, called)
    here = known.canonical[:1] != "+" or known.canonical.startswith(f"+{code}") or digits[0] == "0"
    if here and known.kind is not NumberClass.EXTENSION:
        return known
    # No plan of that country allows it. Whoever wrote the context says that it is a number there all the same.
    if area and digits[0] != "0" and SHORTEST_GUESS <= len(digits) <= LONGEST_E164 - len(area):
        return _global(area + digits, region)
    return known


_ANONYMOUS: Final = Number("", NumberClass.ANONYMOUS)
_MALFORMED: Final = Number("", NumberClass.MALFORMED)
_NAME: Final = Number("", NumberClass.NAME)
