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


# B8: a call of our own that comes back


def called_out(play: Playbook) -> bytes:
    """A call of the PBX as the carrier gets it."""
    to = f"<sip:95588@{wire.US}>"
    return only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT, to=to)), to=wire.TRUNK)


def sent_back(out: bytes, uri: str) -> bytes:
    """The carrier sends it on to us, as a proxy does."""
    rest = out.partition(b"\r\n")[2]
    return f"INVITE {uri} SIP/2.0\r\nVia: {VIA_BACK}\r\n".encode() + rest


@pytest.mark.parametrize("uri", [f"sip:95588@{wire.US}", "sip:+8695588@198.51.100.21"])
def test_a_call_of_our_own_that_comes_back_is_a_loop(play: Playbook, uri: str):
    back = play.trunk(sent_back(called_out(play), uri))
    assert [(each.to, each.brief) for each in back] == [(wire.TRUNK, "482")]
    assert play.calls == [], "and no call that anybody judges or records"


def test_also_where_the_carrier_hides_where_it_came_from(play: Playbook):
    """Neither our Via nor our Record-Route is left; the call is known by Call-ID and tag."""
    out = called_out(play)
    back = wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_BACK, from_=wire.header(out, "From"))
    assert briefs(play.trunk(back)) == ["482"]


def test_also_where_another_node_sent_it_out(play: Playbook):
    """It is known by the token in Record-Route: nodes share their keys."""
    other = Playbook()
    assert briefs(other.trunk(sent_back(called_out(play), f"sip:95588@{wire.US}"))) == ["482"]


@pytest.mark.parametrize("node", ["this", "another"])
def test_one_that_comes_back_to_another_number_rings_it(play: Playbook, node: str):
    """A spiral is no loop (RFC 3261 16.3 item 4): whom the carrier found under that number is behind this PBX."""
    back = sent_back(called_out(play), f"sip:13800138000@{wire.US}")
    other = play if node == "this" else Playbook()
    assert [(each.to, each.brief) for each in other.trunk(back)] == [(wire.TRUNK, "100"), (wire.PBX, "INVITE")]
    assert [call.called.canonical for call in other.calls] == ["+8613800138000"]


def test_without_record_route_too():
    play = Playbook(record_route=False)
    assert briefs(play.trunk(sent_back(called_out(play), f"sip:95588@{wire.US}"))) == ["482"]


def test_whom_a_subscriber_of_ours_calls_by_way_of_the_carrier_rings(play: Playbook):
    """A carrier that makes a new call of it (another Call-ID) has routed it, and its callee is behind this PBX."""
    called_out(play)
    assert play.forwarded(call_id="by-the-carrier", via=VIA_BACK)


def test_a_re_invite_of_such_a_call_is_none(play: Playbook):
    out = called_out(play)
    play.trunk(wire.answer(out))
    back = from_callee("INVITE", out, via=VIA_BACK, body=wire.SDP)
    assert only(play.trunk(back), to=wire.PBX)


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


# Whose number may stand on the telephone

BLOCKED = "<sip:95012345@wren.example>;tag=wren"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_in_a_call_that_stands_another_number_in_from_is_judged_like_a_new_call(play: Playbook, method: str):
    _, up = play.answered()
    body = wire.SDP if method == "INVITE" else ""
    assert judged_again(play, in_dialog(method, up, cseq=2, from_=BLOCKED, body=body))
    assert play.calls[-1].caller.canonical == "CN:95012345"


BY_CONTEXT = [
    ("<tel:12345678;phone-context=+86139>", "<tel:12345678;phone-context=+86170>"),
    ("<tel:8;phone-context=+861391234567>", "<tel:8;phone-context=+861701234567>"),
    ("<sip:12345678@h;phone-context=+86139>", "<sip:12345678@h;Phone-Context=+86170>"),
]


