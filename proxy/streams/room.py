"""How many connections there may be: in all, and of one source, so that nobody takes the place of all others."""

from __future__ import annotations

from collections import Counter
from typing import Final

ALL: Final = "all"
SOURCE: Final = "source"
_OF_STRANGERS: Final = 0.9  # the rest is for those whom the configuration names


class Room:
    """Counts them over all listeners."""

    __slots__ = ("_by_source", "_most", "_most_of_source", "held", "refused")

    def __init__(self, most: int, most_of_source: int) -> None:
        self._most = most
        self._most_of_source = most_of_source
        self._by_source: dict[str, int] = {}  # of those whom nobody names; none stays at zero
        self.held = 0
        self.refused: Counter[str] = Counter()  # by what there was no more of

    def bound(self, most: int, most_of_source: int) -> None:
        """By other limits from now on; who is there stays."""
        self._most, self._most_of_source = most, most_of_source

    @property
    def is_tight(self) -> bool:
        """Are there more than strangers may have?"""
        return self.held > self._most * _OF_STRANGERS

    def lacks(self, source: str) -> bool:
        """Is it full, though this source has not had its share?"""
        return self.held >= self._most and (not source or self._by_source.get(source, 0) < self._most_of_source)

    def take(self, source: str, *, kept: bool = False) -> bool:
        """Room for one more? `source` is an address that the configuration does not name by itself, else empty.

        `kept`: what is kept is for this one, too: a network of the configuration has it, or it may show a certificate.
        """
        if self.held >= (self._most * _OF_STRANGERS if source and not kept else self._most):
            self.refused[ALL] += 1
            return False
        if source:
            count = self._by_source.get(source, 0)
            if count >= self._most_of_source:
                self.refused[SOURCE] += 1
                return False
            self._by_source[source] = count + 1
        self.held += 1
        return True

    def give_back(self, source: str) -> None:
        """One is closed."""
        self.held -= 1
        if source:
            left = self._by_source[source] - 1
            if left:
                self._by_source[source] = left
            else:
                del self._by_source[source]
