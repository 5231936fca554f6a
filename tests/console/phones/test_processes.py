"""Two softphones, each in its process, call one another over loopback: what one tells is what the other did."""

import pytest

from console.phones.processes import (
    PhoneError,
    answering,
    caller_identity,
    free_port,
    host_port,
    outcome,
    own_address,
    place,
)

pytestmark = pytest.mark.live


async def test_a_call_is_answered_and_heard():
    port = free_port("127.0.0.1")
    async with answering("127.0.0.1", port) as pbx:
        await pbx.expect("ready")
        target = host_port(f"127.0.0.1:{port}")
        placed = await place("+8613912345678", "1001", target, headers=[("X-Asked", "yes"), ("X-Asked", "twice")])
        invite = await pbx.expect("invite")
    assert placed.status == 200
    assert placed.rang
    assert placed.responses[-2:] == (180, 200)
    assert placed.heard > 10
    assert invite["request"].startswith("INVITE sip:1001@")
    assert "sip:+8613912345678@" in invite["headers"]["from"][0]
    assert invite["headers"]["x-asked"] == ["yes", "twice"]
    assert invite["headers"]["call-id"] == [placed.call_id]


async def test_an_anonymous_caller_names_nobody():
    port = free_port("127.0.0.1")
    async with answering("127.0.0.1", port) as pbx:
        await pbx.expect("ready")
        await place("anonymous", "sip:1001@pbx.example.com", host_port(f"127.0.0.1:{port}"))
        invite = await pbx.expect("invite")
    assert invite["headers"]["from"][0].startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert invite["request"] == "INVITE sip:1001@pbx.example.com SIP/2.0"


async def test_a_phone_says_what_it_is_told_to_and_dials_itself():
    quiet, loud = free_port("127.0.0.1"), free_port("127.0.0.1")
    async with answering("127.0.0.1", quiet, answer=607) as first, answering("127.0.0.1", loud) as second:
        await first.expect("ready")
        await second.expect("ready")
        placed = await second.dial(f"sip:1001@127.0.0.1:{quiet}", identity="sip:1002@127.0.0.1")
        assert (placed.status, placed.phrase, placed.rang, placed.heard) == (607, "Unwanted", True, 0)
        answered = await first.dial(f"sip:1002@127.0.0.1:{loud}", identity="sip:1001@127.0.0.1")
        assert answered.status == 200
        invite = await second.expect("invite")
    assert "sip:1001@127.0.0.1" in invite["headers"]["from"][0]


async def test_a_phone_that_cannot_start_says_why():
    async with answering("192.0.2.77", 5060) as phone:
        with pytest.raises(PhoneError, match="the softphone ended"):
            await phone.expect("ready")


async def test_ipv6_is_refused_with_a_way_out():
    with pytest.raises(PhoneError, match="IPv4 only; for IPv6 call with SIPp"):
        await place("1", "2", host_port("[::1]:5060"))


def test_identities():
    assert caller_identity("95588", "127.0.0.1") == "<sip:95588@127.0.0.1>"
    assert caller_identity("sip:alice@example.com", "127.0.0.1") == "sip:alice@example.com"


def test_the_address_that_a_peer_sees():
    assert own_address(host_port("127.0.0.1:5060")) == "127.0.0.1"


def test_a_call_without_any_response_has_an_outcome():
    placed = outcome({"at": 3.0, "status": 408, "phrase": "Request Timeout", "heard": 0}, [], 1.0)
    assert (placed.status, placed.rang, placed.final_ms, placed.call_id) == (408, False, 2000.0, "")
