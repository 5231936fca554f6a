"""HEP version 3, the protocol of Homer: a copy of each message in a datagram of its own, lost rather than waited for.

A packet is `HEP3`, its length, and chunks: vendor (0: generic), type, length with these six octets, value; all in
network order (HEP3 network protocol specification, revision 3).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from time import time
from typing import Final, NamedTuple

from proxy.masking import masked, masked_call_id, without_secrets
from proxy.proxy_settings import HepSettings
from proxy.sip.flow import Flow

_CHUNK: Final = struct.Struct("!HHH")
_SIP: Final = 1
_FAMILY, _PROTOCOL, _SOURCE4, _TARGET4, _SOURCE6, _TARGET6 = 1, 2, 3, 4, 5, 6
_SOURCE_PORT, _TARGET_PORT, _SECONDS, _MICROSECONDS, _KIND, _CAPTURE = 7, 8, 9, 10, 11, 12
_KEY, _PAYLOAD, _CORRELATION = 14, 15, 17
_PROTOCOLS: Final = {"UDP": 17}  # of IP; all others run over TCP
_TCP: Final = 6
_SIX: Final = 16  # octets of an address
_WILDCARDS: Final = frozenset(("0.0.0.0", "::"))  # noqa: S104 - looked for, not bound
MOST: Final = 65_000  # octets of a packet, which a datagram has room for


class Place(NamedTuple):
    """One end of a message."""

    host: str
    port: int


class Packet(NamedTuple):
    """What Homer is told of one message."""

    source: Place
    target: Place
    transport: str
    at: float  # seconds since the epoch
    payload: bytes
    correlation: bytes  # the Call-ID
    capture_id: int
    key: bytes = b""


def encoded(packet: Packet) -> bytes:
    """As it goes over the wire."""
    source, target = _packed(packet.source.host), _packed(packet.target.host)
    if len(source) != len(target):  # our own end is the address of all interfaces
        source, target = (each if any(each) else bytes(max(len(source), len(target))) for each in (source, target))
    six = len(target) == _SIX
    seconds, rest = divmod(int(packet.at * 1_000_000), 1_000_000)
    chunks = [
        _chunk(_FAMILY, struct.pack("!B", socket.AF_INET6 if six else socket.AF_INET)),
        _chunk(_PROTOCOL, struct.pack("!B", _PROTOCOLS.get(packet.transport, _TCP))),
        _chunk(_SOURCE6 if six else _SOURCE4, source),
        _chunk(_TARGET6 if six else _TARGET4, target),
        _chunk(_SOURCE_PORT, struct.pack("!H", packet.source.port)),
        _chunk(_TARGET_PORT, struct.pack("!H", packet.target.port)),
        _chunk(_SECONDS, struct.pack("!I", seconds)),
        _chunk(_MICROSECONDS, struct.pack("!I", rest)),
        _chunk(_KIND, struct.pack("!B", _SIP)),
        _chunk(_CAPTURE, struct.pack("!I", packet.capture_id)),
        *([_chunk(_KEY, packet.key)] if packet.key else []),
        _chunk(_PAYLOAD, packet.payload),
        *([_chunk(_CORRELATION, packet.correlation)] if packet.correlation else []),
    ]
    whole = b"".join(chunks)
    return b"HEP3" + struct.pack("!H", len(whole) + 6) + whole


@lru_cache(maxsize=2_000)
def _packed(host: str) -> bytes:
    return ip_address(host).packed


def _chunk(kind: int, value: bytes) -> bytes:
    return _CHUNK.pack(0, kind, len(value) + _CHUNK.size) + value


class Homer:
    """Sends each message that the node receives or sends to one capture server."""

    def __init__(
        self, settings: HepSettings, password: bytes = b"", pseudonym: Callable[[str], str] = lambda text: text
    ) -> None:
        """`pseudonym` tells Call-IDs apart whose digits are hidden. Raises OSError when there is no socket to have."""
        self.settings = settings
        self.sent = 0
        self.lost = 0
        self._key = password
        self._pseudonym = pseudonym
        host = settings.address.host
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect((host, settings.address.port))
        except OSError:
            self._socket.close()
            raise

    def tell(self, data: bytes, flow: Flow, call_id: str, *, received: bool) -> None:
        """Send a copy; never waits, and what cannot be sent is counted as lost."""
        try:
            self._socket.send(self._packet(data, flow, call_id, received=received))
            self.sent += 1
        except (OSError, struct.error, ValueError):
            self.lost += 1  # nobody listens, no way leads there, no room, or a message too large

    def _packet(self, data: bytes, flow: Flow, call_id: str, *, received: bool) -> bytes:
        if len(data) > MOST:
            raise ValueError("too large for a datagram")
        listener = flow.listener
        here = Place(own_host(listener.host, listener.sent_by), listener.port)
        there = Place(flow.host.partition("%")[0], flow.port)
        source, target = (there, here) if received else (here, there)
        hide = self.settings.mask_numbers
        shown = masked_call_id(call_id) if hide else call_id
        correlation = call_id if shown == call_id else self._pseudonym(call_id)
        return encoded(
            Packet(
                *(source, target, listener.transport, time(), masked(data) if hide else without_secrets(data)),
                correlation=correlation.encode("utf-8", "replace"),
                capture_id=self.settings.capture_id,
                key=self._key,
            )
        )

    def close(self) -> None:
        """Send no more."""
        self._socket.close()


def own_host(host: str, sent_by: bytes) -> str:
    """Our own address as others see it; of all interfaces the one that is advertised, if that is an address."""
    if host not in _WILDCARDS:
        return host
    advertised = sent_by.decode().rpartition(":")[0].strip("[]")
    try:
        return str(ip_address(advertised))
    except ValueError:
        return host
