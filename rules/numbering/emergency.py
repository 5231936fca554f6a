"""Which called numbers are emergency calls, in any spelling; asked before every rule and list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from rules.model import NumberClass
from rules.numbering.plan_table import PLANS, codes_of, plan_of
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.texts.bad_value import BadValue

EVERYWHERE: Final = frozenset({"112", "911", "999", "000"})
_LONGEST_PATTERN: Final = 4  # digits: writing out six would hold a call up for 0.2 s; emergency.csv has the longer ones
_LONG: Final = 64  # characters of a user part, beyond which most of it is only decoration, which goes first
# What ends dialling for some device behind us: digits after it are pauses, tones or nothing at all.
_ENDS_DIALLING: Final = re.compile(r"[#*pw,;\x00-\x1f\x7f]", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[^0-9A-Za-z+*#]+")
_DIALLED_SIGN: Final = re.compile(r"[0-9A-Za-z+*#,:]")


_CONTROLS: Final = (*range(32), 127)
_UNDIALLED: Final[dict[int, str | None]] = {
    **{code: None for code in range(128) if not _DIALLED_SIGN.match(chr(code))},
    **dict.fromkeys(_CONTROLS, ","),
}
_MOST_TABLES: Final = 32


class EmergencyTable(NamedTuple):
    """The emergency numbers of one trunk."""

    numbers: frozenset[str]  # as dialled
    spellings: frozenset[str]  # every way in which they reach us, folded and without separators


NO_EMERGENCIES: Final = EmergencyTable(frozenset(), frozenset())  # of a trunk that carries no such calls


def emergency_table(country: str, extra: Sequence[str] = (), off: Sequence[str] = ()) -> EmergencyTable:
    """112, 911, 999, 000 and the country's own; ``extra`` adds numbers (or SIP names), ``off`` switches some off.

    What is switched off may be no emergency number anyway: its digits are an extension, and stay one.
    Trunks of one country share a table, and so do the configurations before and after a reload: one takes 0.4 MiB.
    """
    return _table(country, frozenset(extra), frozenset(off))


@lru_cache(_MOST_TABLES)
def _table(country: str, extra: frozenset[str], off: frozenset[str]) -> EmergencyTable:
    own = own_numbers(country)
    numbers = (EVERYWHERE | own | {_entry(text) for text in extra}) - {_entry(text) for text in off}
    return EmergencyTable(numbers, frozenset(_spellings(country, numbers, own)))


def is_emergency(scheme: str, user: str, table: EmergencyTable) -> bool:
    """Is the called number (user part of a Request-URI, or ``service:sos`` of a urn) an emergency number?

    However its digits are decorated: what stands behind us may dial them all the same. A phone-context adds nothing:
    no caller makes digits an emergency by naming a country where they are one.
    """
    if user in table.spellings:
        return True
    digits = user[1:] if user[:1] == "+" else user
    if (digits.isascii() and digits.isdigit()) or table is NO_EMERGENCIES:
        return False  # as nearly all: so spelt there is nothing else that could be dialled
    if _is_sos(f"{scheme}:{user}" if scheme.lower() == "urn" else user):
        return True
    if "%" in user:
        user = unquote_to_bytes(user).decode("utf-8", "replace")
    if len(user) > _LONG:
        user = _undecorated(user.partition(";")[0])
    return any(plain in table.spellings for plain in _dialled(user))


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
        raise BadValue(f"{text!r} is no emergency number", "write the digits as dialled, for example 112")
    return plain


def _plain(user: str) -> str:
    """The user part without password, separators and case."""
    dialled = user[1:] if user[:1] == "+" else user
    if dialled.isascii() and dialled.isdigit():
        return user  # as nearly all are written
    return without_separators(fold(user).partition(":")[0]).lower()


def _undecorated(user: str) -> str:
    """The beginning of a long user part without all signs that no telephone dials; where dialling ends, a sign of that.

    The table's spellings are short: what of 64 signs that count is none, is none with more of them.
    """
    if not user.isascii():
        others = (sign for sign in set(user) if not sign.isascii())
        user = user.translate({ord(sign): folded if (folded := fold(sign)).isascii() else None for sign in others})
    user = user.translate(_UNDIALLED)
    return (f"+{user.lstrip('+')}" if user[:1] == "+" else user)[:_LONG]


def _dialled(user: str) -> Iterable[str]:
    """What may be dialled for a user part that is not bare digits: whole, up to where dialling ends, its digits alone.

    A leading star or hash stays: that makes a feature code of the digits after it.
    """
    number = user.partition(";")[0]
    yield _plain(number)
    folded = fold(number).partition(":")[0]
    head = _ENDS_DIALLING.split(folded, maxsplit=1)[0]
    if head != folded:
        yield _plain(head)
    digits = _SIGNS.sub("", head)
    if digits != head:
        yield digits
    if digits[:2] == "++":
        yield "+" + digits.lstrip("+")


def _is_sos(text: str) -> bool:
    """urn:service:sos and its sub-services (RFC 5031 section 4.2); not sosx, not test.sos."""
    text = text.lower()
    return text.startswith("urn:service:sos") and text[15:16] in ("", ".", ";", "?", "/", "#")