@pytest.mark.parametrize(("before", "then"), BY_CONTEXT)
@pytest.mark.parametrize("restarted", [False, True])
def test_nor_a_number_that_is_another_by_its_phone_context_alone(before: str, then: str, restarted: bool):
    """RFC 3966 section 5.1.5: what stands before the semicolon is half a number."""
    play = Playbook()
    _, up = play.answered(from_=f"{before};tag=wren")
    if restarted:
        play = Playbook()
    same = in_dialog("INVITE", up, cseq=2, from_=f"{before};tag=wren", body=wire.SDP)
    assert only([each for each in play.trunk(same) if each.method == "INVITE"], to=wire.PBX)
    another = in_dialog("INVITE", up, cseq=3, branch="z9hG4bK3", from_=f"{then};tag=wren", body=wire.SDP)
    assert judged_again(play, another)
    assert play.calls[-1].caller.canonical == "+8617012345678"


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ("<sip:+8613912345678@h>", "<sip:+8613912345678@17012345678@h>"),
        ("<tel:170>", "<tel:170;1234;5678>"),
        ("<tel:170>", "<tel:170;12345678;isub=1>"),
        ("<tel:+86170>", "<tel:+86170;12345678>"),
        ("<tel:+8613912345678>", "<tel:+8613912345678;17012345678>"),
        ("<im:13912345678>", "<im:13912345678;17012345678>"),
        ("<sip:@h>", "<sip:@17012345678>"),
        ("<sip:139@h>", "<sip:139@h:17012345678>"),
    ],
)
def test_nor_one_that_stands_anywhere_else_in_the_uri(play: Playbook, before: str, then: str):
    """What outside of a call is looked up is looked at within one."""
    _, up = play.answered(from_=f"{before};tag=wren")
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, from_=f"{then};tag=wren", body=wire.SDP))


TRUSTED = {"trunks": [{**SETTINGS["trunks"][0], "identity": "trusted", "methods": ["MESSAGE"]}]}
ASSERTED = "P-Asserted-Identity: <sip:+8613912345678@wren.example>"
BILLED = "<sip:+862112345678@wren.example>"


def standing(asserted: str) -> tuple[Playbook, bytes]:
    play = Playbook(**TRUSTED)
    extra = f"Contact: <sip:wren@198.51.100.21:5060>\n{asserted}"
    down = only([each for each in play.trunk(wire.invite(extra=extra)) if each.method == "INVITE"])
    return play, only(play.pbx(wire.answer(down)), to=wire.TRUNK)


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "MESSAGE"])
@pytest.mark.parametrize("before", ["", ASSERTED])
def test_nor_may_a_trusted_trunk_assert_another_number_within_a_call(before: str, method: str, name: str):
    """Telephones show the number that is asserted, and not the one in From."""
    play, up = standing(before)
    body = wire.SDP if method == "INVITE" else ""
    for number, user in enumerate(("95012345", "user8617012345678", "a%408617012345678")):
        extra, branch = f"{name}: <sip:{user}@wren.example>", f"z9hG4bKa{number}"
        assert judged_again(play, in_dialog(method, up, cseq=2 + number, branch=branch, extra=extra, body=body))


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "MESSAGE"])
def test_nor_by_naming_it_in_to_as_well(method: str):
    """Of To only the tag counts within a dialog: whom he called is remembered."""
    play, up = standing("")
    tag = wire.header(up, "To").partition(";tag=")[2]
    to, extra = f"<sip:95012345@wren.example>;tag={tag}", "P-Asserted-Identity: <sip:95012345@wren.example>"
    body = wire.SDP if method == "INVITE" else ""
    assert judged_again(play, in_dialog(method, up, cseq=2, to=to, extra=extra, body=body))


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_within_an_emergency_call_another_number_refuses_nothing(method: str):
    """A session refresh that is refused ends the call when its time is over (RFC 4028 section 10)."""
    play = Playbook(**TRUSTED)
    extra = "Contact: <sip:wren@198.51.100.21:5060>"
    down = only(
        [each for each in play.trunk(wire.invite(uri=f"sip:110@{wire.US}", extra=extra)) if each.method == "INVITE"]
    )
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    play.verdict = REJECT
    body = wire.SDP if method == "INVITE" else ""
    asserted = "P-Asserted-Identity: <sip:95012345@wren.example>"
    assert only(play.trunk(in_dialog(method, up, cseq=2, extra=asserted, body=body)), to=wire.PBX)
    from_ = in_dialog(method, up, cseq=3, branch="z9hG4bK3", from_=BLOCKED, body=body)
    assert only([each for each in play.trunk(from_) if each.method == method], to=wire.PBX)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_nor_after_a_restart_the_token_tells_it(method: str):
    """The node that remembered the call is gone, or another one takes its requests."""
    play, body = Playbook(**TRUSTED), wire.SDP if method == "INVITE" else ""
    play.verdict = Verdict(Action.FORWARD, Step.EMERGENCY, decision=DECISION)
    down = next(each.data for each in play.trunk(wire.invite(uri=f"sip:110@{wire.US}")) if each.method == "INVITE")
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    out = only(play.pbx(wire.invite(uri=f"sip:110@{wire.US}", via=VIA_OUT, call_id="help")), to=wire.TRUNK)
    play.trunk(wire.answer(out))
    back = from_callee(method, out, via=VIA_BACK, body=body)
    shown = back.replace(wire.header(back, "From").partition(">")[0].encode(), b"<sip:95012345@wren.example")
    for request in (in_dialog(method, up, cseq=3, branch="z9hG4bK3", from_=BLOCKED, body=body), shown):
        for after in (Playbook(**TRUSTED), play):
            after.verdict = REJECT
            assert only([each for each in after.trunk(request) if each.method == method], to=wire.PBX)
    other = Playbook(**TRUSTED)
    _, up = other.answered()
    after = Playbook(**TRUSTED)
    after.verdict = REJECT
    assert only(after.trunk(in_dialog("INVITE", up, cseq=3, from_=BLOCKED, body=wire.SDP))).startswith(b"SIP/2.0 603")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "MESSAGE"])
