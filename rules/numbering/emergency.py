"""Which called numbers are emergency calls, in any spelling; asked before every rule and list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from rules.model import NumberClass
from rules.numbering.phone_context import country_of_context, split_context
from rules.numbering.plan_table import PLANS, codes_of, plan_of
from rules.numbering.spelling import fold, is_digits, without_separators

EVERYWHERE: Final = frozenset({"112", "911", "999", "000"})
_LONGEST_PATTERN: Final = 4  # digits: writing out six would hold a call up for 0.2 s; emergency.csv has the longer ones
_LONGEST: Final = 64  # characters of a user part; the longest spelling of an emergency number has far fewer


class EmergencyTable(NamedTuple):
    """The emergency numbers of one trunk."""

    numbers: frozenset[str]  # as dialled
    spellings: frozenset[str]  # every way in which they reach us, folded and without separators
    off: frozenset[str]  # switched off, whoever's plan they belong to


def emergency_table(country: str, extra: Sequence[str] = (), off: Sequence[str] = ()) -> EmergencyTable:
    """112, 911, 999, 000 and the country's own; ``extra`` adds numbers (or SIP names), ``off`` switches some off."""
    own = own_numbers(country)
    added = {_entry(text) for text in extra}
    numbers = EVERYWHERE | own | added
    removed = frozenset(_entry(text) for text in off)
    if unknown := sorted(removed - numbers):
        raise ValueError(
            f"{unknown[0]!r} is no emergency number here, so it cannot be switched off; there are {_in_words(numbers)}"
        )
    numbers -= removed
    return EmergencyTable(numbers, frozenset(_spellings(country, numbers, own)), removed)


def is_emergency(scheme: str, user: str, table: EmergencyTable, *, context: str = "") -> bool:
    """Is the called number (user part of a Request-URI, or ``service:sos`` of a urn) an emergency number?

    ``context`` is its phone-context: a number of another country's plan is an emergency as that country says.
    """
    if user in table.spellings:
        return True
    if not context and user.isascii() and user.isdigit():
        return False
    if _is_sos(f"{scheme}:{user}" if scheme.lower() == "urn" else user):
        return True
    if "%" in user:
        user = unquote(user)
    user, _, parameters = user.partition(";")
    plain = _plain(user)
    if plain in table.spellings:
        return True
    country = country_of_context(context or split_context(parameters))
    return bool(country) and plain in own_numbers(country) and plain not in table.off


@cache
def own_numbers(country: str) -> frozenset[str]:
    """The emergency numbers of a country's own plan, as dialled there."""
    if plan := plan_of(country):
        return frozenset(row.prefix for rows in plan.rows.values() for row in rows if row.kind is NumberClass.EMERGENCY)
    return frozenset(_of_library(country)) | _of_file(country)


def _of_library(country: str) -> Iterable[str]:
    """The library describes them as a pattern; written out, because a call path wants a set."""
    metadata = PhoneMetadata.short_metadata_for_region(country) if country in SUPPORTED_SHORT_REGIONS else None
    if metadata is None or metadata.emergency is None or not metadata.emergency.national_number_pattern:
        return
    pattern = re.compile(metadata.emergency.national_number_pattern)
    for length in metadata.emergency.possible_length:
        if length > _LONGEST_PATTERN:
            continue
        for number in range(10**length):
            if pattern.fullmatch(digits := f"{number:0{length}}"):
                yield digits


def _of_file(country: str) -> frozenset[str]:
    with (PLANS / "emergency.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(
            number for row in csv.DictReader(file) if row["country"] == country for number in row["numbers"].split()
        )


def _spellings(country: str, numbers: Iterable[str], own: frozenset[str]) -> Iterable[str]:
    code, _ = codes_of(country)
    plan = plan_of(country)
    for number in numbers:
        yield number
        if not is_digits(number):
            continue
        if len(number) <= 3:
            yield f"+{number}"  # some phones put a plus before 112; no E.164 number is that short
        if code:
            yield f"+{code}{number}"
            yield f"00{code}{number}"
        if plan and number in own:  # another city's police: 0, area code, 110
            for area in plan.areas:
                yield f"{plan.trunk_prefix}{area}{number}"
                yield f"+{code}{area}{number}"
                yield f"00{code}{area}{number}"


def _entry(text: str) -> str:
    plain = _plain(text)
    if not plain:
        raise ValueError(f"{text!r} is no emergency number; write the digits as dialled, for example 112")
    return plain


def _plain(user: str) -> str:
    """The user part without password, separators and case; empty when it is too long for a number."""
    if len(user) > _LONGEST:
        return ""
    dialled = user[1:] if user[:1] == "+" else user
    if dialled.isascii() and dialled.isdigit():
        return user  # as nearly all are written
    return without_separators(fold(user).partition(":")[0]).lower()


def _is_sos(text: str) -> bool:
    """urn:service:sos and its sub-services (RFC 5031 section 4.2); not sosx, not test.sos."""
    text = text.lower()
    return text.startswith("urn:service:sos") and text[15:16] in ("", ".", ";", "?", "/", "#")


def _in_words(numbers: Iterable[str]) -> str:
    return ", ".join(sorted(numbers))
