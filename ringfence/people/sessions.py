"""Sessions: who is signed in. A token is told once and kept as a hash, and each request finds its session anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from ringfence.people import session_rows, standing
from ringfence.people.people_settings import PeopleSettings
from rules.audit import chain
from rules.storage.statements import Sql, sql
from rules.storage.store import Connection, Store

_SECRET_BYTES = 32  # 256 bits: nobody guesses it, so an unsalted fast hash is enough
_LONGEST_TOKEN = 100
_SHOWN = 8  # hexadecimal digits of the hash by which people name a session
_AT_MOST = 10  # of one account; the oldest ends for the next
_BY_DIRECTORY = "by the staff directory"
_SEEN_EVERY_S = 60.0  # so seldom it is written down that somebody is still there


class Signed(NamedTuple):
    """A session as people see it."""

    id: str
    account: int
    created: float
    seen: float
    address: str


class FromDirectory(NamedTuple):
    """By what a staff directory knows a session."""

    subject: str
    session: str
    token: bytes  # sealed; by which it is asked whether he is still there
    asked: float


class Begun(NamedTuple):
    """A session that begins."""

    token: str
    after: str  # for the entry of it: its print
    before: str  # and those of sessions that ended by it, since they were too old or too many


class Open(NamedTuple):
    """A session that goes on."""

    account: int
    directory: FromDirectory | None  # None: a password let it in


class Sessions:
    """All sessions of an installation."""

    def __init__(self, store: Store, settings: PeopleSettings, now: Callable[[], float] = time.time) -> None:
        self._store, self._settings, self._now = store, settings, now

    @property
    def longest_s(self) -> float:
        """After which a session ends, whatever is done in it."""
        return self._settings.session_hours * 3600.0

    async def begin(
        self, connection: Connection, account: int, address: str, directory: FromDirectory | None = None
    ) -> Begun:
        """A session of its own for whoever was let in; who enters that he was tells of it what is returned."""
        now, token = self._now(), token_urlsafe(_SECRET_BYTES)
        by, hashed = directory or FromDirectory("", "", b"", 0.0), _hash(token)
        await connection.execute(
            "insert into session (hash, account, created, seen, address, directory_subject, directory_session, "
            "directory_token, directory_asked) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (hashed, account, now, now, address, by.subject, by.session, by.token or None, by.asked),
        )
        too_many = sql(
            "account = ?1 and hash not in "
            "(select hash from session where account = ?1 order by created desc, seen desc limit ?2)"
        )
        gone = await session_rows.end(connection, too_many, account, _AT_MOST)
        gone += await session_rows.end(connection, sql("seen < ? or created < ?"), *self._oldest(now))
        made = session_rows.print_of(hashed, account, now, by.subject, by.session)
        return Begun(token, standing.written({session_rows.BEGUN: made}), session_rows.ended(gone))

    async def find(self, token: str) -> Open | None:
        """The session of this token, if it goes on; asked of the database each time, so that what was ended is over."""
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        now, hashed = self._now(), _hash(token)
        query = (
            "select account, seen, directory_subject, directory_session, directory_token, directory_asked "
            "from session where hash = ? and seen >= ? and created >= ?"
        )
        rows = list(await self._store.connection.execute_fetchall(query, (hashed, *self._oldest(now))))
        if not rows:
            return None
        account, seen, *directory = rows[0]
        if now - seen >= _SEEN_EVERY_S:
            async with self._store.transaction() as connection:
                await connection.execute("update session set seen = ? where hash = ?", (now, hashed))
        return Open(account, FromDirectory(*directory) if directory[0] else None)

    async def end(self, token: str, *, why: str = "") -> None:
        """Whoever signs out: his token opens nothing any more. ``why`` if it was not he."""
        async with self._store.transaction() as connection:
            await self._end(connection, sql("hash = ?"), _hash(token), why=why)

    async def _end(self, connection: Connection, condition: Sql, *values: object, why: str) -> int:
        """End those that fit, and enter it for each account; how many ended."""
        query = sql(
            "select distinct a.id, a.name from session s join account a on a.id = s.account where {condition}",
            condition=condition,
        )
        count, deeds = 0, []
        for account, name in list(await connection.execute_fetchall(query, values)):
            here = sql("account = {account} and {condition}", account=account, condition=condition)
            gone = await session_rows.end(connection, here, *values)
            count += len(gone)
            actor = chain.OURSELVES if why else name
            about = ("account", name, "signed out")
            deeds.append(chain.Deed(self._now(), actor, *about, detail=why, before=session_rows.ended(gone)))
        await chain.record(connection, deeds)
        return count

    async def is_there(self, token: str) -> None:
        """The directory has said just now that he is."""
        async with self._store.transaction() as connection:
            values = (self._now(), _hash(token))
            await connection.execute("update session set directory_asked = ? where hash = ?", values)

    async def ended_by_directory(self, subject: str, session: str) -> int:
        """It says that somebody, or one session of his, is out; how many ended."""
        async with self._store.transaction() as connection:
            fits = sql(
                "directory_subject <> '' and (?1 = '' or directory_subject = ?1) "
                "and (?2 = '' or directory_session = ?2) and (?1 <> '' or ?2 <> '')"
            )
            return await self._end(connection, fits, subject, session, why=_BY_DIRECTORY)

    async def listed(self, account: int | None = None) -> list[Signed]:
        """Those that go on, of one account or all, the latest first."""
        query = (
            "select lower(hex(hash)), account, created, seen, address from session "
            "where (?1 is null or account = ?1) and seen >= ?2 and created >= ?3 order by created desc"
        )
        rows = await self._store.connection.execute_fetchall(query, (account, *self._oldest(self._now())))
        return [Signed(row[0][:_SHOWN], *row[1:]) for row in rows]

    async def revoke(self, account: int, name: str, *, which: str = "", author: str) -> int:
        """End the sessions of an account, or the one that is called so in the list; how many ended."""
        async with self._store.transaction() as connection:
            fits = sql("account = ? and lower(hex(hash)) like ?")
            gone = await session_rows.end(connection, fits, account, f"{which[:_SHOWN].lower()}%")
            about, detail = ("account", name, "revoked"), f"sessions ended: {len(gone)}"
            deed = chain.Deed(self._now(), author, *about, detail=detail, before=session_rows.ended(gone))
            await chain.record(connection, [deed])
        return len(gone)

    def _oldest(self, now: float) -> tuple[float, float]:
        """When a session that goes on was last seen, and begun, at the earliest."""
        return now - self._settings.idle_minutes * 60.0, now - self.longest_s


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
