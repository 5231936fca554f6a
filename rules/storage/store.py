"""The one door to SQLite: opening, migrations, transactions, and the reader that the call path holds."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import aiosqlite

from rules.storage.database_files import OUT_OF_REACH, advice, code_of, is_corrupt, is_snapshot, restoring
from rules.storage.database_files import CorruptDatabase as CorruptDatabase
from rules.storage.database_files import Series as Series
from rules.storage.database_files import StoreError as StoreError
from rules.storage.database_files import database_path as database_path
from rules.storage.database_files import databases as databases
from rules.storage.database_files import reaching as reaching
from rules.storage.database_files import remember as remember
from rules.storage.database_files import snapshot_path as snapshot_path
from rules.storage.database_files import unusable as unusable
from rules.storage.replicas import arm, disarm, keeper_of, standing_of
from rules.storage.statements import quoted, sql

Connection = aiosqlite.Connection
DatabaseError = sqlite3.Error  # whatever SQLite reports
Teaching = Callable[[Connection], Awaitable[None]]

WRITER_PATIENCE_S = 30.0  # an import of a million entries holds the one write lock for a few seconds
_PAUSE_S = 0.01
_SOON_S = 1.0
_GIVING_BACK_S = 1.0  # how long the room that a full disk left in the log may be waited for
_PIECE = 131_072
# A table that no other database has.
_OWN_TABLES: dict[Series, str] = {
    "lists": "exact",
    "decisions": "decision",
    "revisions": "revision_file",
    "complaints": "complaint",
    "access": "access_key",
    "people": "account",
}


class KeptElsewhere(StoreError):
    """A copy of the record was to be changed, which only the node does that keeps it."""

    def __init__(self, path: Path, keeper: str) -> None:
        self.told = f"This node has a copy of what node {keeper} keeps: do it there. Nothing was changed."
        super().__init__(
            f"{path}: this is a copy of what node {keeper} keeps; nothing was changed: do it there, or let this node "
            "keep the record from now on (`ringfence nodes lead`)"
        )


class Store:
    """A database opened for reading and writing off the call path; transactions wait for each other."""

    def __init__(
        self,
        connection: aiosqlite.Connection,
        path: Path,
        series: Series,
        *,
        durable: bool,
        taught: Teaching | None = None,
    ) -> None:
        self.connection = connection
        self._taught = taught
        self._path, self._series, self._durable = path, series, durable
        self._file = _identity(path)
        self._left: list[aiosqlite.Connection] = []  # to files that were replaced; somebody may still read from them
        self._turn = asyncio.Lock()
        self._together: asyncio.Task[Any] | None = None  # whose transactions are one at the moment
        self.waits: Callable[[], None] | None = None  # told once another process keeps a transaction waiting

    @classmethod
    async def open(cls, path: Path, series: Series, *, durable: bool, taught: Teaching | None = None) -> Store:
        """Open and bring up to date; ``durable``: a commit returns when the disk has it, not just the system.

        ``taught`` gives each connection the functions of SQL that its statements ask for.
        """
        connection = await _connected(path, series, durable, taught)
        return cls(connection, path, series, durable=durable, taught=taught)

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return self._path

    def follow(self, path: Path) -> None:
        """Write to this file from now on, of which the open one is a copy; while it is damaged, writing is refused."""
        self._path = path

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """All of it or nothing; committed when the block has ended.

        Once a copy was put in place of the file (`ringfence db restore`), it goes to the copy, not to the file aside.
        """
        if self._together is not None and self._together is asyncio.current_task():
            async with self._piece():
                yield self.connection
            return
        async with self._turn:
            if (identity := _identity(self._path)) is None:  # what is written to a file without a name is lost
                raise CorruptDatabase(f"{self._path}: the file is gone; nothing was changed; {restoring(self._path)}")
            if identity != self._file:
                fresh = await _connected(self._path, self._series, self._durable, self._taught)
                self._left.append(self.connection)
                self.connection, self._file = fresh, _identity(self._path)
            try:
                await self._begin()
                yield self.connection
                await self.connection.execute("commit")
            except sqlite3.DatabaseError as error:
                await self._roll_back()
                if keeper := keeper_of(error):
                    raise KeptElsewhere(self._path, keeper) from error
                if not (isinstance(error, sqlite3.OperationalError) or is_corrupt(error)):
                    raise  # a fault of ours
                if code_of(error) == "FULL":
                    await self._give_room_back()
                kind = CorruptDatabase if is_corrupt(error) else StoreError
                told = advice(error, self._path)
                raise kind(f"{self._path}: {error}; nothing was changed; {told}") from error
            except BaseException:
                await self._roll_back()
                raise

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """What this task does in the block is one transaction, of which a piece that fails is undone by itself.

        For many steps of which none has to be on the disk before the next: each commit waits for the disk.
        """
        before = self._together
        async with self.transaction():
            self._together = asyncio.current_task()
            try:
                yield
            finally:
                self._together = before

    @asynccontextmanager
    async def _piece(self) -> AsyncIterator[None]:
        await self.connection.execute("savepoint piece")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:  # a full disk ends the whole of it
                await self.connection.execute("rollback to piece")
                await self.connection.execute("release piece")
            raise
        await self.connection.execute("release piece")

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[None]:
        """Whatever is read in the block is as of one moment; others go on writing. Nothing is written in it."""
        await self.connection.execute("begin")
        try:
            yield
        finally:
            await self._roll_back()

    async def _begin(self) -> None:
        if self.waits is None:
            await self.connection.execute("begin immediate")
            return
        beginning = asyncio.ensure_future(self.connection.execute("begin immediate"))
        if not (await asyncio.wait({beginning}, timeout=_SOON_S))[0]:
            self.waits()
        await beginning

    async def _roll_back(self) -> None:
        if self.connection.in_transaction:
            await self.connection.execute("rollback")

    async def _give_room_back(self) -> None:
        """What was written until the disk was full fills the log, which would keep its size."""
        with suppress(sqlite3.Error):
            await self.connection.execute(f"pragma busy_timeout={_GIVING_BACK_S * 1000:.0f}")
            await self.connection.execute("pragma wal_checkpoint(truncate)")
            await self.connection.execute(f"pragma busy_timeout={WRITER_PATIENCE_S * 1000:.0f}")

    async def is_copy(self) -> bool:
        """Is it a copy of the record of several nodes, which only another one changes?"""
        query = "select name from sqlite_master where name = 'replica'"
        if not await self.connection.execute_fetchall(query):
            return False
        rows = await self.connection.execute_fetchall("select role from replica")
        return [row[0] for row in rows] == ["copy"]

    async def close(self) -> None:
        """Nothing is open any more."""
        for connection in (*self._left, self.connection):
            await connection.close()


async def _connected(path: Path, series: Series, durable: bool, taught: Teaching | None) -> aiosqlite.Connection:
    await asyncio.to_thread(migrate, path, series)
    await asyncio.to_thread(remember, path, series)
    connection = await _opened(path)
    try:
        await connection.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        await connection.execute("pragma foreign_keys=on")
        await connection.execute("pragma temp_store=memory")
        if taught is not None:
            await taught(connection)
    except BaseException as error:  # whoever no longer waits for it leaves nothing open either
        await connection.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise unusable(path, error) from error
        raise
    return connection


async def _opened(path: Path) -> aiosqlite.Connection:
    """A connection; whoever stops waiting for it stops when it is closed: its thread would tell a loop that is gone."""
    opening = asyncio.ensure_future(aiosqlite.connect(path, isolation_level=None, timeout=WRITER_PATIENCE_S))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(sqlite3.Error):
            await (await opening).close()
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands under this name; None for none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


_read_ahead: list[int] = []  # descriptors that stay open for the life of the process, see `warm`


def warm(path: Path) -> None:
    """Ask the system to read the file ahead, so that the first calls find their pages in memory; waits for nothing.

    The descriptor is never closed: closing any descriptor of a file drops every POSIX lock that the process holds
    on it, SQLite's own among them, and another process would then take itself for the last user of the database
    (sqlite.org, "How To Corrupt An SQLite Database File", section 2.2).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # gone or out of reach: whoever opens it says so
    _read_ahead.append(descriptor)
    # Piece by piece: asked for everything at once, Linux reads one read-ahead window and stops (8 of 200 MB).
    for start in range(0, path.stat().st_size, _PIECE):
        os.posix_fadvise(descriptor, start, _PIECE, os.POSIX_FADV_WILLNEED)


