"""Who is refused has a line: at once, then seldom, whatever floods, and in bounded memory."""

import pytest

from proxy.strangers import AGAIN_S, BURST, PACE_S, Strangers
from tests import wire
from tests.playbook import Playbook


def test_a_source_is_told_at_once_and_then_with_how_often_it_came():
    strangers = Strangers()
    assert strangers.came("192.0.2.66", 0.0) == 1
    assert [strangers.came("192.0.2.66", float(second)) for second in range(1, 100)] == [0] * 99
    assert strangers.came("192.0.2.66", AGAIN_S) == 100
    assert strangers.came("192.0.2.67", AGAIN_S) == 1


def test_a_flood_of_sources_has_a_few_lines():
    strangers = Strangers()
    told = sum(strangers.came(f"host {number}", number / 1000) > 0 for number in range(60_000))
    assert told <= BURST + 60 / PACE_S
    assert len(strangers) <= 1_000
    assert strangers.came("later", 60 + 2 * PACE_S) == 1


def test_a_source_that_was_passed_over_in_a_flood_is_told_when_there_is_room():
    strangers = Strangers()
    for number in range(BURST):
        assert strangers.came(f"host {number}", 0.0)
    assert [strangers.came("192.0.2.66", 0.0) for _ in range(5)] == [0] * 5
    assert strangers.came("192.0.2.66", PACE_S) == 6


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "BYE"])
def test_a_request_from_nobody_we_know_has_a_line_and_no_number_in_it(play: Playbook, method: str):
    assert play.receive(wire.request(method), wire.STRANGER)[0].status == 403
    assert play.strangers == [("192.0.2.66", 5060, method, 1)]
    play.receive(wire.request(method), wire.STRANGER)
    assert len(play.strangers) == 1


def test_a_method_is_told_as_far_as_it_is_one(play: Playbook):
    play.receive(wire.request("A" * 500), wire.STRANGER)
    assert len(play.strangers[0][2]) == 20


def test_no_line_for_an_ack_and_none_for_the_question_after_our_health(play: Playbook):
    play.receive(wire.request("ACK"), wire.STRANGER)
    play.receive(wire.request("OPTIONS", uri=f"sip:{wire.US}"), ("127.0.0.1", 40_000))
    play.receive(wire.request("OPTIONS", uri=f"sip:{wire.US}"), ("203.0.113.1", 40_000))
    assert play.strangers == []
