"""What of the files that somebody names on the command line he may have read or written by the service, for him.

Whoever comes by `sudo -u ringfence` reads and writes with the rights of the service. So a file that he names is his to
name only if it holds nothing of the installation (keys, databases, anchors, credentials), and if it is one that he
could read, or replace, under his own account. A file is known by what it is (device and inode), not by how it is
called: a link, /dev/fd/3 and /proc/self/fd/3 lead to the same one.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from ringfence.configuration import Configuration, PartlyRead, find_configuration, read_configuration
from ringfence.login import person
from ringfence.node_settings import rule_files
from rules.language.source import Door, RuleError, load_document
from rules.storage.database_files import databases

_SIDE_FILES = ("", "-wal", "-shm", "-journal")


_asking: ContextVar[bool] = ContextVar("_asking", default=False)  # the configuration is read, to know what stands there


class NotYours(PermissionError):
    """The file that somebody names is nothing for him to have read or written."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(1, why, str(file))


class Belongings(NamedTuple):
    """The files of an installation."""

    secret: tuple[Path, ...] = ()  # keys, databases, anchors, credentials: no command reads them as what people hand in
    written: tuple[Path, ...] = ()  # the configuration and its rules: read by anybody, replaced by an editor

    def holds(self, file: Path) -> bool:
        """Is it one of the secret files, under whatever name?"""
        return _is_among(file, self.secret)

    def has(self, file: Path) -> bool:
        """Is it one of either kind?"""
        return _is_among(file, (*self.secret, *self.written))


def belongings(*files: Path) -> Belongings:
    """What belongs to these installations; of a file that cannot be read, itself."""
    secret: list[Path] = []
    written: list[Path] = []
    for file in dict.fromkeys(files):
        written.append(file)
        configuration = _read(file)
        if configuration is None:
            continue
        base = file.parent
        secret += (base / path for path in _paths_in(configuration))
        database = base / configuration.storage.database
        for one in databases(database).values():
            secret += (one.with_name(one.name + side) for side in _SIDE_FILES)
        if not _is_others_work(file):
            continue  # he would let himself read by it what he likes
        with suppress(RuleError, OSError):
            for pattern in (*configuration.rules, *configuration.tests):
                written += rule_files(base, pattern)
    return Belongings(tuple(secret), tuple(written))


def _is_others_work(file: Path) -> bool:
    """Was the configuration put there by the service or root, where whoever runs this could put nothing?"""
    uid, status = person(), _status(file)
    if uid is None or uid == 0:  # root changes whatever he likes, this or not
        return True
    if status is None or status.st_uid not in (os.geteuid(), 0):
        return False
    groups = _groups(uid)
    if _allowed(file, uid, groups, 2):
        return False
    # Above it, too: a link or folder on the way that he may swap leads elsewhere once it was asked about.
    return not any(_may_swap(one, uid, groups) for one in _way_to(file))


_MOST_LINKS = 40  # as the kernel follows


def _way_to(file: Path) -> Iterator[Path]:
    """Each file, folder and link that is passed on the way to it, before any is followed."""
    waiting, links, at = list(reversed(file.absolute().parts[1:])), 0, Path("/")
    while waiting:
        part = waiting.pop()
        if part == "..":
            at = at.parent
            continue
        yield (one := at / part)
        if one.is_symlink() and (links := links + 1) <= _MOST_LINKS:
            aim = one.readlink()
            waiting += reversed(aim.parts[1:] if aim.is_absolute() else aim.parts)
            at = Path("/") if aim.is_absolute() else at
        else:
            at = one


def _may_swap(path: Path, uid: int, groups: frozenset[int]) -> bool:
    """Could he put another in its place? In a sticky folder (/tmp) only where it, or the folder, is his."""
    folder, status = _status(path.parent), path.lstat()
    if folder is None or uid in (folder.st_uid, status.st_uid):
        return True
    return _allowed(path.parent, uid, groups, 2) and not folder.st_mode & stat.S_ISVTX


def in_use(named: Path | None) -> Belongings:
    """What belongs to the installation that a command is for, and to the one that is found without naming any."""
    return belongings(find_configuration(named), find_configuration())


def _read(file: Path) -> Configuration | None:
    try:
        return read_configuration(file)[0]
    except PartlyRead as error:
        return error.left
    except (RuleError, OSError):
        return None


