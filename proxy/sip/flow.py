"""Where a message came from or goes to: transport, local listener, remote address, connection."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any


class Listener:
    """One listening socket as the protocol core knows it."""

    __slots__ = ("family", "host", "leaving", "number", "port", "sent_by", "side", "transport", "via")

    def __init__(self, number: int, transport: str, host: str, port: int, sent_by: str, side: str = "any") -> None:
        self.number = number
        self.transport = transport  # "UDP"
        self.host = host
        self.port = port
        self.family = 6 if ":" in host else 4
        self.sent_by = sent_by.encode()  # advertised host:port
        self.side = side  # any, pbx or trunk
        self.leaving = False  # the configuration has it no longer: what was begun by it ends, and nothing else begins
        self.via = b"Via: SIP/2.0/%s %s;branch=" % (transport.encode(), self.sent_by)


class Flow:
    """One remote address behind one listener; `peer` is who sends from there, None for nobody we know."""

    __slots__ = (
        "connection", "counted", "former", "heard", "host", "listener", "pbx_side", "peer", "port", "proof", "reliable",
        "remote", "sealed", "shown_host",
    )  # fmt: skip

    def __init__(
        self, listener: Listener, remote: tuple[Any, ...], peer: Any = None, *, connection: object = None
    ) -> None:
        self.listener = listener
        self.remote = remote  # the address tuple that the socket gave, and takes
        self.host: str = remote[0]
        self.port: int = remote[1]
        # As a Via would show it.
        self.shown_host = (f"[{self.host}]" if ":" in self.host else self.host).encode()
        self.peer = peer
        self.counted = ""  # its address, where what it holds counts by that as well: no trunk names it
        self.heard = float("-inf")  # when a response last came for what was sent there
        # The same as a flow of the PBX side, for emergency calls from a PBX's address and another port than its own.
        self.pbx_side: Flow | None = None
        # The same as a flow of whom the configuration named before, for what belongs to his dialogs.
        self.former: Flow | None = None
        self.proof = b""  # what the To tags of our answers to a stranger end in, once it is made
        self.connection = connection  # of a stream transport
        self.reliable = connection is not None
        self.sealed: bytes | None = None  # its place, enciphered as it stands in tokens, once somebody asked

    @property
    def place(self) -> bytes:
        """Listener, port and address in 7 or 19 octets, for a token; empty where the address has a zone."""
        if "%" in self.host:
            return b""
        where = (self.listener.number & 0xFF).to_bytes(1, "big") + self.port.to_bytes(2, "big")
        return where + ip_address(self.host).packed


def read_place(place: bytes) -> tuple[int, str, int] | None:
    """Number of the listener, address and port; None where they are not there."""
    if len(place) != 7 and len(place) != 19:
        return None
    return place[0], str(ip_address(place[3:])), int.from_bytes(place[1:3], "big")
