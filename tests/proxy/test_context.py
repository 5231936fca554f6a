"""Responses, cancellation and failure: RFC 3261 16.7 to 16.10, 9.2, with RFC 6026 and RFC 4320."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.context import choose_best
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import ANY_METHOD, REJECT, SETTINGS, Playbook, briefs, from_callee, in_dialog, only

PRACK = {"via": "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKprack", "cseq": 2}


def cancelled(play: Playbook, down: bytes) -> list[str]:
    """The caller gives up; what leaves."""
    return briefs(play.trunk(wire.cancel(wire.invite())))


# Provisional responses (16.7 steps 5 and 9)


def test_100_leaves_with_the_forwarded_invite(play: Playbook):
    sent = play.trunk(wire.invite())
    assert briefs(sent) == ["100", "INVITE"]
    assert ";tag" not in wire.header(sent[0].data, "To")


def test_no_100_for_anything_but_invite(play: Playbook):
    """RFC 4320 4.1."""
    assert briefs(play.trunk(wire.request("OPTIONS"))) == ["OPTIONS"]


def test_a_100_from_below_ends_here(play: Playbook):
    down = play.forwarded()
    assert play.pbx(wire.response(100, down)) == []


@pytest.mark.parametrize("status", [180, 181, 182, 183, 199])
def test_other_provisional_responses_go_up_at_once(play: Playbook, status: int):
    down = play.forwarded()
    for _ in range(2):
        assert wire.status(only(play.pbx(wire.response(status, down)), to=wire.TRUNK)) == status


def test_a_provisional_response_to_anything_but_invite_ends_here(play: Playbook):
    """RFC 4320 4.1: no provisional response but 100 to a non-INVITE request."""
    down = only(play.trunk(wire.request("OPTIONS")), to=wire.PBX)
    assert play.pbx(wire.response(180, down)) == []
    assert briefs(play.pbx(wire.response(200, down))) == ["200"]


# Final responses


@pytest.mark.parametrize("status", [200, 202, 299, 300, 302, 400, 401, 404, 407, 486, 500, 504, 600, 603, 607, 699])
def test_a_final_response_goes_up_unchanged_but_for_the_via(play: Playbook, status: int):
    down = play.forwarded()
    final = wire.response(status, down, phrase="Ünusual", extra="Reason: Q.850;cause=17\nRetry-After: 9")
    up = only([each for each in play.pbx(final) if each.method != "ACK"], to=wire.TRUNK)
    assert up == final.replace(f"Via: {wire.top_via(down)}\r\n".encode(), b"", 1)


@pytest.mark.parametrize(
    ("status", "phrase", "extra"),
    [
        (
            603,
            "Network Blocked",
            'Reason: SIP;cause=603;text="v=analytics1;url=https://rook.example/why;id=7";location=LN',
        ),
        (608, "Rejected", "Call-Info: <https://rook.example/jcard>;purpose=jwscard"),
    ],
)
def test_that_another_network_blocked_it_is_told_the_caller(play: Playbook, status: int, phrase: str, extra: str):
    """RFC 8688 and ATIS-1000099: each provider hands on who blocked a call, and how to ask about it."""
    down = play.forwarded()
    final = wire.response(status, down, phrase=phrase, extra=extra)
    up = only([each for each in play.pbx(final) if each.method != "ACK"], to=wire.TRUNK)
    assert wire.start_line(up) == f"SIP/2.0 {status} {phrase}"
    assert extra.encode() in up
    assert wire.PBX2 not in [each.to for each in play.log], "and no other address is tried"


def test_a_607_of_the_callee_is_relayed_unchanged(play: Playbook):
    """RFC 8197: it is the callee's word."""
    final = wire.response(607, play.forwarded(), phrase="Unwanted")
    assert "SIP/2.0 607 Unwanted" in [wire.start_line(each.data) for each in play.pbx(final)]


def test_a_rejection_from_below_is_acknowledged_here_and_upstream_apart(play: Playbook):
    down = play.forwarded()
    sent = play.pbx(wire.response(486, down))
    assert [(each.brief, each.to) for each in sent] == [("ACK", wire.PBX), ("486", wire.TRUNK)]
    assert wire.branch(sent[0].data) == wire.branch(down)
    assert play.trunk(wire.ack(wire.invite(), sent[1].data)) == [], "the caller's ACK ends here"
    assert briefs(play.pbx(wire.response(486, down))) == ["ACK"], "a repeated 486 is acknowledged again"


