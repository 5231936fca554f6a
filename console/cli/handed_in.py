"""Files that people hand in: every command opens them here, so that none waits for ever on what is no file."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_HEAD = 65_536  # of a file, by which its encoding is found out


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for ``-``; RuleError says what it is when it is no file."""
    from rules.language.source import refuse_what_is_no_file

    if str(file) == "-":
        yield sys.stdin.buffer
        return
    refuse_what_is_no_file(file, most=math.inf)
    with file.open("rb", buffering=_HEAD) as stream:
        yield stream


@contextmanager
def reading_text(file: Path, encoding: str = "") -> Iterator[io.TextIOWrapper]:
    """The text of a file, in the encoding that is named, or found out; lines end as they do in it."""
    from rules.texts.encodings import encoding_of

    with reading(file) as stream:
        head = stream.peek(_HEAD)[:_HEAD] if isinstance(stream, io.BufferedReader) else b""
        yield io.TextIOWrapper(stream, encoding or encoding_of(head, whole=False) or "utf-8-sig", newline="")
