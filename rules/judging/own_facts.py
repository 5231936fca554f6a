"""What Ringfence itself finds out of a call, where some rule asks for it by name; the record keeps it as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

from rules.judging.facts import counts_of_lists
from rules.language.values import read_span, span_name
from rules.model import Call, Hit

SIMILAR: Final = "similar_"  # with the count of digits behind it
CALLED_MINUTE: Final = "called_minute"
LADDER_STEP: Final = "ladder_step"
ENTRY_DAYS: Final = "entry_days"
ENTRY_KIND: Final = "entry_kind"
CODE_DAYS_LEFT: Final = "code_days_left"
ENTRY_KINDS: Final = frozenset(("number", "prefix", "range"))
SEEN_DAYS: Final = "seen_days"
CONTACT: Final = "known_contact_"  # with the span of time behind it
NAMES: Final = frozenset((SEEN_DAYS, CALLED_MINUTE, LADDER_STEP, ENTRY_DAYS, ENTRY_KIND, CODE_DAYS_LEFT))
FEWEST_ALIKE, MOST_ALIKE = 3, 10  # digits; the record tells of the called number no more than these
DAY_S: Final = 86_400.0
_ZONES: Final = 20_000  # called numbers whose zone is remembered
# Areas of countries of several zones for which phonenumbers (9.0) names another one of the same country.
_AREAS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "+617": ("Australia/Brisbane",),  # 07 is Queensland, which moves no clock in summer
        "+61755": ("Australia/Brisbane", "Australia/Sydney"),  # and here, across the border, some of New South Wales
        "+1219": ("America/Chicago",),  # the part of Indiana by Lake Michigan
        "+52614": ("America/Chihuahua",),  # on central time since October 2022
        "+7845": ("Europe/Saratov",),  # an hour before Moscow since December 2016
    }
)

Fact = float | str | bool


def similar_name(digits: int) -> str:
    """The fact that caller and called number begin alike."""
    return f"{SIMILAR}{digits}"


def read_similar(name: str) -> int | None:
    """How many digits a fact of this name compares; None where it is another fact."""
    digits = name.removeprefix(SIMILAR)
    if digits == name or not digits.isascii() or not digits.isdigit():
        return None
    return int(digits) if FEWEST_ALIKE <= int(digits) <= MOST_ALIKE and str(int(digits)) == digits else None


def is_own(name: str) -> bool:
    """Is it one of these?"""
    return name in NAMES or read_similar(name) is not None or read_contact(name) is not None


def contact_name(seconds: int) -> str:
    """The fact that the caller rang this called number within a span of time."""
    return f"{CONTACT}{span_name(seconds)}"


def read_contact(name: str) -> int | None:
    """The span of a fact of this name, in seconds; None where it is another fact."""
    if not name.startswith(CONTACT):
        return None
    try:
        seconds = read_span(name.removeprefix(CONTACT))
    except ValueError:
        return None
    return seconds if isinstance(seconds, int) and contact_name(seconds) == name else None


def similar(call: Call, digits: int) -> bool | None:
    """Do both have one country code, one length and the same digits behind the code? None: there are no two numbers."""
    caller, called = call.caller, call.called
    if not caller.canonical or not called.canonical:
        return None
    code = _code_of(caller.region)
    head = 1 + len(code) + digits
    if not code or len(caller.canonical) < head:
        return False
    # From the front, one more digit at a time: of a called number in the record no more than the first are known.
    for end in range(1, head + 1):
        if caller.canonical[:end] != called.canonical[:end]:
            return False
    return len(caller.canonical) == len(called.canonical) and code == _code_of(called.region)


@lru_cache(maxsize=300)
def _code_of(region: str) -> str:
    code = phonenumbers.country_code_for_region(region) if region else 0
    return str(code) if code else ""


def called_minute(call: Call, here: ZoneInfo) -> int | None:
    """The minute of the day where the called number is: by its plan, and here for what is in no plan of a country.

    None: it is in several zones, whose clocks differ now.
    """
    canonical = call.called.canonical
    if not canonical or not len(canonical):
        return None
    zones = zones_of(canonical) if canonical.startswith("+") else ()
    minutes = {_minute(call.at, ZoneInfo(name)) for name in zones} if zones else {_minute(call.at, here)}
    if canonical.startswith("+") and not zones:
        return None
    return minutes.pop() if len(minutes) == 1 else None


def _minute(at: float, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(at, zone)
    return local.hour * 60 + local.minute


@lru_cache(maxsize=_ZONES)
def zones_of(canonical: str) -> tuple[str, ...]:
    """The zones that a number may be in."""
    from phonenumbers import timezone  # 6 MiB of tables, which few rule sets ask for

    if area := max((beginning for beginning in _AREAS if canonical.startswith(beginning)), key=len, default=""):
        return _AREAS[area]
    try:
        number = phonenumbers.parse(canonical)
    except phonenumbers.NumberParseException:
        return ()
    found = tuple(name for name in timezone.time_zones_for_number(number) if name != timezone.UNKNOWN_TIMEZONE)
    own = _zones_by_country().get(phonenumbers.region_code_for_number(number) or "", ())
    # The tables of numbers name a neighbour's zone for some countries, whose clocks go by another law.
    foreign = bool(own) and not any(_named_now(name) in own for name in found)
    return own if len(own) == 1 or (found and foreign) else found


def _named_now(zone: str) -> str:
    from babel.core import get_global

    return str(get_global("zone_aliases").get(zone, zone))


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """The zones of each country, as CLDR has them."""
    from babel.core import get_global

    zones: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        zones.setdefault(country, []).append(zone)
    return {country: tuple(names) for country, names in zones.items()}


def ladder_step(hits: Iterable[Hit]) -> str | None:
    """The step on which the caller stands, whatever comes of it."""
    return next((hit.entry for hit in hits if hit.list == "ladder"), None)


def entry_of(call: Call, hits: Sequence[Hit]) -> Hit | None:
    """The narrowest entry of the operator's lists that counts for the caller."""
    return min(counts_of_lists(call, hits), key=lambda hit: (-hit.narrowness, hit.list, hit.entry), default=None)


