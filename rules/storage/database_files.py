"""The files of databases: where each lies, and what to do when one cannot be used."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

Series = Literal["lists", "decisions", "revisions", "complaints", "access", "people"]
# What each database is called beside that of the lists; each has its own, so that no commit waits for another's.
_NAMES: dict[Series, str] = {
    "lists": "",
    "decisions": "-decisions",
    "revisions": "-rules",
    "complaints": "-complaints",
    "access": "-access",
    "people": "-people",
}
_KNOWN = ".known"  # how the name of the file ends that says which databases there are
_KEYS = "keys"  # the word in it that says that there were keys
_GOOD = ".good"  # how the name of the last good copy of the lists ends
OUT_OF_REACH = "it and its folder must be ours to read and write: run this as their owner, or see what is read-only"
_WHICH = "`ringfence db check` tells which file is damaged, and what puts a sound one in its place"
_LEAST_ROOM = 1 << 17  # octets, without which nothing can be made beside a database
_WHAT_TO_DO = {
    "BUSY": "another process is writing (an import?): try again when it has ended",
    "LOCKED": "another process is writing (an import?): try again when it has ended",
    "FULL": "make room on the disk",
    "CANTOPEN": OUT_OF_REACH,
    "READONLY": OUT_OF_REACH,
    "PERM": OUT_OF_REACH,
    "IOERR": "look at the disk, then run `ringfence db check`",
}


_WITHOUT_KEYS = (
    "without its keys subscribers' own lists and pseudonyms match nobody, and what people wrote cannot be read"
)
OF_ANOTHER = (
    "it belongs to another account: run this as its owner (sudo -u), or work over HTTP with a key of your own "
    "(`ringfence api keys add NAME --acts-as LOGIN`)"
)


def reaching(error: OSError) -> str:
    """What helps against an error of the system at a file of ours."""
    return OF_ANOTHER if isinstance(error, PermissionError) else "the folder must exist and be ours to write"


class StoreError(Exception):
    """A database cannot be used; the message says what to do."""


class CorruptDatabase(StoreError):
    """A file is no database, or one that is damaged."""


def database_path(database: Path, series: Series) -> Path:
    """Where a database lies, by that of the lists (storage.database)."""
    return database.with_name(f"{database.stem}{_NAMES[series]}{database.suffix}")


def databases(database: Path) -> dict[Series, Path]:
    """Every database of an installation, whether it exists yet or not; that of the lists first."""
    return {series: database_path(database, series) for series in _NAMES}


def snapshot_path(database: Path) -> Path:
    """Where the last good copy of the lists lies."""
    return database.with_name(f"{database.name}{_GOOD}")


def known_path(database: Path) -> Path:
    """Where it stands which databases there ever were, so that one that is gone is missed."""
    return database.with_name(f"{database.name}{_KNOWN}")


def known(database: Path) -> frozenset[Series]:
    """The databases that were ever opened beside that of the lists, itself among them."""
    words = _known_words(database)
    return frozenset(series for series in _NAMES if series in words)


def _known_words(database: Path) -> list[str]:
    try:
        return known_path(database).read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []


def key_file_missed(database: Path, key_file: Path) -> bool:
    """Was there a key file while these databases were written, and is it gone?"""
    return not key_file.exists() and _KEYS in _known_words(database)


def keys_gone(key_file: Path) -> str:
    """What to say of it before there is another."""
    return f"{key_file}: the key file is gone; {_WITHOUT_KEYS}: put a copy of it back before anything makes a new one"


def keys_made_anew(key_file: Path) -> str:
    """What to say once there are new keys in its place."""
    return f"{key_file}: the key file was gone, and a new one is made; {_WITHOUT_KEYS}: put a copy of it back"


def remember_keys(database: Path) -> None:
    """There are keys by which these databases are written, so that a key file that is gone is missed."""
    if not is_snapshot(database) and _KEYS not in _known_words(database):
        _note(database, _KEYS)


def missed(database: Path) -> list[Path]:
    """The databases that there were and that are gone."""
    there = known(database)
    return [path for series, path in databases(database).items() if series in there and not path.exists()]


def begun_anew(path: Path) -> str:
    """What to say of one of these once there is a new one in its place."""
    return f"{path}: this database was gone, and a new one is begun; {restoring(path)}"


def remember(path: Path, series: Series) -> None:
    """There is such a database; a folder that takes no file more costs the memory of it and nothing else."""
    database = path.with_name(f"{path.stem.removesuffix(_NAMES[series])}{path.suffix}")
    if is_snapshot(path) or series in known(database):
        return
    _note(database, series)


def _note(database: Path, word: str) -> None:
    with suppress(OSError):
        descriptor = os.open(known_path(database), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{word}\n".encode())
        finally:
            os.close(descriptor)


def is_snapshot(path: Path) -> bool:
    """Is it that copy?"""
    return path.name.endswith(_GOOD)


def code_of(error: BaseException | None) -> str:
    """What SQLite calls its error, without particulars: BUSY, FULL, CORRUPT, IOERR; empty for any other."""
    name: str = getattr(error, "sqlite_errorname", "")
    return name.removeprefix("SQLITE_").partition("_")[0]


def is_corrupt(error: Exception) -> bool:
    """Does it say that the file is damaged?"""
    return code_of(error) in ("CORRUPT", "NOTADB")


def unusable(path: Path, error: Exception) -> StoreError:
    """What to raise when SQLite cannot use a file, and what to do about it."""
    kind = CorruptDatabase if is_corrupt(error) else StoreError
    return kind(f"{path}: {error}; {advice(error, path)}")


def advice(error: Exception, path: Path | None = None) -> str:
    """What a person can do about an error of SQLite."""
    if is_corrupt(error):
        return restoring(path) if path is not None else _WHICH
    if code_of(error) == "CANTOPEN" and _out_of_files():
        return "this process may open no more files: raise `ulimit -n` or LimitNOFILE"
    if code_of(error) in ("IOERR", "CANTOPEN") and path is not None and _is_full(path):
        return _WHAT_TO_DO["FULL"]  # SQLite says so of a log or an index beside the file for which there is no room
    return _WHAT_TO_DO.get(code_of(error), "`ringfence db check` tells whether it is sound")


def _is_full(path: Path) -> bool:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _LEAST_ROOM


def _out_of_files() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def restoring(path: Path) -> str:
    """Which command puts a sound file in place of this one."""
    if is_snapshot(path):
        return "remove it, the proxy makes another"
    if path.stem.endswith(tuple(name for name in _NAMES.values() if name)):
        return "stop what uses it, then `ringfence db restore --all FOLDER` puts a backup in its place"
    return "`ringfence db restore` puts a copy in its place"
