"""SIP over WebSocket, in the role of the server (RFC 7118): a message of one is a message of the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from proxy.sip.framing import TOO_LONG, UNFINISHED, Unframed
from proxy.streams.connection import BY_PEER

SUBPROTOCOL: Final = "sip"
NOT_WEBSOCKET: Final = "not WebSocket"
NO_SUBPROTOCOL: Final = "no subprotocol sip"
FOREIGN_ORIGIN: Final = "a page of another origin"
_MOST_ANSWERS: Final = 8192  # octets of pongs to one piece of what came
_KEEP_ALIVE: Final = b"\r\n\r\n"
_PONG: Final = "\r\n"


class Frames:
    """One connection, from its handshake on."""

    def __init__(self, most: int, origins: Collection[str] = ()) -> None:
        """`most` octets of one message are held. `origins`: pages of these may connect; of any, where there is none."""
        self._most = most
        self._origins = origins
        self._connection = WSConnection(ConnectionType.SERVER)
        self._pieces: list[bytes] = []
        self._held = 0
        self._begun = False
        self.answer = b""
        self.fault: Unframed | None = None

    @property
    def partial(self) -> bool:
        """Has a message, or the handshake, begun that has not ended?"""
        shaking = self._begun and self._connection.state is ConnectionState.CONNECTING
        return (shaking or bool(self._pieces)) and self.fault is None

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""
        found: list[bytes] = []
        self.answer = b""
        if self.fault is not None:
            return found
        self._begun = True
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._take(event, found)
                if self.fault is not None:
                    break
        except RemoteProtocolError as error:
            self._fail(NOT_WEBSOCKET, error.event_hint)
        except LocalProtocolError:
            self._fail(NOT_WEBSOCKET)
        return found

    def _take(self, event: Event, found: list[bytes]) -> None:
        if isinstance(event, Request):
            if not self._is_welcome(event):
                self._fail(FOREIGN_ORIGIN, RejectConnection(status_code=403))  # RFC 6455 4.2.2
            elif SUBPROTOCOL in event.subprotocols:  # RFC 7118 section 4
                self._write(AcceptConnection(subprotocol=SUBPROTOCOL))
            else:
                self._fail(NO_SUBPROTOCOL, RejectConnection(status_code=400))
        elif isinstance(event, TextMessage | BytesMessage):
            piece = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
            self._held += len(piece)
            if self._held > self._most:
                self._fail(TOO_LONG, CloseConnection(code=CloseReason.MESSAGE_TOO_BIG))
                return
            self._pieces.append(piece)
            if event.message_finished:
                self._end_message(found)
        elif isinstance(event, Ping):
            if len(self.answer) < _MOST_ANSWERS:
                self._write(event.response())
        elif isinstance(event, CloseConnection):
            agreed = event.code in (CloseReason.NORMAL_CLOSURE, CloseReason.GOING_AWAY, CloseReason.NO_STATUS_RCVD)
            self._fail(BY_PEER if agreed else NOT_WEBSOCKET, event.response())

    def _is_welcome(self, asked: Request) -> bool:
        """May the page connect that this comes from? A browser always says which; what says nothing is none."""
        if not self._origins:
            return True
        shown = [value for name, value in asked.extra_headers if name.lower() == b"origin"]
        return all(value.decode("ascii", "replace").strip().lower() in self._origins for value in shown)

    def _end_message(self, found: list[bytes]) -> None:
        message = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if message.strip(b"\r\n"):
            found.append(message)
        elif message == _KEEP_ALIVE and len(self.answer) < _MOST_ANSWERS:  # RFC 5626 4.4.1, as phones send it here, too
            self._write(TextMessage(data=_PONG))

    def _write(self, event: Event) -> None:
        self.answer += self._connection.send(event)

    def _fail(self, why: str, last: Event | None = None) -> None:
        self.fault = Unframed(why)
        self._pieces.clear()
        if last is not None:
            try:
                self._write(last)
            except LocalProtocolError:
                self.answer = b""

    def give_up(self) -> Unframed | None:
        """The rest of what has begun does not come."""
        if self.partial:
            self._fail(UNFINISHED, CloseConnection(code=CloseReason.PROTOCOL_ERROR))
        return self.fault

    def relax(self) -> None:
        """Here a message needs no length."""

    def wrap(self, message: bytes) -> bytes:
        """As text where it is UTF-8, else as binary; nothing once the connection is closing."""
        try:
            event: Event = TextMessage(data=message.decode())
        except UnicodeDecodeError:
            event = BytesMessage(data=message)
        return self._send(event)

    def end(self) -> bytes:
        """What is written last."""
        return self._send(CloseConnection(code=CloseReason.GOING_AWAY))

    def _send(self, event: Event) -> bytes:
        try:
            return self._connection.send(event)
        except LocalProtocolError:
            return b""
