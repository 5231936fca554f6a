"""Keys of the API: made, shown once, stored as a hash, found again by what a client sends, revoked at once."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Any, NamedTuple, Protocol

from ringfence.people.keys_by_entries import made_so
from ringfence.people.rights import Right
from rules.audit import chain
from rules.audit.second import Second
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

PREFIX = "rf"
LONGEST_TOKEN = 200
_SECRET_BYTES = 32  # 256 bits: nobody guesses it, so an unsalted fast hash is enough
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_OURSELVES = "ringfence"  # what the program itself does stands under this name
_COLUMNS = sql("id, name, scopes, acts_as, daily, created, author, expires, revoked, revoked_by")
_NOTHING = bytes(32)


class AccessError(ValueError):
    """What was asked for a key is wrong; ``field`` names the part, ``reason`` says what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class AccessKey(NamedTuple):
    """A key without its secret."""

    id: str
    name: str
    scopes: frozenset[Right]
    acts_as: str
    daily: int
    created: float
    author: str
    expires: float | None
    revoked: float | None
    revoked_by: str

    @property
    def actor(self) -> str:
        """Who takes the steps that are taken with this key."""
        return self.acts_as or self.name

    def works(self, now: float) -> bool:
        """Is it neither revoked nor expired?"""
        return self.revoked is None and (self.expires is None or now < self.expires)


class WantedKey(NamedTuple):
    """A key as somebody asks for it."""

    name: str
    scopes: Collection[Right]
    acts_as: str = ""
    daily: int = 10_000
    lasts: str = ""  # 90d, as it was written; nothing: until it is revoked


class KeyBook:
    """All keys of an installation."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    async def add(
        self,
        name: str,
        scopes: Iterable[Right],
        *,
        author: str,
        acts_as: str = "",
        expires: float | None = None,
        daily: int = 10_000,
    ) -> tuple[AccessKey, str]:
        """Make a key; what the client sends is told this once and kept nowhere."""
        _check("name", name)
        if acts_as:
            _check("acts-as", acts_as)
        granted = frozenset(scopes)
        if not granted:
            raise AccessError("scope", f"give it at least one of {', '.join(Right)}")
        now = self._now()
        if expires is not None and expires <= now:
            raise AccessError("expires", "this time is over")
        if daily < 1:
            raise AccessError("daily", "write how many requests a day it may make, at least 1")
        key = AccessKey(token_hex(4), name, granted, acts_as, daily, now, author, expires, None, "")
        async with self._store.transaction() as connection:
            if known := await _working(connection, name, now):
                raise AccessError(
                    "name",
                    f"key {known[0].id} is called {name}; revoke it, renew it (`api keys renew`) or choose another",
                )
            return key, await _insert(connection, key, "added")

    async def renew(
        self, which: str, *, author: str, overlap_s: float, expires: float | None = None
    ) -> tuple[AccessKey, str]:
        """Give a source a new key with the rights of its old one, which works on for ``overlap_s`` seconds."""
        now = self._now()
        if expires is not None and expires <= now:
            raise AccessError("expires", "this time is over")
        async with self._store.transaction() as connection:
            old = await _working(connection, which, now)
            if not old:
                raise _none(which)
            fresh = old[0]._replace(id=token_hex(4), created=now, author=author, expires=expires)
            await connection.execute(
                "update access_key set expires = min(coalesce(expires, 1e18), ?) where name = ? and revoked is null",
                (now + overlap_s, fresh.name),
            )
            return fresh, await _insert(connection, fresh, "renewed")

    async def find(self, token: str) -> AccessKey | None:
        """The key of what a client sent, if it works at this moment; read anew each time, so revocation is at once."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        query = sql("select {columns}, secret_hash from access_key where id = ?", columns=_COLUMNS)
        rows: list[Any] = list(await self._store.connection.execute_fetchall(query, (key_id,)))
        # Compared even where there is no such key, so that the time tells nothing.
        same = hmac.compare_digest(_hash(secret), rows[0][-1] if rows else _NOTHING)
        if not rows or not same or prefix != PREFIX:
            return None
        key = _key(rows[0][:-1])
        return key if key.works(self._now()) else None

    async def listed(self) -> list[AccessKey]:
        """All keys, those that work first."""
        query = sql("select {columns} from access_key order by revoked is not null, created, id", columns=_COLUMNS)
        return [_key(row) for row in await self._store.connection.execute_fetchall(query)]

    async def any_works(self) -> bool:
        """Is there a key that works at this moment?"""
        now = self._now()
        return any(key.works(now) for key in await self.listed())

    async def revoke(self, which: str, *, author: str) -> list[AccessKey]:
        """Let a key, named by its id, or all keys of a name, open nothing from now on."""
        now = self._now()
        async with self._store.transaction() as connection:
            found = await _working(connection, which, now)
            if not found:
                raise _none(which)
            await connection.executemany(
                "update access_key set revoked = ?, revoked_by = ? where id = ?",
                [(now, author, key.id) for key in found],
            )
            await chain.record(connection, [_deed(key, "revoked", now, author) for key in found])
        return [key._replace(revoked=now, revoked_by=author) for key in found]


