"""Calls that can be read in one way are taken however they are written; an emergency call is forwarded in any case."""

from __future__ import annotations

import pytest

from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, Playbook, only

NAMES = ["O/Brien", "Smith, Bob", "bob@x", "#1", "Notruf (112)", "B&C", "a=b;c", "[x]", "{}", "50%", "$", "^|"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spaces", ["", " "])
def test_a_name_before_the_only_brackets_may_be_anything(name: str, spaces: str):
    play = Playbook()
    from_ = f"{name} <{spaces}sip:{wire.CALLER}@wren.example{spaces}>;tag=wren"
    down = play.forwarded(from_=from_, to=f"{name} <{spaces}sip:{wire.CALLED}@rook.example{spaces}>")
    assert wire.header(down, "From") == from_
    assert play.calls[0].caller.canonical == wire.CALLER
    assert play.calls[0].display_name == name


def test_a_call_with_such_names_can_be_answered_changed_and_hung_up():
    play = Playbook()
    down = play.forwarded(from_=f"Smith, Bob < sip:{wire.CALLER}@wren.example >;tag=wren", to="#1 <sip:x@rook.example>")
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.header(up, "From") == wire.header(down, "From")


@pytest.mark.parametrize(
    "from_",
    [
        *(
            f"sip:a@b, Bob <sip:{wire.CALLER}@h>;tag=a",
            f"tel:1 <sip:{wire.CALLER}@h>;tag=a",
            "<sip:a@b> <sip:c@d>;tag=a",
        ),
        *(f'"open <sip:{wire.CALLER}@h>;tag=a', f"<sip:{wire.CALLER}@h>, <sip:a@b>;tag=a", "<sip:a b@c>;tag=a"),
    ],
)
def test_a_name_that_could_be_another_address_is_refused(from_: str):
    assert wire.status(only(Playbook().trunk(wire.invite(from_=from_)), to=wire.TRUNK)) == 400


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        *(("300", "69"), ("256", "69"), ("4294967296", "69"), ("255", "254"), ("70\nMax-Forwards: 70", "69")),
        *(
            ("70\nMax-Forwards: 20", "19"),
            ("10\nMax-Forwards: 300", "9"),
            ("9\nMax-Forwards: 70\nMax-Forwards: 5", "4"),
        ),
    ],
)
def test_max_forwards_too_large_or_twice_leaves_once_and_smaller(came: str, leaves: str):
    assert wire.headers(Playbook().forwarded(max_forwards=came), "Max-Forwards") == [leaves]


def test_a_bare_lf_is_a_line_end_that_leaves_as_crlf():
    play = Playbook()
    down = only(
        [each for each in play.trunk(wire.invite().replace(b"wren\r\n", b"wren\n", 1)) if each.method], to=wire.PBX
    )
    assert b"\n" not in down.replace(b"\r\n", b"")
    assert play.calls[0].caller.canonical == wire.CALLER


@pytest.mark.parametrize(
    "changes",
    [
        {"from_": "<sip:+8617012345678%00@h>;tag=a"},
        {"from_": "<sip:+8617012345678@h%0D>;tag=a"},
        {"from_": "<sip:+8617012345678%7f1@h>;tag=a"},
        {"from_": "<sip:+8617012345678\x01@h>;tag=a"},
        {"from_": "<tel:+8617012345678%00>;tag=a"},
        {"from_": "<sip:a%C2%85@h>;tag=a"},
        {"to": "<sip:13800138000%00@h>"},
        {"uri": f"sip:13800138000%00x@{wire.US}"},
        {"uri": "tel:13800138000%00"},
    ],
)
def test_a_control_character_in_a_uri_is_refused(changes: dict[str, str]):
    play = Playbook()
    assert wire.status(only(play.trunk(wire.invite(**changes)), to=wire.TRUNK)) == 400
    assert not play.calls


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
def test_nor_in_what_a_trusted_trunk_asserts(name: str):
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "identity": "trusted"}
    play = Playbook(trunks=[trunk])
    assert wire.status(only(play.trunk(wire.invite(extra=f"{name}: <sip:+8617012345678%00@h>")), to=wire.TRUNK)) == 400
    assert Playbook().forwarded(extra=f"{name}: <sip:+8617012345678%00@h>"), "of others it is removed"
    play.forwarded(extra=f'{name}: "a%20b"\n\t<sip:{wire.CALLER}@h>')


# An emergency call is forwarded, even where another call gets 4xx


