"""A token without its dialog opens nothing: the calls that are remembered, the tags of their callees, their age."""

from __future__ import annotations

import pytest

from proxy.dialogs import Call, callee_tag
from proxy.sip.message import ResponseHead
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import ANY_METHOD, DECISION, REJECT, SETTINGS, Playbook, briefs, from_callee, in_dialog, only

HOUR = 3600
VIA_OUT = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
VIA_BACK = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKback"
LISTED = "<sip:95012345@wren.example>;tag=wren"


def judged_again(play: Playbook, data: bytes) -> bool:
    """Is this INVITE judged like a new one, and does it reach nobody?"""
    play.verdict = REJECT
    before = len(play.calls)
    sent = play.trunk(data)
    return briefs(sent) == ["603"] and len(play.calls) == before + 1


def ringing(play: Playbook) -> bytes:
    """The 180 of a call that rings, as its caller got it."""
    return only(play.pbx(wire.response(180, play.forwarded())), to=wire.TRUNK)


# A6: a token from a ringing call


@pytest.mark.parametrize("to", ["<sip:x@rook.example>;tag=invented", "<sip:x@rook.example>;tag=ROOK"])
def test_the_token_of_a_ringing_call_opens_nothing_with_an_invented_to_tag(play: Playbook, to: str):
    up = ringing(play)
    for number in range(3):
        again = in_dialog("INVITE", up, cseq=2 + number, branch=f"z9hG4bK{number}", from_=LISTED, to=to, body=wire.SDP)
        assert judged_again(play, again)


OTHER_METHODS = ["MESSAGE", "REFER", "INFO", "NOTIFY", "SUBSCRIBE", "PUBLISH", "REGISTER", "FOO"]


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_nor_does_it_for_any_other_method(play: Playbook, method: str):
    """A MESSAGE would show a listed caller's words on the telephone."""
    up = ringing(play)
    data = in_dialog(method, up, cseq=2, from_=LISTED, to="<sip:x@rook.example>;tag=invented")
    assert briefs(play.trunk(data)) == ["405"]


def test_a_message_in_a_call_that_is_not_remembered_is_judged(play: Playbook):
    """Nobody knows any more whether that call stands, or whose it was."""
    _, up = play.answered()
    restarted = Playbook()
    restarted.verdict = REJECT
    assert briefs(restarted.trunk(in_dialog("MESSAGE", up, cseq=3, branch="z9hG4bKmessage"))) == ["603"]
    assert [call.message for call in restarted.calls] == [True]


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_nor_of_a_call_that_was_refused(play: Playbook, method: str):
    down = play.forwarded()
    up = only(play.pbx(wire.response(180, down)), to=wire.TRUNK)
    play.pbx(wire.response(486, down))
    assert briefs(play.trunk(in_dialog(method, up, cseq=2))) == ["405"]


def test_a_message_in_a_call_that_stands_passes_as_the_call_did(play: Playbook):
    """Its caller may be listed: he called an emergency number, or his callee allows him. He texts whom he talks to."""
    _, up = play.answered()
    count, play.verdict = len(play.calls), REJECT
    sent = play.trunk(in_dialog("MESSAGE", up, cseq=3, branch="z9hG4bKmessage"))
    assert (len(play.calls), briefs(sent)) == (count, ["MESSAGE"])


def test_a_message_in_a_call_that_is_over_is_in_no_dialog(play: Playbook):
    """Its words would stand on the telephone: the token of an ended call lets none of a listed caller pass."""
    _, up = play.answered()
    only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert briefs(play.trunk(in_dialog("MESSAGE", up, cseq=3, branch="z9hG4bKmessage"))) == ["405"]


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_in_a_dialog_that_stands_every_method_goes_on(play: Playbook, method: str):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog(method, up, cseq=2))) == [method]


def test_the_notify_of_a_transfer_may_come_after_the_bye(play: Playbook):
    _, up = play.answered()
    only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert briefs(play.trunk(in_dialog("NOTIFY", up, cseq=3, branch="z9hG4bKlate"))) == ["NOTIFY"]


