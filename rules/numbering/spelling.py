"""Folds the many ways in which people and machines spell digits into one (RFC 3966 section 5.1.1, and beyond)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from rules.texts.unseen import EMPTY_LETTERS, is_unseen, without_unseen

# RFC 3966 allows - . ( ) between digits; people add the space, and typography its own dashes and spaces.
_SEPARATORS: Final = "-.() \t\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u3000\u30fb\ufe63\uff08\uff09\uff0d\uff0e"
# Marks that address books paste around a number: zero-width, byte order, direction.
_INVISIBLE: Final = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
)
_IN_A_ROW: Final = re.compile(rf"([{re.escape(_SEPARATORS)}\s])[{re.escape(_SEPARATORS)}\s]+")
_DROP_ASCII: Final = str.maketrans("", "", "-.() \t")
_DROP: Final = str.maketrans("", "", _SEPARATORS + _INVISIBLE)
# What a Japanese keyboard writes for a hyphen, in both widths: between digits it is no letter.
_LONG_VOWEL: Final = re.compile("(?<=[0-9)])[\u30fc\uff70](?=[0-9(])")
_NUMERALS: Final = frozenset(("No", "Nl"))  # \u2776 and \u3021, which NFKC leaves as they are
_DIGITS_SEEN: Final = re.compile(r"[0-9]|[^\x00-\x7f]")
_CHINESE: Final = str.maketrans("〇零一二三四五六七八九幺", "001234567891")
_FULL_WIDTH: Final = str.maketrans("\uff0b\ufe62\uff0a\uff03", "++*#")


def fold(text: str) -> str:
    """The text with digits, plus, star and hash of any width as ASCII; letters and separators stay."""
    if text.isascii():
        return text
    text = text.translate(_FULL_WIDTH)
    return _LONG_VOWEL.sub("-", "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text))


def fold_as_seen(text: str) -> str:
    """The text as a person reads its digits: also those in circles, raised, or written in Chinese."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", fold(text)).translate(_CHINESE)
    return "".join(c if c.isascii() or (c.isalpha() and c not in EMPTY_LETTERS) else _seen(c) for c in text)


def _seen(character: str) -> str:
    """A sign that is no letter: nothing where it is not seen, its digit if it is a numeral, else what it is."""
    if unicodedata.category(character) in _NUMERALS and (value := unicodedata.numeric(character)) in range(10):
        return str(int(value))
    return "" if is_unseen(character) else character


def without_separators(folded: str) -> str:
    """The folded text without visual separators and invisible marks."""
    return folded.translate(_DROP_ASCII if folded.isascii() else _DROP)


def condensed(text: str) -> str:
    """A long text without what nobody sees in it, and of separators in a row the first alone: only then it is cut."""
    return _IN_A_ROW.sub(r"\1", without_unseen(text))


def could_hold_digits(text: str) -> bool:
    """Could somebody read a digit in it? Outside ASCII there are too many kinds of them to ask for each."""
    return _DIGITS_SEEN.search(text) is not None


def is_digits(text: str) -> bool:
    """Is it one ASCII digit or more, and nothing else?"""
    return text.isascii() and text.isdigit()


def is_address(text: str) -> bool:
    """Is it an IPv4 address in dots, which no separator rule may turn into a number?"""
    if text.count(".") != 3:
        return False
    octets = text.split(".")
    return all(is_digits(o) and len(o) <= 3 and int(o) <= 255 and str(int(o)) == o for o in octets)
