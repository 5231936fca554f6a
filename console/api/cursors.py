"""Where a page ended, as text that means nothing to the client but the next page."""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from console.api.problems import Problem, field_problem
from desk.case_files import Turn

_MOST = 2**53
_LONGEST = 120


def cursor_at(place: int) -> str:
    """A cursor for what begins behind so many, or behind this id."""
    return _written([place])


def place_of(cursor: str | None) -> int:
    """What such a cursor says; 0 for none. Raises Problem for one that no page gave."""
    match _read(cursor) if cursor is not None else [0]:
        case [int() as place] if _fits(place):
            return place
    raise _unknown()


def turn_cursor(last: Turn) -> str:
    """A cursor for what waits behind this place."""
    return _written([*last])


def turn_of(cursor: str | None) -> Turn | None:
    """What such a cursor says; None for none. Raises Problem for one that no page gave."""
    if cursor is None:
        return None
    match _read(cursor):
        case [bool() as ordinary, int() | float() as due, int() as last] if math.isfinite(due) and _fits(last):
            return Turn(ordinary, float(due), last)
    raise _unknown()


def text_cursor(text: str) -> str:
    """A cursor for what stands behind this text."""
    return _written([text])


def text_of(cursor: str | None) -> str:
    """What such a cursor says; nothing for none. Raises Problem for one that no page gave."""
    match _read(cursor) if cursor is not None else [""]:
        case [str() as text] if len(text) <= _LONGEST and "\0" not in text:
            return text
    raise _unknown()


def sealed_text_of(cursor: str | None, opened: Callable[[str], str]) -> str:
    """What a cursor says that tells nobody what is in it; ``opened`` reads what was sealed, and gives nothing else."""
    if cursor is None:
        return ""
    if not (text := opened(text_of(cursor))):
        raise _unknown()
    return text


def _written(place: list[object]) -> str:
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str) -> object:
    try:
        return json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise _unknown() from None


def _fits(number: int) -> bool:
    return not isinstance(number, bool) and 0 <= number < _MOST


def _unknown() -> Problem:
    return field_problem("cursor", "no page gave this; begin without")