def test_a_relayed_rejection_is_repeated_until_the_caller_acknowledges(play: Playbook):
    down = play.forwarded()
    up = play.pbx(wire.response(486, down))[1].data
    assert [each.data for each in play.wait(2)] == [up, up]
    play.trunk(wire.ack(wire.invite(), up))
    assert play.wait(60) == []


def test_every_2xx_goes_up_also_after_the_call_is_answered(play: Playbook):
    """RFC 6026: the caller lost the first, or its ACK was lost."""
    down, up = play.answered()
    again = play.pbx(wire.answer(down))
    assert only(again, to=wire.TRUNK) == up
    assert briefs(play.trunk(in_dialog("ACK", up))) == ["ACK"]


def test_a_second_2xx_of_a_forked_call_goes_up_too(play: Playbook):
    """16.7 step 5; each is a dialog of its own, and each gets its own ACK and BYE."""
    down, _ = play.answered()
    second = only(play.pbx(wire.answer(down, tag="second")), to=wire.TRUNK)
    assert wire.header(second, "To").endswith(";tag=second")
    assert briefs(play.trunk(in_dialog("ACK", second, branch="z9hG4bKack2"))) == ["ACK"]
    assert briefs(play.trunk(in_dialog("BYE", second, cseq=2, branch="z9hG4bKbye2"))) == ["BYE"]


def test_after_64_t1_a_late_2xx_belongs_to_nobody(play: Playbook):
    """RFC 6026 7.3: what matches no transaction is not forwarded."""
    down, _ = play.answered()
    play.wait(32.1)
    assert play.pbx(wire.answer(down)) == []
    assert play.core.dropped == {"stray response": 1}


def test_a_response_with_a_branch_that_was_never_sent_ends_here(play: Playbook):
    down = play.forwarded()
    stray = wire.response(200, down).replace(wire.branch(down).encode(), b"z9hG4bKnever")
    assert play.pbx(stray) == []


@pytest.mark.parametrize("final", [200, 486])
def test_a_retransmitted_invite_is_not_a_second_call(play: Playbook, final: int):
    """No second verdict, no second INVITE: the last response is repeated (17.2.1)."""
    down = play.forwarded()
    assert briefs(play.trunk(wire.invite())) == ["100"]
    play.pbx(wire.response(180, down))
    assert briefs(play.trunk(wire.invite())) == ["180"]
    play.pbx(wire.response(final, down))
    assert briefs(play.trunk(wire.invite())) == ([] if final == 200 else ["486"])
    assert len(play.calls) == len(play.outcomes) == 1


def test_503_from_below_is_500_to_the_caller():
    """16.7 step 6: that one server is full is no news of ours."""
    play = Playbook(pbxes=[{"name": "office", "addresses": ["203.0.113.10"]}])
    assert briefs(play.pbx(wire.response(503, play.forwarded()))) == ["ACK", "500"]


def test_unreadable_responses_end_here_and_harm_nothing(play: Playbook):
    down = play.forwarded()
    for broken in (
        wire.response(486, down).replace(b"Content-Length: 0", b"X: a\nb\r\nContent-Length: 0"),
        wire.response(486, down).replace(b"Content-Length: 0", b"nonsense\r\nContent-Length: 0"),
        wire.response(486, down).replace(b"Content-Length: 0", b"Content-Length: 0\r\nContent-Length: 7"),
        wire.response(486, down).replace(b"SIP/2.0 486", b"SIP/2.0 4294967301"),
        wire.response(486, down)[:-30],
    ):
        assert briefs(play.pbx(broken)) in ([], ["ACK", "486"])
    play.wait(80)
    assert play.log[-1].status in (408, 486)


# Which response is best (16.7 step 6)


@pytest.mark.parametrize(
    ("came", "best"),
    [
        ([486], 486), ([486, 404], 486), ([404, 486], 404), ([302, 404], 302), ([500, 404], 404), ([603, 302], 603),
        ([404, 603, 302], 603), ([404, 401], 401), ([486, 407], 407), ([404, 415], 415), ([404, 420], 420),
        ([404, 484], 484), ([401, 600], 600), ([408, 404], 404), ([408, 500], 408), ([500, 502], 500),
    ],
)  # fmt: skip
def test_the_best_response(came: list[int], best: int):
    assert choose_best([(status, b"") for status in came])[0] == best


