"""The way of an ACK: on to the callee for a 2xx, nowhere for anything of ours (RFC 3261 16.11, 17.1.1.3)."""

import pytest

from tests import wire
from tests.playbook import Playbook, briefs, in_dialog, only


def test_the_ack_for_a_2xx_goes_where_the_call_went(play: Playbook):
    _, up = play.answered()
    sent = only(play.trunk(in_dialog("ACK", up, branch="z9hG4bKack")))
    assert wire.method(sent) == "ACK"
    assert wire.headers(sent, "Route") == []


def test_a_repeated_ack_has_the_same_branch(play: Playbook):
    """16.11: the next hop must know it for what it is."""
    _, up = play.answered()
    ack = in_dialog("ACK", up, branch="z9hG4bKack")
    assert wire.branch(only(play.trunk(ack))) == wire.branch(only(play.trunk(ack)))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Max-Forwards: 70", "Max-Forwards: 0"),
        ("Max-Forwards: 70", "Max-Forwards: many"),
        ("CSeq: 1 ACK", "CSeq: 1 INVITE"),
        ("Content-Length: 0", "Content-Length: 9"),
    ],
)
def test_a_broken_ack_goes_nowhere_and_gets_no_answer(play: Playbook, was: str, becomes: str):
    _, up = play.answered()
    ack = in_dialog("ACK", up, branch="z9hG4bKack")
    assert was.encode() in ack
    assert play.trunk(ack.replace(was.encode(), becomes.encode())) == []


def test_an_ack_of_a_stranger_chooses_no_path(play: Playbook):
    """A pre-loaded Route needs the token of a dialog."""
    route = "<sip:203.0.113.1;lr>, <sip:192.0.2.99;lr>"
    assert play.trunk(wire.request("ACK", extra=f"Route: {route}")) == []


def test_the_ack_of_our_own_refusal_ends_here(play: Playbook):
    refused = only(play.trunk(wire.invite(extra="Proxy-Require: nothing")))
    assert wire.status(refused) == 420
    ack = wire.request("ACK", to=wire.header(refused, "To"))
    assert briefs(play.trunk(ack)) == []
    assert play.core.dropped["ACK to a response of ours"] == 1
