"""How much is held and for whom: bounds for each source and trunk, and reserves that only those in need may use.

One tenth of all that may be held is kept for emergency calls of the PBX side, one for those of the trunk side, and one
for requests inside dialogs, most of which end something. What is left is for everybody, and nobody may have all of it.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from proxy.neighbours import Peer
from proxy.proxy_settings import LimitSettings
from proxy.sources import Sources, source_of

# Pools. Each request takes its room from the first while there is some.
EVERYBODY: Final = 0
HELP_OF_PBX: Final = 1
HELP_OF_TRUNK: Final = 2
DIALOGS: Final = 3

LIMITS: Final = ("node", "trunk", "source")
_OCTETS_EACH: Final = 4096  # a request counts as so many transactions, lest a few huge ones fill the memory


class OverRate:
    """Calls of one trunk that came faster than they may."""

    __slots__ = ("calls", "source")

    def __init__(self) -> None:
        self.calls = 0
        self.source = ""  # of the last one


class Hold:
    """What one request takes, until its transaction has ended."""

    __slots__ = ("_load", "_peer", "_pool", "_share", "_source")

    def __init__(self, load: Load, pool: int, peer: Peer, source: str, share: int) -> None:
        self._load = load
        self._pool = pool
        self._peer = peer
        self._source = source
        self._share = share

    def release(self) -> None:
        """It holds nothing any more; called once."""
        self._load.give_back(self._pool, self._peer, self._source, self._share)


class Load:
    """Who holds how much, in transactions of 4 KiB."""

    __slots__ = (
        "_by_source", "_most", "_most_of_source", "_most_of_trunk", "_reserve", "_used", "over_rate",
        "refused", "sources",
    )  # fmt: skip

    def __init__(self, limits: LimitSettings) -> None:
        self.bound(limits)
        self._used = [0, 0, 0, 0]  # by pool
        self._by_source: dict[str, int] = {}  # of sources that no trunk names by their address; none stays at zero
        self.sources = Sources()
        self.over_rate: dict[str, OverRate] = {}  # by trunk
        self.refused: Counter[str] = Counter()  # by the limit that was reached; a reserve took some of them after all

    def bound(self, limits: LimitSettings) -> None:
        """So much may be held from now on; who holds more already keeps it until it ends."""
        most = limits.max_transactions
        self._reserve = most // 10
        self._most = most - 3 * self._reserve
        self._most_of_trunk = max(1, most * limits.trunk_percent // 100)
        self._most_of_source = max(1, most * limits.source_percent // 100)

    @property
    def held(self) -> int:
        """All that is held."""
        return sum(self._used)

    def wait_of(self, peer: Peer, host: str, now: float) -> float:
        """0 when this trunk, and this source of strangers, may begin a call now; else in how many seconds it may."""
        wait = 0.0
        if peer.source_pace is not None:
            wait = self.sources.at(source_of(host)).calls.take(peer.source_pace, now)
        if not wait and peer.pace is not None:
            wait = peer.usage.calls.take(peer.pace, now)
        return wait

    def note_over_rate(self, peer: Peer, host: str) -> None:
        """A call came too soon, and is not taken."""
        over = self.over_rate.setdefault(peer.name, OverRate())
        over.calls += 1
        over.source = host

    def take(self, peer: Peer, source: str, size: int) -> Hold | None:
        """Room for one request of so many octets; None when there is none, or its sender has had his share.

        `source` is its address where no trunk names that, else empty.
        """
        share = 1 + size // _OCTETS_EACH
        if peer.usage.held + share > (peer.most or self._most_of_trunk):
            self.refused["trunk"] += 1
            return None
        if source and self._by_source.get(source, 0) + share > self._most_of_source:
            self.refused["source"] += 1
            return None
        if self._used[EVERYBODY] + share > self._most:
            self.refused["node"] += 1
            return None
        return self._hold(EVERYBODY, peer, source, share)

    def take_reserved(self, pool: int, peer: Peer, source: str, size: int) -> Hold | None:
        """Room in a reserve, for a request that found none elsewhere.

        Of it one trunk may have half and a source that no trunk names a tenth: whoever forges emergency calls leaves
        room for those of others.
        """
        share = 1 + size // _OCTETS_EACH
        half = max(1, self._reserve // 2)
        own = self._by_source.get(source, 0) + share
        if (
            self._used[pool] + share > self._reserve
            or (peer.usage.reserved + share > half and pool != HELP_OF_PBX)
            or (source and own > self._most_of_source + max(1, self._reserve // 10))
        ):
            return None
        return self._hold(pool, peer, source, share)

    def _hold(self, pool: int, peer: Peer, source: str, share: int) -> Hold:
        self._used[pool] += share
        if pool == EVERYBODY:
            peer.usage.held += share
        else:
            peer.usage.reserved += share
        if source:
            self._by_source[source] = self._by_source.get(source, 0) + share
        return Hold(self, pool, peer, source, share)

    def give_back(self, pool: int, peer: Peer, source: str, share: int) -> None:
        """What a hold took."""
        self._used[pool] -= share
        if pool == EVERYBODY:
            peer.usage.held -= share
        else:
            peer.usage.reserved -= share
        if source:
            left = self._by_source[source] - share
            if left:
                self._by_source[source] = left
            else:
                del self._by_source[source]
