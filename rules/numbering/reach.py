"""How many numbers of the plan an entry covers: what a person should see before a whole range is blocked."""

from __future__ import annotations

from collections.abc import Iterator

from phonenumbers import region_code_for_country_code
from phonenumbers.phonemetadata import PhoneMetadata

from rules.numbering.intervals import Interval, digits_of
from rules.numbering.plan_table import LONGEST_E164, Plan, calling_code, plan_of


def reach(interval: Interval) -> int:
    """Numbers that the interval covers: exact for ranges, by the lengths of the plan for prefixes; at least 1."""
    first, _, last = interval.text.partition("..")
    if interval.places:
        return int(digits_of(last)) - int(digits_of(first)) + 1 if last else 1
    prefix = first.rstrip("*")
    digits = digits_of(prefix)
    if prefix[0] != "+":
        plan = plan_of(prefix[:2])
        return max(sum(_of_rows(plan, digits, inside=True)), 1) if plan else 1
    code = calling_code(digits)
    if code == "86" and (plan := plan_of("CN")):
        digits = digits[len(code) :]
        return max(sum(_of_rows(plan, digits, inside=False)) + sum(_of_areas(plan, digits)), 1)
    metadata = PhoneMetadata.metadata_for_region(region_code_for_country_code(int(code or 0)))
    described = metadata.general_desc if metadata else None
    longest = max(described.possible_length if described else (), default=LONGEST_E164)
    return int(10 ** max(min(len(code) + longest, LONGEST_E164) - len(digits), 0))


def _of_rows(plan: Plan, digits: str, *, inside: bool) -> Iterator[int]:
    for rows in plan.rows.values():
        for row in rows:
            if row.inside is inside and (row.prefix.startswith(digits) or digits.startswith(row.prefix)):
                known = max(len(row.prefix), len(digits))
                yield from (10 ** (length - known) for length in row.lengths if length >= known)


def _of_areas(plan: Plan, digits: str) -> Iterator[int]:
    for area, lengths in plan.areas.items():
        local = digits[len(area) :]
        if digits.startswith(area) and local:
            yield from (10 ** (length - len(local)) for length in lengths if length >= len(local))
        elif area.startswith(digits[: len(area)]):  # local numbers begin with 2 to 8
            yield from (7 * 10 ** (length - 1) for length in lengths)