class Accounts(Protocol):
    """Says whether an account may have such a key."""

    async def refuse_key(self, named: str, scopes: Collection[Right]) -> None:
        """PeopleError for a key that may more than its account."""


class KeyMaking:
    """Keys as people ask for them, by command or page: accounts and a second person are asked before one is made."""

    def __init__(self, book: KeyBook, second: Second, accounts: Accounts | None) -> None:
        self._book, self._second, self._accounts = book, second, accounts  # None: nobody has an account

    async def add(self, wanted: WantedKey, *, author: str, expires: float | None = None) -> tuple[AccessKey, str]:
        """Make a key; what the client sends is told this once."""
        if self._accounts is not None:
            await self._accounts.refuse_key(wanted.acts_as, wanted.scopes)
        told = {"scopes": sorted(wanted.scopes), "acts_as": wanted.acts_as, "expires": wanted.lasts}
        await self._second.ask("key", f"key {wanted.name}", told | {"daily": wanted.daily}, actor=author)
        more: dict[str, Any] = {"acts_as": wanted.acts_as, "expires": expires, "daily": wanted.daily}
        return await self._book.add(wanted.name, wanted.scopes, author=author, **more)

    async def renew(
        self, which: str, lasts: str = "", *, author: str, overlap_s: float, expires: float | None = None
    ) -> tuple[AccessKey, str]:
        """Give a source a new key in place of its old one, which works on for a while."""
        await self._second.ask("key", f"key {which}", {"renew": True, "expires": lasts}, actor=author)
        return await self._book.renew(which, author=author, overlap_s=overlap_s, expires=expires)


def _deed(key: AccessKey, step: str, now: float, author: str) -> chain.Deed:
    """What the audit tells of a key: whose, and what it opens."""
    granted = f"scopes {' '.join(sorted(key.scopes))}; {key.daily} requests a day"
    acts = f"; acts as {key.acts_as}" if key.acts_as else ""
    return chain.Deed(now, author, "key", key.id, step, "", f"{key.name}: {granted}{acts}")


async def _working(connection: Connection, which: str, now: float) -> list[AccessKey]:
    """The keys of this id or name that work, the newest first."""
    query = sql(
        "select {columns} from access_key where (id = ?1 or name = ?1) and revoked is null "
        "and coalesce(expires, 1e18) > ?2 order by created desc, id",
        columns=_COLUMNS,
    )
    return [_key(row) for row in await connection.execute_fetchall(query, (which, now))]


async def _insert(connection: Connection, key: AccessKey, step: str) -> str:
    """Write a key and enter it; what the client sends is told this once."""
    secret = token_urlsafe(_SECRET_BYTES)
    opens = (key.name, " ".join(sorted(key.scopes)), key.acts_as, key.daily, _hash(secret), key.expires)
    await connection.execute(
        "insert into access_key (name, scopes, acts_as, daily, secret_hash, expires, id, created, author) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*opens, key.id, key.created, key.author),
    )
    deed = _deed(key, step, key.created, key.author)._replace(after=made_so(*opens))
    await chain.record(connection, [deed])
    return f"{PREFIX}_{key.id}_{secret}"


def _none(which: str) -> AccessError:
    return AccessError("key", f"there is no working key {which[:64]!r}; `ringfence api keys list` shows all")


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _check(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AccessError(field, "write 1 to 64 letters, digits, dots, dashes, underscores or @, no blanks")
    if name.casefold() == _OURSELVES:
        raise AccessError(field, f"{_OURSELVES} is what the program calls itself; choose another")


def _key(row: Any) -> AccessKey:
    key_id, name, scopes, *others = row
    return AccessKey(key_id, name, frozenset(Right(word) for word in scopes.split()), *others)
