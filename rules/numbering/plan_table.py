"""Our own number plans: data under rules/numbering/plans/, each row with its source, asked before any library."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from rules.model import NumberClass

PLANS = Path(__file__).with_name("plans")
OWN_PLANS = frozenset(path.stem for path in PLANS.glob("??.csv"))
LONGEST_E164 = 15  # digits, country code and all (ITU-T E.164 section 6)


class PlanRow(NamedTuple):
    """Numbers that begin with ``prefix`` and have one of ``lengths`` digits are of this class."""

    prefix: str
    lengths: frozenset[int]
    kind: NumberClass
    inside: bool  # exists only inside the plan: its canonical form is CN:95588, not E.164
    area: bool  # also spelt with an area code in front
    inbound_only: bool


class Plan:
    """The plan of one country, over national significant numbers (no trunk prefix, no country code)."""

    __slots__ = ("areas", "calling_code", "country", "rows", "trunk_prefix", "widths")

    def __init__(self, country: str, calling_code: str, trunk_prefix: str) -> None:
        self.country = country
        self.calling_code = calling_code
        self.trunk_prefix = trunk_prefix
        self.rows: dict[str, tuple[PlanRow, ...]] = {}  # by prefix; a prefix may have a row for each length
        self.areas: dict[str, frozenset[int]] = {}  # area code -> lengths of the local number
        for row in read_rows(PLANS / f"{country}.csv"):
            self.rows[row.prefix] = (*self.rows.get(row.prefix, ()), row)
        for code, lengths in read_areas(PLANS / f"{country}-areas.csv"):
            self.areas[code] = lengths
        self.widths = sorted({len(prefix) for prefix in self.rows}, reverse=True)

    def listed(self, digits: str) -> PlanRow | None:
        """The row of the longest prefix that lists this length."""
        for width in self.widths:
            for row in self.rows.get(digits[:width], ()):
                if len(digits) in row.lengths:
                    return row
        return None

    def area(self, digits: str) -> str:
        """The area code that the digits begin with, or nothing."""
        for width in (2, 3):
            if digits[:width] in self.areas:
                return digits[:width]
        return ""

    def fixed(self, digits: str) -> bool:
        """Is it an area code with a local number? Local numbers begin with 2-8."""
        area = self.area(digits)
        return bool(area) and len(digits) - len(area) in self.areas[area] and digits[len(area)] in "2345678"


@cache
def plan_of(country: str) -> Plan | None:
    """The country's own plan, where we keep one; loaded once."""
    return Plan(country, *codes_of(country)) if country in OWN_PLANS else None


@cache
def codes_of(country: str) -> tuple[str, str]:
    """Country code and trunk prefix of a country; empty where there is none."""
    metadata = PhoneMetadata.metadata_for_region(country) if country else None
    return (str(metadata.country_code), metadata.national_prefix or "") if metadata else ("", "")


@cache
def international_prefix(country: str) -> re.Pattern[str] | None:
    """What is dialled in a country before a country code; 00 is understood everywhere and not in here."""
    metadata = PhoneMetadata.metadata_for_region(country) if country else None
    pattern = metadata.international_prefix if metadata else None
    return re.compile(pattern) if pattern and pattern != "00" else None


def calling_code(digits: str) -> str:
    """The country code that the digits begin with; no code begins with another (ITU-T E.164)."""
    for width in (1, 2, 3):
        if int(digits[:width] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return digits[:width]
    return ""


def read_rows(path: Path) -> Iterator[PlanRow]:
    """The rows of a plan; a prefix is written in full, lengths are divided by spaces."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield PlanRow(
                row["prefix"],
                frozenset(int(n) for n in row["lengths"].split()),
                NumberClass(row["class"]),
                {"plan": True, "e164": False}[row["form"]],
                {"yes": True, "no": False}[row["area"]],
                {"yes": True, "no": False}[row["inbound_only"]],
            )


def read_areas(path: Path) -> Iterator[tuple[str, frozenset[int]]]:
    """Area codes, one by one; the file writes neighbours as a range."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            first, _, last = row["codes"].partition("-")
            lengths = frozenset(int(n) for n in row["local"].split())
            for code in range(int(first), int(last or first) + 1):
                yield str(code), lengths


def is_as_long_as_its_numbers(code: str, national: str) -> bool:
    """Has the plan of a country code numbers of so many digits, whichever begin so?"""
    if not code or not national or national[0] == "0" or len(code + national) > LONGEST_E164:
        return False
    number = phonenumbers.PhoneNumber(country_code=int(code), national_number=int(national))
    return bool(phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE)


@cache
def shortest_number(country: str) -> int:
    """The fewest digits that a telephone at home or a mobile has there, as dialled; 0 where nobody knows."""
    if plan := plan_of(country):
        return min((length for lengths in plan.areas.values() for length in lengths), default=0)
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None:
        return 0
    kinds = [kind for kind in (metadata.fixed_line, metadata.mobile) if kind is not None]
    lengths = {length for kind in kinds for length in (*kind.possible_length, *kind.possible_length_local_only)}
    return min((length for length in lengths if length > 0), default=0)
