"""Records of calls whose id is about to be told, on file before it is: read back at the next start after a kill."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

Row = tuple[Any, ...]
_ENDS: Final = ("a", "b")
_NODES: Final = 8  # processes that may judge beside each other with one database, such as a start beside a drain
_encode: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode


class _Segment:
    """One file: lines are added at its end until all of them stand in the database."""

    __slots__ = ("descriptor", "ids", "left", "path", "size", "torn")

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self.descriptor = path, descriptor
        self.left, self.torn = _read(descriptor)
        self.ids: set[str] = {row[0] for row in self.left}
        self.size = os.fstat(descriptor).st_size

    def add(self, rows: list[Row]) -> None:
        """Add a line a row in one write; OSError when the disk does not take all of them."""
        text = "".join([f"{_encode(row)}\n" for row in rows])
        data = (f"\n{text}" if self.torn else text).encode("ascii")
        written = os.write(self.descriptor, data)
        self.size += written
        self.torn = written < len(data)
        if self.torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.ids.update([row[0] for row in rows])

    def empty(self) -> None:
        """Nothing in it is needed any more."""
        os.ftruncate(self.descriptor, 0)
        self.size, self.torn = 0, False


class Spool:
    """Two files in turn: while one takes lines, the other waits until its last line is committed, and is emptied.

    Nothing is synced: what was written outlives the process at once, the machine as soon as the system writes it out.
    """

    def __init__(self, own: list[_Segment], strange: list[_Segment]) -> None:
        self._own, self._strange = own, strange  # those of a process that is gone are removed when they are settled
        self._at = 0

    @classmethod
    def open(cls, database: Path) -> Spool:
        """Take the first pair of files that no other process holds, and all that dead ones left; OSError if none."""
        found = [pair for number in range(_NODES) if (pair := _pair(database, number, make=False))]
        own = found[0] if found else None
        for number in range(_NODES):
            own = own or _pair(database, number, make=True)
        if own is None:
            raise OSError(errno.EAGAIN, "other processes hold all of its files", str(database))
        return cls(own, [segment for pair in found[1:] for segment in pair])

    @property
    def left(self) -> list[Row]:
        """What an earlier run wrote here and did not live to put into the database."""
        return [row for segment in (*self._own, *self._strange) for row in segment.left]

    def add(self, rows: list[Row]) -> None:
        """Write these before their ids are told. Raises OSError."""
        self._own[self._at].add(rows)

    def settle(self, ids: Iterable[str]) -> bool:
        """These are in the database, or given up; is there a file to be emptied?"""
        segments = (*self._own, *self._strange)
        if any(segment.ids for segment in segments):
            gone = set(ids)
            for segment in segments:
                segment.ids -= gone
        if self._own[self._at].size and not self._own[1 - self._at].size:
            self._at = 1 - self._at
        return any(segment.size and not segment.ids for segment in (self._own[1 - self._at], *self._strange))

    def empty(self) -> None:
        """Empty what is settled, off the call path: a disk may take its time over it."""
        other = self._own[1 - self._at]
        if not other.ids:
            other.empty()
        for segment in [each for each in self._strange if not each.ids]:
            self._strange.remove(segment)
            with suppress(OSError):
                segment.path.unlink()
            os.close(segment.descriptor)

    def close(self) -> None:
        """Nothing is open any more; what is settled is gone."""
        for segment in (*self._own, *self._strange):
            if not segment.ids:
                with suppress(OSError):
                    segment.path.unlink()
            os.close(segment.descriptor)


def spooled(database: Path, decision: str) -> Row | None:
    """The row of this decision that waits for its place in the database, for whoever looks it up meanwhile."""
    for number in range(_NODES):
        for end in _ENDS:
            with suppress(OSError), _path(database, number, end).open("rb") as file:
                for row in _read(file.fileno())[0]:
                    if row[0] == decision:
                        return row
    return None


def _path(database: Path, number: int, end: str) -> Path:
    return database.with_name(f"{database.name}.spool{number or ''}{end}")


def _pair(database: Path, number: int, *, make: bool) -> list[_Segment] | None:
    """Both files of a number, locked; None when another process has them, or they are not there."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_CREAT
    paths = [_path(database, number, end) for end in _ENDS]
    if not make and not any(path.exists() for path in paths):
        return None
    opened: list[int] = []
    try:
        for path in paths:
            opened.append(os.open(path, flags, 0o600))
            fcntl.flock(opened[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(opened[-1]), path.stat()):  # its process ended, and removed it, just now
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), str(path))
        return [_Segment(path, descriptor) for path, descriptor in zip(paths, opened, strict=True)]
    except OSError as error:
        for descriptor in opened:
            os.close(descriptor)
        if error.errno == errno.EWOULDBLOCK:
            return None
        raise


def _read(descriptor: int) -> tuple[list[Row], bool]:
    """The rows of a file, and does it end in the middle of one? What nobody can read is left out."""
    pieces, at = [], 0
    while piece := os.pread(descriptor, 1 << 20, at):
        pieces.append(piece)
        at += len(piece)
    data = b"".join(pieces)
    rows = []
    for line in data.split(b"\n"):
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, list) and found and isinstance(found[0], str):
                rows.append(tuple(found))
    return rows, bool(data) and not data.endswith(b"\n")
