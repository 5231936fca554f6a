"""What was done, by whom, when and why: rows are only added, each with a keyed hash over itself and the one before.

Each database in which something is recorded has a table `step`, written in the transaction of what was done. The key
lies in the key file: whoever can write the database cannot compute its chain anew.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from hashlib import sha256
from math import inf
from typing import NamedTuple

from rules.audit.doors import here
from rules.storage.database_files import Series
from rules.storage.statements import every, places, sql, wanted
from rules.storage.store import Connection

BEGINNING = "0" * 64
BOUND = "put under the key"  # the entry that binds those of before there was a key
OURSELVES = "ringfence"
_TOLD = 5_000  # entries between two words about how far it is
_COLUMNS = sql("at, actor, subject, subject_id, step, reason, detail, role, door, before, after")
_PLACES = places(13)
_MOST_BREAKS = 1_000  # told; a chain that has these is not worth more words
_UNKEYED = 7  # columns of which the hash of before there was a key was made
_TRIGGERS = {
    "step_is_final": "create trigger step_is_final before update on step "
    "begin select raise(abort, 'steps are never changed'); end",
    "step_stays": "create trigger step_stays before delete on step "
    "begin select raise(abort, 'steps are never deleted'); end",
}


class AuditError(ValueError):
    """What was asked of the audit cannot be; the message says what would be right."""


class Deed(NamedTuple):
    """One step of somebody."""

    at: float
    actor: str
    subject: str  # case, complaint, appeal, ladder, list, rules, key
    subject_id: str
    step: str
    reason: str = ""
    detail: str = ""
    role: str = ""  # in which he acted; empty here: that of the door by which he came (`rules.audit.doors`)
    door: str = ""  # command line, api, page; empty for what the service does by itself
    before: str = ""
    after: str = ""


class Entry(NamedTuple):
    """A deed as it stands in the chain."""

    id: int
    deed: Deed
    hash: str


class ChainKey(NamedTuple):
    """What a chain is made and verified with: the key, and which chain it is, so that none passes for another."""

    chain: Series
    key: bytes

    def hash(self, before: str, deed: Deed) -> str:
        """Of the entry behind the one with this hash."""
        row = json.dumps([self.chain, before, *deed], ensure_ascii=True)
        return hmac.digest(self.key, row.encode(), "sha256").hex()


def entered_by(deed: Deed) -> Deed:
    """The deed with door and role of whoever acts, where it does not say them itself."""
    door = here()
    return deed._replace(door=deed.door or door.name, role=deed.role or door.role)


async def record(connection: Connection, deeds: Sequence[Deed]) -> None:
    """Add to the chain, within the transaction of what was done."""
    if not deeds:
        return
    written = [entered_by(deed) for deed in deeds]
    query = (
        "select coalesce((select seq from sqlite_sequence where name = 'step'), 0), id, hash, keyed "
        "from (select 1) left join (select id, hash, keyed from step order by id desc limit 1)"
    )
    ((given, last_id, last, keyed),) = await connection.execute_fetchall(query)
    if last_id is not None and not keyed:
        written.insert(0, Deed(deeds[0].at, OURSELVES, "audit", "", BOUND, "", f"{last_id}:{last}"))
    number = max(given, last_id or 0) + 1  # no number is given twice, whatever was cut off
    values = (last or BEGINNING, json.dumps(written))
    ((hashes,),) = await connection.execute_fetchall("select chained(?, ?)", values)
    rows = [(number + at, *deed, mac) for at, (deed, mac) in enumerate(zip(written, json.loads(hashes), strict=True))]
    await connection.executemany(
        sql("insert into step (id, {columns}, hash, keyed) values ({places}, 1)", columns=_COLUMNS, places=_PLACES),
        rows,
    )


async def deeds_of(connection: Connection, subject: str, subject_id: str) -> list[Deed]:
    """What was done about one thing, oldest first."""
    query = sql("select {columns} from step where subject = ? and subject_id = ? order by id", columns=_COLUMNS)
    return [Deed(*row) for row in await connection.execute_fetchall(query, (subject, subject_id))]


async def every_deed(connection: Connection, subject: str) -> tuple[dict[str, list[Deed]], float]:
    """What was done about all things of a kind, by which, oldest first; and when the first entry of all was made."""
    query = sql("select {columns} from step where subject = ? and subject_id <> '' order by id", columns=_COLUMNS)
    found: dict[str, list[Deed]] = {}
    async with connection.execute(query, (subject,)) as cursor:
        async for row in cursor:
            deed = Deed(*row)
            found.setdefault(deed.subject_id, []).append(deed)
    ((first,),) = await connection.execute_fetchall("select coalesce((select at from step order by id limit 1), 1e18)")
    return found, first


async def entries(
    connection: Connection,
    *,
    about: tuple[str, str] = ("", ""),
    actor: str = "",
    step: str = "",
    since: float = 0.0,
    before: int | None = None,
    until: float | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The newest entries that fit, the latest last, ``about`` a subject and its id.

    ``before`` is the id of the first one of the page after, ``until`` the time of the last one.
    """
    conditions, values = wanted({"subject": about[0], "subject_id": about[1], "actor": actor, "step": step})
    query = sql(
        "select id, hash, {columns} from step where at >= ? and at <= ? and id < ? and {conditions} "
        "order by id desc limit ?",
        columns=_COLUMNS,
        conditions=every(conditions),
    )
    rows = await connection.execute_fetchall(
        query, (since, inf if until is None else until, before or 2**62, *values, limit)
    )
    return [Entry(found, Deed(*columns), hash_) for found, hash_, *columns in rows][::-1]


