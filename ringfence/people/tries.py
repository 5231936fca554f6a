"""How often somebody may guess: under one name from one address, from one address, under one name."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable

from rules.storage.store import Connection, Store

WITHIN_S = 900.0
_LONGEST = 64
_OF_ADDRESS, _OF_NAME = 4, 10  # times as many: several people share an address; nobody shuts one out from everywhere


class Tries:
    """Counts what did not let anybody in, on disk: another process, or a restart, does not give more of them."""

    def __init__(self, store: Store, most: int, now: Callable[[], float] = time.time) -> None:
        self._store, self._most, self._now = store, most, now

    async def take(self, name: str, address: str) -> float:
        """Count a try before it is known what comes of it; 0, or how long until the next counts.

        Somebody and nobody are told the same, and many tries at once are no more than one after the other.
        """
        now, of, at = self._now(), name.casefold()[:_LONGEST], _network(address)
        query = "select at, name = ?1 and address = ?2, address = ?2, name = ?1 from failure where at > ?3 order by at"
        async with self._store.transaction() as connection:
            rows = list(await connection.execute_fetchall(query, (of, at, now - WITHIN_S)))
            longest = 0.0
            for column, most in ((1, self._most), (2, self._most * _OF_ADDRESS), (3, self._most * _OF_NAME)):
                times = [row[0] for row in rows if row[column]]
                if len(times) >= most:
                    longest = max(longest, times[-most] + WITHIN_S - now)
            if not longest:
                await connection.execute("delete from failure where at <= ?", (now - WITHIN_S,))
                await connection.execute("insert into failure values (?, ?, ?)", (now, of, at))
        return longest

    async def give_back(self, connection: Connection, name: str, address: str) -> None:
        """Somebody was let in: what failed under this name from this address was his."""
        of = (name.casefold()[:_LONGEST], _network(address))
        await connection.execute("delete from failure where name = ? and address = ?", of)


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, which is what one customer gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
