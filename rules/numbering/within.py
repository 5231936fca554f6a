"""What stands in a text that is no number as a whole: one with something beside it, or several."""

from __future__ import annotations

import re
from typing import Final

from rules.numbering.groups import NO_NUMBER
from rules.numbering.spelling import fold
from rules.numbering.typed import read_typed
from rules.texts.bad_value import BadValue

_RUN: Final = re.compile(r"\(?\+?\(?[0-9][0-9 ().-]{3,}[0-9]")
_AMOUNT: Final = re.compile(r"\+?[0-9]+,0{1,2}|[0-9]{1,3}(?:[,'’`][0-9]{3})+(?:\.0+)?")


# A sign that looks like a digit, or a country code, which belongs to the number beside it: O177 537..., +1/201...
_TORN_BEFORE: Final = re.compile(
    r"(?<![^\W_])(?:[0-9]*[OoIl][0-9OoIl]*|\+[0-9OoIl]{1,3})[ ().,/-]*$|(?<!\w)[0-9]{1,3}[,/]$"
)
_TORN_BEHIND: Final = re.compile(r"[ ().,/-]*[0-9]*(?:[OoIl][0-9]|[0-9][OoIl])[0-9OoIl]*(?!\w)")


def is_torn(folded: str, start: int, end: int) -> bool:
    """Do digits, or what looks like one, stand beside this part of the text that may belong to its number?"""
    return _TORN_BEFORE.search(folded[:start]) is not None or _TORN_BEHIND.match(folded, end) is not None


def no_number(text: str, kind: str, home: str) -> BadValue:
    """Why the text is no number, and what to write instead."""
    folded = fold(text).strip()
    if _AMOUNT.fullmatch(folded):
        return BadValue(
            f"{text!r} is an amount, not a number of a telephone", "format the column as text, export again"
        )
    runs = list(_RUN.finditer(folded))
    found = dict.fromkeys(filter(None, (_number(run[0], home) for run in runs)))
    if any(is_torn(folded, run.start(), run.end()) for run in runs):
        return BadValue(f"{text!r} has a letter or a sign within its number", "write its digits alone")
    if len(found) > 1:
        return BadValue(
            f"{text!r} holds more than one number", "write each by itself; in a file each on a line of its own"
        )
    if found:
        return BadValue(f"{text!r} has something beside its number", f"write {next(iter(found))}")
    return BadValue(f"{text!r} is no number (it reads as {kind})")


def _number(run: str, home: str) -> str:
    try:
        number = read_typed(run, home)
    except ValueError:
        return ""
    return number.canonical if number.kind not in NO_NUMBER else ""