def test_nor_that_of_a_call_that_nobody_answered(play: Playbook):
    """Also with the tag that its callee gave while it rang: with the final response that dialog has ended."""
    down = play.forwarded()
    up = only(play.pbx(wire.response(180, down)), to=wire.TRUNK)
    play.pbx(wire.response(486, down))
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, body=wire.SDP))


def test_nor_that_of_a_call_that_its_caller_gave_up(play: Playbook):
    down = play.forwarded()
    up = only(play.pbx(wire.response(180, down)), to=wire.TRUNK)
    play.trunk(wire.cancel(wire.invite()))
    play.pbx(wire.response(487, down))
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, body=wire.SDP))


@pytest.mark.parametrize("by_caller", [True, False])
def test_nor_that_of_a_call_that_is_over(play: Playbook, by_caller: bool):
    down, up = play.answered()
    if by_caller:
        play.trunk(in_dialog("BYE", up, cseq=2))
    else:
        play.pbx(from_callee("BYE", down))
    assert judged_again(play, in_dialog("INVITE", up, cseq=3, branch="z9hG4bKlate", body=wire.SDP))


def test_in_a_ringing_call_its_caller_may_offer_anew(play: Playbook):
    """With the tag that the callee gave it is the early dialog; without a Contact, that of whom he called."""
    up = ringing(play)
    play.verdict = REJECT
    assert only(
        play.trunk(in_dialog("INVITE", up, cseq=2, uri=f"sip:{wire.CALLED}@{wire.US}", body=wire.SDP)), to=wire.PBX
    )


def test_a_callee_outside_may_not_invent_a_tag_either(play: Playbook):
    """A call of the PBX: whoever got its INVITE has the token before anybody has answered."""
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    back = from_callee("INVITE", out, tag="never-given", via=VIA_BACK, body=wire.SDP)
    assert judged_again(play, back)
    play.trunk(wire.answer(out))
    play.verdict = REJECT
    assert only(play.trunk(from_callee("INVITE", out, via=f"{VIA_BACK}2", body=wire.SDP)), to=wire.PBX)


def test_a_subscription_is_no_call():
    """Its token was signed without judgement, so that no INVITE passes by it; its own requests do."""
    play = Playbook(**ANY_METHOD)
    subscribe = wire.request("SUBSCRIBE", extra="Contact: <sip:wren@198.51.100.21:5060>")
    up = only(play.pbx(wire.answer(only(play.trunk(subscribe), to=wire.PBX))), to=wire.TRUNK)
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, body=wire.SDP))
    assert briefs(play.trunk(in_dialog("SUBSCRIBE", up, cseq=3, branch="z9hG4bKr"))) == ["SUBSCRIBE"]


# How long


def test_a_token_is_good_for_a_day_after_the_last_message_of_its_call(play: Playbook):
    _, up = play.answered()
    for number in range(3):
        play.wait(23 * HOUR)
        again = in_dialog("INVITE", up, cseq=2 + number, branch=f"z9hG4bK{number}", body=wire.SDP)
        play.pbx(wire.answer(only(play.trunk(again), to=wire.PBX)))
    play.wait(24 * HOUR + 1)
    assert judged_again(play, in_dialog("INVITE", up, cseq=9, branch="z9hG4bKold", body=wire.SDP))


def test_what_the_callee_sends_counts_as_a_sign_of_life_too(play: Playbook):
    down, up = play.answered()
    play.wait(23 * HOUR)
    play.pbx(from_callee("UPDATE", down))
    play.wait(23 * HOUR)
    play.verdict = REJECT
    assert only(play.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)


def test_how_long_is_a_setting():
    play = Playbook(limits={"token_hours": 1})
    _, up = play.answered()
    play.wait(HOUR + 1)
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, body=wire.SDP))


def test_after_a_restart_a_token_is_good_for_a_day_after_it_was_made(play: Playbook):
    _, up = play.answered()
    for hours, passes in ((23, True), (25, False)):
        restarted = Playbook()
        restarted.wait(hours * HOUR)
        again = in_dialog("INVITE", up, cseq=2, body=wire.SDP)
        if passes:
            restarted.verdict = REJECT
            assert only(restarted.trunk(again), to=wire.PBX)
        else:
            assert judged_again(restarted, again)