def entry_kind(hit: Hit) -> str:
    """What sort of entry it is."""
    return "prefix" if hit.entry.endswith("*") else "range" if ".." in hit.entry else "number"


def measures_of(names: Iterable[str], here: ZoneInfo) -> list[Callable[[Call, Sequence[Hit]], tuple[str, Fact | None]]]:
    """What finds these facts of a call and the entries that cover its caller."""
    found: list[Callable[[Call, Sequence[Hit]], tuple[str, Fact | None]]] = []
    for name in sorted(names):
        if digits := read_similar(name):
            found.append(_similar_of(name, digits))
        elif name == CALLED_MINUTE:
            found.append(lambda call, hits: (CALLED_MINUTE, called_minute(call, here)))
        elif name == LADDER_STEP:
            found.append(lambda call, hits: (LADDER_STEP, ladder_step(hits)))
        elif name == ENTRY_DAYS:
            found.append(_entry_days)
        elif name == ENTRY_KIND:
            found.append(lambda call, hits: (ENTRY_KIND, entry_kind(hit) if (hit := entry_of(call, hits)) else None))
    return found


def _similar_of(name: str, digits: int) -> Callable[[Call, Sequence[Hit]], tuple[str, Fact | None]]:
    return lambda call, hits: (name, similar(call, digits))


def _entry_days(call: Call, hits: Sequence[Hit]) -> tuple[str, Fact | None]:
    hit = entry_of(call, hits)
    known = hit is not None and hit.added > 0.0
    return ENTRY_DAYS, max(0.0, round((call.at - hit.added) / DAY_S, 2)) if known and hit is not None else None
