"""A database of one node among many: what changes here is noted for the shared record, what others changed is taken.

One node *keeps* the record: each row that it changes, by whatever command or process, is noted by a trigger in the
transaction that changes it, so that nothing that was acknowledged can be lost on the way. The others hold *copies*,
which refuse any change but what comes from the record. A database alone has neither table nor trigger of this.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rules.storage.statements import Sql, columns_of, every, joined, name_of, places, quoted, sql

Role = Literal["keeper", "copy"]
REFUSAL = "kept-by-"  # how the error begins that a change to a copy meets; the name of the keeper follows
_OURS = "replica"  # how tables and triggers of this file begin
_FINAL = frozenset({"step"})  # tables whose rows are written once
_PATIENCE_S = 30.0
_TABLES = (
    sql(
        "create table if not exists replica ("
        "only integer primary key check (only = 1), role text not null, keeper text not null, "
        "version integer not null, record text not null, whole integer not null, applying integer not null)"
    ),
    sql(
        "create table if not exists replica_waiting ("
        "seq integer primary key autoincrement, name text not null, row_key text not null)"
    ),
)


class Standing(NamedTuple):
    """What a database is in the record: kept or copied, and as of which version of which record."""

    role: Role
    keeper: str
    version: int  # of the record, that it holds; 0: none yet
    record: str  # which record
    whole: bool  # all of it has to be given, not only what changed


class Row(NamedTuple):
    """A row of a table by its key; without content it is gone."""

    table: str
    key: str
    content: str | None


class Changes(NamedTuple):
    """What waits to be given, up to a place in the queue."""

    upto: int
    whole: bool
    rows: Iterator[Row]


class _Table(NamedTuple):
    name: str
    keys: tuple[str, ...]
    hidden: frozenset[str]  # keys that are octets

    @property
    def of_key(self) -> Sql:
        return every(sql("{name} = ?", name=name_of(one)) for one in self.keys)

    def key_in(self, row: str) -> Sql:
        """The key of a row of a trigger (*new*, *old*), as text."""
        parts = []
        for one in self.keys:
            column = sql("{row}.{name}", row=name_of(row), name=name_of(one))
            parts.append(sql("hex({column})", column=column) if one in self.hidden else column)
        return sql("json_array({parts})", parts=joined(", ", parts))

    def values(self, key: str) -> list[Any]:
        """What stands in such a text."""
        found = json.loads(key)
        return [
            bytes.fromhex(value) if name in self.hidden else value for name, value in zip(self.keys, found, strict=True)
        ]


class Replica:
    """One database file, read and written by a connection of its own beside all others."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S, check_same_thread=False)
        self.path, self._file = path, _identity(path)

    @property
    def is_replaced(self) -> bool:
        """Does another file stand under its name by now (`ringfence db restore`)?"""
        return _identity(self.path) != self._file

    def close(self) -> None:
        """Nothing is open any more."""
        self._connection.close()

    def standing(self) -> Standing | None:
        """What it is in a record; None for a database that stands alone."""
        return standing_of(self._connection)

    def join(self, role: Role, keeper: str, record: str) -> None:
        """Keep the record from now on, or be a copy of it."""
        with _writing(self._connection):
            before = standing_of(self._connection)
            if before is None or before.record != record:
                version, whole = 0, True
            else:
                version, whole = before.version, before.whole
            arm(self._connection, Standing(role, keeper, version, record, whole and role == "keeper"))

    def leave(self) -> None:
        """Stand alone again, with all that is in it."""
        with _writing(self._connection):
            disarm(self._connection)
            for table in ("replica_waiting", "replica"):
                self._connection.execute(sql("drop table if exists {table}", table=name_of(table)))

    def holds(self, tables: Iterable[str]) -> bool:
        """Is there any row in these?"""
        return any(
            self._connection.execute(sql("select exists (select 1 from {table})", table=name_of(one))).fetchone()[0]
            for one in tables
        )

    def seen(self) -> int:
        """A number that changes when somebody else has committed."""
        found: int = self._connection.execute("pragma data_version").fetchone()[0]
        return found

    def waiting(self) -> int:
        """How many changes the record has not got yet."""
        found: int = self._connection.execute("select count(*) from replica_waiting").fetchone()[0]
        return found

    # ---- what is given -----------------------------------------------------------------------------------------

    @contextmanager
    def changes(self) -> Iterator[Changes | None]:
        """What changed since it was last given, as of one moment; None for nothing."""
        self._connection.execute("begin")
        try:
            standing = standing_of(self._connection)
            upto = self._connection.execute("select coalesce(max(seq), 0) from replica_waiting").fetchone()[0]
            if standing is None or not (upto or standing.whole):
                yield None
            else:
                rows = self._all_rows() if standing.whole else self._changed_rows(upto)
                yield Changes(upto, standing.whole, rows)
        finally:
            self._connection.execute("rollback")

    def given(self, upto: int, version: int) -> None:
        """The record has it."""
        with _writing(self._connection):
            self._connection.execute("delete from replica_waiting where seq <= ?", (upto,))
            self._connection.execute("update replica set version = ?, whole = 0", (version,))

    def give_whole(self) -> None:
        """All of it is to be given again."""
        with _writing(self._connection):
            self._connection.execute("update replica set whole = 1")

    def _all_rows(self) -> Iterator[Row]:
        for table in _tables(self._connection):
            cursor = self._connection.execute(sql("select * from {table}", table=name_of(table.name)))
            names = [one[0] for one in cursor.description]
            for values in cursor:
                yield _row(table, dict(zip(names, values, strict=True)))

    def _changed_rows(self, upto: int) -> Iterator[Row]:
        known = {table.name: table for table in _tables(self._connection)}
        queue = self._connection.execute(
            "select name, row_key, max(seq) from replica_waiting where seq <= ? group by 1, 2 order by 3", (upto,)
        )
        for name, key, _ in queue:
            table = known.get(name)
            if table is None:
                continue
            query = sql("select * from {table} where {key}", table=name_of(name), key=table.of_key)
            cursor = self._connection.execute(query, table.values(key))
            found = cursor.fetchone()
            names = [one[0] for one in cursor.description]
            yield Row(name, key, None) if found is None else _row(table, dict(zip(names, found, strict=True)))

    # ---- what is taken -----------------------------------------------------------------------------------------

    def take(self, rows: Iterable[Row], version: int, *, whole: bool) -> int:
        """Let this copy be what the record is at this version, in one transaction; how many rows came.

        ``whole``: what is not among the rows is gone. Columns that this program does not know are left out.
        """
        with _writing(self._connection):
            if self._connection.execute("update replica set applying = 1 where role = 'copy'").rowcount != 1:
                raise sqlite3.OperationalError("it is no copy by now: this node keeps the record")
            taking = _Taking(self._connection)
            if whole:
                taking.empty()
            count, later = 0, []
            for row in rows:
                count += 1
                if not taking.put(row):
                    later.append(row)
            while later:  # what another row had yet to make room for
                left = [row for row in later if not taking.put(row)]
                if len(left) == len(later):
                    raise sqlite3.IntegrityError(f"{left[0].table}: a row of the record fits nowhere")
                later = left
            taking.end()
            self._connection.execute("update replica set applying = 0, version = ?", (version,))
        return count


