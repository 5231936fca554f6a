"""The one door to SQLite: opening, migrations, transactions, and the reader that the call path holds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import aiosqlite

Connection = aiosqlite.Connection
DatabaseError = sqlite3.Error  # whatever SQLite reports
OperationalError = sqlite3.OperationalError  # of these: locked, full or unreadable; may go better the next time

Series = Literal["lists", "decisions"]
WRITER_PATIENCE_S = 30.0  # an import of a million entries holds the one write lock for a few seconds


class StoreError(Exception):
    """A database cannot be used; the message says what to do."""


class Store:
    """A database opened for reading and writing off the call path; transactions wait for each other."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.connection = connection
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, series: Series, *, durable: bool) -> Store:
        """Open and bring up to date; ``durable``: a commit returns when the disk has it, not just the system."""
        await asyncio.to_thread(migrate, path, series)
        connection = await aiosqlite.connect(path, isolation_level=None, timeout=WRITER_PATIENCE_S)
        await connection.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        await connection.execute("pragma foreign_keys=on")
        await connection.execute("pragma temp_store=memory")
        return cls(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """All of it or nothing; committed when the block has ended."""
        async with self._turn:
            await self.connection.execute("begin immediate")
            try:
                yield self.connection
                await self.connection.execute("commit")
            except BaseException:
                if self.connection.in_transaction:
                    await self.connection.execute("rollback")
                raise

    async def close(self) -> None:
        """Nothing is open any more."""
        await self.connection.close()


def migrate(path: Path, series: Series) -> None:
    """Create the database, or bring it to the newest layout; each step and its number in one transaction."""
    steps = sorted(
        (int(file.name.partition("_")[0]), file.read_text(encoding="utf-8"))
        for file in resources.files("rules").joinpath("migrations", series).iterdir()
        if file.name.endswith(".sql")
    )
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=WRITER_PATIENCE_S)) as connection:
            version = _version(connection)
            if version > steps[-1][0]:
                raise StoreError(
                    f"{path}: layout {version} was made by a newer Ringfence; this one knows {steps[-1][0]}"
                )
            if version == steps[-1][0]:
                return
            connection.execute("pragma journal_mode=wal")
            for number, script in steps:
                _step(connection, number, script)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {error}; restore a copy, or move the file away and start afresh") from error


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("pragma user_version").fetchone()[0]
    return found


def _step(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("begin immediate")
    try:
        if _version(connection) < number:  # asked again: another process may have been faster
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"pragma user_version={number}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _statements(script: str) -> list[str]:
    # executescript() would commit the open transaction first.
    found, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found


class ReadError(Exception):
    """A read on the call path met a lock, a damaged page or its deadline: the answer is unknown."""


class HotReader:
    """A read-only connection in the event loop: it never waits for a lock and gives up at its budget."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0
            )
            self._connection.execute("pragma query_only=on")
            self._connection.execute("pragma cache_size=-8192")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        self._cursor = self._connection.cursor()

    def abort_when(self, overdue: Callable[[], bool], *, steps: int) -> None:
        """Ask ``overdue()`` after each so many steps of SQLite's machine; true ends the query."""
        self._connection.set_progress_handler(overdue, steps)

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that reads little."""
        try:
            return self._cursor.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise ReadError(str(error)) from error

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        try:
            found: int = self._cursor.execute("pragma data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise ReadError(str(error)) from error
        return found

    def close(self) -> None:
        """Nothing is open any more."""
        self._connection.close()
