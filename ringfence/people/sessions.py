"""Sessions: who is signed in. A token is told once and kept as a hash, and each request finds its session anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from ringfence.people.people_settings import PeopleSettings
from rules.audit import chain
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

_SECRET_BYTES = 32  # 256 bits: nobody guesses it, so an unsalted fast hash is enough
_LONGEST_TOKEN = 100
_SHOWN = 8  # hexadecimal digits of the hash by which people name a session
_AT_MOST = 10  # of one account; the oldest ends for the next
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
    ) -> str:
        """A session of its own for whoever was let in; what his browser sends from now on."""
        now, token = self._now(), token_urlsafe(_SECRET_BYTES)
        by = directory or FromDirectory("", "", b"", 0.0)
        await connection.execute(
            "insert into session (hash, account, created, seen, address, directory_subject, directory_session, "
            "directory_token, directory_asked) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_hash(token), account, now, now, address, by.subject, by.session, by.token or None, by.asked),
        )
        await connection.execute(
            "delete from session where account = ?1 and hash not in "
            "(select hash from session where account = ?1 order by created desc, seen desc limit ?2)",
            (account, _AT_MOST),
        )
        await connection.execute("delete from session where seen < ? or created < ?", self._oldest(now))
        return token

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

    async def end(self, token: str) -> None:
        """Whoever signs out: his token opens nothing any more."""
        async with self._store.transaction() as connection:
            await connection.execute("delete from session where hash = ?", (_hash(token),))

    async def is_there(self, token: str) -> None:
        """The directory has said just now that he is."""
        async with self._store.transaction() as connection:
            values = (self._now(), _hash(token))
            await connection.execute("update session set directory_asked = ? where hash = ?", values)

    async def ended_by_directory(self, subject: str, session: str) -> int:
        """It says that somebody, or one session of his, is out; how many ended."""
        async with self._store.transaction() as connection:
            done = await connection.execute(
                "delete from session where directory_subject <> '' and (?1 = '' or directory_subject = ?1) "
                "and (?2 = '' or directory_session = ?2) and (?1 <> '' or ?2 <> '')",
                (subject, session),
            )
        return done.rowcount

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
            query = sql("delete from session where account = ? and lower(hex(hash)) like ?")
            ended = (await connection.execute(query, (account, f"{which[:_SHOWN].lower()}%"))).rowcount
            detail = f"sessions ended: {ended}"
            await chain.record(connection, [chain.Deed(self._now(), author, "account", name, "revoked", detail=detail)])
        return ended

    def _oldest(self, now: float) -> tuple[float, float]:
        """When a session that goes on was last seen, and begun, at the earliest."""
        return now - self._settings.idle_minutes * 60.0, now - self.longest_s


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
