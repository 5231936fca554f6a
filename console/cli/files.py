"""Files of commands: none waits for ever on what is no file, and what goes to others is there whole or not at all."""

from __future__ import annotations

import io
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

_HEAD = 65_536  # of a file, by which its encoding is found out


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for ``-``; RuleError says what it is when it is no file."""
    from rules.language.source import ask_door, refuse_what_is_no_file

    if str(file) == "-":
        yield sys.stdin.buffer
        return
    refuse_what_is_no_file(file, most=math.inf)
    with file.open("rb", buffering=_HEAD) as stream:
        ask_door(file, stream.fileno())
        yield stream


@contextmanager
def reading_text(file: Path, encoding: str = "") -> Iterator[io.TextIOWrapper]:
    """The text of a file, in the encoding that is named, or found out; lines end as they do in it."""
    from rules.texts.encodings import encoding_of

    with reading(file) as stream:
        head = stream.peek(_HEAD)[:_HEAD] if isinstance(stream, io.BufferedReader) else b""
        yield io.TextIOWrapper(stream, encoding or encoding_of(head, whole=False) or "utf-8-sig", newline="")


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