async def each_between(connection: Connection, since: float, until: float) -> AsyncGenerator[Entry, None]:
    """Every entry between two times, in the order of the chain."""
    query = sql("select id, hash, {columns} from step where at >= ? and at <= ? order by id", columns=_COLUMNS)
    async with connection.execute(query, (since, until)) as cursor:
        while rows := list(await cursor.fetchmany(_TOLD)):
            for found, hash_, *columns in rows:
                yield Entry(found, Deed(*columns), hash_)


async def head(connection: Connection) -> str:
    """NUMBER:HASH of the last entry."""
    rows = list(await connection.execute_fetchall("select id, hash from step order by id desc limit 1"))
    return f"{rows[0][0]}:{rows[0][1]}" if rows else f"0:{BEGINNING}"


class Break(NamedTuple):
    """A place at which the chain is not as it was written."""

    entry: int  # the first entry that shows it; 0: none
    what: str


class Noted(NamedTuple):
    """A head that was noted where nobody who can write the database can write."""

    number: int
    hash: str
    when: str = ""  # it was noted, for people

    @classmethod
    def read(cls, text: str, when: str = "") -> Noted:
        """NUMBER:HASH; AuditError for anything else."""
        number, _, found = text.strip().partition(":")
        if not number.isdecimal() or len(found) != len(BEGINNING) or (not int(number) and found != BEGINNING):
            raise AuditError("head: write it as `audit verify` printed it: NUMBER:HASH")
        return cls(int(number), found.lower(), when)


class Verified(NamedTuple):
    """What was seen when the whole chain was computed anew."""

    entries: int
    unkeyed: int  # of these, of before there was a key
    bound: bool  # are these held by an entry under the key?
    head: str  # NUMBER:HASH of the last entry; whoever noted it elsewhere can ask for it again
    breaks: list[Break]


