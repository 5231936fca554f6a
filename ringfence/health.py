"""`ringfence health`: does the running proxy answer SIP? Asked with an OPTIONS, as a neighbour would."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
import ssl
from typing import NamedTuple

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Request, TextMessage
from wsproto.utilities import RemoteProtocolError

from proxy.proxy_settings import HostPort, ListenerSettings

WAIT_S = 2.0
_WARNING = re.compile(r'^Warning: 399 ringfence "([^"]*)"', re.MULTILINE)


def reachable(listener: ListenerSettings) -> HostPort:
    """The listener's address as this machine reaches it."""
    address = listener.address
    if address.literal and ipaddress.ip_address(address.host).is_unspecified:
        return HostPort(host="::1" if ":" in address.host else "127.0.0.1", port=address.port)
    return address


def options(target: HostPort, local: HostPort, transport: str = "udp") -> bytes:
    """An OPTIONS that names the proxy and nobody behind it (RFC 3261 11)."""
    return (
        f"OPTIONS sip:{target} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport.upper()} {local};branch=z9hG4bK{secrets.token_hex(8)};rport\r\n"
        f"From: <sip:health@{local}>;tag={secrets.token_hex(4)}\r\n"
        f"To: <sip:{target}>\r\n"
        f"Call-ID: {secrets.token_hex(8)}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()


class Health(NamedTuple):
    """What came back from one listener: its status, 0 for nothing, and all that somebody should know."""

    status: int
    remarks: tuple[str, ...] = ()


def ask(listener: ListenerSettings, *, wait_s: float = WAIT_S) -> Health:
    """What the proxy answers; status 0 when nothing comes in time or nobody listens."""
    target, transport = reachable(listener), listener.transport
    family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as asking:
        asking.settimeout(wait_s)
        try:
            asking.connect((target.host, target.port))
            host, port = asking.getsockname()[:2]
            asked = options(target, HostPort(host=host, port=port), transport)
            if transport in ("tls", "wss"):
                with _unverified().wrap_socket(asking) as enciphered:
                    answer = _ask_on(enciphered, asked, transport)
            else:
                answer = _ask_on(asking, asked, transport)
        except (OSError, RemoteProtocolError):
            return Health(0)
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    if first[0] != b"SIP/2.0" or len(first) < 2 or not first[1].isdigit():
        return Health(0)
    status = int(first[1])
    return Health(status, (*_meaning(status, host), *_WARNING.findall(answer.decode("ascii", "replace"))))


def _ask_on(asking: socket.socket, asked: bytes, transport: str) -> bytes:
    if transport in ("ws", "wss"):
        return _exchange_by_websocket(asking, asked)
    return _exchange(asking, asked, whole=transport == "udp")


def _exchange_by_websocket(asking: socket.socket, asked: bytes) -> bytes:
    """The same as messages of WebSocket (RFC 7118)."""
    connection = WSConnection(ConnectionType.CLIENT)
    asking.sendall(connection.send(Request(host="localhost", target="/", subprotocols=["sip"])))
    answer = b""
    while data := asking.recv(65_535):
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, AcceptConnection):
                asking.sendall(connection.send(BytesMessage(data=asked)))
            elif isinstance(event, TextMessage | BytesMessage):
                answer += event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
                if event.message_finished:
                    return answer
            else:
                return b""
    return b""


def _exchange(asking: socket.socket, asked: bytes, *, whole: bool = False) -> bytes:
    """One message there and one back; `whole`: it comes in one piece."""
    asking.sendall(asked)
    answer = asking.recv(65_535)
    while not whole and b"\r\n\r\n" not in answer and (more := asking.recv(65_535)):
        answer += more
    return answer


def _unverified() -> ssl.SSLContext:
    """We ask ourselves, by an address that our certificate need not name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _meaning(status: int, host: str) -> list[str]:
    if status == 403:
        return [f"it runs; calls from {host} would be refused: that address is in no trunk, and there is no `default`"]
    return [] if status == 200 else [f"calls from {host} would be refused"]
