"""Folds a display name into what it looks like: strangers write a bank's name with signs that only look like its own.

Full-width and styled letters, zero-width signs, odd blanks, letters set apart and letters of other scripts that look
Latin all read as the plain name. Which look alike is Unicode's list (UTS #39), as confusable-homoglyphs carries it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import Final

_KNOWN: Final = 2_000  # names remembered
_LONGEST_KNOWN: Final = 1000  # characters of one
_NO_SIGNS: Final = frozenset(("Cf", "Cc"))
_TURNS: Final = "\u202e"  # from here on it is shown from right to left, until it ends or \u202c
_TURNED: Final = re.compile("\u202e([^\u202a-\u202e]*)")
# What a person takes other signs for among Latin ones; the list knows only those that are drawn alike.
_ALSO_ALIKE: Final = {
    **dict(zip(map(ord, "бвгкмнптьи"), "bbrkmhntbu", strict=True)),
    **dict(zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"), "abcdefghijklmnoprstuvwyz", strict=True)),  # small capitals
    **dict(zip(map(ord, "ɓɗɠƙƥƭⲃ"), "bdgkptb", strict=True)),
    **{0x1F1E6 + at: chr(97 + at) for at in range(26)},  # letters of flags
}
# Combining signs that belong to no letter, selectors of variants, and letters that show nothing.
_UNSEEN: Final = re.compile(
    "[\u0300-\u036f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20d0-\u20ff\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BLANKS: Final = re.compile(r"[\s\u2800]+")
_WIDE: Final = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_WIDE: Final = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_SET_APART: Final = re.compile(r"(?<!\S)\w(?: \w){2,}(?!\S)")  # B A N K
_RADICALS: Final = range(0x2E80, 0x3000)


def folded(text: str) -> str:
    """What a name looks like, capitals as they are. A plain one comes back as the same object, at no cost."""
    if text.isascii() and text.isprintable():
        return text if " " not in text else _spaced(text)
    return _folded(text) if len(text) <= _LONGEST_KNOWN else _fold(text)


def looks(text: str) -> tuple[str, ...]:
    """How else a name is read than as it is written: what it looks like, also to who lets it run from right to left."""
    plain = folded(text)
    others = () if plain is text else (plain,)
    return others if _TURNS not in text else (*others, folded(_TURNED.sub(_turned, text)))


def _turned(run: re.Match[str]) -> str:
    return run[1][::-1]


@lru_cache(maxsize=_KNOWN)
def _spaced(text: str) -> str:
    found = _joined(text)
    return text if found == text else found


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text)  # letters apart from their accents
    signs = (sign for sign in text if sign.isspace() or unicodedata.category(sign) not in _NO_SIGNS)
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", "".join(signs)))
    return _joined(text if text.isascii() else text.translate(look_alikes()))


_folded: Final = lru_cache(maxsize=_KNOWN)(_fold)


def _joined(text: str) -> str:
    """Blanks of every kind as one, none between Chinese signs, and none between letters that are set apart."""
    text = _BETWEEN_WIDE.sub("", _BLANKS.sub(" ", text).strip())
    return _SET_APART.sub(lambda run: run[0].replace(" ", ""), text)


@cache
def look_alikes() -> dict[int, str]:
    """Letters of other scripts, by code, with the Latin letter or digit that each looks like."""
    # Its file alone, and let go of: the module would keep 16 MB. A tenth of a second; most rules ask for no name.
    data = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    found: dict[int, str] = {}
    for sign, others in json.loads(data).items():
        if len(sign) != 1 or sign.isascii():
            continue
        like = [other["c"] for other in others if len(other["c"]) == 1]
        if ord(sign) in _RADICALS:
            like = [other for other in like if "\u3400" <= other <= "\u9fff"]
        else:
            like = [other for other in like if other.isascii() and other.isalnum()]
            like.sort(key=lambda other: (other.isupper() is not sign.isupper(), not other.isalpha()))
        if like:  # of what looks like I the list knows only that it looks like l
            found[ord(sign)] = "I" if like[0] == "l" and sign.isupper() else like[0]
    return _ALSO_ALIKE | found
