"""Standard output and error, of which the reader may have stopped reading: lines are lost then, and time is not."""

from __future__ import annotations

import errno
import io
import os
import select
import time
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
