"""Where a message came from or goes to: transport, local listener, remote address, connection."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Final, NamedTuple

STREAMS: Final = ("TCP", "TLS", "WS", "WSS")


class Listener:
    """One listening socket as the protocol core knows it."""

    __slots__ = (
        "family", "host", "leaving", "number", "origins", "port", "reliable", "secure", "sent_by", "shown",
        "shown_in_sips", "side", "transport", "via",
    )  # fmt: skip

    def __init__(self, number: int, transport: str, host: str, port: int, sent_by: str, side: str = "any") -> None:
        self.number = number
        self.transport = transport  # as a Via names it
        self.reliable = transport != "UDP"  # a stream
        self.secure = transport in ("TLS", "WSS")
        self.host = host
        self.port = port
        self.family = 6 if ":" in host else 4
        self.sent_by = sent_by.encode()  # advertised host:port
        # As a URI shows it.
        named = "ws" if transport == "WSS" else transport.lower()  # RFC 7118 5.4 knows no other
        self.shown = self.sent_by + (b";transport=%s" % named.encode() if self.reliable else b"")
        self.shown_in_sips = self.sent_by + (b";transport=ws" if transport == "WSS" else b"")
        self.side = side  # any, pbx or trunk
        self.origins: frozenset[str] = frozenset()  # of WebSocket: whose pages may connect; none: any
        self.leaving = False  # the configuration has it no longer: what was begun by it ends, and nothing else begins
        self.via = b"Via: SIP/2.0/%s %s;branch=" % (transport.encode(), self.sent_by)


_NOBODY: Final[set[Any]] = set()  # one for all: there are many flows


class Flow:
    """One remote address behind one listener; `proxy.flows.PeerFlow` knows who is there.

    Of a stream it is one connection: one that was taken has a `serial`, one that we open or have opened has none.
    """

    __slots__ = (
        "heard", "host", "listener", "names", "port", "proof", "reliable", "remote", "sealed", "serial", "shown_host",
        "waiting",
    )  # fmt: skip

    def __init__(self, listener: Listener, remote: tuple[Any, ...], *, serial: int = 0) -> None:
        self.listener = listener
        self.remote = remote  # what the endpoint takes: of UDP the address tuple that the socket gave
        self.host: str = remote[0]
        self.port: int = remote[1]
        # As a Via would show it.
        self.shown_host = (f"[{self.host}]" if ":" in self.host else self.host).encode()
        self.heard = float("-inf")  # when a response last came for what was sent there
        self.proof = b""  # what the To tags of our answers to a stranger end in, once it is made
        self.reliable = listener.reliable
        self.serial = serial
        self.names: tuple[str, ...] = ()  # what the certificate of the other end names
        # Client transactions on this connection that wait for a response; nobody is ever noted for a datagram.
        self.waiting: set[Any] = set() if listener.reliable else _NOBODY
        self.sealed: bytes | None = None  # its place, enciphered as it stands in tokens, once somebody asked

    def spoke(self, now: float) -> None:
        """A response to a request of ours came from there."""
        self.heard = now

    def answered(self, status: int) -> None:
        """A final response to an INVITE came from there."""

    def timed_out(self) -> None:
        """An INVITE got no final response from there."""

    @property
    def place(self) -> bytes:
        """Listener, port and address in 7 or 19 octets, for a token; empty where the address has a zone.

        Of a connection that was taken its serial follows, in 4 octets: nobody listens at its port.
        """
        if "%" in self.host:
            return b""
        where = (self.listener.number & 0xFF).to_bytes(1, "big") + self.port.to_bytes(2, "big")
        serial = self.serial.to_bytes(4, "big") if self.serial else b""
        return where + ip_address(self.host).packed + serial


_SERIAL_OCTETS: Final = 4
_PLACES: Final = (7, 19, 7 + _SERIAL_OCTETS, 19 + _SERIAL_OCTETS)  # octets of each kind, IPv4 and IPv6


class CameBy(NamedTuple):
    """What a token says of where the trunk's end of its dialog is."""

    listener: int
    host: str
    port: int
    serial: int  # of the connection, 0 where it is none, or one that we opened


def read_place(place: bytes) -> CameBy | None:
    """The place that is written so; None where it is none."""
    if len(place) not in _PLACES:
        return None
    serial = place[-_SERIAL_OCTETS:] if len(place) in _PLACES[2:] else b""
    host = place[3 : len(place) - len(serial)]
    return CameBy(place[0], str(ip_address(host)), int.from_bytes(place[1:3], "big"), int.from_bytes(serial, "big"))