@pytest.mark.parametrize(
    ("before", "then"),
    [
        (ASSERTED, ASSERTED),
        (ASSERTED, ""),
        ("", "Remote-Party-ID: <sip:13912345678@wren.example>;party=calling"),
        (f"P-Asserted-Identity: {BILLED}", f"Remote-Party-ID: {BILLED};party=calling"),
        ("", "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>"),
    ],
)
def test_the_number_that_it_asserted_at_first_goes_on(before: str, then: str, method: str):
    play, up = standing(before)
    play.verdict = REJECT
    body = wire.SDP if method == "INVITE" else ""
    assert only(play.trunk(in_dialog(method, up, cseq=2, extra=then, body=body)), to=wire.PBX)


def test_a_message_with_another_number_is_one_outside_of_the_call(play: Playbook):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog("MESSAGE", up, cseq=2, from_=BLOCKED))) == ["405"]


@pytest.mark.parametrize("method", ["BYE", "PRACK", "INFO", "REFER", "NOTIFY"])
def test_but_what_shows_no_number_goes_on(play: Playbook, method: str):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog(method, up, cseq=2, from_=BLOCKED))) == [method]


@pytest.mark.parametrize(
    "from_",
    [
        "<sip:+8613912345678@elsewhere.example;user=phone>;tag=wren",
        "New Name <sip:+8613912345678@wren.example>;tag=wren",
        "<sip:13912345678@wren.example>;tag=wren",
    ],
)
def test_the_same_number_spelt_otherwise_is_the_same_caller(play: Playbook, from_: str):
    _, up = play.answered()
    play.verdict = REJECT
    assert only(play.trunk(in_dialog("INVITE", up, cseq=2, from_=from_, body=wire.SDP)), to=wire.PBX)


