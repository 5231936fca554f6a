"""Addresses and ports on loopback that no other run of the tests uses."""

from __future__ import annotations

import ipaddress
import itertools
import os
import random
import socket
from pathlib import Path
from typing import NamedTuple

# 127.A.B.C: A and the upper half of B are this process's own, so that runs at the same time never meet.
_pid = os.getpid()
_network = int(ipaddress.IPv4Address(f"127.{64 + _pid % 128}.{_pid // 128 % 16 * 16}.0"))
_hosts = itertools.count(1)
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)

# Ports below those that the system gives to connections by itself, in shares of which each process has one: all runs
# have 127.0.0.1 in common, since some telephones take no other address.
_FIRST, _SHARE, _SHARES = 12_000, 400, 50
_claims: list[socket.socket] = []


class Endpoint(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """The endpoint written so."""
    host, _, port = text.rpartition(":")
    return Endpoint(host.strip("[]"), int(port))


def new_host() -> str:
    """A loopback address that nothing else in this run uses."""
    return str(ipaddress.IPv4Address(_network + next(_hosts)))


def _claim() -> int:
    """The first port of a share that no other process has, for as long as this one lives."""
    first = random.SystemRandom().randrange(_SHARES)
    for share in range(first, first + _SHARES):
        port = _FIRST + share % _SHARES * _SHARE
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    return _FIRST + first * _SHARE  # more runs than shares: two have one


_share = _claim()
_ports = itertools.cycle(range(_share + 2, _share + _SHARE // 2, 2))
SOUND_PORTS = (_share + _SHARE // 2, _share + _SHARE - 2)  # of telephones that would take any port of the machine


def free_port(host: str) -> int:
    """A port that was free a moment ago, by UDP and TCP, even (RTP starts on even ones), with the next one free too."""
    while True:
        port = next(_ports)
        if all(_is_free(host, each, kind) for each in (port, port + 1) for kind in _KINDS):
            return port


def _is_free(host: str, port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def new_endpoint(host: str = "") -> Endpoint:
    """A free endpoint, on a host of its own unless one is given."""
    host = host or new_host()
    return Endpoint(host, free_port(host))


def listening(endpoint: Endpoint, by: str = "udp") -> bool:
    """Has somebody on this machine bound that endpoint, or does he listen there? Asks the kernel, sends nothing."""
    packed = ipaddress.ip_address(endpoint.host).packed
    # /proc/net prints each 32-bit word of an address in the machine's byte order.
    words = [packed[i : i + 4] for i in range(0, len(packed), 4)]
    wanted = "".join(f"{int.from_bytes(word, 'little'):08X}" for word in words) + f":{endpoint.port:04X}"
    kind = "udp" if by == "udp" else "tcp"
    table = Path(f"/proc/net/{kind}6" if len(packed) == 16 else f"/proc/net/{kind}").read_text()
    rows = (line.split() for line in table.splitlines()[1:])
    return any(row[1] == wanted and (kind == "udp" or row[3] == LISTEN) for row in rows)


LISTEN = "0A"  # of TCP, as the kernel numbers its states
