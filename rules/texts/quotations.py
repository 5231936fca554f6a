"""Digits behind the quotation marks of a cell, which csv reads as if they had stood within."""

from __future__ import annotations

import re
from functools import cache

SLIPPED_OUT = "digits stand behind the quotation marks of a cell: put them within, or take them out"


def slipped_out(row: str, delimiter: str) -> bool:
    """Does a cell of the row, as it stands in its file, have digits right behind its quotation marks: ``"138..."5``?"""
    return any((cell[1] or "")[:1].isdigit() for cell in _cells(delimiter).finditer(row))


@cache
def _cells(delimiter: str) -> re.Pattern[str]:
    """One cell after another, and what of it stands behind its quotation marks."""
    sign = re.escape(delimiter)
    return re.compile(rf'[^\S{sign}\n]*+(?:"(?:[^"]|"")*+"([^{sign}\n]*+)|[^{sign}\n]*+)(?:{sign}|\n|\Z)')