class _Taking:
    """Rows of the record on their way into a copy, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = {table.name: table for table in _tables(connection)}
        self._columns = {name: _columns(connection, name) for name in self._tables}
        self._lifted: dict[str, list[Sql]] = {}  # what keeps rows of a table from being changed, while it is off

    def empty(self) -> None:
        """Nothing is in any table."""
        for name in self._tables:
            self._lift(name)
            self._connection.execute(sql("delete from {table}", table=name_of(name)))

    def end(self) -> None:
        """What was lifted is in force again."""
        for statement in chain.from_iterable(self._lifted.values()):
            self._connection.execute(statement)

    def put(self, row: Row) -> bool:
        """Write a row, or take it away; false where another one is in its way. What is not known is left out."""
        table = self._tables.get(row.table)
        if table is None:
            return True
        if row.content is None:
            self._lift_final(table)
            statement = sql("delete from {table} where {key}", table=name_of(table.name), key=table.of_key)
            self._connection.execute(statement, table.values(row.key))
            return True
        given = {name: value for name, value in json.loads(row.content).items() if name in self._columns[row.table]}
        values = [bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in given.values()]
        if table.name in _FINAL and not self._stands_unlike(table, tuple(given), values):
            return True
        try:
            self._connection.execute(_upsert(table, tuple(given)), values)
        except sqlite3.IntegrityError:
            return False
        return True

    def _stands_unlike(self, table: _Table, names: tuple[str, ...], values: list[Any]) -> bool:
        """Is a final row not there as it should be? Only after a backup was put in place is there another instead."""
        query = sql(
            "select {columns} from {table} where {key}",
            columns=columns_of(names),
            table=name_of(table.name),
            key=table.of_key,
        )
        keys = [values[names.index(name)] for name in table.keys]
        found = self._connection.execute(query, keys).fetchone()
        if found is not None and list(found) != values:
            self._lift_final(table)
        return found is None or list(found) != values

    def _lift_final(self, table: _Table) -> None:
        if table.name in _FINAL:
            self._lift(table.name)

    def _lift(self, table: str) -> None:
        if table in self._lifted:
            return
        query = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?"
        triggers = self._connection.execute(query, (table,)).fetchall()
        self._lifted[table] = [statement for _, statement in triggers]
        for name, _ in triggers:
            self._connection.execute(sql("drop trigger {name}", name=name_of(name)))


@lru_cache(256)
def _upsert(table: _Table, names: tuple[str, ...]) -> Sql:
    rest = [name for name in names if name not in table.keys]
    changed = joined(", ", (sql("{name} = excluded.{name}", name=name_of(name)) for name in rest))
    return sql(
        "insert into {table} ({columns}) values ({places}) on conflict ({key}) do {change}",
        table=name_of(table.name),
        columns=columns_of(names),
        places=places(len(names)),
        key=columns_of(table.keys),
        change=sql("update set {changed}", changed=changed) if rest else sql("nothing"),
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def standing_of(connection: sqlite3.Connection) -> Standing | None:
    """What a database is in a record; None where it stands alone."""
    if connection.execute("select 1 from sqlite_master where name = 'replica'").fetchone() is None:
        return None
    row = connection.execute("select role, keeper, version, record, whole from replica").fetchone()
    return Standing(row[0], row[1], row[2], row[3], bool(row[4]))


def standing_in(path: Path) -> Standing | None:
    """The same of a file; None as well for one that cannot be read, of which whoever opens it says so."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return standing_of(connection)
    except sqlite3.Error:
        return None


