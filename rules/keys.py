"""The keys that lie outside the database: token signatures and pseudonyms, in one file of mode 0600."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import NamedTuple

_HEADER = (
    "# Keys of Ringfence. The first token key signs, all verify. Share this file between nodes; tell it to nobody.\n"
)


class KeyFileError(Exception):
    """The key file cannot be used; the message says what would be right."""


class Keys(NamedTuple):
    """Secrets of one installation."""

    tokens: tuple[tuple[str, bytes], ...]  # (key id, secret); the first signs, all verify
    pseudonym: bytes

    @classmethod
    def load(cls, path: Path) -> Keys:
        """The keys of the file, which is made if it is missing."""
        try:
            if not path.exists():
                _make(path)
            with path.open(encoding="ascii") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & 0o077:
                    raise KeyFileError(f"{path}: others may read it (mode {mode:04o}); run: chmod 600 {path}")
                return _parse(path, file.read())
        except UnicodeDecodeError as error:
            raise KeyFileError(f"{path}: it is not a key file (bytes that are not ASCII)") from error
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}; the folder must exist and be ours to write") from error


def _make(path: Path) -> None:
    """Write new keys beside, then link them into place: of two starts at once, the first wins and both agree."""
    text = f"{_HEADER}token {secrets.token_hex(2)} {secrets.token_hex(32)}\npseudonym {secrets.token_hex(32)}\n"
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        fresh.unlink()


def _parse(path: Path, text: str) -> Keys:
    tokens: list[tuple[str, bytes]] = []
    pseudonym = b""
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
            case _:
                raise KeyFileError(f"{path}:{count}: expected 'token ID HEX' or one 'pseudonym HEX'")
    if not tokens or not pseudonym:
        raise KeyFileError(f"{path}: it needs a line 'token ID HEX' and a line 'pseudonym HEX'; it has not both")
    return Keys(tuple(tokens), pseudonym)


def _secret(path: Path, line: int, text: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if not 16 <= len(secret) <= 32:
        raise KeyFileError(f"{path}:{line}: a key is 32 to 64 hexadecimal digits (16 to 32 bytes)")
    return secret
