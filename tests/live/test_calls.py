"""Calls from the trunk to the PBX and out again, as two SIPp play them through the running proxy."""

import pytest

pytestmark = pytest.mark.live


def test_answered_and_hung_up_by_the_caller(lane):
    flow = lane.call("caller_hangs_up", "callee_answers")
    assert len(flow.callee.received("INVITE")) == len(flow.callee.received("BYE")) == 1


def test_a_pbx_that_answers_with_both_vias_on_one_line(lane):
    flow = lane.call("caller_hangs_up", "callee_answers")
    (sent,) = flow.callee.sent("SIP/2.0 180")[0].fields("Via")
    assert sent.count(",") == 1  # that is how SIPp gives them back
    (heard,) = flow.caller.received("SIP/2.0 180")[0].fields("Via")
    assert heard == flow.caller.sent("INVITE")[0].field("Via")


def test_hung_up_by_the_callee(lane):
    lane.call("caller_hears_bye", "callee_hangs_up")


def test_busy(lane):
    flow = lane.call(
        "caller_refused", "callee_refuses", status="486", refusal="486 Busy Here", provisional="100 Trying"
    )
    assert len(flow.caller.received("SIP/2.0 486")) == 1


@pytest.mark.parametrize("refusal", ["480 Temporarily Unavailable", "408 Request Timeout", "603 Decline"])
def test_not_answered(lane, refusal):
    flow = lane.call("caller_refused", "callee_refuses", status=refusal[:3], refusal=refusal, provisional="180 Ringing")
    assert flow.caller.received("SIP/2.0 180")


def test_cancelled_before_it_rings(lane):
    flow = lane.call("caller_cancels_at_once", "callee_cancelled", silence="300", provisional="100 Trying")
    assert not flow.caller.received("SIP/2.0 180")


def test_cancelled_while_it_rings(lane):
    lane.call("caller_cancels_ringing", "callee_cancelled", silence="1", provisional="180 Ringing")


def test_the_cancel_crosses_the_answer(lane):
    lane.call("caller_cancels_too_late", "callee_answers_cancel")


def test_the_answer_is_lost_and_sent_again(lane):
    lane.call("caller_loses_answer", "callee_repeats_answer")


def test_the_acknowledgement_is_lost_and_sent_again(lane):
    lane.call("caller_acknowledges_twice", "callee_loses_ack")


def test_two_phones_answer(lane):
    lane.call("caller_answered_twice", "callee_forks")


def test_the_caller_changes_the_session(lane):
    lane.call("caller_reinvites", "callee_reinvited")


def test_the_callee_changes_the_session(lane):
    lane.call("caller_reinvited", "callee_reinvites")


def test_a_reliable_provisional_response(lane):
    lane.call("caller_pracks", "callee_rings_reliably")


IN_A_CALL = {
    "UPDATE": "",
    "INFO": "",
    "MESSAGE": "",
    "NOTIFY": "Event: refer\nSubscription-State: terminated",
    "REFER": "Refer-To: <sip:1002@example.com>",
    "JUGGLE": "",
}


@pytest.mark.parametrize("method", IN_A_CALL)
def test_a_request_of_the_caller_within_the_call(lane, method):
    lane.call(
        "caller_asks_in_call",
        "callee_asked_in_call",
        method=method,
        extra=IN_A_CALL[method],
        status="200",
        answer="200 OK",
    )


@pytest.mark.parametrize("method", IN_A_CALL)
def test_a_request_of_the_callee_within_the_call(lane, method):
    lane.call(
        "caller_asked_in_call",
        "callee_asks_in_call",
        method=method,
        extra=IN_A_CALL[method],
        status="200",
        answer="200 OK",
    )


OUTSIDE_A_CALL = {
    "REGISTER": ("", "200 OK"),
    "OPTIONS": ("", "200 OK"),
    "MESSAGE": ("", "404 Not Found"),
    "PUBLISH": ("Event: presence", "489 Bad Event"),
    "REFER": ("Refer-To: <sip:1002@example.com>", "202 Accepted"),
    "INFO": ("", "481 Call Does Not Exist"),
    "JUGGLE": ("", "501 Not Implemented"),
}


@pytest.mark.parametrize("method", OUTSIDE_A_CALL)
def test_a_request_outside_a_call(lane, method):
    extra, answer = OUTSIDE_A_CALL[method]
    flow = lane.call("asks", "answers", method=method, extra=extra, status=answer[:3], answer=answer)
    assert len(flow.callee.received(method)) == 1


def test_a_subscription_and_its_notification(lane):
    lane.call("subscribes", "notifies")
