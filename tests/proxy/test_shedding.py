"""New calls are refused while messages wait too long; a stall that is over refuses nobody."""

from __future__ import annotations

import pytest

from proxy.shedding import BEGINS, CALM_S, ENDS, LASTS_S, NOTHING, Shedding
from tests import wire
from tests.playbook import SETTINGS, Playbook, briefs, in_dialog, only

TICK_S = 0.02


class Clock:
    """Fifty ticks a second, in each of which some message waited so long."""

    def __init__(self, most_s: float = 0.2) -> None:
        self.shedding = Shedding(most_s)
        self.now = 100.0

    def passes(self, seconds: float, waited: float, late: float = 0.0) -> list[int]:
        turns = []
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            if waited > self.shedding.patience:
                self.shedding.waited(waited)
            turns.append(self.shedding.tick(self.now, late))
        return [turn for turn in turns if turn != NOTHING]


@pytest.mark.parametrize(("waited", "late"), [(0.3, 0.0), (0.0, 0.3)])
def test_it_begins_when_messages_wait_too_long_for_a_while_or_the_loop_does(waited, late):
    clock = Clock()
    assert clock.passes(LASTS_S, waited, late) == []
    assert not clock.shedding.waited(0.3)
    assert clock.passes(0.1, waited, late) == [BEGINS]
    assert clock.shedding.waited(0.3)


def test_a_stall_that_is_over_refuses_nobody():
    clock = Clock()
    for _ in range(10):
        assert clock.passes(TICK_S, 2.0) == []
        assert clock.passes(TICK_S, 0.01) == []
    assert clock.shedding.begun == 0


def test_it_ends_once_nothing_waits_for_a_quarter_as_long_for_a_second():
    clock = Clock()
    clock.passes(0.3, 0.3)
    assert clock.passes(5, 0.15) == [], "less than where it began, more than where it may end"
    assert clock.passes(CALM_S - 0.1, 0.04) == []
    assert clock.passes(0.1, 0.15) == []
    assert clock.passes(CALM_S + 0.1, 0.04) == [ENDS]
    assert (clock.shedding.on, clock.shedding.begun, clock.shedding.longest) == (False, 1, 0.3)
    assert clock.shedding.patience == 0.2


def test_meanwhile_new_calls_are_refused_as_they_come_while_others_wait():
    clock = Clock()
    clock.passes(0.3, 0.3)
    assert clock.shedding.closed
    clock.passes(TICK_S, 0.15)
    assert clock.shedding.closed
    assert not clock.shedding.waited(0.15), "one that is there and did not wait too long is served"
    clock.passes(2 * TICK_S, 0.04)
    assert not clock.shedding.closed, "there is room for some"
    clock.passes(CALM_S + 0.1, 0.04)
    clock.passes(TICK_S, 0.15)
    assert not clock.shedding.closed


def test_where_it_is_switched_off_it_never_begins():
    clock = Clock(0)
    assert clock.passes(5, 30, 30) == []


def test_other_bounds_hold_at_once():
    clock = Clock()
    clock.passes(0.3, 0.3)
    clock.shedding.bound(1.0)
    assert clock.shedding.patience == 0.25
    clock.shedding.bound(0)
    assert clock.passes(2, 30) == [ENDS]


@pytest.fixture
def late() -> Playbook:
    play = Playbook(trunks=[*SETTINGS["trunks"], {"name": "default", "country": "CN"}])
    play.core.too_late = True
    return play


@pytest.mark.parametrize("source", [wire.TRUNK, wire.STRANGER, wire.PBX])
def test_a_new_call_that_waited_too_long_gets_503_and_when_to_try_again(late: Playbook, source: tuple[str, int]):
    [answer] = late.receive(wire.invite(via=f"SIP/2.0/UDP {source[0]};branch=z9hG4bKl"), source)
    assert wire.start_line(answer.data) == "SIP/2.0 503 Service Unavailable"
    assert wire.header(answer.data, "Retry-After") == "1"
    assert late.core.shedding.refused == 1
    assert late.held == 0
    assert late.receive(wire.ack(wire.invite(), answer.data), source) == []


@pytest.mark.parametrize("source", [wire.TRUNK, wire.STRANGER, wire.PBX])
def test_an_emergency_call_goes_on_however_long_it_waited(late: Playbook, source: tuple[str, int]):
    assert "INVITE" in briefs(late.receive(wire.invite(uri=f"sip:110@{wire.US}"), source))


def test_what_belongs_to_a_call_goes_on():
    play = Playbook()
    _, up = play.answered()
    play.core.too_late = True
    assert briefs(play.trunk(wire.invite())) == [], "a repeat of an INVITE that was taken"
    again = in_dialog("INVITE", up, cseq=2, branch="z9hG4bKagain", body=wire.SDP)
    assert "INVITE" in briefs(play.trunk(again))
    assert briefs(play.trunk(in_dialog("BYE", up, cseq=3, branch="z9hG4bKbye"))) == ["BYE"]
    other = Playbook()
    ringing = wire.invite()
    only(other.trunk(ringing), to=wire.PBX)
    other.core.too_late = True
    assert "200" in briefs(other.trunk(wire.cancel(ringing)))
