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

from rules.texts.turned import turned

_KNOWN: Final = 2_000  # names remembered
_LONGEST_KNOWN: Final = 1000  # characters of one
_NO_SIGNS: Final = frozenset(("Cf", "Cc"))
_MARKS: Final = frozenset(("Mn", "Me"))
_DRAWN: Final = frozenset(("So", "No"))
# What a person takes other signs for among Latin ones; the list knows only those that are drawn alike.
_ALSO_ALIKE: Final = dict(zip("бгпьиИяЯшШεєЄωΛΣΞßĸ", "brnbuNrRwWeeEwAEEbk", strict=True))
_GREEK: Final = "αβγδε\0ζηθικλμνξοπρστυφχψω"  # Coptic has its letters in this order, small ones behind capitals
_COPTIC: Final = range(0x2C80, 0x2CB2)
# Combining signs that belong to no letter, selectors of variants, letters that show nothing, and what Unicode keeps for
# signs to be shown as nothing (Default_Ignorable_Code_Point).
_UNSEEN: Final = re.compile(
    "[\u0300-\u036f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u20d0-\u20ff\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)
_OF_KANA: Final = frozenset("\u3099\u309a")
_KANA: Final = frozenset(("HIRAGANA", "KATAKANA"))
# Unicode's names say which letter a sign is, however it is drawn: NEGATIVE SQUARED LATIN CAPITAL LETTER B.
_LATIN: Final = re.compile(r"(?:.* )?(?:LATIN|SYMBOL)(?: SMALL| CAPITAL)?(?: LETTER)(?! SHARP)(?: [A-Z]{2,})* ([A-Z])")
_NUMBERED: Final = re.compile(" (?:DIGIT|NUMBER) ")
_DECORATED: Final = re.compile(r" WITH .*")
_MOST_STEPS: Final = 4
_MOST_SIGNS: Final = 20_000  # remembered
_HARDLY_BLANK: Final = re.compile("[\v\f\x1c-\x1f\x85\u2028\u2029]+")  # most show nothing of them, some a blank
_NARROW: Final = re.compile("[\u2005-\u200a\u202f\u205f]+")  # and these a sliver
_ODD_BLANKS: Final = re.compile(
    r"(?:[^\S ]|\u2800)+"
)  # whatever is a blank and not the plain one: many show nothing of it
_BLANKS: Final = re.compile(r"[\s\u2800]+")
_WIDE: Final = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_WIDE: Final = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
# B A N K, b.a.n.k
_APART: Final = " ._*|/~\u00b7\u2022-"
_SET_APART: Final = re.compile(rf"(?<![^\W_])[^\W_](?:[{_APART}][^\W_]){{2,}}(?![^\W_])")
_WITHOUT_APART: Final = dict.fromkeys(map(ord, _APART))
_RADICALS: Final = range(0x2E80, 0x3000)


def folded(text: str) -> str:
    """What a name looks like, capitals as they are. A plain one comes back as the same object, at no cost."""
    if text.isascii() and text.isprintable():
        return text if text.isalnum() else _spaced(text)
    return _folded(text) if len(text) <= _LONGEST_KNOWN else _fold(text)


def looks(text: str) -> tuple[str, ...]:
    """How else a name is read than as it is written: what it looks like, also to who lets it run from right to left."""
    plain = folded(text)
    others: tuple[str, ...] = () if plain is text else (plain,)
    if text.isascii() and text.isprintable():
        return others
    if _ODD_BLANKS.search(text) is not None:
        others += _with_blanks(text)
    for shown in turned(text):
        others += _with_blanks(shown)
    return others


def _with_blanks(text: str) -> tuple[str, ...]:
    """With odd blanks shown as blanks, as nothing, and with the narrow ones alone as nothing: each that is another."""
    apart = _HARDLY_BLANK.sub(" ", text)
    bare = _NARROW.sub("", _HARDLY_BLANK.sub("", text))
    return tuple({folded(each): None for each in (apart, bare, _ODD_BLANKS.sub("", text))})


@lru_cache(maxsize=_KNOWN)
def _spaced(text: str) -> str:
    found = _joined(text)
    return text if found == text else found


def _fold(text: str) -> str:
    text = _HARDLY_BLANK.sub("", text)
    text = unicodedata.normalize("NFKD", "".join(map(_drawn, text)))  # letters apart from their accents
    signs = (sign for sign in text if sign.isspace() or unicodedata.category(sign) not in _NO_SIGNS)
    text = unicodedata.normalize("NFC", _without_marks(_UNSEEN.sub("", "".join(signs))))
    return _joined(text if text.isascii() else "".join(map(look_of, text)))


_folded: Final = lru_cache(maxsize=_KNOWN)(_fold)


def _joined(text: str) -> str:
    """Blanks of every kind as one, none between Chinese signs, and none between letters that are set apart."""
    text = _BETWEEN_WIDE.sub("", _BLANKS.sub(" ", text).strip())
    return _SET_APART.sub(lambda run: run[0].translate(_WITHOUT_APART), text)


def _without_marks(text: str) -> str:
    """Without accents but those that the letter's own script has, such as vowels of Thai."""
    if text.isascii():
        return text
    kept, script = [], ""
    for sign in text:
        if unicodedata.category(sign) in _MARKS:
            if _script(sign) != script and not (sign in _OF_KANA and script in _KANA):
                continue
        else:
            script = _script(sign)
        kept.append(sign)
    return "".join(kept)


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0]


