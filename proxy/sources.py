"""Sources that no trunk names: what each did lately, in bounded memory. Of IPv6 the first 64 bits are one source."""

from __future__ import annotations

import ipaddress
from typing import Final

from proxy.pace import Meter

MOST: Final = 10_000  # sources remembered; beyond it the one that has been quiet for longest goes
_NONE: Final[set[int]] = set()  # never added to
_NETWORK: Final = 64  # bits of IPv6: a host has all addresses behind them


def source_of(host: str) -> str:
    """What stands for whoever sends from this address."""
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _NETWORK), strict=False))


class Source:
    """One of them."""

    __slots__ = ("answers", "began", "calls", "tries")

    def __init__(self) -> None:
        self.calls = Meter()
        self.answers = Meter()  # of ours to it
        self.tries: set[int] = _NONE  # different things that were refused (proxy/scanners.py)
        self.began = float("-inf")  # the first of them


class Sources:
    """All of them, the longest quiet first."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[str, Source] = {}

    def __len__(self) -> int:
        return len(self._known)

    def at(self, name: str) -> Source:
        """What is known of a source that sends something now; `name` is by `source_of`."""
        source = self._known.pop(name, None)
        if source is None:
            if len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            source = Source()
        self._known[name] = source
        return source
