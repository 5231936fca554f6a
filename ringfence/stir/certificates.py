"""Certificates by their address: fetched once for all who wait, remembered as long as they may be, failures shortly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from cachetools import TLRUCache
from cryptography.x509.verification import Store

from proxy.stir.credentials import Credential, read_credential
from proxy.stir.failures import Failure, Unverified
from ringfence.stir.guarded_web import Fetched

AT_ONCE: Final = 32  # that are fetched
_FAILED_S: Final = 60.0  # so long a failure is remembered: who is out of reach is not asked for each call
_BEFORE_END: Final = 0.9  # of its time, after which one that calls use is fetched again beside them

Fetch = Callable[[str], Awaitable[Fetched]]


class _Known(NamedTuple):
    found: Credential | Failure
    until: float  # by the clock of the loop
    renew: float


class Certificates:
    """Of one node."""

    def __init__(
        self,
        fetch: Fetch,
        authorities: Store,
        *,
        most: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        counts: Counter[str] | None = None,
    ) -> None:
        """`counts` are fetches by how they ended."""
        self._fetch, self._authorities, self._clock, self._wall = fetch, authorities, clock, wall
        self._known: TLRUCache[str, _Known] = TLRUCache(most, ttu=lambda _, value, now: value.until, timer=clock)
        # Apart: whoever calls can make up addresses that lead to nothing, and none of these may push out a good one.
        self._failed: TLRUCache[str, _Known] = TLRUCache(most, ttu=lambda _, value, now: value.until, timer=clock)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.counts = Counter[str]() if counts is None else counts

    def take_over(self, before: Certificates) -> None:
        """What was fetched and verified by the same authorities."""
        for url, entry in list(before._known.items()):
            self._known[url] = entry

    def known(self, url: str) -> Credential | Failure | None:
        """What is known of it at once; None: it has to be fetched."""
        entry: _Known | None = self._known.get(url) or self._failed.get(url)
        if entry is None:
            return None
        if self._clock() > entry.renew and url not in self._under_way and len(self._under_way) < AT_ONCE:
            self._begin(url)
        return entry.found

    def fetch(self, url: str) -> asyncio.Task[None] | None:
        """Fetch it, once for all who ask meanwhile; None where too many are fetched."""
        task = self._under_way.get(url)
        if task is None and len(self._under_way) < AT_ONCE:
            task = self._begin(url)
        return task

    def _begin(self, url: str) -> asyncio.Task[None]:
        task = self._under_way[url] = asyncio.get_running_loop().create_task(self._bring(url))
        return task

    async def _bring(self, url: str) -> None:
        found: Credential | Failure = Failure.UNREACHABLE
        lasts_s = _FAILED_S
        try:
            fetched = await self._fetch(url)
            found, lasts_s = read_credential(fetched.data, self._authorities, self._wall()), fetched.lasts_s
        except Unverified as unverified:
            found = unverified.failure
        except Exception:  # whatever it is, its calls are not verified, and go on
            self.counts["fault"] += 1
        finally:
            del self._under_way[url]
        self.counts[found.value if isinstance(found, Failure) else "fetched"] += 1
        before: _Known | None = self._known.get(url)
        now = self._clock()
        if found is Failure.UNREACHABLE and before is not None and isinstance(before.found, Credential):
            self._known[url] = before._replace(renew=min(now + _FAILED_S, before.until))
            return
        if isinstance(found, Credential):
            self._failed.pop(url, None)
            self._known[url] = _Known(found, now + lasts_s, now + lasts_s * _BEFORE_END)
        else:
            self._known.pop(url, None)  # what lies there now is none, or proves nothing any more
            self._failed[url] = _Known(found, now + lasts_s, now + lasts_s)

    @property
    def remembered(self) -> int:
        """How many are known."""
        return len(self._known)

    async def close(self) -> None:
        """Fetch nothing any more."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
