"""What nobody sees in a text: signs of no width, marks of direction, accents, and letters that are empty."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNSEEN: Final = frozenset(("Cf", "Mn", "Me"))  # marks of direction and width, accents, circles
# Letters to Unicode, nothing to the eye.
EMPTY_LETTERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159")
# Nothing as yet, and to be shown as nothing whatever they will be (Default_Ignorable_Code_Point).
_KEPT: Final = re.compile("[\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]")

_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")  # embeddings, overrides and isolates (UAX #9)


def is_unseen(character: str) -> bool:
    """Does it show nothing of its own?"""
    return (
        unicodedata.category(character) in _UNSEEN or character in EMPTY_LETTERS or _KEPT.match(character) is not None
    )


def without_unseen(text: str) -> str:
    """The text without them. Each sign is asked once: the text is as long as a stranger likes."""
    if text.isascii():
        return text
    return text.translate({ord(sign): None for sign in set(text) if not sign.isascii() and is_unseen(sign)})


def shows_nothing(text: str) -> bool:
    """Is there nothing of it to be seen?"""
    return not without_unseen(text).strip()


def turns_writing(text: str) -> bool:
    """Has it marks that make what follows be written in the other direction, so that it shows something else?"""
    return _TURNING.search(text) is not None


def spelt_out(text: str) -> str:
    r"""What is not to be seen, or would steer a terminal, as YAML writes it between double quotes: \u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([_escaped(sign) if _hides(sign) else sign for sign in text])


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def _hides(sign: str) -> bool:
    """A sign that is no accent on the letter before it."""
    return not (sign.isprintable() or unicodedata.category(sign) == "Zs") or (
        is_unseen(sign) and unicodedata.category(sign) != "Mn"
    )