def test_the_callee_of_a_call_of_days_can_still_hang_up(play: Playbook):
    """The age is asked of what would pass unjudged, never of what the PBX sends."""
    down, _ = play.answered()
    play.wait(100 * HOUR)
    assert briefs(play.pbx(from_callee("BYE", down))) == ["BYE"]
    assert play.hung_up == [DECISION]


def test_no_more_calls_are_remembered_than_the_limit():
    play = Playbook(limits={"remembered_calls": 100})
    for number in range(150):
        play.forwarded(call_id=f"{number}@wren", via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{number}")
    assert len(play.core.dialogs) == 100


# The tags themselves


@pytest.mark.parametrize(
    ("to", "tag"),
    [
        ("To: <sip:x@y>;tag=a-b.c", b"a-b.c"),
        ("To: <sip:x@y>;tag=a;x=y", b"a"),
        ("To: <sip:x@y>;x=y;tag=a", b"a"),
        ("To: <sip:x@y> ; tag = a", b"a"),
        ('To: "<b>;tag=c" <sip:x@y>;tag=a', b"a"),
        ('To: "<b>;tag=c" <sip:x@y>', b""),
        ("t: <sip:x@y>;tag=a", b"a"),
        ("TO: <sip:x@y>;TAG=a", b"a"),
        ("To: sip:x@y;tag=a", b"a"),
        ("To: <sip:x@y>\r\n ;tag=a", b"a"),
        ("To: <sip:x@y>", b""),
        ("To: nonsense", b""),
        ("X: y", b""),
    ],
)
def test_the_tag_that_a_callee_gives(to: str, tag: bytes):
    head = f"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP x\r\n{to}\r\nCall-ID: c\r\nContent-Length: 22\r\n\r\n"
    assert callee_tag(ResponseHead(head.encode() + b"\r\nTo: <sip:b>;tag=body")) == tag


def test_a_forked_call_has_the_tag_of_each_callee_until_that_dialog_ends():
    call = Call(b"call", b"caller", 0.0)
    for tag in (b"a", b"b", b"a", b"", b"c"):
        call.gave(tag)
    assert [call.has(tag) for tag in (b"a", b"b", b"c", b"d", b"")] == [True, True, True, False, False]
    call.ended(b"a")
    call.ended(b"c")
    call.ended(b"nobody's")
    assert [call.has(tag) for tag in (b"a", b"b", b"c")] == [False, True, False]


def test_an_answer_after_a_failure_is_a_dialog_all_the_same():
    """RFC 3261 16.7: a 2xx that crosses goes up, and its call can be ended."""
    call = Call(b"call", b"caller", 0.0)
    call.gave(b"early")
    call.failed()
    call.gave(b"late")
    assert (call.has(b"early"), call.has(b"late")) == (False, True)


def test_one_who_forks_to_thousands_fills_nothing():
    call = Call(b"call", b"caller", 0.0)
    for number in range(5000):
        call.gave(b"%d" % number)
    assert len(call.others or []) == 50


# A7: what may be sent outside a dialog


OTHERS = ["MESSAGE", "NOTIFY", "REGISTER", "REFER", "SUBSCRIBE", "PUBLISH", "INFO", "FOO", "BYE", "UPDATE", "PRACK"]


def trunk_with(methods: object) -> Playbook:
    return Playbook(trunks=[{**SETTINGS["trunks"][0], "methods": methods}])


@pytest.mark.parametrize("method", OTHERS)
def test_no_other_method_of_a_stranger_reaches_the_pbx(play: Playbook, method: str):
    answer = only(play.trunk(wire.request(method)), to=wire.TRUNK)
    assert wire.start_line(answer) == "SIP/2.0 405 Method Not Allowed"
    assert wire.header(answer, "Allow") == "ACK, BYE, CANCEL, INVITE, OPTIONS, PRACK, UPDATE"


@pytest.mark.parametrize("method", [each for each in OTHERS if each not in ("BYE", "UPDATE", "PRACK")])
def test_nor_with_a_to_tag_that_proves_nothing(play: Playbook, method: str):
    data = wire.request(method, to="<sip:x@rook.example>;tag=invented")
    assert briefs(play.trunk(data)) == ["405"]


@pytest.mark.parametrize("method", ["MESSAGE", "NOTIFY", "REFER", "SUBSCRIBE", "INFO", "UPDATE", "BYE", "FOO"])
def test_in_a_dialog_every_method_passes(play: Playbook, method: str):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog(method, up, cseq=2))) == [method]


