"""Files of commands: none waits for ever on what is no file, and what goes to others is there whole or not at all."""

from __future__ import annotations

import errno
import io
import math
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


Door = Callable[[Path], None]
_doors: list[Door] = []


def set_writing_door(door: Door | None) -> None:
    """Ask this of each place that is written to, once its folder is open; OSError: it is not to be written."""
    _doors[:] = [] if door is None else [door]


@contextmanager
def finished_file(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Write a file that is whole when the block has ended; when the block raises, nothing is there, or what was before.

    A place that cannot be written is an OSError with its name before the block begins. The file is its owner's alone,
    as it names callers, unless one stood there: then it keeps that one's mode.
    """
    if path.exists() and not path.is_file():  # a pipe or /dev/stdout: nothing to put in place of
        with _opened(path, encoding) as out:
            yield out
        return
    target = path.resolve()  # a link stays a link
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with _in_folder(path, folder, target.name, encoding) as out:
            yield out
    finally:
        os.close(folder)


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """What is no file; one that took its place meanwhile is not touched."""
    with open(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "w", encoding=encoding) as out:
        if stat.S_ISREG(os.fstat(out.fileno()).st_mode):
            raise OSError(errno.EEXIST, "a file took its place meanwhile", str(path))
        yield out


@contextmanager
def _in_folder(path: Path, folder: int, name: str, encoding: str) -> Iterator[TextIO]:
    """The same in a folder that is open: whatever its name leads to meanwhile, no other one is written to."""
    for door in _doors:
        door(Path(f"/proc/self/fd/{folder}") / name)
    unfinished = f".{name}.{secrets.token_hex(4)}"
    try:
        mode = _mode_of(folder, name)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with open(handle, "w", encoding=encoding) as out:
            os.fchmod(handle, mode)
            yield out
            out.flush()
            os.fsync(handle)
        os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=folder)


def _mode_of(folder: int, name: str) -> int:
    """Of what stands there, which must be ours to write, although a folder of ours would let us replace it."""
    try:
        handle = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return 0o600
    try:
        return os.fstat(handle).st_mode & 0o777
    finally:
        os.close(handle)
