"""Lines of a text that somebody hands in, none longer than could be meant: an endless one would fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

LONGEST: Final = 4 << 20  # characters; a cell of the longest complaint has some thousands


class TooLongLine(ValueError):
    """A line has no end that anybody could have meant; nothing of it, or behind it, is read."""

    def __init__(self, line: int, longest: int) -> None:
        super().__init__(f"the line has more than {longest:,} characters: is this a text file?")
        self.line = line


def lines_of(text: TextIO, longest: int = LONGEST) -> Iterator[str]:
    """Each line with its end. Raises TooLongLine."""
    number = 0
    while line := text.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise TooLongLine(number, longest)
        yield line
