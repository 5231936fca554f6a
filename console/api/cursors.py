"""Where a page ended, as text that means nothing to the client but the next page."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from console.api.problems import field_problem

_MOST = 2**53


def cursor_at(place: int) -> str:
    """A cursor for what begins behind so many, or behind this id."""
    return urlsafe_b64encode(json.dumps([place]).encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> int:
    """What a cursor says; 0 for none. Raises Problem for one that no page gave."""
    if cursor is None:
        return 0
    try:
        match json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            case [int() as place] if not isinstance(place, bool) and 0 <= place < _MOST:
                return place
    except (ValueError, RecursionError):
        pass
    raise field_problem("cursor", "no page gave this; begin without")
