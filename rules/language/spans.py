"""A range of numbers in an example stands for one call to, or from, each number in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rules.language.grammar import Example
from rules.numbering.spelling import without_separators
from rules.numbering.typed import Spelt, read_spelling
from rules.texts.bad_value import BadValue

MOST: Final = 1000  # calls of one example: each is read and judged
_PARTIES: Final = (("from", "from_"), ("to", "to"))


_END: Final = re.compile(r"(\+|[A-Za-z]+:)?([0-9]+)")  # how it is read, and its digits


def numbers_of(spelt: Spelt) -> range:
    """How far a range goes, as whole numbers. BadValue: it has no end that can be reached by counting."""
    (how, first), (how_last, last) = _end(spelt.first), _end(spelt.last)
    shown = f"{spelt.first}..{spelt.last}"
    if how_last not in ("", how):
        raise BadValue(f"{shown}: its ends are written in two ways", f"write {spelt.first}..{last}")
    if len(first) != len(last):
        raise BadValue(f"{shown}: its ends have {len(first)} and {len(last)} digits", "write both with as many digits")
    if int(last) < int(first):
        raise BadValue(f"{shown} ends before it begins", f"write {spelt.last}..{spelt.first}")
    found = range(int(first), int(last) + 1)
    if len(found) > MOST:
        raise BadValue(f"{shown} stands for {len(found):,} calls", f"write a shorter range: {MOST:,} calls at most")
    return found


def calls_of(example: Example) -> Iterator[Example]:
    """The calls that an example stands for: itself, or one for each number of its ranges."""
    open_ranges = [(field, spelt) for key, field in _PARTIES if (spelt := span_of(example, field)) is not None]
    if not open_ranges:
        yield example
        return
    ((field, spelt), *others) = open_ranges
    how, first = _end(spelt.first)
    for number in numbers_of(spelt):
        one = example.model_copy(update={field: f"{how}{number:0{len(first)}}"})
        if others:
            yield from calls_of(one)
        else:
            yield one


def span_of(example: Example, field: str) -> Spelt | None:
    """The range that a party is; None for one number. SpellingFault where it is neither."""
    text = getattr(example, field)
    if ".." not in text:
        return None
    spelt = read_spelling(text, example.trunk_country or "")
    return spelt if spelt.last else None


def refuse_many(example: Example) -> None:
    """Two ranges in one example multiply. BadValue where that is more than can be judged."""
    number = 1
    for _, field in _PARTIES:
        if (spelt := span_of(example, field)) is not None:
            number *= len(numbers_of(spelt))
    if number > MOST:
        what = f"its two ranges stand for {number:,} calls"
        raise BadValue(what, f"write shorter ones: {MOST:,} calls at most")


def _end(text: str) -> tuple[str, str]:
    """How an end is to be read (`+`, `CN:` or nothing), and its digits."""
    found = _END.fullmatch(without_separators(text))
    if found is None:
        raise BadValue(f"{text!r} is no end of a range of calls", "write digits: 13800138000..13800138030")
    return found[1] or "", found[2]
