"""The records of a CSV file, one by one: a cell that is too long costs its own record, and no other."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from desk.faults import ComplaintError


class BrokenFile(ComplaintError):
    """From this line on nobody can tell where records begin and end: a quotation mark that is never closed."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__("file", f"line {line}: {reason}; nothing from there on was read")
        self.line = line


class TooLong(ComplaintError):
    """A record with a cell that is longer than any that could be taken."""

    def __init__(self) -> None:
        super().__init__("line", f"a cell has over {csv.field_size_limit():,} characters")


def records(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | TooLong]]:
    """Each record with the line on which it begins. Raises BrokenFile behind the last one that is whole."""
    source = _Lines(lines)
    rows = csv.reader(source)
    while True:
        source.begin()
        try:
            row: list[str] | TooLong = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" not in str(error):
                raise BrokenFile(source.first, str(error)) from error
            row, rows = TooLong(), csv.reader(source)
            if not source.skip_record():
                raise BrokenFile(source.first, "a quotation mark is never closed") from error
        if source.ended and source.inside():  # else the rest of the file would be one cell
            raise BrokenFile(source.first, "a quotation mark is never closed")
        yield source.first, row


class _Lines:
    """Gives lines to csv.reader, and knows where its record began and what it has read of it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._read: list[str] = []  # of the record at hand
        self._number = 0
        self.first = 1
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self._number += 1
        self._read.append(line)
        return line

    def begin(self) -> None:
        """A record begins with the next line."""
        self._read.clear()
        self.first = self._number + 1

    def inside(self) -> bool:
        """Does what was read of the record end inside quotation marks?"""
        inside = False
        for line in self._read:
            inside = _inside_after(line, inside)
        return inside

    def skip_record(self) -> bool:
        """Read on to the end of the record; False: the file ends before it."""
        inside = self.inside()
        self._read.clear()
        while inside:
            try:
                line = next(self)
            except StopIteration:
                return False
            self._read.clear()
            inside = _inside_after(line, inside)
        return True


def _inside_after(line: str, inside: bool) -> bool:
    """Is the end of this line inside quotation marks, as csv reads it, when its beginning is or is not?"""
    place = 0
    if not inside and line.startswith('"'):
        inside, place = True, 1
    while True:
        if inside:
            place = line.find('"', place) + 1
            if not place:
                return True
            if line.startswith('"', place):  # two of them are one that belongs to the text
                place += 1
                continue
            inside = False
        place = line.find(',"', place)  # a quotation mark opens at the beginning of a cell only
        if place < 0:
            return False
        inside, place = True, place + 2
