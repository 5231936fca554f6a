"""Where a request goes: by trunk, PBX and Route, and never where a caller would have it."""

import pytest

from tests import wire
from tests.playbook import REJECT, Playbook, briefs, only


def test_a_stranger_gets_403(play: Playbook):
    sent = play.trunk(wire.invite(), wire.STRANGER)
    assert [(each.brief, each.to) for each in sent] == [("403", wire.STRANGER)]
    assert play.calls == []


def test_a_stranger_is_the_default_trunk_where_there_is_one():
    play = Playbook(trunks=[{"name": "default"}])
    assert briefs(play.trunk(wire.invite(), wire.STRANGER)) == ["100", "INVITE"]
    assert play.calls[0].trunk.name == "default"


def test_an_ack_of_a_stranger_is_dropped(play: Playbook):
    assert play.trunk(wire.request("ACK"), wire.STRANGER) == []


def test_a_call_of_the_pbx_is_not_judged_and_goes_where_it_says(play: Playbook):
    play.verdict = REJECT
    data = wire.invite(
        uri="sip:+8613912345678@198.51.100.40:5070", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
    )
    assert only(play.pbx(data), to=("198.51.100.40", 5070))
    assert play.calls == []


def test_a_call_of_the_pbx_that_names_us_goes_to_the_outbound_trunk(play: Playbook):
    data = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout")
    assert only(play.pbx(data), to=wire.TRUNK)


def test_without_an_outbound_trunk_it_is_404():
    play = Playbook(trunks=[{"name": "carrier", "addresses": ["198.51.100.0/24"]}])
    data = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout")
    assert briefs(play.pbx(data)) == ["404"]


def test_the_address_of_the_pbx_with_another_port_is_no_pbx():
    """Source address *and port* make a PBX."""
    play = Playbook(trunks=[{"name": "default"}])
    play.trunk(wire.invite(), ("203.0.113.10", 5099))
    assert len(play.calls) == 1


def test_a_listener_of_the_pbx_side_takes_only_the_pbx():
    listen = [{"address": wire.US}, {"address": "203.0.113.1:5080", "side": "pbx"}]
    play = Playbook(listen=listen)
    data = wire.invite(via="SIP/2.0/UDP 203.0.113.77:5060;branch=z9hG4bKout")
    assert only(play.receive(data, ("203.0.113.77", 5060), listener=1), to=wire.TRUNK)
    assert play.calls == []


@pytest.mark.parametrize(
    "host", ["1.2..4", "999.1.1.1", "1.2.3", "...", "[2001:db8:::192.0.2.1]", "[::::]", "[1:2]", "a..b"]
)
@pytest.mark.parametrize("uri", ["sip:x@{}", "sip:x@h.example;maddr={}"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "ACK"])
def test_an_address_that_is_none_can_not_be_sent_to(host: str, uri: str, method: str):
    """A call of the PBX to a host that is no address and no name: 503, and no exception."""
    play = Playbook(listen=[{"address": wire.US}, {"address": "[2001:db8::1]"}])
    via = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
    sent = play.pbx(wire.request(method, uri=uri.format(host), via=via, to="<sip:x@y>;tag=z"))
    assert briefs(sent) == {"INVITE": ["100", "503"], "OPTIONS": ["503"], "ACK": []}[method]


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        ("sip:1@192.0.2.66", ""),
        ("sip:1@192.0.2.66;maddr=192.0.2.67", ""),
        ("sip:1@203.0.113.10:5060;maddr=192.0.2.67", ""),
        ("sip:1@203.0.113.1", "Route: <sip:192.0.2.66;lr>"),
        ("sip:1@203.0.113.1", "Route: <sip:192.0.2.66>"),
        ("sip:1@192.0.2.66", "Route: <sip:203.0.113.10;lr;maddr=192.0.2.67>"),
        ("sip:1@203.0.113.1", "Route: <sip:203.0.113.10;lr>, <sip:192.0.2.66;lr>"),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "BYE", "MESSAGE", "ACK", "DANCE"])
def test_no_caller_makes_us_send_anywhere_else(play: Playbook, uri: str, route: str, method: str):
    sent = play.trunk(wire.request(method, uri=uri, extra=route, to="<sip:x@y.example>;tag=z"))
    assert {each.to for each in sent} <= {wire.TRUNK, wire.PBX}


def test_a_trunk_may_name_the_second_address_of_the_pbx(play: Playbook):
    assert only(play.trunk(wire.request("BYE", uri="sip:desk@203.0.113.11", to="<sip:x@y>;tag=z")), to=wire.PBX2)


@pytest.mark.parametrize("route", ["<sip:192.0.2.66;lr>", "<sip:203.0.113.10;lr>", "<sip:x@rook.example>"])
def test_a_route_beyond_us_needs_a_token(play: Playbook, route: str):
    sent = play.trunk(wire.invite(extra=f"Route: <sip:{wire.US};lr>, {route}"))
    assert briefs(sent) == ["403"]
    assert play.calls == []


@pytest.mark.parametrize("method", ["invite", "Invite", "INVITe"])
def test_no_phone_rings_for_an_invite_that_we_do_not_take_for_one(play: Playbook, method: str):
    """pjsip, and Asterisk with it, answers `invite` as it does INVITE: unjudged it must not get there."""
    assert briefs(play.trunk(wire.request(method))) == ["400"]
    assert play.calls == []