def test_nor_may_whom_the_pbx_called_show_another_number(play: Playbook):
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    play.trunk(wire.answer(out))
    back = from_callee("INVITE", out, via=VIA_BACK, body=wire.SDP)
    from_ = wire.header(back, "From")
    assert only(play.trunk(back), to=wire.PBX)
    shown = from_.replace(from_.partition("sip:")[2].partition("@")[0], "95012345")
    assert judged_again(play, back.replace(from_.encode(), shown.encode()).replace(b"z9hG4bKback", b"z9hG4bKmore"))


def test_a_restart_forgets_calls_and_not_whose_they_are(play: Playbook):
    _, up = play.answered()
    other = Playbook()
    assert judged_again(other, in_dialog("INVITE", up, cseq=2, from_=BLOCKED, body=wire.SDP))
    other.verdict = REJECT
    assert only(other.trunk(in_dialog("INVITE", up, cseq=3, branch="z9hG4bK3", body=wire.SDP)), to=wire.PBX)


def test_after_a_restart_one_to_tag_is_believed_and_no_second(play: Playbook):
    _, up = play.answered()
    other = Playbook()
    other.verdict = REJECT
    assert only(other.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)
    again = in_dialog("INVITE", up, cseq=3, branch="z9hG4bK3", to="<sip:x@rook.example>;tag=invented", body=wire.SDP)
    assert judged_again(other, again)


def test_and_not_even_the_one_once_the_callee_has_refused_it(play: Playbook):
    up = ringing(play)
    other = Playbook()
    invented = "<sip:x@rook.example>;tag=invented"
    first = in_dialog("INVITE", up, cseq=2, to=invented, body=wire.SDP)
    other.pbx(wire.response(486, only(other.trunk(first), to=wire.PBX)))
    assert judged_again(other, in_dialog("INVITE", up, cseq=3, branch="z9hG4bK3", to=invented, body=wire.SDP))


@pytest.mark.parametrize("by_caller", [True, False])
def test_after_a_restart_a_call_goes_on_from_either_side_and_ends(play: Playbook, by_caller: bool):
    down, up = play.answered()
    other = Playbook()
    other.verdict = REJECT
    assert only(other.pbx(from_callee("INVITE", down, body=wire.SDP)), to=wire.TRUNK)
    assert only(other.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)
    bye = in_dialog("BYE", up, cseq=3, branch="z9hG4bK3") if by_caller else None
    assert only(other.trunk(bye) if bye else other.pbx(from_callee("BYE", down, cseq=9)))
    assert judged_again(other, in_dialog("INVITE", up, cseq=4, branch="z9hG4bK4", body=wire.SDP))


def test_a_token_of_an_earlier_version_names_no_party_and_goes_on(play: Playbook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("proxy.onward.PARTY", b"")
    monkeypatch.setattr(play.core.tokens.__class__, "mark", lambda *_: b"")
    _, up = play.answered()
    monkeypatch.undo()
    other = Playbook()
    other.verdict = REJECT
    assert only(other.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)


def test_a_call_taken_up_after_a_restart_lets_no_message_pass(play: Playbook):
    """That its callee gave the tag is not known: an INFO that went on proves nothing."""
    _, up = play.answered()
    other = Playbook()
    assert briefs(other.trunk(in_dialog("INFO", up, cseq=2))) == ["INFO"]
    other.verdict = REJECT
    assert briefs(other.trunk(in_dialog("MESSAGE", up, cseq=3, branch="z9hG4bKmessage"))) == ["603"]


# Whom a request within a call reaches

ELSEWHERE = "sip:+8613800138009@203.0.113.10:5060"


def test_a_call_that_had_to_pass_leads_to_no_other_subscriber(play: Playbook):
    """His callee allows him, or it was 112: the token of that call is none for whomever he names next."""
    _, up = play.answered()
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, uri=ELSEWHERE, body=wire.SDP))
    assert play.calls[-1].called.canonical == "+8613800138009"
    assert only(play.trunk(in_dialog("INVITE", up, cseq=3, branch="z9hG4bK3", body=wire.SDP)), to=wire.PBX)