@lru_cache(maxsize=_MOST_SIGNS)
def _drawn(sign: str) -> str:
    """The letter or the digit that a picture of it shows: in a square, a ring, brackets, on a flag."""
    if sign.isascii() or unicodedata.category(sign) not in _DRAWN:
        return sign
    if _NUMBERED.search(unicodedata.name(sign, "")) is not None:
        number = unicodedata.numeric(sign, -1.0)
        return str(int(number)) if number >= 0 and number.is_integer() else sign
    return _named(sign) or sign


def _named(sign: str) -> str:
    """The one Latin letter that its name says it is; empty where it is none."""
    name = _DECORATED.sub("", unicodedata.name(sign, ""))
    found = _LATIN.fullmatch(name)
    if found is None:
        return ""
    return found[1].lower() if " SMALL LETTER" in name else found[1]


@lru_cache(maxsize=_MOST_SIGNS)
def look_of(sign: str) -> str:
    """The Latin letters or digits that a sign looks like; the sign itself where it looks like none."""
    if sign.isascii():
        return sign
    if ord(sign) in _RADICALS:
        return look_alikes().get(sign, ("", sign))[1]
    return _latin(sign, _MOST_STEPS) or sign


def _latin(sign: str, steps: int) -> str:
    """By Unicode's list, by its name, by what the list says it is drawn like, undecorated, or as a capital."""
    if sign.isascii():
        return sign if sign.isalnum() else ""
    if steps == 0:
        return ""
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    ascii_like, like = look_alikes().get(sign, ("", ""))
    found = _ALSO_ALIKE.get(sign, "") or ascii_like or _named(sign)
    if not found and like:
        bare = _UNSEEN.sub("", unicodedata.normalize("NFD", like))
        found = "".join(_latin(each, steps - 1) or " " for each in bare) if bare != sign else ""
        found = "" if " " in found else found
    found = found or _by_name(sign, steps) or _as_capital(sign, steps)
    return found.lower() if sign.islower() else found


def _by_name(sign: str, steps: int) -> str:
    if ord(sign) in _COPTIC:
        at = ord(sign) - _COPTIC.start
        greek = _GREEK[at // 2]
        return _latin(greek if at % 2 else greek.upper(), steps - 1) if greek != "\0" else ""
    name = unicodedata.name(sign, "")
    bare = _DECORATED.sub("", name)
    if bare == name:
        return ""
    try:
        return _latin(unicodedata.lookup(bare), steps - 1)
    except KeyError:
        return ""


def _as_capital(sign: str, steps: int) -> str:
    """Small letters of other scripts are drawn as small capitals."""
    capital = sign.upper()
    return _latin(capital, steps - 1) if len(capital) == 1 and capital != sign else ""


@cache
def look_alikes() -> dict[str, tuple[str, str]]:
    """What Unicode's list says a sign looks like: Latin letters or digits, or else something else."""
    # Its file alone, and let go of: the module would keep 16 MB. A tenth of a second; most rules ask for no name.
    data = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    for sign, others in json.loads(data).items():
        if len(sign) != 1 or sign.isascii():
            continue
        all_like = [other["c"] for other in others]
        if ord(sign) in _RADICALS:
            radicals = [other for other in all_like if len(other) == 1 and "\u3400" <= other <= "\u9fff"]
            if radicals:
                found[sign] = "", radicals[0]
            continue
        like = [other for other in all_like if other.isascii() and other.isalnum()]
        like.sort(key=lambda other: (len(other), other.isupper() is not sign.isupper(), not other.isalpha()))
        if like:  # of what looks like I the list knows only that it looks like l
            found[sign] = "I" if like[0] == "l" and sign.isupper() else like[0], ""
        elif len(all_like) == 1:
            found[sign] = "", all_like[0]
    return found
