"""Where in a text a number could be read, however its digits are spelt and whatever stands between them.

One definition for all that is shown masked: log, records, traces and copies. Readers drop what is no letter between two
digits (rules/numbering/readings.py), decode escapes, and see a digit in each sign that looks like one; so seven digits
with anything but letters between them are a number. Addresses of machines are none, where nothing joins them to digits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from rules.numbering.spelling import fold_as_seen

# What each sign is to the patterns: a digit, a letter, or something that readers drop.
_DIGIT, _LETTER, _HYPHEN, _BLANK, _COMMA, _OTHER = "0", "a", "-", " ", ",", "."
_HIDDEN: Final = "x"  # a digit that is hidden already: no number goes on across it
_BLANKS: Final = frozenset("() \t\n\r\v\f\u2010\u2011\u2012\u2013\u2014\u2015")
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")  # letters by their category that nobody sees

WHOLE: Final = 7  # digits of a number
_LEAST_HIDDEN, _FIRST_SHOWN, _LAST_SHOWN = 6, 3, 2  # of them
ANY: Final = re.compile(r"0(?:[^0ax]*0){6,}")
HYPHENATED: Final = re.compile(r"0(?:-?0){6,}")
LONGEST: Final = 24  # digits, among letters: of more no reader makes a number, and a token of ours has more
AMONG_LETTERS: Final = re.compile(r"0(?:[^0x]*0){6,}")  # who dials or shows a user part may drop its letters, too
# In words for people a comma and a blank end a word: 95588, 223344 are two.
_BETWEEN_WORDS: Final = re.compile(r"(?<=00000),[ ]+(?=00000)")

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_NONE: Final = re.compile(rb"(?!)()")
_ESCAPED_AGAIN: Final = re.compile(rb"%(?:25)*([0-9A-Fa-f]{2})")
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ENDS: Final = r"(?=[^0-9A-Za-z]*(?:[A-Za-z]|\Z))"
_MACHINES: Final = re.compile(
    r"(?:@|sips?:)[A-Za-z0-9.\-]*[A-Za-z][A-Za-z0-9.\-]*(?P<port>:[0-9]{1,5})" + _ENDS + r"|"
    r"(?:(?:\A|[A-Za-z])[^0-9A-Za-z\[]*|@)"
    rf"(?P<address>(?P<host>{_OCTET}(?:\.{_OCTET}){{3}}|\[[0-9A-Fa-f:.]{{2,45}}\]|(?<=@)[0-9A-Fa-f:]{{2,39}})(?::[0-9]{{1,5}})?)"
    + _ENDS,
    re.IGNORECASE,
)
_TO_SHAPE: Final = str.maketrans(
    {
        octet: _DIGIT
        if chr(octet).isdigit()
        else _LETTER
        if chr(octet).isalpha()
        else {"-": _HYPHEN, ",": _COMMA, ";": _COMMA}.get(chr(octet), _BLANK if chr(octet) in _BLANKS else _OTHER)
        for octet in range(128)
    }
)
# To see in a tenth of the time that there is none: digits side by side once signs are gone, letters between.
DIGITS: Final = bytes([48 if 48 <= octet < 58 else 32 for octet in range(256)])
DROPPED: Final = bytes(octet for octet in range(128) if not chr(octet).isalnum())
LIKE_A_NUMBER: Final = b"0" * WHOLE


def could_hold_a_number(text: str) -> bool:
    """Is it worth a search? Most texts are not."""
    return not text.isascii() or "%" in text or LIKE_A_NUMBER in text.encode().translate(DIGITS, DROPPED)


@lru_cache(maxsize=4_000)
def is_machine(host: str) -> bool:
    """Is it the address of a machine, and no digits that somebody could dial?"""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return not host.isdigit()


class Signs:
    """A text sign by sign; what is to be hidden is marked, and the text then written without it."""

    __slots__ = ("_escapes", "_hidden", "_octets", "_places", "_shape", "_text")

    def __init__(self, text: str, *, machines: bool = True, words: bool = False) -> None:
        """`machines`: addresses are no numbers in it; `words`: it is written for people."""
        self._text = text
        self._hidden: set[int] = set()  # places of digits
        self._escapes = "%" in text
        self._octets = b""
        self._places: list[tuple[int, int]] = []  # in octets, of each sign; none where each stands for itself
        self._shape = ""
        if self._escapes:
            self._octets = _octets_of(text)
        else:
            self._shape = _shape_of(text, machines=machines, words=words)
            return
        self._read(_NONE, machines=machines, words=words)  # who decodes nothing
        self.hide(HYPHENATED)
        if b"%25" in self._octets:  # who decodes twice
            self._read(_ESCAPED_AGAIN, machines=machines, words=words)
            self.hide(ANY)
        self._read(_ESCAPE, machines=machines, words=words)

    def _read(self, escape: re.Pattern[bytes], *, machines: bool, words: bool) -> None:
        gone = [place for number, place in enumerate(self._places) if number in self._hidden]
        read, places = _signs_of(self._octets, escape)
        shape = _shape_of(read, machines=machines, words=words)
        self._hidden = set()
        if gone:
            marked = list(shape)
            octets = {octet for begin, end in gone for octet in range(begin, end)}
            for number, (begin, end) in enumerate(places):
                if not octets.isdisjoint(range(begin, end)):
                    marked[number] = _HIDDEN
                    self._hidden.add(number)
            shape = "".join(marked)
        self._places, self._shape = places, shape

    def hide(self, pattern: re.Pattern[str]) -> None:
        """Mark the digits of all that the pattern finds, but for some at its ends if a million numbers are left."""
        for found in pattern.finditer(self._shape):
            places = [place for place in range(found.start(), found.end()) if self._shape[place] == _DIGIT]
            self._hidden.update(_inner(places))
        self._mark()

    def hide_half(self, pattern: re.Pattern[str]) -> None:
        """Mark the second half of the digits of a short one that the pattern finds: of a service, an extension."""
        for found in pattern.finditer(self._shape):
            places = [place for place in range(found.start(), found.end()) if self._shape[place] == _DIGIT]
            self._hidden.update(places[len(places) // 2 :])
        self._mark()

    def _mark(self) -> None:
        if self._hidden:
            self._shape = "".join(_HIDDEN if at in self._hidden else sign for at, sign in enumerate(self._shape))

    @property
    def digits(self) -> int:
        """How many of its signs are digits."""
        return self._shape.count(_DIGIT) + len(self._hidden)

    def written(self) -> str:
        """The text without what is hidden."""
        if not self._hidden:
            return self._text
        if not self._escapes:
            return "".join("*" if at in self._hidden else sign for at, sign in enumerate(self._text))
        parts, at = [], 0
        for number in sorted(self._hidden):
            begin, end = self._places[number]
            if begin >= at:
                parts += [self._octets[at:begin], b"*"]
                at = end
        parts.append(self._octets[at:])
        return b"".join(parts).decode("utf-8", "surrogateescape")


def without_numbers(text: str) -> str:
    """The text with the digits hidden of all in it that could be a number; signs between them stay."""
    if not could_hold_a_number(text):
        return text
    signs = Signs(text)
    signs.hide(ANY)
    return signs.written()


def holds_a_number(text: str) -> bool:
    """Could somebody read one in it?"""
    return without_numbers(text) is not text


def _inner(places: list[int]) -> list[int]:
    """Those between the ends, at least six: a million numbers to guess among."""
    count = len(places)
    if count < WHOLE:
        return places
    last = _LAST_SHOWN if count >= _LEAST_HIDDEN + 2 * _LAST_SHOWN else 0
    return places[min(count - _LEAST_HIDDEN - last, _FIRST_SHOWN) : count - last]


def _shape_of(text: str, *, machines: bool, words: bool) -> str:
    shape = text.translate(_TO_SHAPE) if text.isascii() else "".join(map(_shape_sign, text))
    if words:
        shape = _BETWEEN_WORDS.sub(lambda found: _LETTER * len(found[0]), shape)
    if machines and ("." in text or ":" in text):
        for found in _MACHINES.finditer(text):
            name = "port" if found["port"] else "address"
            if name == "port" or is_machine(found["host"]):
                begin, end = found.span(name)
                shape = shape[:begin] + _LETTER * (end - begin) + shape[end:]
    return shape


@lru_cache(maxsize=4_000)
def _shape_sign(character: str) -> str:
    if character.isascii():
        return character.translate(_TO_SHAPE)
    if any("0" <= each <= "9" for each in fold_as_seen(character)):
        return _DIGIT
    if character.isspace() or character in _BLANKS:
        return _BLANK
    return _LETTER if character.isalpha() and character not in _FILLERS else _OTHER


def _octets_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _signs_of(octets: bytes, escape: re.Pattern[bytes]) -> tuple[str, list[tuple[int, int]]]:
    """What is read once escapes are decoded, and where each sign of it stands; an escaped sign is none that parts."""
    plain, spans, escaped = bytearray(), [], []
    at = 0
    for found in escape.finditer(octets):
        for place in range(at, found.start()):
            plain.append(octets[place])
            spans.append((place, place + 1))
            escaped.append(False)
        plain.append(int(found[1], 16))
        spans.append(found.span())
        escaped.append(True)
        at = found.end()
    for place in range(at, len(octets)):
        plain.append(octets[place])
        spans.append((place, place + 1))
        escaped.append(False)
    signs, places, at = [], [], 0
    while at < len(plain):
        sign, count = _one_sign(plain, at)
        if any(escaped[at : at + count]) and not sign.isalnum():
            sign = "\x01" if _shape_sign(sign) != _DIGIT else "0"
        signs.append(sign)
        places.append((spans[at][0], spans[at + count - 1][1]))
        at += count
    return "".join(signs), places


def _one_sign(plain: bytearray, at: int) -> tuple[str, int]:
    """The sign that begins there, in UTF-8, and how many octets it has."""
    first = plain[at]
    if first < 0x80:
        return chr(first), 1
    count = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    try:
        return plain[at : at + count].decode("utf-8"), count
    except UnicodeDecodeError:
        return "\ufffd", 1