@given(st.lists(st.integers(300, 699), min_size=1, max_size=8))
def test_the_best_response_is_a_6xx_or_of_the_lowest_class(came: list[int]):
    best = choose_best([(status, b"") for status in came])[0]
    assert best in came
    if max(came) >= 600:
        assert best >= 600
    else:
        assert best // 100 == min(came) // 100


# ACK (16.11, 13.2.2.4)


def test_the_ack_of_a_2xx_is_routed_and_never_judged(play: Playbook):
    down = play.forwarded()
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    ack = only(play.trunk(in_dialog("ACK", up)), to=wire.PBX)
    assert wire.uri(ack) == "sip:desk@203.0.113.10:5060"
    assert wire.header(ack, "Max-Forwards") == "69"
    assert wire.branch(ack) != wire.branch(down)
    assert len(play.calls) == 1


def test_a_repeated_ack_has_the_same_branch(play: Playbook):
    """16.11: an element below must see a retransmission."""
    _, up = play.answered()
    first, second = (only(play.trunk(in_dialog("ACK", up))) for _ in range(2))
    assert first == second


def test_an_ack_before_anything_final_ends_here(play: Playbook):
    down = play.forwarded()
    assert play.trunk(wire.ack(wire.invite(), wire.response(180, down))) == []


def test_an_ack_of_a_call_nobody_knows_is_forwarded_but_not_answered(play: Playbook):
    """After a restart the ACK of a 2xx still has to arrive."""
    sent = play.trunk(wire.request("ACK", to="<sip:x@rook.example>;tag=below"))
    assert [(each.brief, each.to) for each in sent] == [("ACK", wire.PBX)]


def test_the_ack_of_a_re_invite_of_the_callee_is_routed_too(play: Playbook):
    down, _ = play.answered()
    reinvite = from_callee("INVITE", down)
    at_caller = only(play.pbx(reinvite), to=wire.TRUNK)
    up = only(play.trunk(wire.answer(at_caller)), to=wire.PBX)
    assert wire.status(up) == 200
    ack = only(play.pbx(from_callee("ACK", down, branch="z9hG4bKack3")), to=wire.TRUNK)
    assert wire.uri(ack) == "sip:wren@198.51.100.21:5060"


# CANCEL (9.2, 16.10)


