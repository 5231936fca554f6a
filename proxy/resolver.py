"""Addresses of host names, cached, with a deadline; SRV and NAPTR (RFC 3263) come behind the same function."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

DEADLINE_S = 3.0
KEEP_S = 60.0
KEEP_FAILURE_S = 5.0
_MOST_NAMES = 10_000
_OTHERS_AT_ONCE = 2  # of the four questions that uvloop has under way at once
_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


class Resolver:
    """Asks the system's resolver (hosts file and DNS) off the loop, once for all who wait for one name.

    `own` are the names of the configuration: they are asked for again and again, no call waits for them, and other
    names under a silent server never take their turn. The system answers few at once, and can't be told to stop.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.own: frozenset[str] = frozenset()
        self._room = asyncio.Semaphore(_OTHERS_AT_ONCE)
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._asking: dict[str, asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Every address of the host in the system's order of preference; none when there is no answer in time."""
        known = self._known.get(host)
        if known is not None and (known[0] > self._clock() or (known[1] and host in self.own)):
            return known[1]
        return await self.refresh(host)

    async def refresh(self, host: str) -> list[str]:
        """The same, asked now, whatever is known."""
        task = self._asking.get(host)
        if task is None:
            task = self._asking[host] = asyncio.create_task(self._ask(host))
            task.add_done_callback(lambda _: self._asking.pop(host, None))
        return await asyncio.shield(task)

    async def _ask(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                ask = loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM) if host in self.own else self._beside(host)
                found = await ask
            addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
            keep = KEEP_S
        except (OSError, TimeoutError, UnicodeError) as error:
            # Silence says nothing of the name: an old answer is better than no call at all (RFC 8767).
            gone = isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME
            addresses = [] if gone else self._known.get(host, (0.0, []))[1]
            keep = KEEP_FAILURE_S
        if len(self._known) >= _MOST_NAMES:
            self._known.clear()
        self._known[host] = (self._clock() + keep, addresses)
        return addresses

    async def _beside(self, host: str) -> list[Any]:
        """Ask for a name that is not ours. Its place is taken until the system has done, however long we wait."""
        await self._room.acquire()
        asking = asyncio.ensure_future(asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM))
        asking.add_done_callback(self._done)
        return list(await asyncio.shield(asking))

    def _done(self, asked: asyncio.Future[Any]) -> None:
        self._room.release()
        if not asked.cancelled():
            asked.exception()  # nobody may wait for it any more; asyncio complains about one that nobody looked at
