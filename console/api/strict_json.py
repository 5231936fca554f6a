"""JSON that can be read in one way only (RFC 8259, RFC 7493): no duplicate names, no NaN, no half characters."""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEPEST = 32


class NotJson(ValueError):
    """The body cannot be read; the message says why, and repeats nothing of it."""


def read_json(body: bytes, *, mend: bool = False) -> Any:
    """The value of a body; its depth is bounded before anything is built.

    With `mend` octets and halves that are no characters become U+FFFD: of texts that a stranger wrote, and which
    must be read.
    """
    try:
        text = body.decode("utf-8", "replace" if mend else "strict")
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is not UTF-8") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise NotJson(f"it is nested deeper than {DEEPEST}")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_small)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    if mend:
        return _mended(value)
    _whole_characters(value)
    return value


def _depth(text: str) -> int:
    """How deep brackets nest, those in strings left out."""
    deepest = depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("an object names something twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")


def _small(digits: str) -> int:
    if len(digits) > 20:
        raise NotJson("a number has more than 20 digits")
    return int(digits)


def _whole_characters(value: Any) -> None:
    """No surrogate without its half: it could be neither stored nor sent on."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise NotJson("a text holds half a surrogate pair")
    elif isinstance(value, list):
        for one in value:
            _whole_characters(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            _whole_characters(name)
            _whole_characters(one)


def _mended(value: Any) -> Any:
    """The same with U+FFFD in place of each half of a pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(one) for name, one in value.items()}
    return value
