"""What is kept of one partner: versions that were taken, what he withdrew, what was decided here; all in his folder.

Leaving him deletes the folder. It is written only by whoever holds its lock, and each file is whole or the old one.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ringfence.exchange.refused import ExchangeError
from ringfence.exchange.whole_files import packed, put_file
from rules.sharing.entries import Withdrawal, shared
from rules.sharing.versions import Index, State, lines_of, state_of


class Busy(ExchangeError):
    """Another process is at it."""


@dataclass(slots=True)
class Standing:
    """How it stands with a partner."""

    index: dict[str, Any] = field(default_factory=dict)  # of the newest version that was taken; empty: none yet
    taken: float | None = None  # when
    looked: float | None = None  # when his files were last found in order
    fault: str = ""  # why they are not, as a word
    said: str = ""  # and as a sentence
    since: float | None = None
    pinned: int = 0  # the version that was gone back to; 0: the newest counts
    left: float | None = None  # when he was left: nothing is fetched any more
    into: str = ""  # the list where his entries stand
    entries: int = 0  # of him that count
    left_out: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)  # number -> what contradicts it
    decided: dict[str, bool] = field(default_factory=dict)  # number -> was it let through by a person?
    listed: int = 0  # entries of the version that counts
    released: list[str] = field(default_factory=list)  # numbers that he listed and our own appeals released
    left_of_weight: float = 1.0  # because of them

    @property
    def version(self) -> int:
        """The version that counts; 0: none."""
        if self.left is not None:
            return 0
        return self.pinned or int(self.index.get("version", 0))

    @property
    def known(self) -> Index | None:
        """The newest version that was taken."""
        if not self.index:
            return None
        deltas = {int(key): (int(to), str(name)) for key, (to, name) in self.index["deltas"].items()}
        return Index(**(self.index | {"deltas": deltas}))


class PartnerFiles:
    """The folder of one partner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Nobody else fetches from him meanwhile; Busy where somebody does."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "fetching", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Busy(f"another process is fetching from {self.folder.name}", "ask again in a minute") from error
        finally:
            os.close(descriptor)

    @contextmanager
    def changing(self) -> Iterator[Standing]:
        """How it stands, to be changed; written when that is done, and nobody else changes it meanwhile."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "standing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            standing = self.standing()
            yield standing
            put_file(self.folder / "standing.json", json.dumps(asdict(standing), indent=1).encode(), 0o600)
        finally:
            os.close(descriptor)

    def standing(self) -> Standing:
        """How it stands; a file that cannot be read is begun anew, and the next look fills it."""
        try:
            said = json.loads((self.folder / "standing.json").read_text(encoding="utf-8"))
            names = {each.name for each in fields(Standing)}
            return Standing(**{name: value for name, value in said.items() if name in names})
        except (OSError, ValueError, TypeError, AttributeError):
            return Standing()

    def versions(self) -> list[int]:
        """Which can be gone back to, the newest last."""
        return sorted(int(path.name.partition(".")[0]) for path in (self.folder / "versions").glob("[0-9]*.jsonl.gz"))

    def state(self, version: int) -> State:
        """A version as it was taken; empty where there is none."""
        path = self.folder / "versions" / f"{version}.jsonl.gz"
        if not version or not path.exists():
            return {}
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return state_of(shared(json.loads(line)) for line in file)

    def keep_version(self, version: int, state: State, most: int) -> None:
        """Keep a version, and of those before so many."""
        put_file(self.folder / "versions" / f"{version}.jsonl.gz", packed(lines_of(state)), 0o600)
        for old in self.versions()[:-most]:
            (self.folder / "versions" / f"{old}.jsonl.gz").unlink(missing_ok=True)

    def feed(self) -> list[Withdrawal]:
        """What he withdrew, as it was last read."""
        try:
            lines = (self.folder / "withdrawn.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        return [Withdrawal(**json.loads(line)) for line in lines]

    def keep_feed(self, feed: list[Withdrawal]) -> None:
        """Keep what he withdrew."""
        data = "".join(f"{one.line}\n" for one in feed).encode()
        put_file(self.folder / "withdrawn.jsonl", data, 0o600)

    def forget(self) -> None:
        """Nothing of him stays."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget_versions(self) -> None:
        """Nothing that he gave stays."""
        for name in ("versions", "metadata", "targets"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "withdrawn.jsonl").unlink(missing_ok=True)
