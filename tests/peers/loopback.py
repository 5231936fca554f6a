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
_RANDOM = random.SystemRandom()  # Hypothesis makes the other one begin anew, in each process alike
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


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
    """A port that was free a moment ago, by UDP and TCP, even (RTP starts on even ones), with the next one free too.

    None that the system gives to connections by itself: another test's would have it before its owner binds it.
    """
    while True:
        port = _RANDOM.randrange(20_000, 32_000, 2)
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
