"""Where the sockets of listeners come from: from whoever started this process, or bound now.

A socket that was handed over (systemd's socket activation, the process before this one) was never closed: what came
meanwhile waits in it, and nothing is refused.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

_ADVICE: Final = {  # why a listener does not open, and what helps
    errno.EADDRINUSE: "; end who has it, or choose another under `listen`",
    errno.EADDRNOTAVAIL: "; `listen` takes addresses of this machine, `advertise` the one that others see",
    errno.EACCES: "; ports below 1024 want the capability CAP_NET_BIND_SERVICE, or a socket that systemd opens",
}
TIMED_OUT: Final = "timed out"
_SAID: Final = {  # why nothing could be sent, or no connection made, in the words of whoever has to see to it
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route",
    errno.ENETUNREACH: "no route",
    errno.ETIMEDOUT: TIMED_OUT,
    errno.ECONNRESET: "connection reset",
    errno.EPERM: "not permitted by this machine's firewall",
}
Place = tuple[int, str, int]  # SOCK_DGRAM or SOCK_STREAM, address, port


class Sockets:
    """Bound sockets by kind, address and port."""

    def __init__(self, inherited: Iterable[socket.socket] = ()) -> None:
        self._inherited: dict[Place, socket.socket] = {}
        self._reserved: set[Place] = set()
        for sock in inherited:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                host, port = sock.getsockname()[:2]
                self._inherited[_place(sock.type, host, port)] = sock
            else:
                sock.close()

    def reserve(self, kind: int, host: str, port: int) -> None:
        """`keep` leaves this one alone: it is for something else than calls."""
        self._reserved.add(_place(kind, host, port))

    def keep(self, wanted: Iterable[Place]) -> list[Place]:
        """Close what was handed over and is not wanted, so that its address can be had otherwise; which that was."""
        places = self._reserved | {_place(*each) for each in wanted}
        gone = [place for place in self._inherited if place not in places]
        for place in gone:
            self._inherited.pop(place).close()
        return gone

    def open(self, kind: int, host: str, port: int) -> socket.socket:
        """A socket of this kind at this address: the one that was handed over, or one bound now.

        Raises OSError, with the address in its text.
        """
        found = self._inherited.pop(_place(kind, host, port), None)
        if found is not None:
            found.setblocking(False)
            return found
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        try:
            made.setblocking(False)
            if ":" in host:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:  # connections of a process before this one may still be closing
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, port))
        except OSError as error:
            made.close()
            words = f"can't listen on {host} port {port}: {error.strerror}"
            raise OSError(error.errno, words + _ADVICE.get(error.errno or 0, "")) from None
        return made


def said_of(number: int) -> str:
    """An error of the system, in words."""
    return _SAID.get(number) or os.strerror(number).lower()


def _place(kind: int, host: str, port: int) -> Place:
    with suppress(ValueError):  # a name
        host = str(ipaddress.ip_address(host.partition("%")[0]))
    return kind, host, port
