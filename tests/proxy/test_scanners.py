"""Who searches for a way in is not answered any more, for a while; nobody who calls, and never an emergency call."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from proxy.bans import BY_NAME, BY_TRIES
from proxy.proxy_settings import SCANNERS, BanSettings
from proxy.scanners import Scanners
from proxy.sources import Sources
from tests import wire
from tests.playbook import REJECT, SETTINGS, Playbook, Sent, briefs, in_dialog, only

CARRIER = SETTINGS["trunks"][0]
OPEN = {"trunks": [CARRIER, {"name": "default", "country": "CN"}]}
BOTH = [*SETTINGS["listen"], {"address": SETTINGS["listen"][0]["address"], "transport": "tcp"}]
FROM_HERE = wire.STRANGER
NUMBERS = count()


def request(method: str, **fields: Any) -> bytes:
    number = next(NUMBERS)
    words = {"via": f"SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKs{number};rport", "call_id": f"scan{number}", **fields}
    return wire.invite(**words) if method == "INVITE" else wire.request(method, **words)


def sends(play: Playbook, data: bytes, source: tuple[str, int] = FROM_HERE) -> list[str]:
    """What came back to the source, in short."""
    return briefs([each for each in play.receive(data, source) if each.to == source and each.status != 100])


def is_banned(play: Playbook, source: tuple[str, int] = FROM_HERE) -> bool:
    return bool(play.core.bans.standing(play.now)) and sends(play, request("OPTIONS"), source) == []


def calls(play: Playbook, times: int, **fields: Any) -> list[list[str]]:
    return [sends(play, request("INVITE", uri=f"sip:{1000 + n}@{wire.US}", **fields)) for n in range(times)]


def test_different_numbers_that_are_all_refused_are_a_search():
    play = Playbook()
    assert calls(play, 9) == [["403"]] * 9
    assert play.banned == []
    assert calls(play, 1, to="<sip:a@b>") == [["403"]], "the same number again says nothing"
    assert sends(play, request("INVITE", uri=f"sip:2000@{wire.US}")) == ["403"]
    assert play.banned == [(FROM_HERE[0], BY_TRIES)]
    assert calls(play, 5) == [[]] * 5
    assert sends(play, request("INVITE"), (FROM_HERE[0], 5099)) == [], "from whatever port"
    assert play.core.dropped["banned"] == 6


@pytest.mark.parametrize(
    "make",
    [
        lambda n: request("REGISTER", uri="sip:203.0.113.1", to=f"<sip:{100 + n}@203.0.113.1>"),
        lambda n: request("OPTIONS", uri=f"sip:{100 + n}@203.0.113.1"),
        lambda n: request("INVITE", uri=f"sip:{n}@{wire.US}", call_id=f"a {n}"),
        lambda n: b"GET / HTTP/1.%d\r\n\r\n" % n,
        lambda n: b"\x16\x03\x01%d" % n,
    ],
    ids=["REGISTER", "OPTIONS", "malformed", "http", "tls"],
)
@pytest.mark.parametrize("settings", [{}, OPEN], ids=["closed", "open"])
def test_sweeps_are_one_too(make, settings):
    play = Playbook(**settings)
    for number in range(12):
        assert play.banned == [] or number > 9
        for down in play.receive(make(number), FROM_HERE):
            if down.to == wire.PBX:
                play.pbx(wire.response(404, down.data))
    assert play.banned == [(FROM_HERE[0], BY_TRIES)]
    assert is_banned(play)


def test_numbers_that_the_pbx_does_not_know_are_a_search_as_well():
    play = Playbook(**OPEN)
    for number in range(10):
        down = only(play.receive(request("INVITE", uri=f"sip:{1000 + number}@{wire.US}"), FROM_HERE), to=wire.PBX)
        assert play.banned == []
        play.pbx(wire.response(404, down))
    assert play.banned == [(FROM_HERE[0], BY_TRIES)]


def test_whoever_is_let_in_now_and_then_is_no_scanner():
    play = Playbook(**OPEN)
    for number in range(40):
        down = only(play.receive(request("INVITE", uri=f"sip:{1000 + number}@{wire.US}"), FROM_HERE), to=wire.PBX)
        play.pbx(wire.answer(down) if number % 8 == 7 else wire.response(404, down))
    assert play.banned == []


def test_calls_that_rules_reject_say_nothing_of_their_source():
    play = Playbook(**OPEN, profiles={"decline": {"status": 403, "reason": "none"}})
    play.verdict = REJECT
    calls(play, 40)
    assert play.banned == []


def test_a_phone_that_registers_again_and_again_is_no_sweep():
    play = Playbook()
    for number in range(40):
        assert sends(play, request("REGISTER", uri="sip:203.0.113.1", to="<sip:7@203.0.113.1>", cseq=number)) == ["403"]
        assert sends(play, request("OPTIONS", uri="sip:203.0.113.1")) == ["403"]
        play.wait(5)
    assert play.banned == []


def test_what_was_long_ago_is_forgotten():
    play = Playbook(bans={"within_s": 60})
    for _ in range(5):
        calls(play, 9)
        play.wait(61)
    assert play.banned == []


def test_a_ban_ends():
    play = Playbook(bans={"for_s": 30})
    calls(play, 10)
    assert is_banned(play)
    play.wait(31)
    assert calls(play, 1) == [["403"]]
    assert play.core.bans.count == 0


@pytest.mark.parametrize("settings", [{}, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize(
    "agent", ["friendly-scanner", "SIPVicious/0.3", "sipcli/v1.8", "pplsip", "VaxSIPUserAgent/3.5"]
)
def test_a_scanner_by_name_gets_no_answer_at_all(agent, settings):
    play = Playbook(**settings)
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        assert sends(play, request(method, extra=f"User-Agent: {agent}\nContact: <sip:a@192.0.2.66>")) == []
    assert play.banned == [(FROM_HERE[0], BY_NAME)]
    assert play.calls == []


@pytest.mark.parametrize(("first", "stream_is_heard"), [(0, True), (1, False)])
def test_a_ban_counts_for_connections_only_where_one_earned_it(first: int, stream_is_heard: bool):
    """Anybody can write an innocent source into a datagram; a connection proves its address."""
    play = Playbook(listen=BOTH, **OPEN)
    named = b"User-Agent: friendly-scanner\r\nMax-Forwards"
    play.receive(request("OPTIONS").replace(b"Max-Forwards", named), FROM_HERE, first)
    assert len(play.banned) == 1
    answers = [play.receive(request("OPTIONS", uri=f"sip:{wire.US}"), FROM_HERE, at) for at in (0, 1)]
    assert [bool(each) for each in answers] == [False, stream_is_heard]


def test_tries_by_datagram_ban_no_connection():
    play = Playbook(listen=BOTH)
    calls(play, 9)
    play.receive(request("INVITE", uri=f"sip:4000@{wire.US}"), FROM_HERE, 1)
    assert play.banned == []


def test_a_telephone_of_another_name_is_answered():
    play = Playbook(**OPEN)
    for agent in ("Grandstream GXP1625 1.0.7.6", "Z 5.6.1", "Asterisk PBX 18.10.0", ""):
        play.receive(request("INVITE", extra=f"User-Agent: {agent}\nContact: <sip:a@192.0.2.66>"), FROM_HERE)
    assert play.banned == []
    assert len(play.calls) == 4


def test_names_are_set_and_read_in_any_case():
    scanners = Scanners(BanSettings(names=["Evil.Tool"]), Sources())
    assert scanners.names_itself(b"My EVIL.tool 2")
    assert not scanners.names_itself(b"evilXtool")
    assert not scanners.names_itself(b"friendly-scanner")
    scanners.bound(BanSettings(names=[]))
    assert not scanners.names_itself(b"My EVIL.tool 2")
    scanners.bound(BanSettings())
    assert all(scanners.names_itself(name.encode()) for name in SCANNERS)


@pytest.mark.parametrize("agent", ["", "User-Agent: friendly-scanner\n"])
def test_an_emergency_call_of_a_banned_source_is_forwarded_answered_and_ended(agent):
    play = Playbook(**OPEN)
    for number in range(11):
        play.receive(request("REGISTER", to=f"<sip:{number}@203.0.113.1>"), FROM_HERE)
    assert play.banned
    extra = f"{agent}Contact: <sip:wren@192.0.2.66:5060>"
    data = request("INVITE", uri=f"sip:110@{wire.US}", to="<sip:110@rook.example>", extra=extra)
    down = only(play.receive(data, FROM_HERE), to=wire.PBX)
    up = only(play.pbx(wire.answer(down)), to=FROM_HERE)
    via = "SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK"
    assert briefs(play.receive(in_dialog("ACK", up, via=via + "ack"), FROM_HERE)) == ["ACK"]
    assert briefs(play.receive(in_dialog("BYE", up, cseq=2, via=via + "bye"), FROM_HERE)) == ["BYE"]
    assert calls(play, 1) == [[]]


def test_and_he_may_give_it_up():
    play = Playbook(**OPEN)
    play.receive(request("OPTIONS", extra="User-Agent: sipcli"), FROM_HERE)
    data = request("INVITE", uri=f"sip:110@{wire.US}")
    down = only(play.receive(data, FROM_HERE), to=wire.PBX)
    play.pbx(wire.response(180, down))
    assert "200" in briefs(play.receive(wire.cancel(data), FROM_HERE))


@pytest.mark.parametrize("method", ["OPTIONS", "BYE", "INVITE", "CANCEL", "NOTIFY"])
def test_no_header_of_a_banned_source_draws_an_answer(method):
    play = Playbook(**OPEN)
    play.receive(request("OPTIONS", extra="User-Agent: sipcli"), FROM_HERE)
    for extra in ("", f"Route: <sip:{wire.US};lr>", "Route: <sip:192.0.2.1;lr>"):
        for uri in (f"sip:{wire.US}", f"sip:1@{wire.US}", "nothing"):
            assert play.receive(request(method, uri=uri, extra=extra, to="<sip:a@b>;tag=x"), FROM_HERE) == []


@pytest.mark.parametrize("source", [wire.TRUNK, wire.PBX, (wire.PBX[0], 5099), ("127.0.0.9", 5060)])
def test_nobody_is_banned_whom_the_configuration_names_or_who_sits_here(source):
    play = Playbook(**OPEN)
    for number in range(30):
        for method in ("REGISTER", "OPTIONS", "INVITE"):
            extra = "User-Agent: friendly-scanner"
            play.receive(request(method, uri=f"sip:{number}@{wire.US}", max_forwards="0", extra=extra), source)
            play.receive(request(method, uri=f"sip:{number}@{wire.US}", to=f"<sip:{number}@a>", extra=extra), source)
        play.receive(b"nonsense", source)
    assert play.banned == []


def test_nor_is_the_address_that_calls_to_a_trunk_go_to():
    trunks = [{"name": "carrier", "send_to": ["198.51.100.21"]}, {"name": "default"}]
    play = Playbook(trunks=trunks)
    for number in range(30):
        play.receive(request("REGISTER", to=f"<sip:{number}@a>"), wire.TRUNK)
    assert play.banned == []


def test_a_banned_source_that_is_named_later_is_heard():
    play = Playbook()
    calls(play, 10)
    assert is_banned(play)
    play.reload(trunks=[CARRIER, {"name": "new", "addresses": [FROM_HERE[0]], "country": "CN"}])
    assert only(play.receive(request("INVITE"), FROM_HERE), to=wire.PBX)


def test_responses_of_a_banned_source_are_taken():
    """The PBX ends a call that its caller began before he was banned."""
    play = Playbook(**OPEN)
    data = request("INVITE", extra="Contact: <sip:wren@192.0.2.66:5060>")
    down = only(play.receive(data, FROM_HERE), to=wire.PBX)
    play.pbx(wire.answer(down))
    play.core.bans.add(FROM_HERE[0], BY_TRIES, play.now)
    bye = wire.request(
        "BYE", uri="sip:wren@192.0.2.66:5060", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKb", call_id="x"
    )
    sent: list[Sent] = play.pbx(bye)
    assert briefs(play.receive(wire.response(200, sent[0].data), FROM_HERE)) == ["200"]


def test_nobody_is_banned_where_that_is_switched_off():
    play = Playbook(bans={"tries": 0, "names": []})
    calls(play, 50, extra="User-Agent: friendly-scanner")
    assert play.banned == []
