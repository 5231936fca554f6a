"""The keys that lie outside the database: for tokens, pseudonyms, words and the audit, in one file of mode 0600.

Some may lie elsewhere: in a file on another mount, or with a command that asks for them.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2s
from pathlib import Path
from typing import NamedTuple

from rules.storage.database_files import reaching

_HEADER = (
    "# Keys of Ringfence. The first token key signs, all verify; the first contents key encrypts, all decrypt.\n"
    "# Share this file between nodes; tell it to nobody.\n"
)
_MOST = 65_536  # octets that are read of a file or a command
_MOST_SAID = 300  # characters of what a command says that failed
_LENGTH = 32  # octets of a key


class KeyFileError(Exception):
    """The key file cannot be used; the message says what would be right."""


class KeyFileOutOfReach(KeyFileError):
    """The key file can be neither read nor made, although nobody wrote anything wrong into it."""


class Keys(NamedTuple):
    """Secrets of one installation."""

    tokens: tuple[tuple[str, bytes], ...]  # (key id, secret); the first signs, all verify
    pseudonym: bytes
    contents: tuple[bytes, ...] = ()  # the first encrypts, all decrypt; none: the file is older and cannot be changed
    audit: bytes = b""  # chains what was done; an older file that cannot be changed has the one that is derived
    retired: tuple[bytes, ...] = ()  # of contents, under which nothing is any more; they read what a backup holds

    @property
    def old_contents(self) -> tuple[bytes, ...]:
        """Those that read what people wrote, and encrypt nothing."""
        return (*self.contents[1:], *self.retired)

    @classmethod
    def load(cls, path: Path) -> Keys:
        """The keys of the file, which is made if it is missing; an older one gets the key that it lacks."""
        try:
            if not path.exists():
                _make(path)
            keys = _read(path)
            if not keys.contents or not keys.audit:
                with suppress(OSError):  # kept read-only by its owner: whoever needs the key does without
                    _complete(path.resolve())
                keys = _read(path)
            return keys if keys.audit else keys._replace(audit=_derived(keys))
        except UnicodeDecodeError as error:
            raise KeyFileError(f"{path}: it is not a key file (bytes that are not ASCII)") from error
        except OSError as error:
            raise KeyFileOutOfReach(f"{path}: {error.strerror}; {reaching(error)}") from error

    def hide(self, canonical: str) -> str:
        """The pseudonym of a number, as decisions and complaints have it (`rules.records.privacy`)."""
        return blake2s(canonical.encode(), digest_size=16, key=self.pseudonym).hexdigest() if canonical else ""

    @classmethod
    def for_now(cls) -> Keys:
        """Keys that nobody will know after this run: calls go on, but nothing that they sign or name is known later."""
        return cls((("now", secrets.token_bytes(32)),), secrets.token_bytes(32))


def _read(path: Path) -> Keys:
    with path.open(encoding="ascii") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise KeyFileError(f"{path}: others may read it (mode {mode:04o}); run: chmod 600 {path}")
        return _parse(path, file.read())


def _make(path: Path) -> None:
    """Write new keys beside, then link them into place: of two starts at once, the first wins and both agree."""
    names = f"token {secrets.token_hex(2)} {secrets.token_hex(32)}\npseudonym {secrets.token_hex(32)}\n"
    audit = f"audit {secrets.token_hex(32)}\n"
    with _written_beside(path, f"{_HEADER}{names}{_new_contents()}{audit}") as fresh, suppress(FileExistsError):
        os.link(fresh, path)


def _complete(path: Path) -> None:
    """Give an older file the keys that it lacks: of two starts at once, one does it and both agree."""
    while True:
        with path.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = os.fstat(file.fileno())
            if not os.path.samestat(known, path.stat()):
                continue  # the other start put its file in place meanwhile
            text = file.read()
            known_keys = _parse(path, text)
            lacking = "" if known_keys.contents else _new_contents()
            lacking += "" if known_keys.audit else f"audit {_derived(known_keys).hex()}\n"
            if lacking:
                with _written_beside(path, f"{text.rstrip()}\n{lacking}") as fresh:
                    os.chown(fresh, known.st_uid, known.st_gid)  # whose it was, whoever starts first
                    fresh.replace(path)
            return


def add_contents_key(path: Path) -> None:
    """Put a new key for contents before the others of the key file."""
    _rewrite(path.resolve(), lambda lines: [_new_contents().rstrip(), *lines])


def retire_old_contents(path: Path, newest: bytes) -> int:
    """Let all keys for contents but the newest be known as retired: nothing is under them; how many these are.

    None is where another one is the newest by now.
    """
    count = 0

    def retired(lines: list[str]) -> list[str]:
        nonlocal count
        first, *old = _contents_lines(lines) or [""]
        if first.split()[-1:] != [newest.hex()]:
            return lines
        count = len(old)
        return [f"retired {line.split()[1]}" if line in old else line for line in lines]

    _rewrite(path.resolve(), retired)
    return count


def forget_old_contents(path: Path) -> int:
    """Leave the key file the first of its keys for contents; how many others went, retired ones among them."""
    gone = 0

    def without_old(lines: list[str]) -> list[str]:
        nonlocal gone
        old = [*_contents_lines(lines)[1:], *(line for line in lines if line.split()[:1] == ["retired"])]
        gone = len(old)
        return [line for line in lines if line not in old]

    _rewrite(path.resolve(), without_old)
    return gone


def _contents_lines(lines: list[str]) -> list[str]:
    return [line for line in lines if line.split()[:1] == ["contents"]]


def _rewrite(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Put a changed file in place of the key file, whole; of two at once the second waits."""
    while True:
        with path.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = os.fstat(file.fileno())
            if not os.path.samestat(known, path.stat()):
                continue
            text = "\n".join(change(file.read().splitlines()))
            _parse(path, text)
            with _written_beside(path, f"{text}\n") as fresh:
                os.chown(fresh, known.st_uid, known.st_gid)
                fresh.replace(path)
            return


