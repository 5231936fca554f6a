"""The record in PostgreSQL: the rows of all databases as text, each with the version that wrote it last.

Versions come from one row that is updated in the transaction of each change, so that none is seen before the one below
it: numbers of a sequence are given out before commits, and a reader that saw 302 would never look for 301 again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from ringfence.cluster.record import Head, NodeSeen, RecordError, Telling
from rules.settings.screening import RecordSettings
from rules.storage.replicas import Row

LAYOUT: Final = 1
_CONNECT_S: Final = 5
_STATEMENT_MS: Final = 20_000
_WHOLE_MS: Final = 3_600_000  # rows that go over, however many there are
_CHANNEL: Final = "ringfence"
_LAYOUT_LOCK: Final = 0x52_46_52_43  # of those who make tables
_NEWEST_TABLE: Final = "ringfence.key_mark"  # what is added breaks no older program, and has no number
_SLACK_S: Final = 60.0  # a transaction that began so long ago may be seen only now
_PIECE: Final = 5_000
_TABLES: Final = """
create schema if not exists ringfence;
create table if not exists ringfence.layout (one integer primary key check (one = 1), number integer not null);
create table if not exists ringfence.head (
    one integer primary key check (one = 1), record text not null, version bigint not null, keeper text not null);
create table if not exists ringfence.entry (
    series text not null, name text not null, row_key text not null, version bigint not null, content text,
    primary key (series, name, row_key));
create index if not exists entry_version on ringfence.entry (series, version);
create table if not exists ringfence.node (
    name text primary key, version bigint not null, waiting bigint not null, program text not null,
    trouble text not null, told timestamptz not null, skew double precision not null);
create table if not exists ringfence.call_for_help (
    number_key text primary key, at double precision not null, given timestamptz not null);