def migrate(path: Path, series: Series) -> None:
    """Create the database, or bring it to the newest layout; each step and its number in one transaction."""
    steps = _steps(series)
    if series == "lists" and snapshot_path(path).exists() and not _holds_anything(path):
        raise CorruptDatabase(
            f"{path}: the lists are gone, but their snapshot is there: {restoring(path)}; "
            f"to begin anew, move {snapshot_path(path).name} away"
        )
    if _was_emptied(path):
        raise CorruptDatabase(
            f"{path}: the file is empty, and what was in it is gone: {restoring(path)}; to begin anew, remove it"
        )
    made = False
    try:
        made = _make_private(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=WRITER_PATIENCE_S)) as connection:
            version = _version(connection)
            if version > steps[-1][0]:
                raise StoreError(f"{path}: {_newer(version, steps[-1][0])}")
            if version == steps[-1][0] and (is_snapshot(path) or _writes_ahead(connection)):
                return
            _write_ahead(connection)  # a backup that somebody copied here does not
            with _unnoted(connection):
                for number, script in steps:
                    _step(connection, number, script)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; {reaching(error)}") from error
    except sqlite3.DatabaseError as error:
        if made and path.stat().st_size == 0:
            path.unlink()  # a full disk: an empty file would be taken for one that lost everything
        raise unusable(path, error) from error


