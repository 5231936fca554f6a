"""What an entry of a list covers: a number, a prefix or a range, all of them intervals of ordered integers."""

from __future__ import annotations

from typing import Final, NamedTuple

# A number is written to base 11, its digits shifted by one, in 15 places (the length of E.164) and filled with
# "no digit" (0). So 95588 is one integer, the prefix 9558 is the interval of everything that begins with it, and
# 955880 lies in the prefix but is not 95588. Each plan has a space of its own: 678 x 11^15 stays below 2^63.
PLACES: Final = 15
SPACE: Final[int] = 11**PLACES
_ONES: Final[tuple[int, ...]] = tuple(int("1" * n, 11) if n else 0 for n in range(PLACES + 1))
_SCALE: Final[tuple[int, ...]] = tuple(11 ** (PLACES - n) for n in range(PLACES + 1))
_EXTENSIONS: Final = 1


class Interval(NamedTuple):
    """Everything that one entry covers; ``places`` is the length of its numbers, 0 for any length (a prefix)."""

    start: int
    stop: int  # included
    places: int
    text: str  # as people write it: +8613800138000, +86138*, +8613800000000..+8613899999999

    @property
    def exact(self) -> bool:
        """Is it a single number?"""
        return self.places > 0 and self.start == self.stop


def narrowness(start: int, stop: int) -> int:
    """Larger covers less; a single number has the largest."""
    return SPACE - (stop - start)


EXACT: Final = narrowness(0, 0)


def encode(canonical: str) -> int | None:
    """The integer of a canonical number, None for what no list can hold (empty, too long, not digits)."""
    if canonical[:1] == "+":
        digits, space = canonical[1:], 0
    else:
        plan, _, digits = canonical.partition(":")
        found = _space(plan)
        if found is None:
            return None
        space = found
    length = len(digits)
    if not 0 < length <= PLACES or not (digits.isascii() and digits.isdigit()):
        return None
    return space + (int(digits, 11) + _ONES[length]) * _SCALE[length]


def _space(plan: str) -> int | None:
    if plan == "EXT":
        return _EXTENSIONS * SPACE
    if len(plan) == 2 and plan.isascii() and plan.isupper():
        return (2 + (ord(plan[0]) - 65) * 26 + ord(plan[1]) - 65) * SPACE
    return None


def decode(code: int) -> str:
    """The canonical number of an integer made by `encode`."""
    plan, rest = divmod(code, SPACE)
    digits = ""
    while rest:
        rest, digit = divmod(rest, 11)
        if digit:
            digits = f"{digit - 1}{digits}"
    if plan == 0:
        return f"+{digits}"
    if plan == _EXTENSIONS:
        return f"EXT:{digits}"
    first, second = divmod(plan - 2, 26)
    return f"{chr(65 + first)}{chr(65 + second)}:{digits}"


def digits_of(canonical: str) -> str:
    """The digits without the plus or the name of the plan."""
    return canonical[1:] if canonical[:1] == "+" else canonical.partition(":")[2]


def number_interval(canonical: str) -> Interval | None:
    """The interval of a single number."""
    code = encode(canonical)
    return None if code is None else Interval(code, code, len(digits_of(canonical)), canonical)


def prefix_interval(canonical: str) -> Interval | None:
    """The interval of every number that begins with these digits, the digits alone included."""
    code = encode(canonical)
    if code is None:
        return None
    return Interval(code, code + _SCALE[len(digits_of(canonical))] - 1, 0, f"{canonical}*")


def range_interval(first: str, last: str) -> Interval | None:
    """The interval from one number to another of the same plan and length, None when they differ in these."""
    start, stop = encode(first), encode(last)
    places = len(digits_of(first))
    if start is None or stop is None or places != len(digits_of(last)) or start // SPACE != stop // SPACE:
        return None
    if start > stop:
        return None
    return Interval(start, stop, places, first if start == stop else f"{first}..{last}")


def interval_of(text: str) -> Interval:
    """The interval that is written so: ``text`` of an `Interval` gives it back; ValueError for anything else."""
    first, _, last = text.partition("..")
    if text.endswith("*"):
        found = prefix_interval(text[:-1])
    else:
        found = range_interval(first, last) if last else number_interval(text)
    if found is None:
        raise ValueError(f"{text!r} is no entry of a list")
    return found
