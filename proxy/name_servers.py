"""Questions to DNS, by dnspython's asynchronous resolver: the hosts file first, each question with a deadline.

What says nothing (a dead server, SERVFAIL, an answer that loops) raises `Unanswered`; that there is no such name, or no
such record of it, is an answer (RFC 2308).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple

import dns.asyncresolver
import dns.exception
import dns.resolver

from proxy.next_hops import MOST_HOPS, Naptr, Srv

HOSTS: Final = Path("/etc/hosts")
SERVERS_FILE: Final = Path("/etc/resolv.conf")
SERVER_S: Final = 0.5  # after which the next server is asked
QUESTION_S: Final = 1.9  # for one question, all servers together
HOSTS_KEPT_S: Final = 20.0  # what stands in the hosts file is read again after so long
_MOST_HOSTS_OCTETS: Final = 4 * 1024 * 1024
_KINDS: Final = {4: "A", 6: "AAAA"}
_NO_SUCH_NAME: Final = (socket.EAI_NONAME, socket.EAI_NODATA)


class Unanswered(Exception):
    """Nobody says anything of the name."""


class Found(NamedTuple):
    """What was answered, and for how many seconds it counts."""

    records: tuple[Any, ...]
    seconds: float


class NameServers:
    """The system's name servers, or those of the configuration."""

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] = (),
        *,
        hosts: Path = HOSTS,
        system: Path = SERVERS_FILE,
        families: Sequence[int] = (4, 6),
    ) -> None:
        """`servers` are address and port of each; empty: what `system` names, as it is at that moment.

        `families` are those that somebody can send to.
        """
        self._servers = tuple(servers)
        self._hosts_file = _Kept(hosts, read_hosts)
        self._system = _Kept(system, str)
        self._families = tuple(families)
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._configured = ""

    def heed(self, servers: Sequence[tuple[str, int]], families: Sequence[int]) -> None:
        """The configuration names these servers now, and has listeners of these families."""
        if tuple(servers) != self._servers:
            self._servers, self._resolver = tuple(servers), None
        self._families = tuple(families)

    async def naptr(self, name: str) -> Found:
        """NAPTR records (RFC 3403)."""
        found = await self._ask(name, "NAPTR")
        records = [
            Naptr(each.order, each.preference, _text(each.flags), _text(each.service), _name(each.replacement))
            for each in found.records
        ]
        return Found(tuple(records), found.seconds)

    async def srv(self, name: str) -> Found:
        """SRV records (RFC 2782)."""
        found = await self._ask(name, "SRV")
        return Found(
            tuple(Srv(each.priority, each.weight, each.port, _name(each.target)) for each in found.records),
            found.seconds,
        )

    def in_hosts_file(self, name: str) -> Found | None:
        """What the hosts file says of it: whoever stands there needs no DNS."""
        known: dict[str, list[str]] = self._hosts_file.read()
        found = known.get(name.rstrip("."))
        if found is None:
            if name.rstrip(".").rpartition(".")[2] != "localhost":
                return None
            found = ["127.0.0.1", "::1"]  # whatever stands there (RFC 6761 6.3)
        return Found(tuple(each for each in found if (6 if ":" in each else 4) in self._families), HOSTS_KEPT_S)

    async def addresses(self, name: str) -> Found:
        """A and AAAA records, those first that this machine has a way to."""
        known = self.in_hosts_file(name)
        if known is not None:
            return Found(tuple(by_preference(known.records)), known.seconds)
        asked = [self._ask(name, _KINDS[family], search="." not in name) for family in self._families]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found: list[str] = []
        seconds, silent = float("inf"), False
        for answer in answers:
            if isinstance(answer, Found):
                found += [each.address for each in answer.records[:MOST_HOPS]]
                if answer.records or not found:
                    seconds = min(seconds, answer.seconds)
            elif isinstance(answer, Unanswered):
                silent = True
            elif isinstance(answer, BaseException):
                raise answer
        if not found and silent:
            raise Unanswered(name)
        return Found(tuple(by_preference(dict.fromkeys(found))), seconds)

    async def of_system(self, name: str) -> Found:
        """What the system itself says, whose sources may be others than DNS (nsswitch.conf): in a thread."""
        if self._servers or name.rstrip(".").endswith(".invalid"):
            return Found((), HOSTS_KEPT_S)  # whoever names name servers means these
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
                return Found((), 0.0)
            raise Unanswered(name) from None
        found = dict.fromkeys(str(each[4][0]) for each in answers if "%" not in str(each[4][0]))
        return Found(tuple(each for each in found if (6 if ":" in each else 4) in self._families), HOSTS_KEPT_S)

    async def _ask(self, name: str, kind: str, *, search: bool = False) -> Found:
        if name.rstrip(".").endswith(".invalid"):
            return Found((), HOSTS_KEPT_S)  # nobody need be asked (RFC 6761 6.4)
        resolver = self._ready()
        if resolver is None:
            raise Unanswered(name)
        try:
            async with asyncio.timeout(QUESTION_S):
                answer = await resolver.resolve(
                    name, kind, raise_on_no_answer=False, search=search, lifetime=QUESTION_S
                )
        except dns.resolver.NXDOMAIN as error:
            return Found((), _negative_ttl(error))
        except (dns.exception.DNSException, OSError, TimeoutError, ValueError, EOFError):
            raise Unanswered(name) from None
        records = tuple(answer.rrset) if answer.rrset is not None else ()
        return Found(records, float(answer.chaining_result.minimum_ttl))

    def _ready(self) -> dns.asyncresolver.Resolver | None:
        """The resolver; a new one where the system's file names others by now."""
        if self._servers:
            if self._resolver is None:
                self._resolver = _resolver(self._servers)
            return self._resolver
        text = self._system.read()
        if self._resolver is None or text != self._configured:
            self._configured = text
            self._resolver = _resolver(())
            try:
                self._resolver.read_resolv_conf(text.splitlines())
            except dns.resolver.NoResolverConfiguration:
                self._resolver = None
        return self._resolver


