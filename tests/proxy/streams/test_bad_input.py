"""Bad input on connections: what is answered, what is logged, and that calls on other connections notice nothing.

One node has a call on each kind of connection. Then somebody comes and does what nobody should.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, CloseConnection, Event, Message, RejectConnection, Request, TextMessage

from proxy.sip.framing import NO_LENGTH, NOT_SIP, TOO_LONG, UNFINISHED
from proxy.streams.websocket import NO_SUBPROTOCOL, NOT_WEBSOCKET
from tests import wire
from tests.authority import EXPIRED, Authority
from tests.peers.loopback import new_endpoint
from tests.peers.process import eventually
from tests.playbook import from_callee, in_dialog
from tests.streaming import Line, Street, street

OURS = "sbc.rook.example"
KINDS = ("tcp", "tls", "ws", "wss")
STRANGER = "127.0.0.9"
INSISTS = {"limits": {"message_s": 0.3, "connect_s": 0.5}}
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
Made = Callable[["Wire"], bytes]


class Wire:
    """Somebody's connection of any kind, and what he hears on it."""

    def __init__(self, house: Street, kind: str, line: Line) -> None:
        self.house, self.kind, self.line = house, kind, line
        self.frames = WSConnection(ConnectionType.CLIENT)
        self.got: list[Event] = []

    @classmethod
    async def to(cls, house: Street, kind: str, authority: Authority, source: str = STRANGER) -> Wire:
        secure = kind in ("tls", "wss")
        words = {"ssl": authority.client(), "server_hostname": OURS} if secure else {}
        line = await Line.to(house.ends[kind], source, **words)
        house.lines.append(line)
        return cls(house, kind, line)

    async def shake(self, *protocols: str) -> None:
        """Agree on WebSocket."""
        asks = Request(host=OURS, target="/", subprotocols=list(protocols))
        self.line.send(self.frames.send(asks))
        self.frames.receive_data(await self.line.reader.readuntil(b"\r\n\r\n"))
        self.got = list(self.frames.events())

    def invite(self, number: int = 7, **fields: Any) -> bytes:
        return self.house.invite(self.line, number, transport=self.kind.upper(), **fields)

    def send(self, data: bytes) -> None:
        self.line.send(self.frames.send(TextMessage(data=data.decode())) if self.kind in ("ws", "wss") else data)

    async def heard(self) -> bytes:
        """The next message; of frames as well."""
        if self.kind not in ("ws", "wss"):
            return await self.line.heard()
        while True:
            for event in self.frames.events():
                assert isinstance(event, TextMessage)
                return event.data.encode()
            self.frames.receive_data(await self.line.reader.read(65_536))

    async def rest(self) -> tuple[int, int]:
        """The status of what it heard before the connection ended, and the code of WebSocket's end."""
        data = await self.line.rest()
        if self.kind not in ("ws", "wss"):
            return (wire.status(data) if data.startswith(b"SIP/2.0 ") else 0), 0
        if data:
            self.frames.receive_data(data)
        said = [*self.got, *self.frames.events()]
        code = next((each.code for each in said if isinstance(each, CloseConnection)), 0)
        texts = [each.data for each in said if isinstance(each, Message)]
        refused = next((each.status_code for each in said if isinstance(each, RejectConnection)), 0)
        return refused or (wire.status(texts[0].encode()) if texts else 0), int(code)


class Bad(NamedTuple):
    """What somebody does on a connection, and what comes of it."""

    kinds: tuple[str, ...]
    sends: Made
    status: int  # what is answered before the connection ends; 0: nothing
    why: str  # the log says, or "" where nobody did wrong
    code: int = 0  # of WebSocket's end
    protocols: tuple[str, ...] | None = ("sip",)  # that WebSocket is asked for; None: it is not asked at all


def without_length(wire_: Wire) -> bytes:
    return wire_.invite().replace(b"Content-Length", b"X-Length")


def endless(wire_: Wire) -> bytes:
    return wire_.invite().partition(b"\r\n\r\n")[0] + b"\r\nX: " + b"x" * 70_000


def unmasked(_: Wire) -> bytes:
    return b"\x81\x05hello"


BAD = {
    "half a message and silence": Bad(("tcp", "tls"), lambda w: w.invite()[:-20], 400, UNFINISHED),
    "no length": Bad(("tcp", "tls"), without_length, 400, NO_LENGTH),
    "a header without end": Bad(("tcp", "tls"), endless, 513, TOO_LONG),
    "TLS where there is none": Bad(("tcp",), lambda _: HELLO, 0, NOT_SIP),
    "HTTP": Bad(("tcp", "tls"), lambda _: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, NOT_SIP),
    "a frame without mask": Bad(("ws", "wss"), unmasked, 0, NOT_WEBSOCKET, code=1002),
    "text that is none": Bad(("ws",), lambda _: b"\x81\x82\0\0\0\0\xc3\x28", 0, NOT_WEBSOCKET, code=1007),
    "no subprotocol": Bad(("ws", "wss"), lambda _: b"", 400, NO_SUBPROTOCOL, protocols=()),
    "another subprotocol": Bad(("ws",), lambda _: b"", 400, NO_SUBPROTOCOL, protocols=("msrp",)),
    "HTTP in place of WebSocket": Bad(
        ("ws", "wss"), lambda _: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NOT_WEBSOCKET, protocols=None
    ),
    "garbage in place of WebSocket": Bad(
        ("ws", "wss"), lambda _: bytes(range(256)), 400, NOT_WEBSOCKET, protocols=None
    ),
}