create index if not exists call_for_help_given on ringfence.call_for_help (given);
create table if not exists ringfence.key_mark (one integer primary key check (one = 1), mark text not null);
insert into ringfence.layout values (1, 1) on conflict do nothing;
"""


class PostgresRecord:
    """The record over one connection; made anew by whoever met an error."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    @classmethod
    def open(cls, settings: RecordSettings, base: Path, *, alone: bool = False) -> PostgresRecord:
        """Connect, make the tables where there are none, and listen; ``alone``: the only process that is this node."""
        password = _password(settings, base)
        with _told():
            connection = psycopg.connect(
                settings.at,
                password=password,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                application_name=f"ringfence {settings.node}",
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=10_000,
                options=f"-c statement_timeout={_STATEMENT_MS} -c lock_timeout={_STATEMENT_MS}",
            )
        record = cls(connection)
        try:
            record._begin_layout()
            if alone:
                record._be_alone(settings.node)
        except BaseException:
            record.close()
            raise
        return record

    def close(self) -> None:
        """Nothing is open any more."""
        with suppress(psycopg.Error):
            self._connection.close()

    def _begin_layout(self) -> None:
        with _told():
            found = self._connection.execute("select to_regclass(%s)", (_NEWEST_TABLE,)).fetchone()
            if found is not None and found[0] is None:
                with self._connection.transaction():
                    self._connection.execute("select pg_advisory_xact_lock(%s)", (_LAYOUT_LOCK,))
                    self._connection.execute(_TABLES)
            row = self._connection.execute("select number from ringfence.layout").fetchone()
            if row is None or row[0] > LAYOUT:
                number = row[0] if row is not None else "unknown"
                raise RecordError(f"its layout {number} was made by a newer Ringfence; this one knows {LAYOUT}")
            # What it says it has must outlive its crash, whatever it is set to; what is stronger than this stays.
            self._connection.execute(
                "select set_config('synchronous_commit', 'on', false) "
                "where current_setting('synchronous_commit') = 'off'"
            )
            self._connection.execute(sql.SQL("listen {}").format(sql.Identifier(_CHANNEL)))

    def _be_alone(self, node: str) -> None:
        """Two nodes of one name would each take what the other changed for their own."""
        with _told():
            row = self._connection.execute(
                "select pg_try_advisory_lock(%s, hashtext(%s))", (_LAYOUT_LOCK, node)
            ).fetchone()
        if row is None or not row[0]:
            raise RecordError(f"another process is connected as node {node}: give each its own storage.record.node")

    def head(self) -> Head | None:
        """Where it stands; None for a record in which nothing ever was."""
        with _told():
            row = self._connection.execute("select record, version, keeper from ringfence.head").fetchone()
        return Head(*row) if row is not None else None

    def begin(self, keeper: str) -> Head:
        """Make it this node's to keep, if nobody was faster; whose it is then."""
        with _told():
            self._connection.execute(
                "insert into ringfence.head values (1, replace(gen_random_uuid()::text, '-', ''), 0, %s) "
                "on conflict do nothing",
                (keeper,),
            )
        head = self.head()
        assert head is not None
        return head

    def key_mark(self, mark: str) -> str:
        """By which keys those who share it hide numbers: what stands there, or from now on this one's mark."""
        with _told():
            row = self._connection.execute("select mark from ringfence.key_mark").fetchone()
            if row is None:
                self._connection.execute(
                    "insert into ringfence.key_mark values (1, %s) on conflict do nothing", (mark,)
                )
                row = self._connection.execute("select mark from ringfence.key_mark").fetchone()
        return str(row[0]) if row is not None else mark

    def hand_to(self, keeper: str, version: int) -> Head:
        """Let this node keep it from now on, if it holds all of it."""
        with _told(), self._connection.transaction():
            head = self._held()
            if head.version != version:
                raise RecordError(
                    f"it is at version {head.version}, this node at {version}: wait until it has caught up"
                )
            self._connection.execute("update ringfence.head set keeper = %s", (keeper,))
            self._notify(head.version)
        return head._replace(keeper=keeper)

    def raise_to(self, record: str, version: int, keeper: str) -> None:
        """Let a record that was restored, or lost, go on as this one, at no version less than this."""
        with _told():
            self._connection.execute(
                "insert into ringfence.head as h values (1, %s, %s, %s) on conflict (one) do update "
                "set record = excluded.record, version = greatest(h.version, excluded.version), "
                "keeper = excluded.keeper",
                (record, version, keeper),
            )

    def latest(self, series: str) -> int:
        """The version that wrote rows of this database last."""
        query = "select coalesce(max(version), 0) from ringfence.entry where series = %s"
        with _told():
            row = self._connection.execute(query, (series,)).fetchone()
        return int(row[0]) if row is not None else 0

    def put(self, series: str, keeper: str, rows: Iterable[Row], *, whole: bool) -> int:
        """Write rows as the next version, all or none; which one it is."""
        with _told(), self._connection.transaction():
            head = self._held()
            self._connection.execute(sql.SQL("set local statement_timeout = {}").format(_WHOLE_MS))  # an import
            if head.keeper != keeper:
                raise RecordError(f"node {head.keeper} keeps it now, not {keeper}")
            version = head.version + 1
            self._connection.execute("update ringfence.head set version = %s", (version,))
            self._connection.execute(
                "create temporary table given (name text, row_key text, content text) on commit drop"
            )
            with self._connection.cursor().copy("copy given from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            self._connection.execute(
                "insert into ringfence.entry as e select %s, name, row_key, %s, content from given "
                "on conflict (series, name, row_key) do update "
                "set version = excluded.version, content = excluded.content",
                (series, version),
            )
            if whole:
                self._connection.execute(
                    "update ringfence.entry set version = %s, content = null "
                    "where series = %s and version < %s and content is not null",
                    (version, series, version),
                )
            self._notify(version)
        return version

    @contextmanager
    def rows(self, series: str, since: int) -> Iterator[tuple[int, Iterator[Row]]]:
        """What changed since a version, as of one moment, and the version that it leads to."""
        with _told(), self._connection.transaction():
            self._connection.execute("set transaction isolation level repeatable read, read only")
            self._connection.execute(sql.SQL("set local statement_timeout = {}").format(_WHOLE_MS))
            row = self._connection.execute("select version from ringfence.head").fetchone()
            with self._connection.cursor(name="taken") as cursor:
                cursor.itersize = _PIECE
                cursor.execute(
                    "select name, row_key, content from ringfence.entry where series = %s and version > %s "
                    "and (%s > 0 or content is not null) order by version",
                    (series, since, since),
                )
                yield (row[0] if row is not None else 0), (Row(*values) for values in cursor)

    def give_emergency_calls(self, calls: Iterable[tuple[str, float]], since: float) -> None:
        """Let others know who made one, by pseudonym, and when; those before `since` are forgotten."""
        with _told(), self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("delete from ringfence.call_for_help where at < %s", (since,))
            cursor.executemany(
                "insert into ringfence.call_for_help as h values (%s, %s, clock_timestamp()) "
                "on conflict (number_key) do update "
                "set at = excluded.at, given = excluded.given where h.at < excluded.at",
                list(calls),
            )

    def emergency_calls(self, heard: float) -> tuple[float, list[tuple[str, float]]]:
        """Those that were given since this moment of the record, and some before it; which moment it is now."""
        with _told():
            moment = self._connection.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
            rows = self._connection.execute(
                "select number_key, at from ringfence.call_for_help where given > to_timestamp(%s) order by at",
                (max(0.0, heard - _SLACK_S),),
            ).fetchall()
        return (moment[0] if moment is not None else 0.0), [(row[0], row[1]) for row in rows]

    def tell(self, telling: Telling) -> None:
        """Let others know how a node is; a record that is only read takes no word of it."""
        with _told():
            self._connection.execute(
                "insert into ringfence.node values (%s, %s, %s, %s, %s, now(), "
                "%s - extract(epoch from clock_timestamp())) "
                "on conflict (name) do update set version = excluded.version, waiting = excluded.waiting, "
                "program = excluded.program, trouble = excluded.trouble, told = excluded.told, skew = excluded.skew",
                (*telling[:5], telling.clock),
            )

    def nodes(self) -> list[NodeSeen]:
        """What each node told last."""
        with _told():
            rows = self._connection.execute(
                "select name, version, waiting, program, trouble, extract(epoch from now() - told)::float8, skew "
                "from ringfence.node order by name"
            ).fetchall()
        return [NodeSeen(*row) for row in rows]

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody changed it, or the time is up; did anybody?"""
        with _told():
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))

    def _held(self) -> Head:
        row = self._connection.execute("select record, version, keeper from ringfence.head for update").fetchone()
        if row is None:
            raise RecordError("it is empty")
        return Head(*row)

    def _notify(self, version: int) -> None:
        self._connection.execute("select pg_notify(%s, %s)", (_CHANNEL, str(version)))


def _password(settings: RecordSettings, base: Path) -> str | None:
    """What stands in the password file; None where the system's own (PGPASSFILE, peer) are to be asked."""
    if settings.password_file is None:
        return None
    path = base / settings.password_file
    try:
        if path.stat().st_mode & 0o077:
            raise RecordError(f"{path}: others may read it; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        raise RecordError(f"{path}: {reason}") from error


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong there, in one line."""
    try:
        yield
    except psycopg.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RecordError(lines[0]) from error
