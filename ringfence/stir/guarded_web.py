"""HTTPS to hosts that are allowed, and to no network of ours: where a caller may name the address, he names anything.

A host is looked up once, each address that it has is judged, and the connection is made to a judged one: a name that
leads elsewhere the second time it is asked for leads nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpcore

from proxy.name_servers import NameServers, Unanswered
from proxy.neighbours import is_address
from proxy.stir.failures import Failure, Unverified
from proxy.stir.passports import LONGEST_URL, is_sound_url

LARGEST: Final = 65_536  # octets of a certificate with its chain
MOST_REDIRECTS: Final = 3
DEADLINE_S: Final = 3.0  # for all of it
_MOST_ADDRESSES: Final = 4
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_USUAL_S: Final = 3600.0
_SHORTEST_S: Final = 60.0
_LONGEST_S: Final = 86_400.0
_AGE: Final = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*\"?([0-9]{1,9})")
# Addresses that hold another one in them (RFC 6052, RFC 3056, RFC 4380).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GIVEN_OUT: Final = ipaddress.IPv6Network("2000::/3")  # of IPv6, by IANA

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


class Fetched(NamedTuple):
    """What lay there, and for how long it may be remembered."""

    data: bytes
    lasts_s: float


def by(servers: NameServers) -> LookUp:
    """Look up by these name servers: the system would keep a thread for as long as a slow one says nothing."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        if is_address(host):
            return [host]
        try:
            return (await servers.addresses(host)).records
        except Unanswered:
            raise OSError(f"nobody says where {host} is") from None

    return look_up


def may_connect(text: str, ours: Callable[[str], bool], allowed: Iterable[Network] = ()) -> bool:
    """Is it an address of the public network, or of a network that the operator allows?"""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False  # with a scope, too: it is of one link
    inner = _inner(address)
    if any(address.version == each.version and address in each for each in allowed):
        return True
    if address.version == 6 and not inner and address not in _GIVEN_OUT:
        return False
    return all(each.is_global and not each.is_multicast and not ours(str(each)) for each in (address, *inner))


def sits_here(address: str) -> bool:
    """Is it an address of this machine? Then the way there begins with it; nothing is sent to find that out."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect((address, 9))
            return bool(way.getsockname()[0] == address)
    except OSError:
        return False  # there is no way


def _inner(address: Address) -> tuple[Address, ...]:
    if not isinstance(address, ipaddress.IPv6Address):
        return ()
    found: list[Address] = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        found += address.teredo
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(found)


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged, whatever a name would lead to later."""

    def __init__(self, look_up: LookUp, may: Callable[[str], bool], plain: httpcore.AsyncNetworkBackend) -> None:
        self._look_up, self._may, self._plain = look_up, may, plain

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To the first of the host's addresses that answers; to none if one of them is none that may be asked."""
        try:
            addresses = await self._look_up(host.strip("[]"), port)
        except OSError:
            addresses = []
        if not addresses:
            raise httpcore.ConnectError("no address")
        if not all(map(self._may, addresses)):
            raise Unverified(Failure.ADDRESS)
        for address in addresses[:_MOST_ADDRESSES]:
            with suppress(httpcore.ConnectError):
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
        raise httpcore.ConnectError("none answers")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Nobody is asked there."""
        raise Unverified(Failure.ADDRESS)


class GuardedWeb:
    """Fetches certificates for one node."""

    def __init__(
        self,
        hosts: Collection[str],
        *,
        ours: Callable[[str], bool],
        networks: Sequence[Network] = (),
        context: ssl.SSLContext | None = None,
        look_up: LookUp,
        plain: httpcore.AsyncNetworkBackend | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`hosts` are patterns, `ours` knows addresses of this machine, `networks` are allowed though private.

        `plain` makes the connections to addresses that were judged.
        """
        self._hosts = frozenset(each for each in hosts if not each.startswith("*."))
        self._ends = tuple(each[1:] for each in hosts if each.startswith("*."))
        self._context = context or ssl.create_default_context()
        self._deadline_s = deadline_s
        plain = plain or httpcore.AnyIOBackend()
        self._backend = _Guarded(look_up, lambda address: may_connect(address, ours, networks), plain)

    def allows(self, url: str) -> bool:
        """Is its host one that certificates are fetched from?"""
        host = (urlsplit(url).hostname or "").rstrip(".")
        return host in self._hosts or (bool(self._ends) and host.endswith(self._ends))

    async def fetch(self, url: str) -> Fetched:
        """What lies at that address. Raises Unverified."""
        try:
            async with asyncio.timeout(self._deadline_s), self._pool() as pool:
                for _ in range(MOST_REDIRECTS + 1):
                    if len(url) > LONGEST_URL or not is_sound_url(url):
                        raise Unverified(Failure.URL)
                    if not self.allows(url):
                        raise Unverified(Failure.HOST)
                    found = await _get(pool, url)
                    if isinstance(found, Fetched):
                        return found
                    url = urljoin(url, found)
        except (TimeoutError, OSError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            raise Unverified(Failure.UNREACHABLE) from None
        except (httpcore.UnsupportedProtocol, ValueError):
            raise Unverified(Failure.URL) from None
        raise Unverified(Failure.UNREACHABLE)

    def _pool(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(ssl_context=self._context, network_backend=self._backend, retries=0)


async def _get(pool: httpcore.AsyncConnectionPool, url: str) -> Fetched | str:
    """What lies there, or where it says to look instead."""
    headers = [("User-Agent", "ringfence"), ("Accept", "application/pkix-cert, application/x-pem-file, */*")]
    async with pool.stream("GET", url, headers=headers) as answer:
        said = {name.lower(): value.decode("ascii", "replace") for name, value in answer.headers}
        if answer.status in _REDIRECTS and b"location" in said:
            return said[b"location"]
        if answer.status != 200:
            raise Unverified(Failure.UNREACHABLE)
        data = bytearray()
        async for part in answer.aiter_stream():
            data += part
            if len(data) > LARGEST:
                raise Unverified(Failure.CERTIFICATE)
    return Fetched(bytes(data), lasts(said.get(b"cache-control", "")))


def lasts(cache_control: str) -> float:
    """For how many seconds an answer may be remembered (RFC 9111 5.2.2): a minute at least, a day at most."""
    text = cache_control.lower()
    if "no-store" in text or "no-cache" in text:
        return _SHORTEST_S
    ages = [float(each) for each in _AGE.findall(text)]
    return min(max(min(ages), _SHORTEST_S), _LONGEST_S) if ages else _USUAL_S