def _resolver(servers: Sequence[tuple[str, int]]) -> dns.asyncresolver.Resolver:
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers = [address for address, _ in servers]
    made.nameserver_ports = dict(servers)
    made.timeout, made.lifetime = SERVER_S, QUESTION_S
    return made


class _Kept:
    """A small file, read again when it has changed."""

    def __init__(self, path: Path, parse: Callable[[str], Any]) -> None:
        self._path = path
        self._parse = parse
        self._mark: tuple[int, int] | None = None
        self._found: Any = parse("")

    def read(self) -> Any:
        """What it holds; nothing where it can't be read."""
        try:
            status = os.stat(self._path)
            mark = status.st_mtime_ns, status.st_size
            if mark != self._mark:
                with self._path.open("rb") as file:
                    self._found = self._parse(file.read(_MOST_HOSTS_OCTETS).decode("utf-8", "replace"))
                self._mark = mark
        except OSError:
            self._mark, self._found = None, self._parse("")
        return self._found


def read_hosts(text: str) -> dict[str, list[str]]:
    """Addresses by name, as a hosts file has them; lines that say nothing are passed over."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split()[:64] or [""]
        try:
            shown = str(ip_address(address))
        except ValueError:
            continue
        for name in names:
            known = found.setdefault(name.lower().rstrip("."), [])
            if shown not in known:
                known.append(shown)
    return found


def by_preference(addresses: Iterable[str]) -> list[str]:
    """Addresses that this machine has a way to first, of them IPv6 first (RFC 6724 2.1, its default table).

    Those at which nobody can be (0.0.0.0, groups, broadcast) are left out, whatever a name server says.
    """
    found = [each for each in addresses if _is_somebodys(each)]
    return sorted(found, key=lambda each: (not _has_way(each), ":" not in each))


def _is_somebodys(address: str) -> bool:
    known = ip_address(address)
    return not (known.is_unspecified or known.is_multicast or address == "255.255.255.255")


def _has_way(address: str) -> bool:
    """Has the kernel a route to it? A datagram socket that is connected sends nothing."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((address, 9))
        except OSError:
            return False
    return True


def _negative_ttl(error: dns.resolver.NXDOMAIN) -> float:
    """How long it counts that there is no such name (RFC 2308 5)."""
    lengths = [response.resolve_chaining().minimum_ttl for response in error.kwargs.get("responses", {}).values()]
    return float(min(lengths, default=0))


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "replace")


def _name(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()
