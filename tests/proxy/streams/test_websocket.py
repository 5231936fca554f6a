"""SIP over WebSocket: what a browser sends, what it must send, and what nobody may."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import FrameProtocol, Opcode

from proxy.proxy_settings import ListenerSettings, ProxySettings
from proxy.setup import set_up
from proxy.sip.framing import TOO_LONG, UNFINISHED
from proxy.streams.websocket import FOREIGN_ORIGIN, NO_SUBPROTOCOL, NOT_WEBSOCKET, Frames
from ringfence.health import ask
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.authority import Authority
from tests.peers.process import eventually
from tests.playbook import from_callee
from tests.proxy.test_server import Keys
from tests.streaming import Line, Street, street

MESSAGE = wire.invite(via="SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKws")


class Browser:
    """The other end of the framing, with no socket between."""

    def __init__(
        self,
        *,
        protocols: tuple[str, ...] = ("sip",),
        most: int = 65_535,
        page: tuple[bytes, ...] = (),
        origins: tuple[str, ...] = (),
    ) -> None:
        self.frames = Frames(most, origins)
        self.connection = WSConnection(ConnectionType.CLIENT)
        shown = [(b"Origin", each) for each in page]
        asks = Request(host="sbc.rook.example", target="/", subprotocols=list(protocols), extra_headers=shown)
        self.got = self.says(asks)

    def says(self, *events: Event) -> list[bytes]:
        return self.sends(b"".join(self.connection.send(event) for event in events))

    def sends(self, data: bytes, step: int = 0) -> list[bytes]:
        step = step or max(1, len(data))
        return [message for at in range(0, len(data), step) for message in self._feed(data[at : at + step])]

    def _feed(self, data: bytes) -> list[bytes]:
        found = self.frames.feed(data)
        if self.frames.answer:
            self.connection.receive_data(self.frames.answer)
        return found

    def heard(self) -> list[Event]:
        return list(self.connection.events())


@pytest.fixture
def browser() -> Browser:
    found = Browser()
    assert isinstance(found.heard()[0], AcceptConnection)
    return found


@pytest.mark.parametrize("event", [TextMessage(data=MESSAGE.decode()), BytesMessage(data=MESSAGE)])
def test_a_message_as_text_or_binary_whole_or_octet_by_octet(browser: Browser, event: Event):
    data = browser.connection.send(event)
    assert browser.sends(data) == [MESSAGE]
    assert browser.sends(browser.connection.send(event), step=1) == [MESSAGE]


def test_a_message_in_fragments_with_a_ping_between(browser: Browser):
    pieces = (
        TextMessage(data=MESSAGE[:50].decode(), message_finished=False),
        Ping(payload=b"alive?"),
        TextMessage(data=MESSAGE[50:].decode(), message_finished=True),
    )
    assert browser.says(*pieces) == [MESSAGE]
    assert [type(each) for each in browser.heard()] == [Pong]
    assert not browser.frames.partial


def test_the_subprotocol_is_agreed(browser: Browser):
    assert Browser(protocols=("other", "sip")).heard()[0].subprotocol == "sip"


PHONES = ("https://phones.example", "https://[2001:db8::1]:8443")


@pytest.mark.parametrize(
    "page", [(), (b"https://phones.example",), (b"HTTPS://Phones.Example",), (PHONES[1].encode(),)]
)
def test_pages_of_the_origins_that_are_named_connect_and_who_is_no_browser(page: tuple[bytes, ...]):
    assert isinstance(Browser(page=page, origins=PHONES).heard()[0], AcceptConnection)


@pytest.mark.parametrize("page", [(b"null",), (b"https://evil.example",)])
def test_where_none_is_named_pages_of_any_origin_connect(page: tuple[bytes, ...]):
    assert isinstance(Browser(page=page).heard()[0], AcceptConnection)


@pytest.mark.parametrize(
    "page",
    [
        *[
            (b"https://evil.example",),
            (b"null",),
            (b"",),
            (b"http://phones.example",),
            (b"https://phones.example:444",),
        ],
        *[(b"https://phones.example.evil.example",), (b"https://phones.example", b"https://evil.example"), (b"\xff",)],
    ],
)
def test_a_page_of_another_origin_is_refused(page: tuple[bytes, ...]):
    browser = Browser(page=page, origins=PHONES)
    event = browser.heard()[0]
    assert isinstance(event, RejectConnection)
    assert event.status_code == 403
    assert browser.frames.fault is not None
    assert browser.frames.fault.why == FOREIGN_ORIGIN


async def test_a_listener_asks_for_its_origins_and_a_reload_changes_them():
    async with street("udp", "ws", **DEFAULT) as house:
        await Page.of(house, "ws", page=b"https://evil.example")
        ends = house.ends
        listeners = [
            {"address": str(ends["udp"])},
            {"address": str(ends["ws"]), "transport": "ws", "origins": ["https://Phones.example:443"]},
        ]
        given = house.settings.model_dump(mode="json", exclude={"listen"}) | {"listen": listeners}
        setup = set_up(ProxySettings.model_validate(given), ScreeningSettings(), Keys(), house.core.topology)
        house.server.take(setup, await house.server.open_further(setup))
        await Page.of(house, "ws", page=b"https://phones.example")
        with pytest.raises(AssertionError):
            await Page.of(house, "ws", page=b"https://evil.example")


@pytest.mark.parametrize(
    ("said", "transport"),
    [
        *[("phones.example", "ws"), ("https://", "ws"), ("https://a/b", "ws"), ("https://a:x", "ws")],
        *[("https://me@a", "ws"), ("", "ws"), (7, "ws"), ("https://[::1", "ws"), ("https://phones.example", "tcp")],
    ],
)
def test_what_is_no_origin_or_belongs_to_no_page_is_refused(said: object, transport: str):
    with pytest.raises(ValueError, match="origins"):
        ListenerSettings.model_validate({"address": "192.0.2.1", "transport": transport, "origins": [said]})


@pytest.mark.parametrize("protocols", [(), ("msrp",), ("SIP2",)])
def test_without_it_nobody_is_taken(protocols: tuple[str, ...]):
    browser = Browser(protocols=protocols)
    event = browser.heard()[0]
    assert isinstance(event, RejectConnection)
    assert event.status_code == 400
    assert browser.frames.fault is not None
    assert browser.frames.fault.why == NO_SUBPROTOCOL


def test_a_frame_without_mask_ends_it(browser: Browser):
    server = FrameProtocol(client=False, extensions=[])
    assert browser.sends(server.send_data(MESSAGE, fin=True)) == []
    assert browser.frames.fault is not None
    assert browser.frames.fault.why == NOT_WEBSOCKET
    assert [each.code for each in browser.heard() if isinstance(each, CloseConnection)] == [1002]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", b"INVITE sip:x SIP/2.0\r\n\r\n", b"x" * 200_000],
)
def test_what_is_no_handshake(garbage: bytes):
    frames = Frames(65_535)
    assert frames.feed(garbage) == []
    assert frames.fault is not None
    assert frames.fault.why == NOT_WEBSOCKET
    assert len(frames.answer) < 300
    assert frames.feed(garbage) == []


@pytest.mark.parametrize("data", [b"\xc3\x28", b"\xff" * 10])
def test_text_that_is_none_ends_it(browser: Browser, data: bytes):
    client = FrameProtocol(client=True, extensions=[])
    client._outbound_opcode = None
    raw = client._serialize_frame(Opcode.TEXT, data)
    assert browser.sends(raw) == []
    assert browser.frames.fault is not None


def test_a_message_beyond_what_is_held_ends_it_in_however_many_pieces():
    browser = Browser(most=4096)
    browser.heard()
    for _ in range(5):
        browser.says(BytesMessage(data=b"x" * 1000, message_finished=False))
    assert browser.frames.fault is not None
    assert browser.frames.fault.why == TOO_LONG
    assert [each.code for each in browser.heard() if isinstance(each, CloseConnection)] == [1009]


def test_two_line_ends_are_answered_as_on_any_stream(browser: Browser):
    assert browser.says(TextMessage(data="\r\n\r\n")) == []
    assert [each.data for each in browser.heard()] == ["\r\n"]
    assert browser.says(TextMessage(data="\r\n")) == []
    assert browser.heard() == []


def test_a_flood_of_pings_is_no_flood_of_answers(browser: Browser):
    data = b"".join(browser.connection.send(Ping(payload=b"x" * 100)) for _ in range(5000))
    browser.frames.feed(data)
    assert len(browser.frames.answer) < 9000


def test_what_goes_out_is_text_where_it_can_be(browser: Browser):
    browser.connection.receive_data(browser.frames.wrap(MESSAGE) + browser.frames.wrap(b"SIP/2.0 200 \xff"))
    assert [type(each) for each in browser.heard()] == [TextMessage, BytesMessage]


def test_half_a_handshake_is_given_up():
    frames = Frames(65_535)
    assert not frames.partial
    frames.feed(b"GET / HTTP/1.1\r\n")
    assert frames.partial
    fault = frames.give_up()
    assert fault is not None
    assert (fault.why, fault.status) == (UNFINISHED, 0)


def test_an_end_that_both_agree_on_is_no_fault_of_anybody(browser: Browser):
    browser.says(CloseConnection(code=1000))
    assert browser.frames.fault is not None
    assert browser.frames.fault.why == "by the peer"
    assert browser.frames.wrap(MESSAGE) == b"", "nothing is sent any more"
    assert browser.frames.end() == b""
    browser.frames.relax()


def test_our_end_is_told():
    browser = Browser()
    browser.heard()
    browser.connection.receive_data(browser.frames.end())
    assert [each.code for each in browser.heard()] == [1001]


# Through a running node

DEFAULT = {"trunks": [{"name": "default", "country": "CN"}]}


class Page:
    """A phone in a browser."""

    def __init__(self, line: Line, connection: WSConnection) -> None:
        self.line, self.connection = line, connection
        self.messages: list[bytes] = []

    @classmethod
    async def of(cls, house: Street, transport: str, page: bytes = b"", **words: Any) -> Page:
        line = await Line.to(house.ends[transport], "127.0.0.9", **words)
        house.lines.append(line)
        made = cls(line, WSConnection(ConnectionType.CLIENT))
        shown = [(b"Origin", page)] if page else []
        asks = Request(host="sbc.rook.example", target="/", subprotocols=["sip"], extra_headers=shown)
        line.send(made.connection.send(asks))
        assert isinstance(await made.event(), AcceptConnection)
        return made

    def send(self, data: bytes) -> None:
        self.line.send(self.connection.send(TextMessage(data=data.decode())))

    async def event(self) -> Event:
        while True:
            for event in self.connection.events():
                return event
            data = await asyncio.wait_for(self.line.reader.read(65_536), 60)
            self.connection.receive_data(data or None)

    async def heard(self) -> bytes:
        event = await self.event()
        assert isinstance(event, TextMessage), event
        return event.data.encode()


@pytest.mark.parametrize("transport", ["ws", "wss"])
async def test_a_call_of_a_browser_and_back_on_its_connection(tmp_path: Path, transport: str):
    """Its Via and Contact name nobody that could be found: the far end of the dialog is the connection."""
    authority = Authority(tmp_path)
    ours = authority.sign("sbc.rook.example")
    tls = {"tls": {"certificates": [ours.as_setting()], "authorities": str(authority.file)}}
    words = {"ssl": authority.client(), "server_hostname": "sbc.rook.example"} if transport == "wss" else {}
    async with street("udp", transport, **DEFAULT, **tls) as house:
        page = await Page.of(house, transport, **words)
        contact = "Contact: <sip:k9s2@df7jal23ls0d.invalid;transport=ws>"
        via = f"SIP/2.0/{transport.upper()} df7jal23ls0d.invalid;branch=z9hG4bKws"
        page.send(wire.invite(via=via, extra=contact, uri=f"sip:{wire.CALLED}@rook.example"))
        down = await house.pbx.heard()
        assert f"@{house.ends[transport]};transport=ws;lr>" in wire.headers(down, "Record-Route")[1]
        await house.pbx.send(wire.answer(down))
        while wire.status(up := await page.heard()) == 100:
            pass
        assert wire.status(up) == 200
        await house.pbx.send(from_callee("BYE", down))
        bye = await page.heard()
        assert wire.method(bye) == "BYE"
        assert wire.uri(bye) == "sip:k9s2@df7jal23ls0d.invalid;transport=ws"
        assert wire.headers(bye, "Via")[0].startswith(f"SIP/2.0/{transport.upper()} {house.ends[transport]};")
        assert house.judge.calls[0].caller.canonical == wire.CALLER


async def test_plain_http_is_answered_and_closed_and_others_notice_nothing():
    async with street("udp", "ws", **DEFAULT) as house:
        other = await Page.of(house, "ws")
        line = await Line.to(house.ends["ws"], "127.0.0.9")
        house.lines.append(line)
        with capture_logs() as lines:
            line.send(b"GET / HTTP/1.1\r\nHost: sbc\r\n\r\n")
            assert (await line.rest()).startswith(b"HTTP/1.1 4")
            await eventually(lambda: lines, "a line")
        assert lines[0]["why"] == NOT_WEBSOCKET
        via = "SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKo"
        other.send(wire.request("OPTIONS", uri=f"sip:{house.ends['ws']}", via=via))
        assert wire.status(await other.heard()) == 200


async def test_a_stop_says_good_bye():
    async with street("udp", "ws", **DEFAULT) as house:
        page = await Page.of(house, "ws")
        for endpoint in house.server._endpoints:
            endpoint.close()
        event = await page.event()
        assert isinstance(event, CloseConnection)
        assert event.code == 1001


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "ws", "wss"])
async def test_health_asks_a_listener_of_every_transport(tmp_path: Path, transport: str):
    """`ringfence health`, as a neighbour would."""
    authority = Authority(tmp_path)
    tls = {"tls": {"certificates": [authority.sign("sbc.rook.example").as_setting()]}}
    async with street(transport, "udp", **DEFAULT, **tls) as house:
        asked = await asyncio.to_thread(ask, house.settings.listen[0], wait_s=60)
        assert asked.status == 200
