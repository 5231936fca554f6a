"""Addresses and ports on loopback that no other run of the tests uses."""

from __future__ import annotations

import ipaddress
import itertools
import os
import socket
from pathlib import Path
from typing import NamedTuple

# 127.A.B.C: A and the upper half of B are this process's own, so that runs at the same time never meet.
_pid = os.getpid()
_network = int(ipaddress.IPv4Address(f"127.{64 + _pid % 128}.{_pid // 128 % 16 * 16}.0"))
_hosts = itertools.count(1)


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


def free_port(host: str) -> int:
    """A high UDP port that was free a moment ago, even one (RTP starts on even ports), with the next one free too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_DGRAM) as probe, socket.socket(family, socket.SOCK_DGRAM) as neighbour:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
            if port % 2:
                continue
            try:
                neighbour.bind((host, port + 1))
            except OSError:
                continue
            return port


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
