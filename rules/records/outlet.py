"""Where lines of calls go: to a file that may be moved away meanwhile, or to a reader who may have stopped reading."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import time
from pathlib import Path
from typing import Final, TextIO

_AT_ONCE: Final = 4096  # octets that a pipe takes whole once it is writable (PIPE_BUF)
PATIENCE_S: Final = 1.0  # how long the thread that writes lines of calls waits for a reader


class Outlet:
    """Whole lines to a file descriptor, without ever waiting longer than its patience."""

    def __init__(self, descriptor: int, *, patience_s: float = PATIENCE_S, silent: bool = False) -> None:
        """``silent``: what can't be written is counted in ``lost``, and no error."""
        self._descriptor, self._patience_s, self._silent = descriptor, patience_s, silent
        self._torn = False  # the last line broke off
        self.lost = 0

    def write(self, text: str) -> int:
        """Write whole lines. OSError when nobody reads them in time, or nobody can; the rest of them is lost."""
        data = (f"\n{text}" if self._torn else text).encode("utf-8", "backslashreplace")
        written = 0
        try:
            until = time.monotonic() + self._patience_s
            while written < len(data):
                self._await_reader(until)
                written += os.write(self._descriptor, data[written : written + _AT_ONCE])
        except OSError:
            self.lost += 1
            if not self._silent:
                raise
        finally:
            if written:
                self._torn = data[written - 1 : written] != b"\n"
        return len(text)

    def mend(self) -> None:
        """There is nothing to write: could it be written? OSError where it could not."""
        asking = select.poll()
        asking.register(self._descriptor, select.POLLOUT)
        if [events for _, events in asking.poll(0)] != [select.POLLOUT]:
            raise OSError(errno.EAGAIN, "nobody reads what is written")

    def flush(self) -> None:
        """Nothing waits in here."""

    def _await_reader(self, until: float) -> None:
        asking = select.poll()
        asking.register(self._descriptor, select.POLLOUT)
        if not asking.poll(max(0.0, until - time.monotonic()) * 1000.0):
            raise OSError(errno.EAGAIN, "nobody reads what is written")


def standard_output(stream: TextIO) -> Outlet | TextIO:
    """Where lines of calls go without a file: the stream's descriptor, or the stream itself where it has none."""
    try:
        return Outlet(stream.fileno())
    except (io.UnsupportedOperation, ValueError, AttributeError):
        return stream


class CallLog:
    """Lines at the end of a file, which is made again when something else, or nothing, stands under its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._torn = False  # the disk was full in the middle of a line, maybe of the process before this one
        self.closed_to_us = ""  # why it could not be opened
        try:
            self._open()
        except OSError as error:  # calls go on; the next line tries it again
            self.closed_to_us = str(error)

    def write(self, text: str) -> int:
        """Append whole lines; OSError when the disk does not take all of them.

        It looks at the name first: what is written after a rotation goes to the new file. Should that one not open
        (the folder is gone, or not ours any more), the old file takes the lines, wherever it was moved.
        """
        if self._file < 0 or self._moved():
            self._open_again()
        data = (f"\n{text}" if self._torn else text).encode("utf-8", "backslashreplace")
        written = os.write(self._file, data)
        self._torn = written < len(data) and data[written - 1 : written] != b"\n"
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        return len(text)

    def mend(self) -> None:
        """There is nothing to write: could it be written? OSError where it could not."""
        if self._file < 0 or self._moved():
            self._open_again()
        if self._torn:
            os.write(self._file, b"\n")
            self._torn = False
        elif not os.fstatvfs(self._file).f_bavail:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def _open(self) -> None:
        self._file, self.closed_to_us = _opened(self._path), ""
        self._torn = _breaks_off(self._file, self._path)

    def _open_again(self) -> None:
        """The file that is there now; OSError where none can be had at all."""
        before = self._file
        try:
            self._open()
        except OSError:
            if before < 0:
                raise
        else:
            if before >= 0:
                os.close(before)

    def flush(self) -> None:
        """Nothing waits in here."""

    def close(self) -> None:
        """It is not written to any more."""
        if self._file >= 0:
            os.close(self._file)

    def _moved(self) -> bool:
        try:
            named = os.stat(self._path)
        except OSError:
            return True
        ours = os.fstat(self._file)
        return (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino)


def _breaks_off(file: int, path: Path) -> bool:
    """Does a file end in the middle of a line?"""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return False
    try:
        with path.open("rb") as reading:
            reading.seek(-1, os.SEEK_END)
            return reading.read(1) != b"\n"
    except OSError:  # we may write it, and not read it
        return False


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
