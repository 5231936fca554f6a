"""What the record of all nodes is asked, whatever keeps it, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from rules.storage.replicas import Row


class RecordError(Exception):
    """The record cannot be used now; the message says why, and never holds a password."""


class Head(NamedTuple):
    """Which record it is, as of which version, and which node keeps it."""

    record: str
    version: int
    keeper: str


class NodeSeen(NamedTuple):
    """What a node told of itself."""

    node: str
    version: int
    waiting: int  # changes of it that the record has not got
    program: str
    trouble: str
    age_s: float  # since it told so, by the clock of the record
    skew_s: float  # its clock less that of the record


class Telling(NamedTuple):
    """What a node tells of itself."""

    node: str
    version: int
    waiting: int
    program: str
    trouble: str
    clock: float


class Record(Protocol):
    """The shared record; every method raises RecordError when it cannot be reached or refuses."""

    def head(self) -> Head | None:
        """Where it stands; None for a record in which nothing ever was."""

    def begin(self, keeper: str) -> Head:
        """Make it this node's to keep, if nobody was faster; whose it is then."""

    def key_mark(self, mark: str) -> str:
        """By which keys those who share it hide numbers: what stands there, or from now on this one's mark."""

    def hand_to(self, keeper: str, version: int) -> Head:
        """Let this node keep it from now on, if it holds all of it: `version`."""

    def raise_to(self, record: str, version: int, keeper: str) -> None:
        """Let a record that was restored, or lost, go on as this one, at no version less than this."""

    def latest(self, series: str) -> int:
        """The version that wrote rows of this database last."""

    def put(self, series: str, keeper: str, rows: Iterable[Row], *, whole: bool) -> int:
        """Write rows of a database as the next version, all or none; which one it is."""

    def rows(self, series: str, since: int) -> AbstractContextManager[tuple[int, Iterator[Row]]]:
        """What changed since a version, as of one moment, and the version that it leads to; since 0, all."""

    def give_emergency_calls(self, calls: Iterable[tuple[str, float]], since: float) -> None:
        """Let others know who made one, by pseudonym, and when; those before `since` are forgotten."""

    def emergency_calls(self, heard: float) -> tuple[float, list[tuple[str, float]]]:
        """Those that were given since this moment of the record, and some before it; which moment it is now."""

    def tell(self, telling: Telling) -> None:
        """Let others know how a node is."""

    def nodes(self) -> list[NodeSeen]:
        """What each node told last."""

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody changed it, or the time is up; did anybody?"""

    def close(self) -> None:
        """Nothing is open any more."""