BROKEN = {
    "from": {"from_": "nonsense"},
    "from twice": {"extra": "From: <sip:a@b>;tag=b"},
    "open quote": {"from_": f'"open <sip:{wire.CALLER}@h>;tag=a'},
    "to": {"to": "nonsense"},
    "control": {"from_": "<sip:1%00@h>;tag=a"},
    "max-forwards": {"max_forwards": "many"},
    "max-forwards 0": {"max_forwards": "0"},
    "proxy-require": {"extra": "Proxy-Require: foo"},
    "call-id": {"call_id": "a b@c"},
    "no header field": {"extra": "this is none"},
    "route": {"extra": f"Route: <sip:{wire.US};lr>, <sip:psap.example;lr>"},
    "broken route": {"extra": "Route: <sip:"},
    "content-length": {"extra": "Content-Length: 7"},
    "80 Vias": {"extra": "Via: SIP/2.0/UDP a\n" * 80},
    "450 lines": {"extra": "X: y\n" * 450},
    "600 values": {"extra": "X: " + "a, " * 600},
    "20 kB and 80 Vias": {"extra": "Via: SIP/2.0/UDP a\n" * 80 + "X: " + "y" * 20_000},
    "uri": {"uri": "sip:112@h:99999"},
    "uri without host": {"uri": "sip:112@"},
    "uri with header fields": {"uri": "sip:112@h?Subject=x"},
    "uri with control": {"uri": "sip:112%00@h"},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_an_emergency_call_is_forwarded_whatever_else_is_wrong_with_it(fault: str):
    play = Playbook()
    changes = {"uri": f"sip:112@{wire.US}", **BROKEN[fault]}
    sent = [each for each in play.trunk(wire.invite(**changes)) if each.method == "INVITE"]
    down = only(sent, to=wire.PBX)
    assert play.calls[0].emergency
    assert wire.uri(down).startswith("sip:112")
    assert not wire.headers(down, "Route")
    assert len(wire.headers(down, "Content-Length")) == len(wire.headers(down, "From")) == 1
    assert wire.headers(down, "Content-Length") == [str(len(down.partition(b"\r\n\r\n")[2]))]
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.status(up) == 200


@pytest.mark.parametrize("fault", ["from", "from twice", "to", "no header field", "broken route", "proxy-require"])
def test_another_call_is_refused_for_the_same(fault: str):
    assert wire.status(only(Playbook().trunk(wire.invite(**BROKEN[fault])), to=wire.TRUNK)) in (400, 420)


@pytest.mark.parametrize("fault", ["from", "to", "max-forwards", "no header field", "uri", "control"])
def test_an_emergency_call_from_the_pbx_is_forwarded_likewise(fault: str):
    play = Playbook()
    changes = {"uri": f"sip:112@{wire.US}", **BROKEN[fault]}
    data = wire.invite(**changes).replace(b"198.51.100.21:5060;branch", b"203.0.113.10:5060;branch", 1)
    sent = [each for each in play.pbx(data) if each.method == "INVITE"]
    assert wire.uri(only(sent, to=wire.TRUNK)).startswith("sip:112")


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_its_lines_may_end_in_anything(end: bytes):
    play = Playbook()
    data = wire.invite(uri=f"sip:112@{wire.US}").replace(b"wren\r\n", b"wren" + end, 1)
    down = only([each for each in play.trunk(data) if each.method == "INVITE"], to=wire.PBX)
    assert b"\r" not in down.replace(b"\r\n", b"")
    assert wire.header(down, "From").endswith("tag=wren")


def test_an_emergency_call_that_circles_is_still_ended():
    play = Playbook()
    down = play.forwarded(uri=f"sip:112@{wire.US}")
    again = only([each for each in play.trunk(down) if each.status], to=wire.TRUNK)
    assert wire.status(again) == 482


def test_a_marked_emergency_call_keeps_its_marks():
    play = Playbook()
    play.verdict = Verdict(Action.TAG, Step.EMERGENCY, decision=DECISION, rule="blocked")
    down = play.forwarded(uri=f"sip:112@{wire.US}", from_="nonsense")
    assert wire.header(down, "X-Ringfence-Rule") == "blocked"


# A number without a host


@pytest.mark.parametrize("scheme", ["sip", "sips"])
def test_a_number_in_place_of_the_host_is_dialled_and_goes_on_so_that_the_pbx_can_read_it(play: Playbook, scheme: str):
    down = play.forwarded(uri=f"{scheme}:110")
    assert play.calls[0].emergency
    assert wire.uri(down) == f"{scheme}:110@203.0.113.10:5060"
    play.forwarded(uri=f"{scheme}:13800138000", call_id="2", via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKhost2")
    assert (play.calls[1].called.canonical, play.calls[1].emergency) == ("+8613800138000", False)


def test_the_pbx_dials_so_as_well(play: Playbook):
    data = wire.invite(uri="sip:110", via=f"SIP/2.0/UDP {wire.PBX[0]}:5060;branch=z9hG4bKout")
    assert wire.uri(only([each for each in play.pbx(data) if each.method == "INVITE"], to=wire.TRUNK)) == (
        "sip:110@198.51.100.21"
    )


def test_an_address_is_no_number(play: Playbook):
    assert wire.uri(play.forwarded(uri="sip:203.0.113.10")) == "sip:203.0.113.10"
    assert not play.calls[0].emergency