@pytest.mark.parametrize("method", ["MESSAGE", "REFER", "INFO", "NOTIFY", "SUBSCRIBE", "PUBLISH", "FOO"])
def test_nor_does_any_other_method_that_is_for_dialogs_only(play: Playbook, method: str):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog(method, up, cseq=2, uri=ELSEWHERE))) == ["405"]


def test_a_callee_who_names_no_contact_is_the_one_whom_the_call_was_judged_for(play: Playbook):
    """RFC 3261 12.1.1 asks for Contact; some proxies answer 180 without."""
    up = ringing(play)
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, uri=ELSEWHERE, body=wire.SDP))


def test_a_phone_context_makes_another_subscriber_of_the_one_called(play: Playbook):
    _, up = play.answered(uri=f"sip:00138000@{wire.US};phone-context=+86136")
    another = f"sip:00138000@{wire.US};phone-context=+86138"
    assert judged_again(play, in_dialog("INVITE", up, cseq=2, uri=another, body=wire.SDP))


@pytest.mark.parametrize("method", ["BYE", "UPDATE", "PRACK"])
def test_what_only_changes_or_ends_a_call_passes_all_the_same(play: Playbook, method: str):
    _, up = play.answered()
    assert briefs(play.trunk(in_dialog(method, up, cseq=2, uri=ELSEWHERE))) == [method]


@pytest.mark.parametrize(
    "uri", [f"sip:{wire.CALLED}@x", "sip:desk@203.0.113.10", "sip:desk@192.0.2.77;transport=tcp", "sip:desk@x"]
)
def test_whoever_spells_the_callees_contact_otherwise_stays_in_his_call(play: Playbook, uri: str):
    """Some send on to the Request-URI of the beginning, and some change the host on its way through translation."""
    _, up = play.answered()
    play.verdict = REJECT
    assert only(play.trunk(in_dialog("INVITE", up, cseq=2, uri=uri, body=wire.SDP)), to=wire.PBX)


@pytest.mark.parametrize("by", ["its answer", "its re-INVITE", "its UPDATE"])
def test_where_the_callee_moved_to_is_followed(play: Playbook, by: str):
    down, up = play.answered()
    moved = "Contact: <sip:elsewhere@203.0.113.10>"
    if by == "its answer":
        again = only(play.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)
        play.pbx(wire.answer(again, extra=moved))
    else:
        play.pbx(from_callee(by.partition(" ")[2], down, extra=moved, body=wire.SDP))
    play.verdict = REJECT
    for number, uri in enumerate(("sip:elsewhere@203.0.113.10", "sip:desk@203.0.113.10:5060")):
        branch = f"z9hG4bKm{number}"
        sent = play.trunk(in_dialog("INVITE", up, cseq=5 + number, uri=uri, branch=branch, body=wire.SDP))
        assert only([each for each in sent if each.brief == "INVITE"], to=wire.PBX)
    assert judged_again(play, in_dialog("INVITE", up, cseq=9, uri=ELSEWHERE, branch="z9hG4bKm9", body=wire.SDP))


def test_whom_the_pbx_called_stays_with_whoever_called_him(play: Playbook):
    out = only(play.pbx(wire.invite(uri=f"sip:95588@{wire.US}", via=VIA_OUT)), to=wire.TRUNK)
    play.trunk(wire.answer(out))
    back = from_callee("INVITE", out, via=VIA_BACK, body=wire.SDP)
    assert only(play.trunk(back), to=wire.PBX)
    other = from_callee("INVITE", out, via=f"{VIA_BACK}2", uri=ELSEWHERE, body=wire.SDP)
    assert judged_again(play, other)


def test_after_a_restart_the_first_one_named_is_believed_and_no_second(play: Playbook):
    _, up = play.answered()
    other = Playbook()
    assert only(other.trunk(in_dialog("INVITE", up, cseq=2, body=wire.SDP)), to=wire.PBX)
    assert judged_again(other, in_dialog("INVITE", up, cseq=3, uri=ELSEWHERE, branch="z9hG4bK3", body=wire.SDP))


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
