"""Files that go to others: made beside their place before anything is done, and put there only once it is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def finished_file(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Write a file that is whole when the block has ended; when the block raises, nothing is there, or what was before.

    A place that cannot be written is an OSError with its name before the block begins. The file is its owner's alone,
    as it names callers, unless one stood there: then it keeps that one's mode.
    """
    if path.exists() and not path.is_file():  # a pipe or /dev/stdout: nothing to put in place of
        with path.open("w", encoding=encoding) as out:
            yield out
        return
    target = path.resolve()  # a link stays a link
    mode = 0o600
    if target.exists():
        with target.open("a"):  # must be ours to write, although a folder of ours would let us replace it
            mode = target.stat().st_mode & 0o777
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    unfinished = Path(name)
    try:
        with open(handle, "w", encoding=encoding) as out:
            os.fchmod(handle, mode)
            yield out
            out.flush()
            os.fsync(handle)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
