"""Calls over connections through a running node: judged, answered where they came by, and failed over."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests import wire
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.playbook import REJECT, from_callee
from tests.streaming import Line, Listening, Street, street

STRANGER = "127.0.0.9"


async def final(line: Line) -> bytes:
    """The next response that is no 100."""
    while wire.status(data := await line.heard()) == 100:
        pass
    return data


@pytest.mark.parametrize("host", ["", "::1"])
async def test_a_call_over_tcp_is_judged_and_its_answers_go_back_on_its_connection(host: str):
    async with street("udp", "tcp", host=host) as house:
        pbx, line = house.pbx, await house.join()
        line.send(house.invite(line))
        down = await pbx.heard()
        assert wire.headers(down, "Via")[0].startswith(f"SIP/2.0/UDP {house.ends['udp']};")
        assert house.judge.calls[0].caller.canonical == wire.CALLER
        await pbx.send(wire.answer(down))
        up = await final(line)
        assert wire.status(up) == 200
        assert [f"@{house.ends['udp']};lr" in wire.headers(up, "Record-Route")[0]] == [True]
        assert f"@{house.ends['tcp']};transport=tcp;lr" in wire.headers(up, "Record-Route")[1], "RFC 5658"


async def test_a_rejection_over_tcp_is_sent_once():
    """Nothing is repeated on a reliable transport; its ACK ends it (RFC 3261 17.2.1)."""
    async with street("udp", "tcp") as house:
        house.judge.verdict = REJECT
        line = await house.join()
        invite = house.invite(line)
        line.send(invite)
        refused = await final(line)
        assert wire.status(refused) == 603
        line.send(wire.ack(invite, refused))
        await eventually(lambda: not house.core.layer.servers, "the transaction's end")
        line.send(wire.request("OPTIONS", uri=f"sip:{house.ends['tcp']}", via=f"SIP/2.0/TCP {line.at};branch=z9hG4bKo"))
        assert wire.status(await line.heard()) == 200, "and nothing came between"


async def test_what_the_callee_sends_reaches_the_caller_on_his_connection():
    """His Contact is an address that nobody listens on."""
    trunks = [{"name": "default", "country": "CN"}]
    async with street("udp", "tcp", trunks=trunks) as house:
        pbx, line = house.pbx, await house.join(source=STRANGER)
        line.send(house.invite(line, extra="Contact: <sip:wren@10.0.0.5:5060;transport=tcp>"))
        down = await pbx.heard()
        await pbx.send(wire.answer(down))
        assert wire.status(await final(line)) == 200
        await pbx.send(from_callee("BYE", down))
        bye = await line.heard()
        assert wire.method(bye) == "BYE"
        assert wire.headers(bye, "Via")[0].startswith(f"SIP/2.0/TCP {house.ends['tcp']};")


async def test_a_connection_that_is_gone_is_no_way_to_somebody_else():
    """Who has its address and port afterwards is another."""
    trunks = [{"name": "default", "country": "CN"}]
    async with street("udp", "tcp", trunks=trunks) as house:
        pbx, line = house.pbx, await house.join(source=STRANGER)
        line.send(house.invite(line, extra="Contact: <sip:wren@10.0.0.5:5060;transport=tcp>"))
        down = await pbx.heard()
        await pbx.send(wire.answer(down))
        await final(line)
        where = line.at
        line.writer.transport.abort()
        await eventually(lambda: not house.core.topology.connected, "it is gone")
        house.lines.append(await Line.to(house.ends["tcp"], where.host, where.port))
        await eventually(lambda: house.core.topology.connected, "another at the same address and port")
        await pbx.send(from_callee("BYE", down))
        assert wire.status(await pbx.heard()) == 503


async def test_who_is_in_no_trunk_gets_403_and_a_keep_alive_its_answer():
    async with street("udp", "tcp") as house:
        line = await house.join(source=STRANGER)
        line.send(b"\r\n\r\n")
        assert await line.reader.readexactly(2) == b"\r\n"
        with capture_logs() as lines:
            line.send(house.invite(line))
            assert wire.status(await line.heard()) == 403
        assert lines[0]["event"].startswith("source refused")


@pytest.mark.parametrize(
    ("damage", "status"),
    [
        (lambda data: data.replace(b"Content-Length", b"X-Length"), 400),
        (lambda data: data.replace(b"Content-Length: ", b"Content-Length: -"), 400),
        (lambda data: data.replace(b"Content-Length: ", b"Content-Length: 999999"), 513),
        (lambda data: data.partition(b"\r\n\r\n")[0] + b"\r\nX: " + b"x" * 70_000, 513),
    ],
)
async def test_what_can_not_be_framed_is_answered_and_its_connection_closed(damage, status: int):
    async with street("udp", "tcp") as house:
        line, other = await house.join(), await house.join()
        with capture_logs() as lines:
            line.send(damage(house.invite(line)))
            assert wire.status(await line.rest()) == status
            await eventually(lambda: lines, "a line")
        assert lines[0]["event"] == "a connection was closed"
        assert wire.CALLER[3:] not in str(lines)
        other.send(
            wire.request("OPTIONS", uri=f"sip:{house.ends['tcp']}", via=f"SIP/2.0/TCP {other.at};branch=z9hG4bKo")
        )
        assert wire.status(await other.heard()) == 200, "calls on other connections notice nothing"


async def test_half_a_message_and_silence_is_answered_and_closed():
    async with street("udp", "tcp", limits={"message_s": 0.2}) as house:
        line = await house.join()
        line.send(house.invite(line)[:-20])
        assert wire.status(await line.rest()) == 400


async def test_garbage_is_closed_without_a_word():
    async with street("udp", "tcp") as house:
        line = await house.join()
        line.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200))
        assert await line.rest() == b""


async def test_an_emergency_call_without_content_length_rings():
    async with street("udp", "tcp") as house:
        pbx, line = house.pbx, await house.join()
        call = house.invite(line, uri=f"sip:110@{house.ends['tcp']}").replace(b"Content-Length", b"X-Length")
        line.send(call)
        down = await pbx.heard()
        assert wire.uri(down).startswith("sip:110@")
        await pbx.send(wire.answer(down))
        assert wire.status(await final(line)) == 200


async def test_two_calls_in_one_segment_and_one_octet_by_octet():
    async with street("udp", "tcp") as house:
        pbx, line = house.pbx, await house.join()
        line.send(house.invite(line, 1) + house.invite(line, 2))
        third = house.invite(line, 3)
        for at in range(len(third)):
            line.send(third[at : at + 1])
            if not at % 50:
                await asyncio.sleep(0)
        calls = {wire.header(await pbx.heard(), "Call-ID") for _ in range(3)}
        assert calls == {"stream-1", "stream-2", "stream-3"}


async def test_an_answer_whose_connection_broke_goes_to_the_port_that_its_sender_listens_on():
    """RFC 3261 18.2.2, for peers of the configuration."""
    async with street("udp", "tcp") as house:
        pbx, line = house.pbx, await house.join()
        got: list[bytes] = []

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.append(await reader.read(65_536))
            writer.close()

        listening = await asyncio.start_server(take, house.trunk_at.host, house.trunk_at.port)
        line.send(house.invite(line, via=f"SIP/2.0/TCP {house.trunk_at};branch=z9hG4bKback"))
        down = await pbx.heard()
        line.writer.transport.abort()
        await eventually(lambda: not house.core.topology.connected, "it is gone")
        await pbx.send(wire.answer(down))
        await eventually(lambda: got, "the answer")
        assert wire.status(got[0]) == 200
        listening.close()


async def pbx_by_tcp(house: Street) -> Listening:
    return await Listening(house.pbx_at).begin()


def tcp_pbx(at: Endpoint, *more: str) -> dict[str, object]:
    return {"pbxes": [{"name": "office", "addresses": [f"tcp:{at}", *more]}]}


async def test_calls_to_a_pbx_share_one_connection_both_ways():
    """What the PBX begins on it later is an outgoing call of the PBX, and no call to be judged."""
    at = new_endpoint()
    async with street("udp", "tcp", pbx_at=at, **tcp_pbx(at)) as house:
        pbx = await pbx_by_tcp(house)
        line = await house.join()
        for number in (1, 2):
            line.send(house.invite(line, number))
        inside = await pbx.joined()
        calls = [await inside.heard() for _ in range(2)]
        assert {wire.header(each, "Call-ID") for each in calls} == {"stream-1", "stream-2"}
        assert pbx.lines.empty()
        assert len(wire.headers(calls[0], "Record-Route")) == 1, "TCP on both sides of one listener"
        for each in calls:
            inside.send(wire.answer(each))
            assert wire.status(await final(line)) == 200
        inside.send(from_callee("BYE", calls[0]))
        assert wire.method(await line.heard()) == "BYE"
        assert len(house.judge.calls) == 2
        pbx.close()


async def test_a_pbx_that_takes_no_connection_is_left_at_once_for_its_other_address():
    at, other = new_endpoint(), new_endpoint()
    async with street("udp", "tcp", pbx_at=other, **tcp_pbx(at, str(other))) as house:
        line = await house.join()
        with capture_logs() as lines:
            line.send(house.invite(line))
            down = await house.pbx.heard()
        assert wire.method(down) == "INVITE"
        assert [each["event"] for each in lines][:1] == ["a connection was refused"]
        await house.pbx.send(wire.answer(down))
        assert wire.status(await final(line)) == 200


async def test_a_pbx_that_dies_with_calls_on_its_connection_is_left_at_once():
    at, other = new_endpoint(), new_endpoint()
    async with street("udp", "tcp", pbx_at=other, **tcp_pbx(at, str(other))) as house:
        pbx = await Listening(at).begin()
        line = await house.join()
        line.send(house.invite(line))
        inside = await pbx.joined()
        await inside.heard()
        inside.writer.transport.abort()
        assert wire.method(await house.pbx.heard()) == "INVITE"
        pbx.close()


async def test_a_pbx_that_opens_the_connection_itself_is_the_pbx():
    at = new_endpoint()
    trunks = [{"name": "carrier", "addresses": ["127.0.0.8"], "send_to": ["tcp:127.0.0.8:15999"], "country": "CN"}]
    async with street("tcp", trunk_at=Endpoint("127.0.0.8", 15999), trunks=trunks, **tcp_pbx(at)) as house:
        carrier = await Listening(Endpoint("127.0.0.8", 15999)).begin()
        line = await house.join(source=at.host)
        line.send(house.invite(line, uri=f"sip:{wire.CALLED}@{house.ends['tcp']}"))
        outside = await carrier.joined()
        assert wire.method(await outside.heard()) == "INVITE"
        assert house.judge.calls == [], "calls of the PBX are not judged"
        carrier.close()