def keeper_of(error: Exception) -> str:
    """Who keeps what somebody tried to change in a copy; empty for any other error."""
    _, found, keeper = str(error).partition(REFUSAL)
    return keeper if found and isinstance(error, sqlite3.IntegrityError) else ""


def arm(connection: sqlite3.Connection, standing: Standing) -> None:
    """Note what is changed from now on, or refuse it; within a transaction."""
    for statement in _TABLES:
        connection.execute(statement)
    disarm(connection)
    connection.execute(
        "insert into replica (only, role, keeper, version, record, whole, applying) values (1, ?, ?, ?, ?, ?, 0) "
        "on conflict (only) do update set role = excluded.role, keeper = excluded.keeper, version = excluded.version, "
        "record = excluded.record, whole = excluded.whole, applying = 0",
        (standing.role, standing.keeper, standing.version, standing.record, int(standing.whole)),
    )
    for table in _tables(connection):
        for statement in _noting(table) if standing.role == "keeper" else _refusing(table, standing.keeper):
            connection.execute(statement)


def disarm(connection: sqlite3.Connection) -> None:
    """Neither note nor refuse anything; within a transaction."""
    query = "select name from sqlite_master where type = 'trigger' and name like 'replica_%'"
    for (name,) in connection.execute(query).fetchall():
        connection.execute(sql("drop trigger {name}", name=name_of(name)))


def _noting(table: _Table) -> Iterator[Sql]:
    for event, rows in (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",))):
        notes = [
            sql(
                "insert into replica_waiting (name, row_key) values ({word}, {key});",
                word=quoted([table.name]),
                key=table.key_in(row),
            )
            for row in rows
        ]
        yield sql(
            "create trigger {trigger} after {event} on {table} begin {notes} end",
            trigger=name_of(f"replica_{event}_{table.name}"),
            event=name_of(event),
            table=name_of(table.name),
            notes=joined(" ", notes),
        )


def _refusing(table: _Table, keeper: str) -> Iterator[Sql]:
    for event in ("insert", "update", "delete"):
        yield sql(
            "create trigger {trigger} before {event} on {table} when (select applying from replica) = 0 "
            "begin select raise(abort, {word}); end",
            trigger=name_of(f"replica_{event}_{table.name}"),
            event=name_of(event),
            table=name_of(table.name),
            word=quoted([REFUSAL + keeper]),
        )


def _tables(connection: sqlite3.Connection) -> list[_Table]:
    query = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    found = []
    for (name,) in connection.execute(query).fetchall():
        if name.startswith(_OURS):
            continue
        rows = connection.execute("select name, type, pk from pragma_table_info(?) where pk > 0 order by pk", (name,))
        keys = [(row[0], row[1].lower()) for row in rows]
        if keys:
            hidden = frozenset(key for key, kind in keys if kind == "blob")
            found.append(_Table(name, tuple(key for key, _ in keys), hidden))
    return found


def _columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute("select name from pragma_table_info(?)", (table,)))


def _row(table: _Table, values: dict[str, Any]) -> Row:
    key = [values[name].hex().upper() if name in table.hidden else values[name] for name in table.keys]
    content = {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in values.items()}
    return Row(table.name, _written(key), _written(content))


def _written(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


@contextmanager
def opened(path: Path) -> Iterator[Replica]:
    """The database, closed after the block."""
    with closing(Replica(path)) as replica:
        yield replica
