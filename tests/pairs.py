"""Between whom, and over which transports of IPv4 and IPv6, calls are played, and shown in a document."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from tests.peers.loopback import Endpoint

_HOSTS = {4: "127.0.0.%s", 6: "2001:db8::%s"}


class Way(NamedTuple):
    """A transport and an IP version."""

    by: str
    family: int

    def at(self, host: int | str, port: int = 5060) -> Endpoint:
        """That host's end; TLS is at the port after that of UDP and TCP."""
        return Endpoint(_HOSTS[self.family] % host, port + PORTS[self.by])


PORTS = {"udp": 0, "tcp": 0, "tls": 1, "ws": 2, "wss": 3}
LISTENERS = [Way(by, family) for by, family in itertools.product(PORTS, (4, 6))]
PLAIN = [Way(by, family) for by, family in itertools.product(("udp", "tcp"), (4, 6))]
SECURE = [*PLAIN, Way("tls", 4), Way("tls", 6)]
FOUR = [way for way in SECURE if way.family == 4]
SOCKETS = [way for way in LISTENERS if way.by in ("ws", "wss")]


class Pairs(NamedTuple):
    """Who calls whom, from each of the first ways to each of the second."""

    caller: str
    callee: str
    outside: list[Way]
    inside: list[Way]

    def all(self) -> list[tuple[Way, Way]]:
        return list(itertools.product(self.outside, self.inside))


PLAYED = {
    "kamailio": Pairs("SIPp behind Kamailio", "SIPp behind Kamailio", SECURE, SECURE),
    "sipp": Pairs("SIPp", "SIPp", PLAIN, PLAIN),
    "to pjsua2": Pairs("baresip", "pjsua2", FOUR, FOUR),
    "from pjsua2": Pairs("pjsua2", "baresip", FOUR, FOUR),
    "browser": Pairs("JsSIP in Chromium", "Asterisk", SOCKETS, FOUR),
}


def table() -> list[str]:
    """What is played, as rows of a document."""
    return [
        f"| {each.caller} | {_written(each.outside)} | {_written(each.inside)} | {each.callee} | {len(each.all())} |"
        for each in PLAYED.values()
    ]


def _written(ways: list[Way]) -> str:
    by = " ".join(dict.fromkeys(way.by.upper() for way in ways))
    return f"{by}, IPv{' and IPv'.join(sorted({str(way.family) for way in ways}))}"
