"""What looks like a key is never repeated in a message, whatever file it was found in."""

from __future__ import annotations

import re

_RUN = re.compile(r"[0-9A-Za-z+/_-]{32,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_KINDS = (re.compile("[0-9]"), re.compile("[a-z]"), re.compile("[A-Z]"))


def without_keys(text: str) -> str:
    """The text with an asterisk for each sign of 32 or more in base64 or hexadecimal, so that places stay right."""
    return _RUN.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    run = found[0]
    if all(kind.search(run) for kind in _KINDS):
        return "*" * len(run)
    return _HEX.sub(lambda one: "*" * len(one[0]) if any(map(str.isalpha, one[0])) else one[0], run)