@contextmanager
def _unnoted(connection: sqlite3.Connection) -> Iterator[None]:
    """Each node changes the layout of its own databases; what that does to their rows is given as a whole once more."""
    standing = standing_of(connection)
    if standing is None:
        yield
        return
    disarm(connection)
    try:
        yield
    finally:
        connection.execute("begin immediate")
        arm(connection, standing._replace(whole=standing.role == "keeper"))
        connection.execute("commit")


def _steps(series: Series) -> list[tuple[int, str]]:
    """The layouts of a database, each by its number and how it comes from the one before."""
    return sorted(
        (int(file.name.partition("_")[0]), file.read_text(encoding="utf-8"))
        for file in resources.files("rules").joinpath("storage", "migrations", series).iterdir()
        if file.name.endswith(".sql")
    )


def _newer(version: int, known: int) -> str:
    return f"layout {version} was made by a newer Ringfence; this one knows {known}"


def _holds_anything(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; {OUT_OF_REACH}") from error


def _writes_ahead(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("pragma journal_mode").fetchone()[0] == "wal")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer go on beside each other (WAL).

    While others open the same new file, SQLite refuses this at once instead of waiting: two that hold a shared lock and
    want an exclusive one would wait for each other for ever (sqlite.org/c3ref/busy_handler). So we wait, holding none.
    """
    deadline = time.monotonic() + WRITER_PATIENCE_S
    while True:
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if code_of(error) != "BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)


def _was_emptied(path: Path) -> bool:
    """Is it a file of no octets, other than one that another process is making at this moment?"""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_size == 0 and time.time() - found.st_mtime > WRITER_PATIENCE_S


def _make_private(path: Path) -> bool:
    """Callers stand in it in clear: a new file is its owner's alone, and SQLite gives its WAL the same mode.

    Was it made?
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("pragma user_version").fetchone()[0]
    return found


def _step(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("begin immediate")
    try:
        if _version(connection) < number:  # asked again: another process may have been faster
            for statement in _statements(script):
                connection.execute(statement)
            if number == 1:
                # Which database this is: its copies have the same, one made anew in its place another (`HotReader`).
                connection.execute(f"pragma application_id={secrets.randbits(31) or 1}")
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


def what_to_do(error: sqlite3.Error) -> str:
    """Advice to somebody whose command met this error."""
    return advice(error)


def faults_of(path: Path, *, quick: bool = False) -> list[str]:
    """What is wrong inside a database file, at most a hundred things; reads all of it."""
    try:
        with closing(_read_only(path)) as connection:
            rows = connection.execute(f"pragma {'quick_check' if quick else 'integrity_check'}").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]


def one_value(path: Path, query: str) -> object:
    """The first value of the first row, None for none or when the file cannot be read."""
    try:
        with closing(_read_only(path)) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None


def copy_database(source: Path, target: Path) -> None:
    """A whole and sound copy, as of one moment, in place of ``target``; writers go on meanwhile."""
    unfinished = target.with_name(f"{target.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        _make_private(unfinished)
        with closing(_read_only(source)) as old, closing(sqlite3.connect(unfinished)) as new:
            old.backup(new)
            new.execute("pragma journal_mode=delete")  # one file, nothing beside it
        if faults := faults_of(unfinished, quick=True):
            raise CorruptDatabase(f"{source}: {faults[0]}; it was not copied")
        _to_disk(unfinished)
        unfinished.replace(target)
        _to_disk(target.parent)
    except sqlite3.Error as error:
        kind = CorruptDatabase if is_corrupt(error) else StoreError
        raise kind(f"{source}: {error}; it was not copied") from error
    finally:
        unfinished.unlink(missing_ok=True)


def refuse_foreign(copy: Path, series: Series) -> None:
    """Refuse a sound file that is no copy of this database, or one that only a newer Ringfence can read."""
    if faults_of(copy, quick=True):
        return  # whoever copies it says so
    own_table = sql("select 1 from sqlite_master where name = {own}", own=quoted([_OWN_TABLES[series]]))
    if one_value(copy, own_table) is None:
        raise StoreError(f"{copy}: it is no copy of the {series}; nothing was changed")
    version, known = one_value(copy, "pragma user_version"), _steps(series)[-1][0]
    if isinstance(version, int) and version > known:
        raise StoreError(f"{copy}: {_newer(version, known)}; nothing was changed")


def put_in_place(copy: Path, path: Path, aside: Path) -> None:
    """Let a copy be the database; what was there goes to ``aside``. At no moment is there none, or a mixture."""
    fresh = path.with_name(f"{path.name}.restored")
    copy_database(copy, fresh)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("pragma application_id=0")  # meant to be here, whichever database it was
        _write_ahead(connection)  # a copy is one file; as a database, calls are judged while it is written to
    _to_disk(fresh)
    if path.exists():
        os.link(path, aside)
        # A log that belongs to the old file must not meet the new one.
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
    fresh.replace(path)
    _to_disk(path.parent)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)


def _reading(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=0)
    try:
        connection.execute("pragma query_only=on")
        connection.execute("pragma cache_size=-8192")  # reads the file
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ReadError(Exception):
    """A read on the call path met a lock, a damaged page or its deadline: the answer is unknown."""

    def __init__(self, error: sqlite3.Error) -> None:
        super().__init__(str(error))
        self.corrupt = is_corrupt(error)


_NO_ROOM_BESIDE = ("CANTOPEN", "READONLY", "IOERR", "FULL")  # what SQLite says that cannot make the index of a log


class HotReader:
    """A read-only connection in the event loop: it never waits for a lock and gives up at its budget.

    ``anyhow``: also where nothing beside the file can be made, on a disk that is full or read-only. Changes are not
    seen then (``frozen``), and it has to be opened again soon.
    """

    def __init__(self, path: Path, *, anyhow: bool = False) -> None:
        self.frozen = False
        if not _holds_anything(path):
            raise CorruptDatabase(f"{path}: unable to open: it is missing or empty; {restoring(path)}")
        try:
            self._connection = _reading(path, "mode=ro")
        except sqlite3.Error as error:
            log = path.with_name(f"{path.name}-wal")
            if not anyhow or code_of(error) not in _NO_ROOM_BESIDE or _holds_anything(log):
                raise unusable(path, error) from error
            try:
                self._connection = _reading(path, "mode=ro&immutable=1")
                self.frozen = True
            except sqlite3.Error:
                raise unusable(path, error) from error
        self._cursor = self._connection.cursor()

    @property
    def lineage(self) -> int:
        """Which database this is, or was copied from; 0 for one that is meant to take the place of any."""
        try:
            found: int = self._cursor.execute("pragma application_id").fetchone()[0]
        except sqlite3.Error as error:
            raise ReadError(error) from error
        return found

    def abort_when(self, overdue: Callable[[], bool], *, steps: int) -> None:
        """Ask ``overdue()`` after each so many steps of SQLite's machine; true ends the query."""
        self._connection.set_progress_handler(overdue, steps)

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that reads little."""
        try:
            return self._cursor.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise ReadError(error) from error

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        try:
            found: int = self._cursor.execute("pragma data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise ReadError(error) from error
        return found

    def close(self) -> None:
        """Nothing is open any more."""
        self._connection.close()


class NoReader(HotReader):
    """Stands where no database can be read: whatever is asked is unknown."""

    def __init__(self) -> None:
        self.frozen = False
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._cursor = self._connection.cursor()

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Nothing is known."""
        raise ReadError(sqlite3.OperationalError("no database is open"))

    def data_version(self) -> int:
        """Nothing is known."""
        raise ReadError(sqlite3.OperationalError("no database is open"))
