"""What may be seen of a number: masked in lines, a keyed pseudonym in records, its area for reports."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from hashlib import blake2s
from typing import Final

import phonenumbers

from rules.model import Number, NumberClass
from rules.numbering.intervals import digits_of
from rules.numbering.plan_table import plan_of, shortest_number
from rules.records.numbers_in_text import (
    ANY,
    DIGITS,
    DROPPED,
    HYPHENATED,
    LIKE_A_NUMBER,
    WHOLE,
    Signs,
    could_hold_a_number,
    is_machine,
)

# Whoever knows how many digits a number has, and what it begins with, is left a million numbers to guess among; of less
# than seven digits, which name a service or an extension, half are shown.
_LEAST_HIDDEN: Final = 6
_LAST_SHOWN: Final = 2
# In words for people a number may be written in groups, with brackets around its area, or in digits of full width.
_NUMBER_IN_WORDS: Final = r"0(?:[ -]{0,3}0){%d,}"
_SHORT: Final = 11  # characters of a canonical number with a plan and less than seven digits
_MOST_MACHINES: Final = 1_000
_machines: set[str] = set()  # addresses behind the @ of Call-IDs, met lately: no number reaches into them
_DIALLED: Final = (6, 5)  # digits of a number at home that has less than seven, as in Luxembourg


def mask(canonical: str) -> str:
    """The number with digits hidden: +86138******00, CN:95***, EXT:1***; nothing stays nothing."""
    digits = digits_of(canonical)
    if not digits:
        return ""
    count = len(digits)
    first, last = _shown_of(count)
    return f"{canonical[:-count]}{digits[:first]}{'*' * (count - first - last)}{digits[count - last :]}"


def _shown_of(count: int) -> tuple[int, int]:
    """How many of so many digits of a number may be seen, first and last."""
    if count < WHOLE:
        return count // 2, 0
    last = _LAST_SHOWN if count >= _LEAST_HIDDEN + 2 * _LAST_SHOWN else 0
    return count - _LEAST_HIDDEN - last, last


def mask_within(text: str, *numbers: str) -> str:
    """A text that peers wrote, such as a Call-ID, with the digits hidden of all in it that could be a number.

    ``numbers`` are canonical ones that are hidden although they are short, such as an extension, or as they are dialled
    at home.
    """
    at = text.rfind("@")
    own = text[:at] if at > 0 and text[at + 1 :] in _machines else text  # the host of most is one of a few addresses
    if not own.isascii() or "%" in own or LIKE_A_NUMBER in own.encode().translate(DIGITS, DROPPED):
        text = _without_numbers(text)
    for number in numbers:
        if len(number) < _SHORT and 2 < len(digits := digits_of(number)) < 7 and digits in text:
            text = re.sub(rf"(?<!\d){digits}(?!\d)", _second_half_hidden, text)
        elif len(number) < _SHORT and number[:1] == "+":
            for count in _DIALLED:
                if (digits := number[1:])[-count:] in text:
                    text = re.sub(rf"(?<!\d)0?{digits[-count:]}(?!\d)", _all_digits_hidden, text)
    return text


def _without_numbers(text: str) -> str:
    at = text.rfind("@")
    if at > 0 and is_machine(host := text[at + 1 :]):
        if len(_machines) >= _MOST_MACHINES:
            _machines.clear()
        _machines.add(host)
        if not could_hold_a_number(text[:at]):
            return text
    signs = Signs(text)
    signs.hide(HYPHENATED)
    signs.hide(ANY)
    return signs.written()


@lru_cache(maxsize=2_000)
def mask_words(text: str, country: str = "") -> str:
    """What a caller's side wrote to be read, a name, a device or a header field, with such digits hidden as well.

    ``country`` where numbers of its subscribers are meant that are shorter than elsewhere.
    """
    if text.isascii() and text.isalpha():
        return text
    signs = Signs(text, words=True)
    signs.hide(_in_words(country))
    signs.hide(ANY)
    return signs.written()


@cache
def _in_words(country: str) -> re.Pattern[str]:
    least = max(_DIALLED[-1], min(WHOLE, shortest_number(country) or WHOLE)) if country else WHOLE
    return re.compile(_NUMBER_IN_WORDS % (least - 1))


def _second_half_hidden(found: re.Match[str]) -> str:
    text = found[0]
    kept = len(text) // 2
    return text[:kept] + "*" * (len(text) - kept)


def _all_digits_hidden(found: re.Match[str]) -> str:
    return "*" * len(found[0])


def pseudonym(key: bytes, canonical: str) -> str:
    """The same 32 characters for the same number, to nobody without the key; nothing stays nothing."""
    if not canonical:
        return ""
    hashed = _keyed(key).copy()
    hashed.update(canonical.encode())
    return hashed.hexdigest()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> blake2s:
    return blake2s(digest_size=16, key=key)  # copied for each number: cheaper than to give the key each time


def area(number: Number) -> str:
    """The digits up to the area code: +8610, +86138, CN:955; an extension has none."""
    canonical = number.canonical
    if canonical[:3] == "+86":
        return _area_in_china(canonical)
    if canonical[:1] == "+":
        return canonical[:5] if canonical[:2] == "+1" else _known_area(canonical[:8], len(canonical))
    plan, colon, digits = canonical.partition(":")
    if number.kind is NumberClass.EXTENSION:
        return f"{plan}{colon}"
    return f"{plan}{colon}{digits[:3]}"


def _area_in_china(canonical: str) -> str:
    plan = plan_of("CN")
    area = plan.area(canonical[3:]) if plan else ""
    return canonical[: 3 + len(area)] if area else canonical[:6]  # the first three digits of mobiles


@lru_cache(maxsize=20_000)
def _known_area(head: str, length: int) -> str:
    # An area is settled by the first seven digits and the length: the rest, which names a person, is not kept here.
    return _international_area(head.ljust(length, "0"))


def _international_area(canonical: str) -> str:
    try:
        parsed = phonenumbers.parse(canonical)
    except phonenumbers.NumberParseException:
        return canonical[:4]
    code = len(str(parsed.country_code))
    length = phonenumbers.length_of_geographical_area_code(parsed)
    length = length or phonenumbers.length_of_national_destination_code(parsed)
    return canonical[: 1 + code + (length or 3)]
