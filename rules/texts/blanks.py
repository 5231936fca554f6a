"""Does a text that must say something say anything?"""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset(("Cc", "Cf", "Mn", "Me", "Zl", "Zp", "Zs"))  # blanks of any width, marks that nobody sees


def is_blank(text: str) -> bool:
    """Is there nothing in it that a reader could see?"""
    return all(character.isspace() or unicodedata.category(character) in _UNSEEN for character in text)
