"""Where a request for a host goes (RFC 3263): which questions DNS gets, and in what order its answers are tried.

No I/O: `proxy/resolver.py` asks, and whoever draws lots (RFC 2782) is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from proxy.sip.uri import SIP_PORT, SIPS_PORT

Draw = Callable[[], float]  # a number from 0 to below 1
_Any = TypeVar("_Any")

MOST_HOPS: Final = 16  # of one name: nobody rings through a hundred addresses before the caller has hung up
MOST_RECORDS: Final = 16  # NAPTR or SRV records of one answer that are looked at
# By NAPTR service (RFC 3263 4.1): the transport that it names. WebSocket (RFC 7118) is dialled by browsers only.
_SERVICES: Final = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
_SRV_LABELS: Final = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}
_64_BITS: Final = (1 << 64) - 1
_PREFERRED: Final = ("UDP", "TCP", "TLS")


class Hop(NamedTuple):
    """An address to send to."""

    host: str
    port: int
    transport: str = "UDP"


class Question(NamedTuple):
    """What a URI, a Via or a setting says of where it leads, as far as it was written."""

    host: str
    port: int = 0  # 0: none was written
    transport: str = ""  # empty: none was written
    secure: bool = False  # a sips: URI: TLS or nothing


class Naptr(NamedTuple):
    """One NAPTR record (RFC 3403)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


class Srv(NamedTuple):
    """One SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Ranked(NamedTuple):
    """One server that a name leads to, with its addresses, and where it stands among the others."""

    rank: tuple[int, ...]  # lower ones first
    weight: int
    hops: tuple[Hop, ...]


def transport_of(question: Question) -> str:
    """The transport where DNS is not asked for it, or knows none (RFC 3263 4.1)."""
    if question.secure:
        return "TLS"
    return question.transport or "UDP"


def port_of(question: Question) -> int:
    """The port where none was written, and no SRV record names one (RFC 3263 4.2)."""
    return question.port or (SIPS_PORT if transport_of(question) == "TLS" else SIP_PORT)


def service_names(host: str, records: Iterable[Naptr], supported: Collection[str]) -> list[SrvName]:
    """The SRV names to ask for, best first: those of NAPTR records (4.1), each transport's own where there are none.

    Of records that say nothing to us (other services, other flags, transports we have not) none is followed.
    """
    found: list[SrvName] = []
    for record in sorted(records, key=lambda each: (each.order, each.preference)):
        transport = _SERVICES.get(record.service.upper())
        if transport in supported and record.flags.lower() == "s" and record.replacement not in ("", "."):
            found.append(SrvName(record.replacement, transport or "", len(found)))
    if found:
        return found[:MOST_RECORDS]
    return [srv_name(host, each, rank) for rank, each in enumerate(_PREFERRED) if each in supported]


class SrvName(NamedTuple):
    """A name to ask for SRV records, and which transport its servers are reached by."""

    name: str
    transport: str
    rank: int = 0


def srv_name(host: str, transport: str, rank: int = 0) -> SrvName:
    """Where the servers of one transport stand (4.2)."""
    return SrvName(f"{_SRV_LABELS[transport]}.{host}", transport, rank)


def has_srv(transport: str) -> bool:
    """Are there SRV records for this transport?"""
    return transport in _SRV_LABELS


def usable(records: Iterable[Srv]) -> list[Srv]:
    """The servers to ask addresses of, best first. A target "." says that the service is not there (RFC 2782)."""
    found = [each for each in records if each.target not in ("", ".") and 0 < each.port < 65536]
    return sorted(found, key=lambda each: each.priority)[:MOST_RECORDS]


def in_order(servers: Sequence[Ranked], draw: Draw) -> list[Hop]:
    """Every address in the order in which it is to be tried by one call: by rank, within it by weight, drawn anew."""
    if len(servers) == 1:
        return list(servers[0].hops[:MOST_HOPS])
    found: dict[Hop, None] = {}
    start = 0
    ranked = sorted(servers, key=lambda each: each.rank)
    while start < len(ranked):
        end = start + 1
        while end < len(ranked) and ranked[end].rank == ranked[start].rank:
            end += 1
        same = ranked[start:end]
        for server in by_weight(same, [each.weight for each in same], draw):
            found.update(dict.fromkeys(server.hops))
        start = end
    return list(found)[:MOST_HOPS]


def lots_of(seed: int) -> Draw:
    """What one call draws: the same each time, so that whatever belongs to it takes the same way (splitmix64)."""
    state = seed & _64_BITS

    def draw() -> float:
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & _64_BITS
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _64_BITS
        return (mixed ^ (mixed >> 31)) / 2**64

    return draw


def by_weight(items: Sequence[_Any], weights: Sequence[int], draw: Draw) -> list[_Any]:
    """The items in an order drawn as RFC 2782 has it: a weight is a chance; zero has a very small one, but has one."""
    if len(items) < 2:
        return list(items)
    left = sorted(zip(weights, range(len(items)), strict=True), key=lambda each: each[0] > 0)
    found = []
    while len(left) > 1:
        total = sum(weight for weight, _ in left)
        mark = min(int(draw() * (total + 1)), total)
        running = 0
        for place, (weight, number) in enumerate(left):
            running += weight
            if running >= mark:
                found.append(items[number])
                del left[place]
                break
    found.append(items[left[0][1]])
    return found
