"""All chains of an installation, read as one: each database has its own, in the transaction of what it records."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rules.audit.chain import AuditError, ChainKey, Entry, Noted, Verified, each_between, entries, head, verified
from rules.storage.database_files import Series, database_path
from rules.storage.store import Connection, Store

CHAINS: tuple[Series, ...] = ("complaints", "lists", "revisions", "access", "people")
MAIN: Series = "complaints"  # the one that a head without a name is of

Heads = Mapping[Series, str]


class Told(NamedTuple):
    """An entry, and the chain that it stands in."""

    chain: Series
    entry: Entry


class Held(NamedTuple):
    """What was seen when the tables of a database were held against the entries of its chain."""

    faults: list[str]
    older: dict[str, int]  # what is of before its making was entered, by what it is


Holding = Callable[[Connection], Awaitable[Held]]


class Chains:
    """The chains of the databases that there are."""

    def __init__(self, key: bytes, stores: Mapping[Series, Connection]) -> None:
        self._key, self._open = key, stores

    @classmethod
    @asynccontextmanager
    async def open(cls, database: Path, key: bytes) -> AsyncIterator[Chains]:
        """Open those whose database is there; ``database`` is that of the lists."""
        async with AsyncExitStack() as files:
            found: dict[Series, Connection] = {}
            for chain in CHAINS:
                path = database_path(database, chain)
                if await asyncio.to_thread(path.exists):
                    store = await Store.open(path, chain, durable=True)
                    files.push_async_callback(store.close)
                    found[chain] = store.connection
            yield cls(key, found)

    async def held(self, holding: Mapping[Series, Holding]) -> dict[Series, Held]:
        """The tables of each that is open, held against its entries, both as of one moment."""
        found: dict[Series, Held] = {}
        for chain, hold in holding.items():
            if (connection := self._open.get(chain)) is not None:
                await connection.execute("begin")
                try:
                    found[chain] = await hold(connection)
                finally:
                    await connection.execute("rollback")
        return found

    async def heads(self) -> Heads:
        """The head of each."""
        return {chain: await head(connection) for chain, connection in self._open.items()}

    async def entries(self, *, limit: int, only: str = "", **asked: Any) -> list[Told]:
        """The newest entries of all chains, or of one, that fit (`chain.entries`), by time, the latest last."""
        found: list[list[Told]] = []
        for chain, connection in self._open.items():
            several = await entries(connection, limit=limit, **asked) if only in ("", chain) else []
            found.append([Told(chain, one) for one in several])
        # Within a chain the order is that of its numbers, whatever the clock was set back to.
        return list(heapq.merge(*found, key=lambda one: one.entry.deed.at))[-limit:]

    async def every(self, since: float, until: float) -> AsyncIterator[Told]:
        """Every entry of all chains between two times, by time; within a chain by number."""
        rows = {chain: each_between(connection, since, until) for chain, connection in self._open.items()}
        heads = {chain: one for chain, several in rows.items() if (one := await anext(several, None)) is not None}
        while heads:
            chain = min(heads, key=lambda name: heads[name].deed.at)
            yield Told(chain, heads[chain])
            if (following := await anext(rows[chain], None)) is None:
                del heads[chain]
            else:
                heads[chain] = following

    def lost(self, noted: Mapping[Series, Sequence[Noted]]) -> list[Series]:
        """Those of which a head with an entry was noted, and whose database is gone."""
        return [chain for chain, heads in noted.items() if chain not in self._open and any(one.number for one in heads)]

    async def verified(
        self,
        noted: Mapping[Series, Sequence[Noted]],
        progress: Callable[[int], None] | None = None,
        *,
        without: Series | None = None,
    ) -> dict[Series, Verified]:
        """Each, computed anew, and held against the heads that were noted; but for one that somebody else verifies."""
        return {
            chain: await verified(connection, ChainKey(chain, self._key), noted.get(chain, ()), progress)
            for chain, connection in self._open.items()
            if chain != without
        }


def read_heads(text: str, when: str = "") -> dict[Series, list[Noted]]:
    """Heads as they are printed: complaints=NUMBER:HASH,lists=NUMBER:HASH; one without a name is of complaints."""
    found: dict[Series, list[Noted]] = {}
    for part in text.split(","):
        name, equals, rest = part.strip().partition("=")
        chain = next((one for one in CHAINS if one == name), None) if equals else MAIN
        if chain is None:
            raise AuditError(f"head: there is no chain {name[:20]!r}; there are {', '.join(CHAINS)}")
        found.setdefault(chain, []).append(Noted.read(rest if equals else name, when))
    return found


def write_heads(heads: Heads) -> str:
    """As they are read again."""
    return ",".join(f"{chain}={text}" for chain, text in heads.items())
