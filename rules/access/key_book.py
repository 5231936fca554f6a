"""Keys of the API: made, shown once, stored as a hash, found again by what a client sends, revoked at once."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any, NamedTuple

from rules.access.scopes import Scope
from rules.store import Store, database_path

PREFIX = "rf"
LONGEST_TOKEN = 200
_SECRET_BYTES = 32  # 256 bits: nobody guesses it, so an unsalted fast hash is enough
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_OURSELVES = "ringfence"  # what the program itself does stands under this name
_COLUMNS = "id, name, scopes, acts_as, daily, created, author, expires, revoked, revoked_by"
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
    scopes: frozenset[Scope]
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


class KeyBook:
    """All keys of an installation."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now

    async def add(
        self,
        name: str,
        scopes: Iterable[Scope],
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
            raise AccessError("scope", f"give it at least one of {', '.join(Scope)}")
        now = self._now()
        if expires is not None and expires <= now:
            raise AccessError("expires", "this time is over")
        if daily < 1:
            raise AccessError("daily", "write how many requests a day it may make, at least 1")
        key_id, secret = token_hex(4), token_urlsafe(_SECRET_BYTES)
        words = " ".join(sorted(granted))
        async with self._store.transaction() as connection:
            query = "select id from access_key where name = ? and revoked is null"
            if known := list(await connection.execute_fetchall(query, (name,))):
                raise AccessError("name", f"key {known[0][0]} is called {name} already; revoke it or choose another")
            await connection.execute(
                "insert into access_key (id, name, secret_hash, scopes, acts_as, daily, created, author, expires) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key_id, name, _hash(secret), words, acts_as, daily, now, author, expires),
            )
        key = AccessKey(key_id, name, granted, acts_as, daily, now, author, expires, None, "")
        return key, f"{PREFIX}_{key_id}_{secret}"

    async def find(self, token: str) -> AccessKey | None:
        """The key of what a client sent, if it works at this moment; read anew each time, so revocation is at once."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        query = f"select {_COLUMNS}, secret_hash from access_key where id = ?"  # noqa: S608 - own words
        rows: list[Any] = list(await self._store.connection.execute_fetchall(query, (key_id,)))
        # Compared even where there is no such key, so that the time tells nothing.
        same = hmac.compare_digest(_hash(secret), rows[0][-1] if rows else _NOTHING)
        if not rows or not same or prefix != PREFIX:
            return None
        key = _key(rows[0][:-1])
        return key if key.works(self._now()) else None

    async def listed(self) -> list[AccessKey]:
        """All keys, those that work first."""
        query = f"select {_COLUMNS} from access_key order by revoked is not null, created, id"  # noqa: S608 - own words
        return [_key(row) for row in await self._store.connection.execute_fetchall(query)]

    async def any_works(self) -> bool:
        """Is there a key that works at this moment?"""
        now = self._now()
        return any(key.works(now) for key in await self.listed())

    async def revoke(self, which: str, *, author: str) -> AccessKey:
        """Let a key, named by its id or its name, open nothing from now on."""
        which_one = "where (id = ? or name = ?) and revoked is null"
        async with self._store.transaction() as connection:
            rows = list(
                await connection.execute_fetchall(
                    f"update access_key set revoked = ?, revoked_by = ? {which_one} returning {_COLUMNS}",  # noqa: S608
                    (self._now(), author, which, which),
                )
            )
        if not rows:
            raise AccessError("key", f"there is no working key {which[:64]!r}; `ringfence api keys list` shows all")
        return _key(rows[0])


async def open_access(database: Path, *, durable: bool) -> Store:
    """The database of keys, which lies beside that of the lists."""
    return await Store.open(database_path(database, "access"), "access", durable=durable)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _check(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AccessError(field, "write 1 to 64 letters, digits, dots, dashes, underscores or @, no blanks")
    if name.casefold() == _OURSELVES:
        raise AccessError(field, f"{_OURSELVES} is what the program calls itself; choose another")


def _key(row: Any) -> AccessKey:
    key_id, name, scopes, *others = row
    return AccessKey(key_id, name, frozenset(Scope(word) for word in scopes.split()), *others)
