"""What a text shows in which marks turn the direction of writing: digits under U+202E are read from right to left.

Unicode's algorithm for what is written in both directions (UAX #9), for one line, without its rule for brackets.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 1000  # characters that are laid out; the rest is for the caller to say
_DEEPEST: Final = 125  # levels (UAX #9, BD2)
_TURNS: Final = re.compile("[\u061c\u200f\u202b\u202e\u2067\u2068]")
_EMBEDS: Final = {
    "RLE": "",
    "LRE": "",
    "RLO": "R",
    "LRO": "L",
    "RLI": "",
    "LRI": "",
    "FSI": "",
}  # and what all is there
_ISOLATES: Final = frozenset(("RLI", "LRI", "FSI"))
_STRONG: Final = {"L": "L", "R": "R", "AL": "R"}
_NUMBERS: Final = frozenset(("EN", "AN"))
_OF_NO_WIDTH: Final = re.compile("[\u200e\u200f\u061c\u2066-\u2069]")


def turned(text: str) -> tuple[str, ...]:
    """What is shown instead of it, without these marks, where a line begins at the left or as it says itself.

    Nothing where it holds no such mark.
    """
    if text.isascii() or _TURNS.search(text) is None:
        return ()
    return _turned(text[:LONGEST])


@lru_cache(maxsize=2_000)
def _turned(text: str) -> tuple[str, ...]:
    kinds = [unicodedata.bidirectional(sign) for sign in text]
    firsts = _first_strong(kinds)
    bases = (0, 1) if firsts.get(-1) == "R" else (0,)
    return tuple(dict.fromkeys(_shown(text, kinds, firsts, base) for base in bases))


def _first_strong(kinds: list[str]) -> dict[int, str]:
    """The direction of the first letter in each isolate, by where it begins, and by -1 that of the line (P2)."""
    found, opened = dict[int, str](), [-1]
    for place, kind in enumerate(kinds):
        if kind in _ISOLATES:
            opened.append(place)
        elif kind == "PDI":
            if len(opened) > 1:
                opened.pop()
        elif kind in _STRONG:
            found.setdefault(opened[-1], _STRONG[kind])
    return found


def _shown(text: str, kinds: list[str], firsts: dict[int, str], base: int) -> str:
    line = _Line(text, kinds, firsts, base)
    signs, types, levels = line.signs, line.types, line.levels
    for places in line.sequences():
        level, first, last = levels[places[0]], places[0], places[-1]
        before = max(level, levels[first - 1] if first else base) % 2
        goes_on = last + 1 < len(signs) and line.kinds[last] not in _ISOLATES
        after = max(level, levels[last + 1] if goes_on else base) % 2
        found = _resolved([types[place] for place in places], level % 2, before, after)
        for place, kind in zip(places, found, strict=True):
            types[place] = kind
    for place, kind in enumerate(types):
        odd = levels[place] % 2
        if kind == "N":
            levels[place] += 1 if odd else 2
        elif (kind == "R") != bool(odd):
            levels[place] += 1
    return _OF_NO_WIDTH.sub("", "".join(_ordered(signs, levels, base)))


class _Line:
    """Each sign that is shown or parts what is shown, its kind and its level (X1 to X10)."""

    def __init__(self, text: str, kinds: list[str], firsts: dict[int, str], base: int) -> None:
        self.signs, self.kinds, self.types, self.levels = list[str](), list[str](), list[str](), list[int]()
        self._mates: dict[int, int] = {}  # where what is isolated ends, by where it begins
        self._stack = [(base, "", -1)]  # level, what all is there, and where it was isolated
        self._beyond = 0
        for place, sign in enumerate(text):
            kind = kinds[place]
            if kind in _EMBEDS:
                to_left = kind[0] == "R" or (kind == "FSI" and firsts.get(place) == "R")
                self._open(sign, kind, to_left=to_left)
            elif kind in ("PDF", "PDI"):
                self._close(sign, kind)
            elif kind != "BN":
                self._add(sign, kind)

    def _add(self, sign: str, kind: str) -> None:
        level, override, _ = self._stack[-1]
        self.signs.append(sign)
        self.kinds.append(kind)
        self.types.append(override or kind)
        self.levels.append(level)

    def _open(self, sign: str, kind: str, *, to_left: bool) -> None:
        level = self._stack[-1][0]
        at = len(self.signs) if kind in _ISOLATES else -1
        if at >= 0:
            self._add(sign, kind)
        deeper = (level + 1) | 1 if to_left else (level + 2) & ~1
        if deeper > _DEEPEST or self._beyond:
            self._beyond += 1
        else:
            self._stack.append((deeper, _EMBEDS[kind], at))

    def _close(self, sign: str, kind: str) -> None:
        stack = self._stack
        if self._beyond:
            self._beyond -= 1
        elif kind == "PDF":
            if len(stack) > 1 and stack[-1][2] < 0:
                stack.pop()
        elif any(at >= 0 for _, _, at in stack):
            at = -1
            while at < 0:
                at = stack.pop()[2]
            self._mates[at] = len(self.signs)
        if kind == "PDI":
            self._add(sign, kind)

    def sequences(self) -> list[list[int]]:
        """The places of each run of one level, and what is isolated within left out of it (BD13)."""
        runs: dict[int, list[int]] = {}  # by where they begin
        begin = 0
        mated = set(self._mates.values())
        for place, level in enumerate(self.levels):
            if place and (level != self.levels[place - 1] or place in mated):
                begin = place
            runs.setdefault(begin, []).append(place)
        found = []
        for begin in sorted(runs):
            if begin in mated or begin not in runs:
                continue
            places = runs[begin]
            while places[-1] in self._mates:
                places += runs.pop(self._mates[places[-1]])
            found.append(places)
        return found


def _resolved(kinds: list[str], odd: int, before: int, after: int) -> list[str]:
    """L, R or N, a number, of each sign in a run of one level (W1 to W7, N1 and N2)."""
    strong, last = "LR"[before], ""
    found: list[str] = []
    for place, kind in enumerate(kinds):
        following = kinds[place + 1] if place + 1 < len(kinds) else ""
        if kind == "NSM":
            kind = last or strong
        elif following == last and ((kind == "CS" and last in _NUMBERS) or (kind == "ES" and last == "EN")):
            kind = last
        elif kind == "ET" and "EN" in (last, following):
            kind = "EN"
        last = kind
        strong = _STRONG.get(kind, strong)
        found.append("L" if kind == "EN" and strong == "L" else "N" if kind in _NUMBERS else _STRONG.get(kind, ""))
    sides = ["LR"[after]]  # of what follows each, from the end; a number counts as R
    for kind in reversed(found):
        sides.append("R" if kind == "N" else kind or sides[-1])
    side = "LR"[before]
    for place, kind in enumerate(found):
        if kind:
            side = "R" if kind == "N" else kind
        else:
            follows = sides[len(found) - place - 1]
            found[place] = side if side == follows else "LR"[odd]
    return found


def _ordered(signs: list[str], levels: list[int], base: int) -> list[str]:
    """From the highest level down every run of signs at it or above is turned round (L2)."""
    present = sorted({*levels, base}, reverse=True)
    for number, level in enumerate(present):
        below = present[number + 1] if number + 1 < len(present) else 0
        if (level - below) % 2 == 0:
            continue  # turned twice
        start = 0
        while start < len(signs):
            end = start
            while end < len(signs) and levels[end] >= level:
                end += 1
            if end - start > 1:
                signs[start:end] = signs[start:end][::-1]
                levels[start:end] = levels[start:end][::-1]
            start = end + 1
    return signs
