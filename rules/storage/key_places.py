"""Keys that lie elsewhere than in the key file: in a file on another mount, or with a command that asks for them."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

from rules.storage.database_files import reaching
from rules.storage.keys import KeyFileError, KeyFileOutOfReach, Keys

_MOST = 65_536  # octets that are read of a file or a command
_MOST_SAID = 300
_LENGTH = 32


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
