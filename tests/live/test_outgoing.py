"""Calls from the PBX out to the trunk: never judged, and they stay in the proxy's path."""

import pytest

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
