"""Calls from the PBX out to the trunk: never judged, and they stay in the proxy's path."""

import pytest

from tests.live.conftest import BLOCKED
from tests.peers.process import until

pytestmark = pytest.mark.live


def test_answered_and_hung_up_by_the_pbx(lane):
    flow = lane.call_out("caller_hangs_up", "callee_answers", called="013800138000")
    assert flow.callee.received("INVITE")[0].fields("Record-Route")


def test_hung_up_by_the_trunk(lane):
    lane.call_out("caller_hears_bye", "callee_hangs_up")


def test_busy(lane):
    lane.call_out("caller_refused", "callee_refuses", status="486", refusal="486 Busy Here", provisional="100 Trying")


def test_cancelled(lane):
    lane.call_out("caller_cancels_ringing", "callee_cancelled", silence="1", provisional="180 Ringing")


def test_the_trunk_changes_the_session(lane):
    lane.call_out("caller_reinvited", "callee_reinvites")


def test_two_phones_answer_behind_the_trunk(lane):
    lane.call_out("caller_answered_twice", "callee_forks")


def test_a_registration_of_the_pbx(lane):
    lane.call_out("asks", "answers", method="REGISTER", extra="", status="200", answer="200 OK")


def test_after_a_call_for_help_whoever_calls_back_gets_through(lane, house):
    subscriber = "02161239999"
    lane.alone("caller_refused", status="603", caller=BLOCKED, called=subscriber)
    lane.call_out("caller_hangs_up", "callee_answers", caller=subscriber, called="110")
    flow = lane.call("caller_hangs_up", "callee_answers", caller=BLOCKED, called=subscriber)
    call_id = flow.caller.sent("INVITE")[0].field("Call-ID")
    (line,) = until(lambda: [one for one in house.proxy.calls() if one["call_id"] == call_id], "its line in the log")
    assert (line["verdict"], line["step"]) == ("forward", "emergency callback")
    told = until(lambda: explained(house, line["decision"]), "its record")
    assert "forward (emergency callback): the subscriber made an emergency call" in told


def explained(house, decision):
    """Why a recorded call got its verdict; nothing while the record is not on disk."""
    try:
        return house.proxy.command("explain", decision)
    except AssertionError:
        return ""
