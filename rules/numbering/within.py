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


def no_number(text: str, kind: str, home: str) -> BadValue:
    """Why the text is no number, and what to write instead."""
    folded = fold(text).strip()
    if _AMOUNT.fullmatch(folded):
        return BadValue(
            f"{text!r} is an amount, not a number of a telephone", "format the column as text, export again"
        )
    found = dict.fromkeys(filter(None, (_number(run, home) for run in _RUN.findall(folded))))
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
