"""The file that lines of calls go to; it may be moved away at any moment, as logrotate does, without a signal."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


class CallLog:
    """Lines at the end of a file, which is made again when something else, or nothing, stands under its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._torn = False  # the disk was full in the middle of a line
        self.closed_to_us = ""  # why it could not be opened
        try:
            self._file = _opened(path)
        except OSError as error:  # calls go on; the next line tries it again
            self.closed_to_us = str(error)

    def write(self, text: str) -> int:
        """Append whole lines; OSError when the disk does not take all of them.

        It looks at the name first: what is written after a rotation goes to the new file. Should that one not open
        (the folder is gone, or not ours any more), the old file takes the lines, wherever it was moved.
        """
        if self._file < 0:
            self._file, self.closed_to_us = _opened(self._path), ""
        elif self._moved():
            with suppress(OSError):
                fresh = _opened(self._path)
                os.close(self._file)
                self._file, self._torn = fresh, False
        data = (f"\n{text}" if self._torn else text).encode("utf-8", "backslashreplace")
        written = os.write(self._file, data)
        self._torn = written < len(data) and data[written - 1 : written] != b"\n"
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        return len(text)

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


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
