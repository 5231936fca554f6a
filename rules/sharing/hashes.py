"""Numbers by the beginnings of their hashes: who asks learns a few hundred of them, and nobody which one was meant.

The hash is SHA-256 of the canonical number. Five hexadecimal digits of it divide all numbers among a million shelves:
of the two thousand million numbers that a large plan has, two thousand lie on each, whether they are listed or not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from rules.sharing.entries import REASONS, STRENGTHS, SharedEntry

_OCTETS: Final = 32
_ROW: Final = _OCTETS + 2  # and the numbers of reason and strength


class Listed(NamedTuple):
    """What is told of a number."""

    hash: str
    reason: str
    strength: str


def hash_of(number: str) -> str:
    """By which a canonical number is asked for."""
    return sha256(number.encode()).hexdigest()


class Shelves:
    """The numbers of a version in the order of their hashes, 34 octets each; prefixes and ranges as they are."""

    def __init__(self, version: int, entries: Iterable[SharedEntry]) -> None:
        self.version = version
        self.ranges: list[tuple[str, str, str]] = []
        rows = []
        for one in entries:
            if one.number.endswith("*") or ".." in one.number:
                self.ranges.append((one.number, one.reason, one.strength))
            else:
                told = bytes((REASONS.index(one.reason), STRENGTHS.index(one.strength)))
                rows.append(sha256(one.number.encode()).digest() + told)
        rows.sort()
        self.ranges.sort()
        self._rows = b"".join(rows)
        self._count = len(rows)

    def beginning(self, prefix: str) -> list[Listed]:
        """The numbers whose hashes begin so; ``prefix``: hexadecimal digits, small."""
        return list(self._from(prefix))

    def _from(self, prefix: str) -> Iterator[Listed]:
        least = bytes.fromhex(prefix.ljust(_OCTETS * 2, "0"))
        at = bisect_left(range(self._count), least, key=lambda one: self._rows[one * _ROW : one * _ROW + _OCTETS])
        while at < self._count:
            row = self._rows[at * _ROW : (at + 1) * _ROW]
            text = row[:_OCTETS].hex()
            if not text.startswith(prefix):
                return
            yield Listed(text, REASONS[row[_OCTETS]], STRENGTHS[row[_OCTETS + 1]])
            at += 1