def _derived(keys: Keys) -> bytes:
    """The audit key of an older file: the same whether it could be written there or not (RFC 5869 section 3.2)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"ringfence audit chain").derive(keys.pseudonym)


def _new_contents() -> str:
    return f"contents {secrets.token_hex(32)}\n"


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[Path]:
    """A whole file on disk beside the one that it may become; it is gone afterwards unless it was moved."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name too: what is encrypted with a lost key is lost
        finally:
            os.close(folder)
    finally:
        fresh.unlink(missing_ok=True)


def _parse(path: Path, text: str) -> Keys:
    tokens: list[tuple[str, bytes]] = []
    contents: list[bytes] = []
    retired: list[bytes] = []
    pseudonym = audit = b""
    for count, line in enumerate(text.splitlines(), start=1):
        match line.split():
            case []:
                continue
            case [word, *_] if word.startswith("#"):
                continue
            case ["token", name, secret] if name.isalnum() and len(name) <= 8:
                if name in (known for known, _ in tokens):
                    raise KeyFileError(f"{path}:{count}: token key {name} stands there twice")
                tokens.append((name, _secret(path, count, secret)))
            case ["pseudonym", secret] if not pseudonym:
                pseudonym = _secret(path, count, secret)
            case ["contents", secret]:
                contents.append(_secret(path, count, secret, least=32))
            case ["retired", secret]:
                retired.append(_secret(path, count, secret, least=32))
            case ["audit", secret] if not audit:
                audit = _secret(path, count, secret, least=32)
            case _:
                expected = "'token ID HEX', 'contents HEX', 'retired HEX', one 'pseudonym HEX' or one 'audit HEX'"
                raise KeyFileError(f"{path}:{count}: expected {expected}")
    if not tokens or not pseudonym:
        raise KeyFileError(f"{path}: it needs a line 'token ID HEX' and a line 'pseudonym HEX'; it has not both")
    return Keys(tuple(tokens), pseudonym, tuple(contents), audit, tuple(retired))


def _secret(path: Path, line: int, text: str, *, least: int = 16) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if not least <= len(secret) <= 32:
        size = "64" if least == 32 else "32 to 64"
        raise KeyFileError(f"{path}:{line}: a key is {size} hexadecimal digits")
    return secret


class Place(NamedTuple):
    """Where keys of one kind lie, one of 64 hexadecimal digits in each line; the first one is the newest."""

    name: str  # the setting, for people
    file: Path | None = None
    command: tuple[str, ...] = ()
    wait_s: float = 10.0

    def read(self) -> tuple[bytes, ...]:
        """The keys; KeyFileError says what is wrong, and never what was read."""
        text = self._of_file(self.file) if self.file is not None else self._of_command()
        lines = [line.strip() for line in text.splitlines()]
        found = []
        for line in (line for line in lines if line and not line.startswith("#")):
            try:
                found.append(bytes.fromhex(line))
            except ValueError:
                found.append(b"")
            if len(found[-1]) != _LENGTH:
                raise KeyFileError(f"{self.name}: a key is 64 hexadecimal digits, alone in its line")
        if not found:
            raise KeyFileError(f"{self.name}: there is no key")
        return tuple(found)

    def _of_file(self, file: Path) -> str:
        try:
            with file.open(encoding="ascii", errors="replace") as opened:
                mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
                if mode & 0o077:
                    raise KeyFileError(f"{file}: others may read it (mode {mode:04o}); run: chmod 600 {file}")
                return opened.read(_MOST)
        except OSError as error:
            raise KeyFileOutOfReach(f"{file}: {error.strerror}; {reaching(error)}") from error

    def _of_command(self) -> str:
        try:
            done = subprocess.run(
                self.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.wait_s, check=False
            )
        except OSError as error:
            raise KeyFileOutOfReach(f"{self.name}: {self.command[0]}: {error.strerror}") from error
        except subprocess.TimeoutExpired:
            raise KeyFileOutOfReach(f"{self.name}: {self.command[0]} took longer than {self.wait_s:g} s") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().partition("\n")[0][:_MOST_SAID]
            raise KeyFileOutOfReach(f"{self.name}: {self.command[0]} ended with {done.returncode}: {said}")
        return done.stdout[:_MOST].decode("ascii", "replace")


def load_keys(key_file: Path, *, contents: Place | None = None, audit: Place | None = None) -> Keys:
    """The keys of the key file, with those that lie elsewhere in place of its own; its own contents decrypt still."""
    keys = Keys.load(key_file)
    if contents is not None:
        keys = keys._replace(contents=tuple(dict.fromkeys((*contents.read(), *keys.contents))))
    if audit is not None:
        keys = keys._replace(audit=audit.read()[0])
    return keys