def _paths_in(part: object) -> Iterator[Path]:
    """Each file that settings name."""
    if isinstance(part, Path):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _paths_in(getattr(part, name))
    elif isinstance(part, dict):
        for each in part.values():
            yield from _paths_in(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _paths_in(each)


def _is_among(file: Path, known: tuple[Path, ...]) -> bool:
    resolved = _resolved(file)
    for one in known:
        place = _resolved(one)
        # A folder of keys holds them all, unless everything lies in it.
        if resolved == place or (place in resolved.parents and place.is_dir() and not _above_all(place, known)):
            return True
    status = _status(file)
    return status is not None and any(_same(status, _status(one)) for one in known)


def _above_all(folder: Path, known: tuple[Path, ...]) -> bool:
    return any(folder in _resolved(one).parents for one in known)


def _same(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def _resolved(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError):
        return file.absolute()


def _status(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except (OSError, ValueError):
        return None


_STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")  # whoever runs the command opened it himself


def refuse_to_read(file: Path, here: Belongings) -> None:
    """NotYours where a command would read for somebody what he could not, or what is no file to hand in at all."""
    if str(file) == "-":
        return
    status = _status(file)
    if status is None or not stat.S_ISREG(status.st_mode):
        return  # reading says what is wrong with it
    if here.holds(file):
        raise NotYours(file, "it belongs to the installation (keys, databases, credentials) and is nothing to hand in")
    uid = person()
    if uid is None or str(file) in _STDIN:
        return
    if not _could(uid, file, 4) and not _stands_there(uid, file, here):
        raise NotYours(file, "your own account cannot read this file; let it be readable to you, or hand in another")


def door_for(named: Path | None) -> Door | None:
    """What is asked of each file once it is open; None: whoever runs this is whose process it is."""
    uid = person()
    if uid is None:
        return None

    def door(path: Path, descriptor: int) -> None:
        opened = Path(f"/proc/self/fd/{descriptor}")
        if _asking.get() or str(path) in _STDIN or not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        if _could(uid, opened, 4):
            return
        before = _asking.set(True)
        try:
            here = in_use(named)
        finally:
            _asking.reset(before)
        if not _stands_there(uid, opened, here):
            raise NotYours(path, "your own account cannot read this file")

    return door


def _stands_there(uid: int, file: Path, here: Belongings) -> bool:
    """Is it the configuration, or a rule file in a folder into which somebody else put it than whoever runs this?"""
    status = _status(file)
    if status is None or status.st_uid == uid:
        return False
    same = [one for one in here.written if _same(status, _status(one))]
    groups = _groups(uid)
    return any(_owner(one.parent) != uid and not _allowed(one.parent, uid, groups, 2) for one in same)


def _owner(path: Path) -> int | None:
    status = _status(path)
    return None if status is None else status.st_uid


def refuse_to_write(file: Path, here: Belongings, *, editing: bool = False) -> None:
    """NotYours where a command would write over what is not his who runs it, or over a part of the installation.

    ``editing``: the command lays out the rules that the configuration names.
    """
    if str(file) == "-":
        return
    if here.holds(file) or (not editing and here.has(file)):
        raise NotYours(file, "it belongs to the installation; name another file")
    _refuse_what_is_of_others(file, here if editing else Belongings())


def refuse_to_begin(file: Path, here: Belongings) -> None:
    """The same for a first configuration: it may stand where one of his own stands."""
    if here.holds(file):
        raise NotYours(file, "it belongs to the installation; name another file")
    _refuse_what_is_of_others(file, Belongings())


def _refuse_what_is_of_others(file: Path, but: Belongings) -> None:
    uid, status = person(), _status(file)
    if uid is None or status is None or not stat.S_ISREG(status.st_mode):
        return
    if status.st_uid != uid and not _stands_there(uid, file, but):
        raise NotYours(file, "it is there already, and is not yours: name a new file")


def refuse_ones_own(file: Path) -> None:
    """NotYours where the configuration was put there, or could be changed, by whoever runs a command of the service.

    A configuration names commands for keys and anchors, plug-ins, mail servers and what is given to partners: all of
    that would be run, reached and given with the rights of the service, over whatever storage it names.
    """
    if person() is None or not file.exists() or _is_others_work(file):
        return
    why = "you could change this configuration, and the service would do with its rights whatever stands there"
    raise NotYours(file, f"{why}; name the one of the service, or run this under your own account, without sudo")


def refuse_as_configuration(file: Path) -> None:
    """NotYours for a file that whoever names it could not read himself, and that is no ringfence.yaml: it may be a key.

    What is wrong with it would be told line by line.
    """
    uid = person()
    if uid is None or not file.is_file() or _could(uid, file, 4):
        return
    try:
        data = load_document(file).data
    except RuleError:
        data = None
    if not isinstance(data, dict) or not data.keys() & Configuration.model_fields.keys():
        raise NotYours(file, "this is no ringfence.yaml, and your own account cannot read it")


def _could(uid: int, file: Path, bit: int) -> bool:
    """Could this account do it to the file (4 reads), by the modes of the file and of the folders above it?"""
    if uid == 0:
        return True
    path = _resolved(file)
    groups = _groups(uid)
    return _allowed(path, uid, groups, bit) and all(_allowed(folder, uid, groups, 1) for folder in path.parents)


def _allowed(path: Path, uid: int, groups: frozenset[int], bit: int) -> bool:
    status = _status(path)
    if status is None:
        return False
    shift = 6 if status.st_uid == uid else 3 if status.st_gid in groups else 0
    return bool(stat.S_IMODE(status.st_mode) >> shift & bit)


def _groups(uid: int) -> frozenset[int]:
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))