async def verified(
    connection: Connection,
    key: ChainKey,
    noted: Sequence[Noted] = (),
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """Compute the chain anew, and compare it with the heads that were ``noted`` before.

    What the chain alone cannot show: an end that was cut off together with the counter of entries, a chain that was
    made anew by somebody who has the key, a database of before. Only heads that were noted elsewhere show these.
    """
    return await _Walk(connection, key, noted, progress).walk()


class _Walk:
    """From the first entry to the last."""

    def __init__(
        self,
        connection: Connection,
        key: ChainKey,
        noted: Sequence[Noted],
        progress: Callable[[int], None] | None,
    ) -> None:
        self._connection, self._key, self._progress = connection, key, progress
        self._noted: dict[int, list[Noted]] = {}
        for one in noted:
            self._noted.setdefault(one.number, []).append(one)
        self._noted.pop(0, None)
        self._breaks: list[Break] = []
        self._count = self._unkeyed = self._last_id = 0
        self._last, self._before_last = BEGINNING, ""
        self._bound = False

    async def walk(self) -> Verified:
        for name in await _lost_triggers(self._connection):
            self._found(0, f"the trigger {name}, which lets nobody change entries, was taken out or changed")
        query = sql("select id, hash, keyed, {columns} from step order by id", columns=_COLUMNS)
        async with self._connection.execute(query) as cursor:
            while rows := list(await cursor.fetchmany(_TOLD)):
                for found, written, keyed, *columns in rows:
                    self._look(found, str(written), bool(keyed), Deed(*columns))
                if self._progress is not None and len(rows) == _TOLD:
                    self._progress(self._count)
        if (counted := await _counted(self._connection)) > self._last_id:
            self._found(self._last_id + 1, _missing(self._last_id + 1, counted) + ", the end was cut off")
        for number in sorted(self._noted):
            for one in self._noted[number]:
                self._found(number, f"the head {_of(one)} is gone: the chain ends with entry {self._last_id}")
        return Verified(self._count, self._unkeyed, self._bound, f"{self._last_id}:{self._last}", self._breaks)

    def _look(self, found: int, written: str, keyed: bool, deed: Deed) -> None:
        if found != self._last_id + 1:
            self._found(found, _missing(self._last_id + 1, found - 1))
        if self._bound and not keyed:
            self._found(found, "it is not under the key, as those before it are")
        elif written != self._hash(self._last, keyed, deed):
            self._found(found, self._what(found, written, keyed, deed))
        for one in self._noted.pop(found, ()):
            if one.hash != written:
                self._found(found, f"it is another one than the head {_of(one)}")
        self._bound = self._bound or keyed
        self._unkeyed += not keyed
        self._count, self._last_id, self._before_last, self._last = self._count + 1, found, self._last, written

    def _found(self, entry: int, what: str) -> None:
        if len(self._breaks) < _MOST_BREAKS:
            self._breaks.append(Break(entry, what))

    def _hash(self, before: str, keyed: bool, deed: Deed) -> str:
        return self._key.hash(before, deed) if keyed else _without_key(before, deed)

    def _what(self, found: int, written: str, keyed: bool, deed: Deed) -> str:
        """What is wrong with an entry that does not follow from the one before it."""
        if self._before_last and written == self._hash(self._before_last, keyed, deed):
            return f"it follows from entry {found - 2}: entry {found - 1} was put in, or put in the place of another"
        return "it does not follow from the one before: it or its neighbour was changed, put in, taken out or swapped"


def _of(one: Noted) -> str:
    return f"that was noted{f' {one.when}' if one.when else ''}"


def _missing(first: int, last: int) -> str:
    if first > last:
        return f"it stands behind entry {first - 1}, which has no smaller number"
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


async def _counted(connection: Connection) -> int:
    """How many entries were ever given a number: SQLite never gives one twice."""
    rows = list(await connection.execute_fetchall("select seq from sqlite_sequence where name = 'step'"))
    return int(rows[0][0]) if rows else 0


async def _lost_triggers(connection: Connection) -> list[str]:
    """Those that are not there as they were made."""
    query = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'step'"
    there = {name: " ".join(text.split()).casefold() for name, text in await connection.execute_fetchall(query)}
    return [name for name, text in _TRIGGERS.items() if there.get(name) != text]


def _without_key(before: str, deed: Deed) -> str:
    """The hash of before there was a key."""
    return sha256(f"{before}{json.dumps(deed[:_UNKEYED], ensure_ascii=True)}".encode()).hexdigest()
