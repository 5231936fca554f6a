"""A token proves a dialog, and not whose number may stand on the telephone now, nor whom it may reach."""

from __future__ import annotations

import pytest

from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, REJECT, SETTINGS, Playbook, briefs, from_callee, in_dialog, only
from tests.proxy.test_dialogs import VIA_BACK, VIA_OUT, judged_again, ringing

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


# Whose number may stand on the telephone

BLOCKED = "<sip:95012345@wren.example>;tag=wren"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_in_a_call_that_stands_another_number_in_from_is_judged_like_a_new_call(play: Playbook, method: str):
    _, up = play.answered()
    body = wire.SDP if method == "INVITE" else ""
    assert judged_again(play, in_dialog(method, up, cseq=2, from_=BLOCKED, body=body))
    assert play.calls[-1].caller.canonical == "CN:95012345"


@pytest.mark.parametrize("route", ["", "Route: <sip:127.0.0.5;lr>", f"Route: <sip:{wire.US};lr>", "its token, broken"])
@pytest.mark.parametrize("trusted", [False, True])
def test_without_our_route_an_update_is_judged_as_an_invite_is(trusted: bool, route: str):
    """RFC 3311 5.1, RFC 4916: it changes who stands on the telephone, and whoever leaves his token out proves less."""
    play = Playbook(**TRUSTED) if trusted else Playbook()
    _, up = play.answered()
    data = in_dialog("UPDATE", up, cseq=2, from_=BLOCKED)
    lines = [each for each in data.split(b"\r\n") if not each.startswith(b"Route:")]
    token = next(each for each in data.split(b"\r\n") if each.startswith(b"Route:"))
    if route:
        lines.insert(1, token.replace(b"sip:", b"sip:x", 1) if "token" in route else route.encode())
    assert judged_again(play, b"\r\n".join(lines))
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
