"""RFC 5393: every request that goes on says how many branches it may have, 60 at most; with none left it gets 440."""

from __future__ import annotations

import pytest

from tests import wire
from tests.playbook import Playbook, from_callee, in_dialog, only

CONTACT = "Contact: <sip:wren@198.51.100.21:5060>"


def breadth(data: bytes) -> list[str]:
    return wire.headers(data, "Max-Breadth")


@pytest.mark.parametrize(
    ("came", "leaves"),
    [("", "60"), ("1", "1"), ("7", "7"), ("60", "60"), ("61", "60"), ("99999999999999999999", "60"), (" 5 ", "5")],
)
@pytest.mark.parametrize("forwards", ["70", None])
def test_a_request_goes_on_with_one_value(play: Playbook, came: str, leaves: str, forwards: str | None):
    """Nothing is forked in parallel: the branches that are tried in turn have all of it each (5.3.3)."""
    extra = f"Max-Breadth: {came}\n{CONTACT}" if came else CONTACT
    down = play.forwarded(extra=extra, max_forwards=forwards)
    assert breadth(down) == [leaves]
    assert wire.headers(down, "Max-Forwards") == ["69" if forwards else "70"]


def test_the_next_target_has_all_of_it_too(play: Playbook):
    play.forwarded(extra=f"Max-Breadth: 2\n{CONTACT}")
    later = [each for each in play.wait(4) if each.to == wire.PBX2]
    assert [breadth(each.data) for each in later[:1]] == [["2"]]


@pytest.mark.parametrize("source", [wire.TRUNK, wire.PBX])
@pytest.mark.parametrize(
    ("came", "status"),
    [("0", 440), ("00", 440), ("", 400), ("-1", 400), ("many", 400), ("1;x", 400), ("1\nMax-Breadth: 2", 400)],
)
def test_with_none_left_or_one_that_nobody_can_read_it_goes_nowhere(
    play: Playbook, came: str, status: int, source: tuple[str, int]
):
    answer = only(play.receive(wire.invite(extra=f"Max-Breadth: {came}\n{CONTACT}"), source))
    assert wire.status(answer) == status
    assert play.held == 0


@pytest.mark.parametrize("came", ["0", "many"])
def test_an_emergency_call_goes_on(play: Playbook, came: str):
    down = play.forwarded(uri=f"sip:110@{wire.US}", extra=f"Max-Breadth: {came}\n{CONTACT}")
    assert breadth(down) == ["60"]


def test_a_loop_is_still_called_one(play: Playbook):
    down = play.forwarded()
    assert wire.status(only(play.trunk(down.replace(b"Max-Breadth: 60", b"Max-Breadth: 0")))) == 482


def test_inside_dialogs_and_in_an_ack_as_well(play: Playbook):
    down, up = play.answered()
    assert breadth(only(play.trunk(in_dialog("ACK", up, branch="z9hG4bKagain")))) == ["60"]
    assert breadth(only(play.trunk(in_dialog("BYE", up, cseq=2, extra="Max-Breadth: 3")))) == ["3"]
    assert breadth(only(play.pbx(from_callee("BYE", down)))) == ["60"]
