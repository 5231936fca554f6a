"""TLS in both roles through a running node: who is known, who is refused with a line, and certificates replaced."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest
from structlog.testing import capture_logs

from proxy import server as module
from proxy.proxy_settings import TlsSettings
from proxy.setup import set_up
from proxy.streams.certificates import CertificateFault
from proxy.streams.tls import Keeping
from ringfence.peers import PeerCommands
from rules.model import Action, Step, Verdict
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.authority import EARLIER, EXPIRED, Authority, Files
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.proxy.test_server import Keys
from tests.streaming import Line, Listening, Street, street

OURS = "sbc.rook.example"
VALID = "the one before it ends on 3000-01-01 00:00 UTC"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def tls(authority: Authority, *certificates: Files, **more: Any) -> dict[str, Any]:
    shown = certificates or (authority.sign(OURS),)
    listed = [each.as_setting() for each in shown]
    return {"tls": {"certificates": listed, "authorities": str(authority.file), **more}}


async def connect(house: Street, context: ssl.SSLContext, *, name: str = OURS, source: str = "") -> Line:
    line = await Line.to(
        house.ends["tls"], source or house.trunk_at.host, ssl=context, server_hostname=name, ssl_handshake_timeout=60
    )
    house.lines.append(line)
    return line


def options(house: Street, line: Line) -> bytes:
    via = f"SIP/2.0/TLS {line.at};branch=z9hG4bKo"
    return wire.request("OPTIONS", uri=f"sip:{house.ends['tls']}", via=via)


async def answered(house: Street, line: Line) -> int:
    """What an OPTIONS gets, 0 when the connection is closed instead."""
    line.send(options(house, line))
    try:
        data = await line.heard()
    except (ConnectionError, ssl.SSLError):
        return 0
    return wire.status(data) if data else 0


async def refused(house: Street, context: ssl.SSLContext, **words: str) -> bool:
    """Does the connection not begin, or end at once?"""
    try:
        line = await connect(house, context, **words)
    except (ConnectionError, ssl.SSLError):
        return True
    return await answered(house, line) == 0


def whys(lines: list[Any]) -> list[str]:
    return [each["why"] for each in lines if each["event"] in ("a connection was refused", "a connection was closed")]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_call_over_tls(authority: Authority, version: ssl.TLSVersion):
    async with street("udp", "tls", **tls(authority)) as house:
        context = authority.client()
        context.minimum_version = context.maximum_version = version
        line = await connect(house, context)
        line.send(house.invite(line, transport="TLS"))
        down = await house.pbx.heard()
        assert f"@{house.ends['tls']};transport=tls;lr>" in wire.headers(down, "Record-Route")[1]
        await house.pbx.send(wire.answer(down))
        while wire.status(up := await line.heard()) == 100:
            pass
        assert wire.status(up) == 200
        assert house.judge.calls[0].caller.canonical == wire.CALLER


async def test_an_older_version_than_is_spoken_is_refused_with_a_line(authority: Authority):
    async with street("udp", "tls", **tls(authority, minimum="1.3")) as house:
        context = authority.client()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with capture_logs() as lines:
            assert await refused(house, context)
            await eventually(lambda: whys(lines), "a line")
        assert whys(lines) == ["TLS handshake failed: unsupported protocol"]


async def test_the_certificate_of_the_name_that_is_asked_for_is_shown(authority: Authority):
    both = authority.sign(OURS), authority.sign("sip.wren.example")
    async with street("udp", "tls", **tls(authority, *both)) as house:
        for name in (OURS, "sip.wren.example", "SIP.Wren.Example"):
            line = await connect(house, authority.client(), name=name)
            assert await answered(house, line) == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(house, authority.client(), name="nobody.example")


# Whom we call


async def call_by_tls(house: Street, number: int = 1) -> None:
    line = await house.join()
    line.send(house.invite(line, number))


def pbx_by_tls(at: Endpoint, other: Endpoint, **more: Any) -> dict[str, Any]:
    return {"pbxes": [{"name": "office", "addresses": [f"tls:{at}", str(other)], **more}]}


async def test_a_pbx_is_called_by_tls_and_one_connection_serves_many_calls(authority: Authority):
    at = new_endpoint()
    pbx = await Listening(at).begin(ssl=authority.server(authority.sign(at.host)))
    async with street("udp", "tcp", "tls", **tls(authority), **pbx_by_tls(at, new_endpoint())) as house:
        for number in (1, 2):
            await call_by_tls(house, number)
        inside = await pbx.joined()
        for _ in range(2):
            assert wire.headers(await inside.heard(), "Via")[0].startswith(f"SIP/2.0/TLS {house.ends['tls']};")
        assert pbx.lines.empty()
    pbx.close()


async def test_a_pbx_that_asks_for_our_certificate_gets_it(authority: Authority):
    at = new_endpoint()
    pbx = await Listening(at).begin(ssl=authority.server(authority.sign(at.host), asks=True))
    async with street("udp", "tcp", "tls", **tls(authority), **pbx_by_tls(at, new_endpoint())) as house:
        await call_by_tls(house)
        inside = await pbx.joined()
        await inside.heard()
        shown = inside.writer.get_extra_info("peercert")
        assert ("DNS", OURS) in shown["subjectAltName"]
    pbx.close()


@pytest.mark.parametrize("fault", ["another name", "expired", "self-signed", "no tls"])
async def test_a_pbx_whose_certificate_is_not_right_gets_no_call_and_the_next_address_has_it(
    authority: Authority, tmp_path: Path, fault: str
):
    at, other = new_endpoint(), new_endpoint()
    stranger = Authority(tmp_path, "other")
    context = {
        "another name": lambda: authority.server(authority.sign("elsewhere.example")),
        "expired": lambda: authority.server(authority.sign(at.host, file="old", **EXPIRED)),
        "self-signed": lambda: stranger.server(stranger.sign(at.host, file="self")),
        "no tls": lambda: None,
    }[fault]()
    pbx = await Listening(at).begin(**({"ssl": context} if context else {}))
    settings = {**tls(authority), **pbx_by_tls(at, other), "limits": {"connect_s": 0.5}}
    async with street("udp", "tcp", "tls", pbx_at=other, **settings) as house:
        with capture_logs() as lines:
            await call_by_tls(house)
            assert wire.method(await house.pbx.heard()) == "INVITE"
        expected = {
            "another name": f"certificate of another name: of elsewhere.example, not of {at.host}",
            "expired": "certificate expired",
            "self-signed": "certificate of an unknown authority",
            "no tls": "TLS handshake failed: timed out",
        }[fault]
        assert whys(lines)[:1] == [expected]
        await says_of_the_pbx(house, f"tls:{at}", expected, lines)
    pbx.close()


async def says_of_the_pbx(house: Street, address: str, why: str, lines: list[Any]) -> None:
    """Each place that tells why it has no calls tells the same: `peers`, health, the figures, the log."""
    rows = {each["address"]: each for each in PeerCommands(house.core).rows(monotonic(), time())}
    assert (rows[address]["state"], rows[address]["why"]) == ("down", why)
    assert f"{address} ({why})" in " ".join(house.core.ailments())
    label = why.partition(":")[0].lower().replace(" ", "-")
    words = {"peer": "office", "address": address, "why": label}
    assert house.metrics.registry.get_sample_value("ringfence_peer_down", words) == 1
    told = [each for each in lines if each["event"].startswith(("can't be reached", "does not answer"))]
    assert [(each["address"], each["why"]) for each in told] == [(address, why)]
    refused = [each for each in lines if each["event"] == "a connection was refused"]
    assert {each["peer"] for each in refused} == {"office"}


async def test_a_pbx_that_takes_no_connection_is_told_as_that(authority: Authority):
    at, other = new_endpoint(), new_endpoint()
    async with street("udp", "tcp", "tls", pbx_at=other, **tls(authority), **pbx_by_tls(at, other)) as house:
        with capture_logs() as lines:
            await call_by_tls(house)
            assert wire.method(await house.pbx.heard()) == "INVITE"
        await says_of_the_pbx(house, f"tls:{at}", "connection refused", lines)


async def test_a_pbx_that_does_not_take_our_certificate_is_told_as_that(authority: Authority, tmp_path: Path):
    """TLS 1.3 tells it only when the connection stands already."""
    at, other = new_endpoint(), new_endpoint()
    context = Authority(tmp_path, "other").server(authority.sign(at.host), asks=True)
    with socket.create_server(at) as pbx:
        threading.Thread(target=refuse_by_alert, args=(pbx, context), daemon=True).start()
        async with street("udp", "tcp", "tls", pbx_at=other, **tls(authority), **pbx_by_tls(at, other)) as house:
            await call_by_tls(house)
            assert wire.method(await house.pbx.heard()) == "INVITE"
            rows = {each["address"]: each for each in PeerCommands(house.core).rows(monotonic(), time())}
            assert rows[f"tls:{at}"]["why"] == "it does not take our certificate: tlsv1 alert unknown ca"
        pbx.shutdown(socket.SHUT_RDWR)


def refuse_by_alert(pbx: socket.socket, context: ssl.SSLContext) -> None:
    """As OpenSSL does it, with an alert, which asyncio leaves out."""
    with contextlib.suppress(OSError):
        while True:
            line, _ = pbx.accept()
            with line, contextlib.suppress(ssl.SSLError):
                context.wrap_socket(line, server_side=True).close()


async def test_strangers_can_not_keep_the_line_from_being_written_that_says_why_a_peer_has_no_calls(
    authority: Authority, tmp_path: Path
):
    at, other = new_endpoint(), new_endpoint()
    pbx = await Listening(at).begin(ssl=authority.server(authority.sign(at.host, file="old", **EXPIRED)))
    async with street("udp", "tcp", "tls", pbx_at=other, **tls(authority), **pbx_by_tls(at, other)) as house:
        with capture_logs() as lines:
            for _ in range(8):
                line = await Line.to(house.ends["tls"], "127.0.0.9")
                house.lines.append(line)
                line.send(bytes(100))
                with contextlib.suppress(ConnectionError):
                    await line.rest()
            assert len(whys(lines)) == 5, "their quota is used up"
            await call_by_tls(house)
            assert wire.method(await house.pbx.heard()) == "INVITE"
        assert whys(lines)[5:6] == ["certificate expired"]
    pbx.close()


async def test_names_say_whose_certificate_it_must_be(authority: Authority):
    at = new_endpoint()
    pbx = await Listening(at).begin(ssl=authority.server(authority.sign("pbx.rook.example")))
    settings = pbx_by_tls(at, new_endpoint(), names=["pbx.rook.example"])
    async with street("udp", "tcp", "tls", **tls(authority), **settings) as house:
        await call_by_tls(house)
        assert wire.method(await (await pbx.joined()).heard()) == "INVITE"
    pbx.close()


# Who calls us


def proven(house_host: str, **more: Any) -> dict[str, Any]:
    """A trunk that is known by its certificate."""
    return {"trunks": [{"name": "carrier", "names": ["sip.wren.example"], "country": "CN", "addresses": [house_host]}]}


async def test_a_trunk_is_known_by_its_certificate_from_wherever_it_calls(authority: Authority):
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77")) as house:
        line = await connect(house, authority.client(authority.sign("sip.wren.example")), source="127.0.0.99")
        line.send(house.invite(line, transport="TLS"))
        await house.pbx.heard()
        assert house.judge.calls[0].trunk.name == "carrier"


async def test_its_address_alone_is_not_enough_where_it_has_a_certificate(authority: Authority):
    """Else whoever sits beside the carrier would be the carrier."""
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77")) as house:
        line = await connect(house, authority.client(), source="127.0.0.77")
        line.send(house.invite(line, transport="TLS"))
        assert wire.status(await line.heard()) == 403


@pytest.mark.parametrize("fault", ["of nobody", "expired", "self-signed"])
async def test_a_certificate_that_is_not_right_is_refused_with_a_line(authority: Authority, tmp_path: Path, fault: str):
    stranger = Authority(tmp_path, "other")
    shown = {
        "of nobody": lambda: authority.sign("elsewhere.example"),
        "expired": lambda: authority.sign("sip.wren.example", **EXPIRED),
        "self-signed": lambda: stranger.sign("sip.wren.example"),
    }[fault]()
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77")) as house:
        with capture_logs() as lines:
            assert await refused(house, authority.client(shown))
            await eventually(lambda: whys(lines), "a line")
        assert whys(lines) == [
            {
                "of nobody": "certificate of nobody whom the configuration knows",
                "expired": "certificate expired",
                "self-signed": "certificate of an unknown authority",
            }[fault]
        ]
        good = await connect(house, authority.client(authority.sign("sip.wren.example", file="good")))
        assert await answered(house, good) == 200, "others notice nothing"


async def test_a_carrier_who_can_not_come_in_is_remarked_by_name_until_he_can(authority: Authority, tmp_path: Path):
    at = "127.0.0.77"
    async with street("udp", "tls", **tls(authority), **proven(at)) as house:
        with capture_logs() as lines:
            bad = authority.client(Authority(tmp_path, "other").sign("sip.wren.example"))
            assert await refused(house, bad, source=at)
            await eventually(lambda: whys(lines), "a line")
        assert [each["peer"] for each in lines if each["event"] == "a connection was refused"] == ["carrier"]
        remark = "carrier: its connections are refused: certificate of an unknown authority"
        assert remark in house.core.ailments()
        await connect(house, authority.client(authority.sign("sip.wren.example", file="good")), source=at)
        await eventually(lambda: remark not in house.core.ailments(), "no remark any more")


async def test_whoever_is_taken_out_of_the_file_has_to_go(authority: Authority):
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77")) as house:
        line = await connect(house, authority.client(authority.sign("sip.wren.example")))
        assert await answered(house, line) == 200
        with capture_logs() as lines:
            for endpoint in house.server._endpoints:
                if endpoint.listener.reliable:
                    endpoint.review(lambda names: False)
            assert await line.rest() == b""
            await eventually(lambda: whys(lines), "a line")
        assert whys(lines) == ["certificate of nobody whom the configuration knows"]


# What is no TLS


@pytest.mark.parametrize(
    "garbage", [b"OPTIONS sip:x SIP/2.0\r\n\r\n", bytes(range(256)) * 4, b"\x16\x03\x01\xff\xff" + bytes(600)]
)
async def test_garbage_in_place_of_tls_is_refused_with_a_line_and_others_notice_nothing(
    authority: Authority, garbage: bytes
):
    async with street("udp", "tls", **tls(authority), limits={"connect_s": 0.5}) as house:
        other = await connect(house, authority.client())
        with capture_logs() as lines:
            line = await Line.to(house.ends["tls"], "127.0.0.9")
            house.lines.append(line)
            line.send(garbage)
            await line.rest()
            await eventually(lambda: whys(lines), "a line")
        assert len(whys(lines)) == 1
        assert await answered(house, other) == 200


async def test_silence_in_place_of_a_handshake_is_not_waited_for(authority: Authority):
    async with street("udp", "tls", **tls(authority), limits={"connect_s": 0.2}) as house:
        line = await Line.to(house.ends["tls"], "127.0.0.9")
        house.lines.append(line)
        await line.rest()
        await eventually(lambda: house.server._room.held == 0, "its place is free")


# Replaced while it runs


async def test_a_certificate_that_was_replaced_is_shown_to_whoever_connects_then(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CERTIFICATES_S", 0.05)
    ours = authority.sign(OURS)
    async with street("udp", "tls", **tls(authority, ours)) as house:
        before = await connect(house, authority.client())
        with capture_logs() as lines:
            authority.sign("new.rook.example", file=OURS)
            await eventually(lambda: [each for each in lines if each["event"] == "certificates read"], "the new one")
        assert await answered(house, await connect(house, authority.client(), name="new.rook.example")) == 200
        assert await answered(house, before) == 200, "who was there stays"


async def test_a_file_that_can_not_be_used_leaves_the_one_before(authority: Authority):
    ours = authority.sign(OURS)
    async with street("udp", "tls", **tls(authority, ours)) as house:
        ours.path.write_text("no certificate")
        with capture_logs() as lines:
            house.server.reload_certificates()
        assert "there is no certificate in" in lines[0]["fault"]
        assert house.metrics.certificates_refused == 1
        assert await answered(house, await connect(house, authority.client())) == 200
        assert list(house.metrics.certificate_ends()) == [ours.path.name]


async def test_one_that_has_ended_replaces_none_that_lasts_longer_and_is_told(authority: Authority):
    """By its file alone, and by a reload of the same settings; health says it until there is a better one."""
    ours = authority.sign(OURS)
    settings = tls(authority, ours)
    async with street("udp", "tls", **settings) as house:
        authority.sign(OURS, **EXPIRED)
        with capture_logs() as lines:
            house.server.reload_certificates()
            setup = set_up(house.settings, ScreeningSettings(), Keys(), house.core.topology)
            house.server.take(setup, await house.server.open_further(setup))
        assert lines[0]["log_level"] == "error"
        assert f"{OURS}.pem ended on 2020-01-01 00:00 UTC, the one before" in lines[0]["fault"]
        assert VALID in lines[0]["fault"]
        assert house.metrics.certificates_refused == 1
        (told,) = house.server.certificate_troubles()
        assert told.startswith("certificates were replaced by files that can't be used, the ones before go on: ")
        assert VALID in told
        assert await answered(house, await connect(house, authority.client())) == 200
        authority.sign(OURS)
        house.server.reload_certificates()
        assert house.server.certificate_troubles() == []


async def test_one_that_ended_is_told_at_the_start_and_goes_on_where_there_is_no_better(authority: Authority):
    with capture_logs() as lines:
        async with street("udp", "tls", **tls(authority, authority.sign(OURS, **EXPIRED))) as house:
            told = f"a certificate of ours: {OURS}.pem ended on 2020-01-01 00:00 UTC"
            assert house.server.certificate_troubles() == [told]
            authority.sign(OURS, not_before=EARLIER, not_after=EARLIER + timedelta(days=9))
            house.server.reload_certificates()
            assert "the one before it ended on 2020-01-01" in house.server.certificate_troubles()[-1]
    assert {"event": "certificates", "fault": told, "log_level": "warning"} in lines


def test_one_that_ends_within_a_fortnight_is_told_and_one_that_begins_later_is_taken_then(authority: Authority):
    now = datetime(2026, 12, 1, tzinfo=UTC)
    clock = [now]
    ours = authority.sign(OURS, not_before=now - timedelta(1), not_after=now + timedelta(30))
    settings = TlsSettings.model_validate(tls(authority, ours)["tls"])
    keeping = Keeping(lambda: clock[0])
    keeping.take(settings, keeping.made(settings, asks=False), asks=False)
    assert keeping.troubles() == []
    clock[0] += timedelta(16, 1)
    assert keeping.troubles() == [f"a certificate of ours: {OURS}.pem ends on 2026-12-31 00:00 UTC"]
    authority.sign(OURS, not_before=now + timedelta(20), not_after=now + timedelta(60))
    assert keeping.have_changed()
    with pytest.raises(CertificateFault, match="not valid before 2026-12-21 00:00 UTC"):
        keeping.reload()
    assert not keeping.have_changed()
    clock[0] = now + timedelta(20)
    assert keeping.have_changed()
    keeping.reload()
    assert keeping.troubles() == []
    assert list(keeping.ends.values()) == [now + timedelta(60)]


# sips


async def test_what_came_by_tls_for_sips_goes_on_by_tls_or_not_at_all(authority: Authority):
    """RFC 3261 26.2.2, RFC 5630."""
    at = new_endpoint()
    pbx = await Listening(at).begin(ssl=authority.server(authority.sign(at.host)))
    async with street("udp", "tls", **tls(authority), **pbx_by_tls(at, new_endpoint())) as house:
        line = await connect(house, authority.client())
        uri = f"sips:{wire.CALLED}@{house.ends['tls']}"
        line.send(house.invite(line, transport="TLS", uri=uri))
        inside = await pbx.joined()
        down = await inside.heard()
        assert wire.headers(down, "Record-Route")[0].startswith("<sips:")
        assert wire.uri(down) == uri
    pbx.close()
    async with street("udp", "tls", **tls(authority)) as house:
        line = await connect(house, authority.client())
        line.send(house.invite(line, transport="TLS", uri=f"sips:{wire.CALLED}@{house.ends['tls']}"))
        answer = await line.heard()
        assert (wire.status(answer), wire.header(answer, "Warning")[:4]) == (480, "380 ")
        house.judge.verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
        line.send(house.invite(line, 2, transport="TLS", uri=f"sips:110@{house.ends['tls']}"))
        assert wire.uri(await house.pbx.heard()).startswith("sips:110@"), "an emergency call goes on anyhow"


async def test_a_node_without_tls_needs_no_certificate():
    async with street("udp", "tcp") as house:
        assert house.metrics.certificate_ends() == {}
        await asyncio.sleep(0)


# Who gets in while strangers hold all that strangers may


CROWDED = {"limits": {"connections": 20, "source_connections": 9, "connect_s": 30}}


async def crowd(house: Street, transport: str, number: int) -> list[asyncio.StreamWriter]:
    """Strangers of several addresses connect, and say nothing."""
    at = house.ends[transport]
    writers = []
    for each in range(number):
        _, writer = await asyncio.open_connection(at.host, at.port, local_addr=(f"127.0.9.{each % 4 + 1}", 0))
        writers.append(writer)
    return writers


def close(writers: list[asyncio.StreamWriter]) -> None:
    for each in writers:
        each.close()


async def test_a_trunk_of_a_network_gets_in_though_strangers_hold_what_they_may():
    trunks = [{"name": "carrier", "country": "CN", "addresses": ["127.0.1.0/24"]}]
    async with street("udp", "tcp", **CROWDED, trunks=trunks) as house:
        writers = await crowd(house, "tcp", 20)
        line = await house.join(source="127.0.1.7")
        line.send(house.invite(line))
        await house.pbx.heard()
        close(writers)


async def test_a_trunk_by_certificate_gets_in_past_handshakes_that_never_end(authority: Authority):
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77"), **CROWDED) as house:
        writers = await crowd(house, "tls", 30)
        line = await connect(house, authority.client(authority.sign("sip.wren.example")), source="127.0.0.99")
        line.send(house.invite(line, transport="TLS"))
        await house.pbx.heard()
        close(writers)


async def test_and_past_connections_of_strangers_that_have_begun(authority: Authority):
    async with street("udp", "tls", **tls(authority), **proven("127.0.0.77"), **CROWDED) as house:
        lines = []
        for each in range(20):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                lines.append(await connect(house, authority.client(), source=f"127.0.9.{each % 4 + 1}"))
        room = house.server._room
        await eventually(lambda: room.held == 18, "eighteen stay")
        line = await connect(house, authority.client(authority.sign("sip.wren.example")), source="127.0.0.99")
        line.send(house.invite(line, transport="TLS"))
        await house.pbx.heard()