class Standing:
    """A call on a connection of its own, which others are to leave alone."""

    def __init__(self, wire_: Wire, down: bytes, final: bytes) -> None:
        self.wire, self.down, self.final = wire_, down, final

    @classmethod
    async def begun(cls, house: Street, kind: str, authority: Authority, number: int) -> Standing:
        made = await Wire.to(house, kind, authority, house.trunk_at.host)
        if kind in ("ws", "wss"):
            await made.shake("sip")
        made.send(made.invite(number))
        down = await house.pbx.heard()
        await house.pbx.send(wire.answer(down))
        while wire.status(final := await made.heard()) < 200:
            pass
        return cls(made, down, final)

    async def goes_on(self, number: int) -> None:
        """Each side still reaches the other."""
        pbx, here = self.wire.house.pbx, self.wire.line.at
        via = f"SIP/2.0/{self.wire.kind.upper()} {here};branch=z9hG4bKinfo{number}"
        self.wire.send(in_dialog("INFO", self.final, cseq=number + 1, via=via))
        info = await pbx.heard()
        assert wire.method(info) == "INFO"
        await pbx.send(wire.response(200, info))
        assert wire.status(await self.wire.heard()) == 200
        await pbx.send(from_callee("INFO", self.down, branch=f"z9hG4bKpbx{number}{self.wire.kind}", cseq=number))
        up = await self.wire.heard()
        assert wire.method(up) == "INFO"
        self.wire.send(wire.response(200, up))
        assert wire.status(await pbx.heard()) == 200


async def calls(house: Street, authority: Authority) -> list[Standing]:
    return [await Standing.begun(house, kind, authority, number) for number, kind in enumerate(KINDS, 1)]


async def go_on(standing: list[Standing], number: int = 1) -> None:
    for each in standing:
        await each.goes_on(number)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secure(authority: Authority) -> dict[str, Any]:
    return {"tls": {"certificates": [authority.sign(OURS).as_setting()], "authorities": str(authority.file)}}


def whys(lines: list[Any]) -> list[str]:
    return [
        each["why"]
        for each in lines
        if each["event"].startswith(("a connection was closed", "a connection was refused"))
    ]


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, bad in BAD.items() for kind in bad.kinds])
async def test_what_nobody_should_send_is_answered_logged_and_ends_its_connection_alone(
    authority: Authority, name: str, kind: str
):
    bad = BAD[name]
    async with street("udp", *KINDS, **secure(authority), **INSISTS) as house:
        standing = await calls(house, authority)
        with capture_logs() as lines:
            made = await Wire.to(house, kind, authority, house.trunk_at.host)
            if kind in ("ws", "wss") and bad.protocols is not None:
                await made.shake(*bad.protocols)
            made.line.send(bad.sends(made))
            assert await made.rest() == (bad.status, bad.code)
            await eventually(lambda: whys(lines), "a line")
        assert whys(lines) == [bad.why]
        assert wire.CALLER[3:] not in str(lines)
        await go_on(standing)


@pytest.mark.parametrize("kind", KINDS)
async def test_octet_by_octet_and_two_in_a_segment_are_two_calls(authority: Authority, kind: str):
    async with street("udp", *KINDS, **secure(authority)) as house:
        standing = await calls(house, authority)
        made = await Wire.to(house, kind, authority, house.trunk_at.host)
        if kind in ("ws", "wss"):
            await made.shake("sip")
        whole = b"".join(
            made.frames.send(BytesMessage(data=each)) if kind in ("ws", "wss") else each
            for each in (made.invite(11), made.invite(12), made.invite(13))
        )
        half = len(whole) * 2 // 3  # two in one segment, and the third in single octets
        made.line.send(whole[:half])
        for at in range(half, len(whole)):
            made.line.send(whole[at : at + 1])
            await asyncio.sleep(0)
        heard = {wire.header(await house.pbx.heard(), "Call-ID") for _ in range(3)}
        assert heard == {"stream-11", "stream-12", "stream-13"}
        await go_on(standing)


@pytest.mark.parametrize("kind", ["tls", "wss"])
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("garbage", "TLS handshake failed"),
        ("expired", "certificate expired"),
        ("self-signed", "certificate of an unknown authority"),
        ("of nobody", "certificate of nobody whom the configuration knows"),
    ],
)
async def test_who_begins_no_tls_or_shows_a_wrong_certificate_is_refused_alone(
    authority: Authority, tmp_path: Path, kind: str, fault: str, why: str
):
    shown = {
        "garbage": lambda: None,
        "expired": lambda: authority.sign("sip.wren.example", **EXPIRED),
        "self-signed": lambda: Authority(tmp_path, "other").sign("sip.wren.example"),
        "of nobody": lambda: authority.sign("elsewhere.example"),
    }[fault]()
    at = new_endpoint()
    carrier = {"name": "carrier", "addresses": [at.host], "country": "CN"}
    known = {"trunks": [carrier, {"name": "proven", "names": ["sip.wren.example"], "country": "CN"}]}
    async with street("udp", *KINDS, **secure(authority), **INSISTS, **known, trunk_at=at) as house:
        standing = await calls(house, authority)
        with capture_logs() as lines:
            try:
                words = {"ssl": authority.client(shown), "server_hostname": OURS} if shown else {}
                line = await Line.to(house.ends[kind], STRANGER, **words)
                house.lines.append(line)
                line.send(bytes(range(256)) * 4)
                await line.rest()
            except (ConnectionError, ssl.SSLError):
                pass
            await eventually(lambda: whys(lines), "a line")
        assert [each for each in whys(lines) if each.startswith(why)] == whys(lines)[:1] != []
        await go_on(standing)
