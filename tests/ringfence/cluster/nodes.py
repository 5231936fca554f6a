"""Nodes of a cluster without their calls: databases, lists as commands change them, a follower; a record in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ringfence.cluster.follower import Follower
from ringfence.cluster.record import Head, NodeSeen, Record, RecordError, Telling
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.settings.screening import ListSettings
from rules.storage.replicas import Row
from rules.storage.store import database_path, migrate

LISTS = {"blocked": ListSettings(kind="block"), "allowed": ListSettings(kind="allow")}


class Memory:
    """A record that is a dictionary; `fault` is what it meets, once it is set."""

    def __init__(self) -> None:
        self.found: Head | None = None
        self.entries: dict[tuple[str, str, str], tuple[int, str | None]] = {}
        self.told: dict[str, Telling] = {}
        self.mark = ""
        self.emergencies: dict[str, float] = {}
        self.fault = ""
        self.lost = ""  # it commits, and its answer does not arrive

    def _reached(self) -> None:
        if self.fault:
            raise RecordError(self.fault)

    def head(self) -> Head | None:
        self._reached()
        return self.found

    def begin(self, keeper: str) -> Head:
        self.found = self.found or Head("r1", 0, keeper)
        return self.found

    def key_mark(self, mark: str) -> str:
        self._reached()
        self.mark = self.mark or mark
        return self.mark

    def hand_to(self, keeper: str, version: int) -> Head:
        assert self.found is not None
        if self.found.version != version:
            raise RecordError("not caught up")
        self.found = self.found._replace(keeper=keeper)
        return self.found

    def raise_to(self, record: str, version: int, keeper: str) -> None:
        self.found = Head(record, max(version, self.found.version if self.found else 0), keeper)

    def latest(self, series: str) -> int:
        return max((version for key, (version, _) in self.entries.items() if key[0] == series), default=0)

    def put(self, series: str, keeper: str, rows: Iterable[Row], *, whole: bool) -> int:
        self._reached()
        assert self.found is not None
        if self.found.keeper != keeper:
            raise RecordError(f"node {self.found.keeper} keeps it now")
        version = self.found.version + 1
        given = {(series, row.table, row.key): (version, row.content) for row in rows}
        if whole:
            gone = {key: (version, None) for key in self.entries if key[0] == series and key not in given}
            given |= gone
        self.entries |= given
        self.found = self.found._replace(version=version)
        if self.lost:
            raise RecordError(self.lost)
        return version

    @contextmanager
    def rows(self, series: str, since: int) -> Iterator[tuple[int, Iterator[Row]]]:
        self._reached()
        assert self.found is not None
        wanted = [
            Row(key[1], key[2], content)
            for key, (version, content) in self.entries.items()
            if key[0] == series and version > since and (since or content is not None)
        ]
        yield self.found.version, iter(wanted)

    def give_emergency_calls(self, calls: Iterable[tuple[str, float]], since: float) -> None:
        self._reached()
        self.emergencies |= dict(calls)

    def emergency_calls(self, heard: float) -> tuple[float, list[tuple[str, float]]]:
        self._reached()
        return 0.0, list(self.emergencies.items())

    def tell(self, telling: Telling) -> None:
        self._reached()
        self.told[telling.node] = telling

    def nodes(self) -> list[NodeSeen]:
        return [
            NodeSeen(one.node, one.version, one.waiting, one.program, one.trouble, 0.0, 0.0)
            for one in self.told.values()
        ]

    def wait(self, timeout_s: float) -> bool:
        self._reached()
        return False

    def close(self) -> None:
        pass


class Node:
    """One node: its databases in a folder, and its follower."""

    def __init__(self, name: str, folder: Path, connect: Callable[[], Record]) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "ringfence.db"
        databases = {"lists": self.path, "revisions": database_path(self.path, "revisions")}
        for series, path in databases.items():
            migrate(path, series)
        self.follower = Follower(name, databases, connect)

    def turn(self) -> str:
        """A round of it; what is wrong then."""
        self.follower.attempt()
        return self.follower.state.trouble

    def change(self, name: str, *arguments: Any, **how: Any) -> Any:
        """Change the lists as a command does, in a connection of its own."""

        async def whole() -> Any:
            lists = await Lists.open(self.path, LISTS)
            try:
                return await getattr(lists, name)(*arguments, **how)
            finally:
                await lists.close()

        return asyncio.run(whole())

    def finds(self, number: str) -> set[str]:
        """On which lists a call's number is found."""
        lookup = Lookup(self.path, entries=16)
        try:
            return {hit.list for hit in lookup.look_up(number, 0.0) or ()}
        finally:
            lookup.close()


@contextmanager
def nodes(names: str, folder: Path, connect: Callable[[], Record]) -> Iterator[list[Node]]:
    """Nodes with these names."""
    made = [Node(name, folder / name, connect) for name in names]
    try:
        yield made
    finally:
        for node in made:
            with suppress(RecordError):
                node.follower.close()