@pytest.mark.parametrize("method", ["BYE", "PRACK", "UPDATE"])
def test_a_phone_that_lost_our_route_can_end_its_call(play: Playbook, method: str):
    assert briefs(play.trunk(wire.request(method, to="<sip:x@rook.example>;tag=some"))) == [method]


@pytest.mark.parametrize("method", OTHERS)
def test_the_pbx_may_send_anything(play: Playbook, method: str):
    data = wire.request(method, uri="sip:wren@198.51.100.21", via=VIA_OUT)
    assert briefs(play.pbx(data)) == [method]


def test_what_its_trunk_names_passes_and_is_told():
    play = trunk_with(["notify", "REGISTER"])
    assert briefs(play.trunk(wire.request("NOTIFY"))) == ["NOTIFY"]
    register = play.trunk(wire.request("REGISTER", via=VIA_BACK))
    assert briefs(register) == ["REGISTER"]
    assert briefs(play.trunk(wire.request("SUBSCRIBE", via=f"{VIA_BACK}s"))) == ["405"]
    told = [(each.method, each.trunk, each.source) for each in play.passed]
    assert told == [("NOTIFY", "carrier", "198.51.100.21"), ("REGISTER", "carrier", "198.51.100.21")]


def test_any_is_any():
    play = trunk_with("any")
    for method in OTHERS:
        assert briefs(play.trunk(wire.request(method, via=f"{VIA_BACK}{method}"))) == [method]


def test_a_message_is_judged_as_a_call_is():
    play = trunk_with(["MESSAGE"])
    play.verdict = REJECT
    assert briefs(play.trunk(wire.request("MESSAGE"))) == ["603"]
    play.verdict = Verdict(Action.TAG, Step.SUSPICION, decision=DECISION, rule="nuisance", suspicion=5)
    down = only(play.trunk(wire.request("MESSAGE", via=VIA_BACK, call_id="next")), to=wire.PBX)
    assert wire.header(down, "X-Ringfence-Verdict") == "suspected"
    assert [call.caller.canonical for call in play.calls] == [wire.CALLER] * 2
    assert play.passed == []
    play.pbx(wire.response(200, down))
    play.wait(60)
    assert play.held == 0


def test_a_message_whose_verdict_is_late_gets_no_100():
    """RFC 4320 4.1: a request other than INVITE is not helped by one."""
    play = trunk_with(["MESSAGE"])
    play.verdict = None
    play.trunk(wire.request("MESSAGE"))
    assert play.wait(3) == []
    assert briefs(play.decide(REJECT)) == ["603"]


# What shows words within a marked call is marked


@pytest.mark.parametrize("step", [Step.DEFAULT, Step.EMERGENCY])
def test_a_text_within_a_tagged_call_is_tagged(step: Step):
    play = Playbook(label="Suspected")
    play.verdict = Verdict(Action.TAG, step, rule="night", decision=DECISION)
    down, up = play.answered()
    text = only(play.trunk(in_dialog("MESSAGE", up, cseq=2)), to=wire.PBX)
    for name in ("X-Ringfence-Verdict", "X-Ringfence-Rule", "X-Ringfence-Decision"):
        assert wire.headers(text, name) == wire.headers(down, name) != []
    assert ("Suspected" in wire.header(text, "From")) == ("Suspected" in wire.header(down, "From"))
    assert len(play.calls) == 1
    assert "Suspected" not in wire.header(only(play.pbx(wire.response(200, text)), to=wire.TRUNK), "From")


def test_a_text_within_any_other_call_is_not(play: Playbook):
    _, up = play.answered()
    assert b"X-Ringfence" not in only(play.trunk(in_dialog("MESSAGE", up, cseq=2)), to=wire.PBX)
