"""What goes first when many datagrams wait: emergency calls before all, then what the PBX says."""

from __future__ import annotations

import pytest

from proxy.urgency import AT_ONCE, FIRST, IN_TURN, haste
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, Playbook, only


def haste_of(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> int:
    return haste(data, play.core.flow_to(play.topology.listeners[0], *source), play.core.outgoing)


@pytest.mark.parametrize("data", [wire.request("BYE"), b"SIP/2.0 180 Ringing\r\n", b"", b"\0"])
def test_what_the_pbx_says_of_calls_that_are_there_goes_first(play: Playbook, data: bytes):
    assert haste_of(play, data, wire.PBX) == FIRST


@pytest.mark.parametrize("source", [wire.TRUNK, wire.PBX])
@pytest.mark.parametrize("method", ["ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO"])
def test_what_belongs_to_a_call_goes_first_from_either_side(play: Playbook, method: str, source: tuple[str, int]):
    assert haste_of(play, wire.request(method, to="<sip:a@b>;tag=x"), source) == FIRST


@pytest.mark.parametrize("source", [wire.TRUNK, wire.PBX])
@pytest.mark.parametrize("to", ["<sip:a@b>;tag=x", "<sip:a@b> ; TAG=x", "a <sip:a@b;x>;y;tag=1"])
def test_so_does_an_invite_within_a_dialog_and_a_new_one_waits(play: Playbook, to: str, source: tuple[str, int]):
    assert haste_of(play, wire.invite(to=to), source) == FIRST
    assert haste_of(play, wire.invite(to=to).replace(b"To: ", b"t : "), source) == FIRST
    assert haste_of(play, wire.invite(), source) == IN_TURN
    assert haste_of(play, b"INVITE ", source) == IN_TURN


def test_of_a_stranger_only_what_shows_a_route_goes_first():
    play = Playbook(trunks=[{"name": "default"}])
    bye = wire.request("BYE", to="<sip:a@b>;tag=x")
    assert haste_of(play, bye, wire.STRANGER) == IN_TURN
    routed = wire.request("BYE", to="<sip:a@b>;tag=x", extra=f"Route: <sip:token@{wire.US};lr>")
    assert haste_of(play, routed, wire.STRANGER) == FIRST


@pytest.mark.parametrize(
    "uri",
    [
        f"sip:110@{wire.US}",
        "sip:" + "-" * 400 + "110@x",
        "sip:%3110@x",
        "tel:110;phone-context=+86",
        "urn:service:sos",
        "sip:+86110@x;user=phone",
    ],
)
def test_a_call_for_help_goes_before_all(play: Playbook, uri: str):
    assert haste_of(play, wire.invite(uri=uri)) == AT_ONCE
    assert haste_of(play, wire.invite(uri=uri), wire.PBX) == AT_ONCE, "a subscriber's own"
    assert haste_of(play, wire.invite(uri=uri), wire.STRANGER) == IN_TURN, "who may not call at all has no haste"


def test_so_do_the_answers_to_it(play: Playbook):
    """Its caller hears it ring although thousands of other answers wait."""
    play.verdict = Verdict(Action.FORWARD, Step.EMERGENCY, decision=DECISION)
    down = play.forwarded(uri=f"sip:110@{wire.US}", extra="Subject: ;branch=z9hG4bK1")
    for status in (100, 180, 200, 503):
        assert haste_of(play, wire.response(status, down), wire.PBX) == AT_ONCE
    looped = play.trunk(down)
    assert wire.status(only(looped)) == 482, "the mark hides no loop"


def test_so_do_the_answers_to_a_subscriber_s_emergency_call(play: Playbook):
    """They come from a trunk, whose other answers go behind them, and before new calls."""
    for uri, expected in ((f"sip:110@{wire.US}", AT_ONCE), (f"sip:+861062345678@{wire.US}", FIRST)):
        call = wire.invite(uri=uri, via=f"SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK{expected}", call_id=uri)
        down = only(play.pbx(call), to=wire.TRUNK)
        assert haste_of(play, wire.response(180, down)) == expected
        assert haste_of(play, wire.response(180, down), wire.STRANGER) == IN_TURN


def test_a_caller_s_own_branch_gives_its_answers_no_haste(play: Playbook):
    """Only the topmost Via is read, and that one is ours."""
    down = play.forwarded(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK!")
    assert haste_of(play, wire.response(200, down), wire.PBX) == FIRST


@pytest.mark.parametrize(
    "data",
    [
        wire.invite(),
        wire.request("OPTIONS", uri=f"sip:110@{wire.US}"),
        b"INVITE sip:1100",
        b"INVITE  SIP/2.0",
        b"INVITE \xff\xfe SIP/2.0",
        b"SIP/2.0 200 OK\r\n",
        b"",
    ],
)
def test_nothing_else_of_a_trunk_overtakes(play: Playbook, data: bytes):
    assert haste_of(play, data) == IN_TURN
