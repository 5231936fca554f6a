"""Calls that stand: transfers, re-INVITEs that cross, a fax refused; and calls that come again."""

from __future__ import annotations

import pytest

from tests import wire
from tests.playbook import REJECT, Playbook, briefs, from_callee, in_dialog, only

VIA = "SIP/2.0/UDP 198.51.100.21:5060;branch="
T38 = "v=0\no=wren 1 2 IN IP4 203.0.113.10\ns=-\nc=IN IP4 203.0.113.10\nt=0 0\nm=image 4000 udptl t38\n"


def test_an_attended_transfer_reaches_the_pbx_as_its_refer_said(play: Playbook):
    """RFC 3515, RFC 3891: REFER and NOTIFY in the dialog; the INVITE that follows is a call, and is judged as one."""
    target = "sip:+8613800138009@203.0.113.10"
    down, up = play.answered()
    refer_to = f"<{target}?Replaces=other%3Bto-tag%3D1%3Bfrom-tag%3D2>"
    refer = only(play.pbx(from_callee("REFER", down, extra=f"Refer-To: {refer_to}")), to=wire.TRUNK)
    assert wire.header(refer, "Refer-To") == refer_to
    assert briefs(play.trunk(wire.response(202, refer))) == ["202"]
    assert wire.method(only(play.trunk(in_dialog("NOTIFY", up, cseq=2)), to=wire.PBX)) == "NOTIFY"
    replaces = "other;to-tag=1;from-tag=2"
    call = wire.invite(
        uri=target, via=f"{VIA}z9hG4bKr", call_id="next", extra=f"Replaces: {replaces}\nContact: <sip:a@b>"
    )
    onward = only(play.trunk(call), to=wire.PBX)
    assert (wire.uri(onward), wire.header(onward, "Replaces")) == (target, replaces)
    assert [called.called.canonical for called in play.calls] == [wire.CALLED, "+8613800138009"]


def test_replaces_proves_nothing(play: Playbook):
    """Whoever knows or guesses a dialog's name can write it: it is no way past the rules."""
    play.answered()
    play.verdict = REJECT
    call = wire.invite(
        via=f"{VIA}z9hG4bKr", call_id="next", extra="Replaces: call-1@wren.example;to-tag=rook;from-tag=wren"
    )
    assert briefs(play.trunk(call)) == ["603"]


@pytest.mark.parametrize("name", ["Replaces", "Join"])
def test_a_stranger_gets_into_no_call_of_others(name: str):
    """From the trunk `default` anybody comes; with a carrier that the configuration names calls are transferred."""
    play = Playbook(trunks=[{"name": "default"}])
    extra = f"{name}: call-1@wren.example;to-tag=rook;from-tag=wren"
    assert not wire.headers(play.forwarded(extra=extra), name)


def test_re_invites_that_cross_are_each_refused_by_the_other_side(play: Playbook):
    """RFC 3261 14.2: 491 both ways, and neither is mistaken for the other's."""
    down, up = play.answered()
    ours = in_dialog("INVITE", up, cseq=2, body=wire.SDP)
    onward = only(play.trunk(ours), to=wire.PBX)
    back = only(play.pbx(from_callee("INVITE", down, body=wire.SDP)), to=wire.TRUNK)
    refused = play.pbx(wire.response(491, onward))
    assert [(each.to, each.brief) for each in refused] == [(wire.PBX, "ACK"), (wire.TRUNK, "491")]
    refused_too = play.trunk(wire.response(491, back))
    assert [(each.to, each.brief) for each in refused_too] == [(wire.TRUNK, "ACK"), (wire.PBX, "491")]
    assert play.trunk(wire.ack(ours, refused[1].data)) == []
    play.wait(60)
    assert play.held == 0


def test_a_fax_that_the_caller_does_not_take_leaves_the_call_standing(play: Playbook):
    down, up = play.answered()
    offer = only(play.pbx(from_callee("INVITE", down, body=T38)), to=wire.TRUNK)
    assert wire.body(offer) == T38.replace("\n", "\r\n").encode()
    refusal = only(play.trunk(wire.response(488, offer, extra='Warning: 304 wren "no fax"')), to=wire.PBX)
    assert wire.header(refusal, "Warning") == '304 wren "no fax"'
    assert play.hung_up == []
    assert wire.method(only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)) == "BYE"


def test_a_re_invite_may_be_cancelled_and_the_call_stands(play: Playbook):
    _, up = play.answered()
    again = in_dialog("INVITE", up, cseq=2)
    onward = only(play.trunk(again), to=wire.PBX)
    play.pbx(wire.response(100, onward))
    assert briefs(play.trunk(wire.cancel(again))) == ["200", "CANCEL"]
    assert briefs(play.pbx(wire.response(487, onward))) == ["ACK", "487"]
    assert play.hung_up == []


@pytest.mark.parametrize(("status", "asks", "answers"), [
    (407, 'Proxy-Authenticate: Digest realm="rook", nonce="1"', 'Proxy-Authorization: Digest username="wren"'),
    (401, 'WWW-Authenticate: Digest realm="rook", nonce="1"', 'Authorization: Digest username="wren"'),
    (422, "Min-SE: 90", "Session-Expires: 90"),
])  # fmt: skip
def test_a_call_that_comes_again_with_what_was_lacking_is_judged_again(
    play: Playbook, status: int, asks: str, answers: str
):
    """RFC 3261 22, RFC 4028: next CSeq, same Call-ID and From tag; were it not judged, anybody could claim to be it."""
    down = play.forwarded()
    up = only(play.pbx(wire.response(status, down, extra=asks)), to=wire.TRUNK)
    assert asks in up.decode()
    assert play.trunk(wire.ack(wire.invite(), up)) == []
    again = wire.invite(via=f"{VIA}z9hG4bKagain", cseq=2, extra=f"Contact: <sip:a@198.51.100.21>\n{answers}")
    assert answers in only(play.trunk(again), to=wire.PBX).decode()
    assert [call.call_id for call in play.calls] == ["call-1@wren.example"] * 2
    play.verdict = REJECT
    assert briefs(play.trunk(again.replace(b"again", b"third").replace(b"CSeq: 2", b"CSeq: 3"))) == ["603"]
