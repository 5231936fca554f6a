"""RFC 5393: every request that goes on says how many branches it may have, 60 at most; with none left it gets 440."""

from __future__ import annotations

import pytest

from tests import wire
from tests.playbook import SETTINGS, Playbook, from_callee, in_dialog, only

ONE = {"pbxes": [{**SETTINGS["pbxes"][0], "addresses": ["203.0.113.10"]}]}  # nothing is tried but it
CONTACT = "Contact: <sip:wren@198.51.100.21:5060>"


def breadth(data: bytes) -> list[str]:
    return wire.headers(data, "Max-Breadth")


@pytest.mark.parametrize(
    ("came", "leaves"),
    [("", "60"), ("1", "1"), ("7", "7"), ("60", "60"), ("61", "60"), ("99999999999999999999", "60"), (" 5 ", "5")],
)
@pytest.mark.parametrize("forwards", ["70", None])
def test_a_request_goes_on_with_one_value(came: str, leaves: str, forwards: str | None):
    """All of it, where there is one branch (5.3.3)."""
    extra = f"Max-Breadth: {came}\n{CONTACT}" if came else CONTACT
    down = Playbook(**ONE).forwarded(extra=extra, max_forwards=forwards)
    assert breadth(down) == [leaves]
    assert wire.headers(down, "Max-Forwards") == ["69" if forwards else "70"]


@pytest.mark.parametrize(
    ("came", "first", "second"),
    [("", "30", "30"), ("60", "30", "30"), ("17", "8", "9"), ("12", "6", "6"), ("11", "11", "11"), ("1", "1", "1")],
)
def test_a_silent_branch_and_the_next_one_have_no_more_than_came_together(
    play: Playbook, came: str, first: str, second: str
):
    """Both wait for an answer (5.3.3). What can't be shared goes whole, and the silent one has had its time."""
    down = play.forwarded(extra=f"Max-Breadth: {came}\n{CONTACT}" if came else CONTACT)
    later = [each for each in play.wait(4) if each.to == wire.PBX2]
    assert (breadth(down), [breadth(each.data) for each in later[:1]]) == ([first], [[second]])
    late = play.pbx(wire.response(180, down))
    if first == came:  # it rings beside the next one, which has its breadth now
        assert [each.data[:6] for each in late] == [b"CANCEL"]
    else:
        assert wire.status(only(late)) == 180


def test_what_a_branch_had_is_there_again_once_it_has_an_answer(play: Playbook):
    """Reused by what is tried next (5.3.3.1)."""
    down = play.forwarded(extra=f"Max-Breadth: 20\n{CONTACT}")
    sent = play.pbx(wire.response(503, down))
    assert breadth(down) == ["10"]
    assert [breadth(each.data) for each in sent if each.data.startswith(b"INVITE")] == [["20"]]


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
def test_an_emergency_call_goes_on(came: str):
    down = Playbook(**ONE).forwarded(uri=f"sip:110@{wire.US}", extra=f"Max-Breadth: {came}\n{CONTACT}")
    assert breadth(down) == ["60"]


def test_a_loop_is_still_called_one():
    play = Playbook(**ONE)
    down = play.forwarded()
    assert wire.status(only(play.trunk(down.replace(b"Max-Breadth: 60", b"Max-Breadth: 0")))) == 482


def test_inside_dialogs_and_in_an_ack_as_well(play: Playbook):
    down, up = play.answered()
    assert breadth(only(play.trunk(in_dialog("ACK", up, branch="z9hG4bKagain")))) == ["60"]
    assert breadth(only(play.trunk(in_dialog("BYE", up, cseq=2, extra="Max-Breadth: 3")))) == ["3"]
    assert breadth(only(play.pbx(from_callee("BYE", down)))) == ["60"]