def test_cancel_after_180_cancels_the_branch(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    sent = play.trunk(wire.cancel(wire.invite()))
    assert [(each.brief, each.to) for each in sent] == [("200", wire.TRUNK), ("CANCEL", wire.PBX)]
    below = sent[1].data
    assert wire.uri(below) == wire.uri(down)
    assert wire.headers(below, "Via") == [wire.top_via(down)], "one Via: that of the request it cancels"
    assert wire.header(below, "CSeq") == "1 CANCEL"
    for name in ("From", "To", "Call-ID"):
        assert wire.header(below, name) == wire.header(down, name)
    assert play.pbx(wire.response(200, below)) == [], "its answer goes no further"
    assert briefs(play.pbx(wire.response(487, down))) == ["ACK", "487"]
    assert briefs(play.trunk(wire.ack(wire.invite(), play.log[-1].data))) == []
    assert [outcome.status for _, outcome in play.outcomes] == [487]


def test_cancel_before_any_response_waits_for_a_sign_of_life(play: Playbook):
    """9.1: no CANCEL goes out before a provisional response came in."""
    down = play.forwarded()
    assert cancelled(play, down) == ["200"]
    assert briefs(play.pbx(wire.response(180, down))) in (["CANCEL"], ["CANCEL", "180"])
    assert briefs(play.pbx(wire.response(487, down))) == ["ACK", "487"]


def test_a_cancelled_call_to_a_silent_pbx_ends_with_one_487(play: Playbook):
    down = play.forwarded()
    assert cancelled(play, down) == ["200"]
    sent = play.wait(40)
    assert next(each.brief for each in sent if each.to == wire.TRUNK) == "487"
    assert {each.brief for each in sent} == {"INVITE", "OPTIONS", "487"}, "it is asked whether it lives, too"
    assert {each.to for each in sent} == {wire.PBX, wire.TRUNK}, "no second address is tried for a call given up"


def test_a_cancelled_branch_that_never_ends_is_given_up_after_64_t1(play: Playbook):
    """9.1: then the request is considered cancelled, and its transaction is destroyed."""
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    cancelled(play, down)
    sent = play.wait(33)
    assert next(each.at for each in sent if each.status == 487) == pytest.approx(32)
    play.trunk(wire.ack(wire.invite(), play.log[-1].data))
    play.wait(100)
    assert play.held == 0


def test_cancel_that_crosses_a_200_loses(play: Playbook):
    """9.1 and 15.1.2: the call is answered, and the caller hangs it up."""
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    assert cancelled(play, down) == ["200", "CANCEL"]
    assert briefs(play.pbx(wire.answer(down))) == ["200"]
    assert [outcome.status for _, outcome in play.outcomes] == [200]


def test_cancel_after_the_200_changes_nothing(play: Playbook):
    play.answered()
    assert briefs(play.trunk(wire.cancel(wire.invite()))) == ["200"]


def test_a_repeated_cancel_gets_the_same_200_and_cancels_once(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    first = play.trunk(wire.cancel(wire.invite()))
    second = play.trunk(wire.cancel(wire.invite()))
    assert [each.data for each in second] == [first[0].data]


def test_the_200_of_cancel_has_the_to_tag_of_the_487(play: Playbook):
    """9.2: they SHOULD be the same."""
    play.verdict = None
    play.trunk(wire.invite())
    sent = play.trunk(wire.cancel(wire.invite()))
    assert [each.brief for each in sent] == ["200", "487"]
    assert wire.header(sent[0].data, "To") == wire.header(sent[1].data, "To")


def test_cancel_before_the_verdict_ends_the_call(play: Playbook):
    play.verdict = None
    play.trunk(wire.invite())
    assert briefs(play.trunk(wire.cancel(wire.invite()))) == ["200", "487"]
    assert play.decide(REJECT) == [], "a late verdict changes nothing"


@pytest.mark.parametrize("status", [180, 200, 486])
def test_cancel_of_an_invite_that_was_rejected_or_never_seen(play: Playbook, status: int):
    sent = play.trunk(wire.cancel(wire.invite()))
    assert [(each.brief, each.to) for each in sent] == [("481", wire.TRUNK)]


def test_a_flood_of_stray_cancels_holds_nothing(play: Playbook):
    for number in range(50):
        play.trunk(wire.request("CANCEL", via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKstray{number}"))
    assert play.held == 0


def test_cancel_ends_nothing_of_another_branch(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    other = wire.cancel(wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKother"))
    assert briefs(play.trunk(other)) == ["481"]
    assert play.pbx(wire.response(183, down))[0].status == 183


@pytest.mark.parametrize("stranger", [("198.51.100.66", 5060), ("192.0.2.66", 5060)])
def test_nobody_else_ends_a_call_whose_via_he_has_seen(stranger: tuple[str, int]):
    play = Playbook(trunks=[*SETTINGS["trunks"], {"name": "default", "country": "CN"}])
    invite = wire.invite()
    assert briefs(play.trunk(invite)) == ["100", "INVITE"]
    assert [(each.to, each.brief) for each in play.trunk(wire.cancel(invite), stranger)] == [(stranger, "481")]
    assert [each.to for each in play.trunk(wire.cancel(invite))] == [wire.TRUNK]


def test_nor_takes_its_place_before_it_comes():
    play = Playbook(trunks=[*SETTINGS["trunks"], {"name": "default", "country": "CN"}])
    invite = wire.invite()
    play.trunk(invite, ("192.0.2.66", 5060))
    assert (wire.TRUNK, "100") in [(each.to, each.brief) for each in play.trunk(invite)]


def test_cancel_of_a_non_invite_does_nothing(play: Playbook):
    """9.1: only INVITE can be cancelled."""
    play.trunk(wire.request("OPTIONS"))
    assert "CANCEL" not in briefs(play.trunk(wire.cancel(wire.request("OPTIONS"))))


def test_a_cancel_of_rfc_2543_finds_its_invite(play: Playbook):
    via = "SIP/2.0/UDP 198.51.100.21:5060"
    down = play.forwarded(via=via)
    play.pbx(wire.response(180, down))
    assert briefs(play.trunk(wire.cancel(wire.invite(via=via)))) == ["200", "CANCEL"]


# Timer C (16.6 step 11, 16.8)


def test_a_call_may_not_ring_for_ever(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    assert play.wait(184.9) == []
    sent = play.wait(0.2)
    assert [(each.brief, each.to) for each in sent] == [("CANCEL", wire.PBX), ("408", wire.TRUNK)]


@pytest.mark.parametrize("side", ["trunk", "pbx"])
def test_an_emergency_call_is_never_ended_from_here(play: Playbook, side: str):
    """A queue of rescuers may send its 183 once, and let the caller hear its voice for longer than timer C."""
    play.verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
    there = play.trunk if side == "trunk" else play.pbx
    back, far = (play.pbx, wire.PBX) if side == "trunk" else (play.trunk, wire.TRUNK)
    down = only(there(wire.invite(uri=f"sip:110@{wire.US}")), to=far)
    back(wire.response(183, down))
    assert play.wait(3000) == []
    assert 200 in [each.status for each in back(wire.answer(down))]


def test_a_provisional_response_starts_timer_c_again(play: Playbook):
    """16.7 step 2; never shorter than set, and at most a second longer."""
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.wait(100.3)
    play.pbx(wire.response(183, down))
    assert play.wait(184.9) == []
    assert "408" in briefs(play.wait(1.2))


def test_a_call_rings_for_timer_c_and_not_for_twice_that(play: Playbook):
    """The 180 comes a second after the INVITE: 185 s later it is over, not when the timer has run twice."""
    down = play.forwarded()
    play.wait(1)
    play.pbx(wire.response(180, down))
    sent = [each for each in play.wait(400) if each.brief != "OPTIONS"]
    assert [(each.brief, each.at) for each in sent[:2]] == [("CANCEL", 186), ("408", 186)]


def test_timer_c_of_many_calls_needs_few_lanes(play: Playbook):
    """Each length of a timer is a lane of its own: what is left of timer C is counted in whole seconds."""
    for number in range(50):
        call = play.forwarded(via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{number}", call_id=f"c{number}")
        play.wait(0.37)
        play.pbx(wire.response(180, call))
    play.wait(185.5)
    assert len(play.core.layer.timers._lanes) < 30


def test_a_100_does_not_start_timer_c_again(play: Playbook):
    """16.7 step 2: 101 to 199 do."""
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.wait(100)
    play.pbx(wire.response(100, down))
    assert "408" in briefs(play.wait(86))


# Why a branch is cancelled (RFC 3326)


def with_reason(data: bytes, *reasons: str) -> bytes:
    """The same request with these Reason header fields."""
    lines = "".join(f"Reason: {reason}\r\n" for reason in reasons).encode()
    return data.replace(b"Content-Length:", lines + b"Content-Length:", 1)


ANSWERED = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.parametrize("reasons", [(ANSWERED,), (ANSWERED, "Q.850;cause=26"), ()])
def test_a_cancel_keeps_the_reason_of_the_caller(play: Playbook, reasons: tuple[str, ...]):
    """A call that was answered elsewhere is none that the phone shows as missed."""
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    below = play.trunk(with_reason(wire.cancel(wire.invite()), *reasons))[1].data
    assert wire.method(below) == "CANCEL"
    assert wire.headers(below, "Reason") == list(reasons)


def test_the_reason_is_kept_for_a_branch_that_is_cancelled_later(play: Playbook):
    """9.1: no CANCEL before a sign of life."""
    down = play.forwarded()
    play.trunk(with_reason(wire.cancel(wire.invite()), ANSWERED))
    below = only([each for each in play.pbx(wire.response(180, down)) if each.method])
    assert wire.headers(below, "Reason") == [ANSWERED]


def test_a_cancel_from_the_pbx_keeps_its_reason_too(play: Playbook):
    out = wire.invite(uri="sip:13912345678@198.51.100.21", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout")
    down = only(play.pbx(out), to=wire.TRUNK)
    play.trunk(wire.response(180, down))
    below = play.pbx(with_reason(wire.cancel(out), ANSWERED))[1].data
    assert wire.headers(below, "Reason") == [ANSWERED]


def test_a_cancel_with_kilobytes_of_reason_loses_them(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    below = play.trunk(with_reason(wire.cancel(wire.invite()), *["SIP;cause=200"] * 90))[1].data
    assert wire.headers(below, "Reason") == []


def test_a_call_that_rang_too_long_is_cancelled_with_the_reason(play: Playbook):
    play.pbx(wire.response(180, play.forwarded()))
    cancel = next(each.data for each in play.wait(190) if each.method == "CANCEL")
    assert wire.headers(cancel, "Reason") == ['SIP;cause=408;text="Request Timeout"']


# Which transaction a response belongs to (17.1.3)


@pytest.mark.parametrize("method", ["BYE", "CANCEL", "invite", "INVITE 2"])
def test_a_response_to_another_method_does_not_end_the_invite_of_its_branch(play: Playbook, method: str):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    stray = wire.response(486, down).replace(b"CSeq: 1 INVITE", f"CSeq: 1 {method}".encode())
    assert play.pbx(stray) == []
    assert wire.status(only(play.pbx(wire.answer(down)), to=wire.TRUNK)) == 200, "the call goes on"


def test_a_response_to_invite_does_not_end_the_message_of_its_branch(play: Playbook):
    down = only(play.trunk(wire.request("OPTIONS")), to=wire.PBX)
    assert play.pbx(wire.response(200, down).replace(b"1 OPTIONS", b"1 INVITE")) == []
    assert briefs(play.pbx(wire.response(200, down))) == ["200"]


@pytest.mark.parametrize("line", ["CSEQ: 1 INVITE", "CSeq:1   INVITE ", "cseq:\t1\tINVITE", "CSeq:\r\n 1 INVITE"])
def test_however_its_cseq_is_written_a_response_is_understood(play: Playbook, line: str):
    down = play.forwarded()
    final = wire.answer(down).replace(b"CSeq: 1 INVITE", line.encode())
    assert wire.status(only(play.pbx(final), to=wire.TRUNK)) == 200


def test_a_response_without_cseq_ends_here(play: Playbook):
    down = play.forwarded()
    assert play.pbx(wire.answer(down).replace(b"CSeq: 1 INVITE\r\n", b"")) == []
    assert play.core.dropped == {"stray response": 1}


def test_what_timer_c_ended_is_forgotten_when_the_pbx_never_answers(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.wait(300)
    assert play.held == 0


def test_the_487_that_timer_c_brought_is_acknowledged_and_goes_no_further(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.wait(186)
    assert briefs(play.pbx(wire.response(487, down))) == ["ACK"]


# Failure and failover (16.7 step 6, 16.9)


def test_a_silent_pbx_gives_408_when_the_last_address_had_its_full_time(play: Playbook):
    first = play.forwarded()
    second = [each for each in play.wait(3) if each.to == wire.PBX2]
    assert briefs(second) == ["INVITE"]
    assert wire.branch(second[0].data) != wire.branch(first), "a new branch"
    final = [each for each in play.wait(33) if each.to == wire.TRUNK]
    assert final[0].status == 408
    assert final[0].at == pytest.approx(35)
    assert len(play.calls) == 1, "one verdict for all attempts"


def test_the_second_address_answers(play: Playbook):
    play.forwarded()
    second = next(each.data for each in play.wait(32) if each.to == wire.PBX2)
    up = only(play.pbx(wire.answer(second), wire.PBX2), to=wire.TRUNK)
    assert wire.status(up) == 200
    assert [outcome.status for _, outcome in play.outcomes] == [200]


@pytest.mark.parametrize("data", [wire.invite(), wire.request("REGISTER")], ids=["INVITE", "REGISTER"])
def test_a_silent_address_need_not_be_waited_for_while_there_is_another(data: bytes):
    play = Playbook(limits={"silent_s": 4}, **ANY_METHOD)
    play.trunk(data)
    assert {each.to for each in play.wait(3.9)} == {wire.PBX}
    assert {each.to for each in play.wait(0.2) if each.brief != "OPTIONS"} == {wire.PBX2}
    assert {each.to for each in play.wait(27.8)} == {wire.PBX2}, "the last one has its full time"


def test_an_address_that_has_said_anything_may_ring_on():
    play = Playbook(limits={"silent_s": 4})
    play.pbx(wire.response(100, play.forwarded()))
    assert play.wait(30) == []


def test_503_tries_the_next_address_at_once(play: Playbook):
    sent = play.pbx(wire.response(503, play.forwarded()))
    assert [(each.brief, each.to) for each in sent] == [("ACK", wire.PBX), ("INVITE", wire.PBX2)]


@pytest.mark.parametrize("status", [404, 486, 500, 603])
def test_an_answer_of_the_pbx_is_an_answer(play: Playbook, status: int):
    sent = play.pbx(wire.response(status, play.forwarded()))
    assert wire.PBX2 not in [each.to for each in sent]


def test_the_best_of_two_addresses_is_answered(play: Playbook):
    second = play.pbx(wire.response(503, play.forwarded()))[1].data
    assert briefs(play.pbx(wire.response(486, second), wire.PBX2)) == ["ACK", "486"]


def test_a_pbx_that_can_not_be_sent_to_is_passed_over(play: Playbook):
    assert [each.to for each in play.fails(play.forwarded())] == [wire.PBX2]


def test_no_pbx_that_can_be_sent_to_is_503(play: Playbook):
    """16.9: a transport error is as if it had answered 503; nobody else is asked, so 503 it is."""
    second = play.fails(play.forwarded())[0].data
    final = play.fails(second)
    assert [(each.brief, each.to) for each in final] == [("503", wire.TRUNK)]


def test_a_non_invite_that_nobody_answers_gets_no_answer(play: Playbook):
    """RFC 4320 4.2: no 408, no matter how long."""
    play.trunk(wire.request("OPTIONS"))
    assert {each.to for each in play.wait(200)} == {wire.PBX, wire.PBX2}


def test_a_408_from_below_to_a_non_invite_is_not_sent_on(play: Playbook):
    """RFC 4320 4.2: a transaction-stateful element sends no 408 to a non-INVITE request."""
    down = only(play.trunk(wire.request("OPTIONS")), to=wire.PBX)
    assert "408" not in briefs(play.pbx(wire.response(408, down)))


def test_a_non_invite_fails_over_too(play: Playbook):
    down = only(play.trunk(wire.request("OPTIONS")), to=wire.PBX)
    assert [each.to for each in play.pbx(wire.response(503, down))] == [wire.PBX2]


def test_a_non_invite_is_answered_once_and_repeated_on_request(play: Playbook):
    data = wire.request("OPTIONS")
    down = only(play.trunk(data), to=wire.PBX)
    assert play.trunk(data) == [], "absorbed while it is under way"
    up = only(play.pbx(wire.response(200, down)), to=wire.TRUNK)
    assert [each.data for each in play.trunk(data)] == [up]
    assert play.pbx(wire.response(200, down)) == []


# Names (RFC 3263, the resolve effect)


def test_a_pbx_by_name_is_resolved_and_each_address_tried():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    play.names["pbx.rook.example"] = ["203.0.113.50", "203.0.113.51"]
    down = only(play.trunk(wire.invite()), to=("203.0.113.50", 5060))
    assert [each.to for each in play.fails(down)] == [("203.0.113.51", 5060)]


def test_a_name_that_nobody_knows_is_503():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    assert briefs(play.trunk(wire.invite())) == ["100", "503"]


# Dialogs pass


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "BYE", "OPTIONS"])
def test_what_follows_in_the_dialog_passes_both_ways(play: Playbook, method: str):
    down, up = play.answered()
    onward = only(play.trunk(in_dialog(method, up, cseq=2, branch="z9hG4bKnext")), to=wire.PBX)
    assert wire.method(onward) == method
    assert wire.status(only(play.pbx(wire.response(200, onward)), to=wire.TRUNK)) == 200
    back = only(play.pbx(from_callee(method, down, cseq=3)), to=wire.TRUNK)
    assert wire.status(only(play.trunk(wire.response(200, back)), to=wire.PBX)) == 200
    assert len(play.calls) == 1, "the call was judged, and what belongs to it is not judged again"


def test_prack_passes_before_the_answer(play: Playbook):
    """RFC 3262: the early dialog has the same route."""
    down = play.forwarded()
    ringing = wire.response(183, down, extra="RSeq: 1\nRequire: 100rel\nContact: <sip:desk@203.0.113.10:5060>")
    up = only(play.pbx(ringing), to=wire.TRUNK)
    prack = only(play.trunk(in_dialog("PRACK", up, cseq=2, extra="RAck: 1 1 INVITE")), to=wire.PBX)
    assert wire.header(prack, "RAck") == "1 1 INVITE"


def test_outcome_tells_how_the_call_ended(play: Playbook):
    down = play.forwarded()
    play.wait(0.25)
    play.pbx(wire.response(180, down))
    play.wait(1)
    play.pbx(wire.response(486, down))
    [(_, outcome)] = play.outcomes
    assert (outcome.status, outcome.rang, outcome.setup_ms) == (486, True, 1250)
