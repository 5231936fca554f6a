"""The label before a caller's name: seen by the callee alone, in every message of the dialog."""

from __future__ import annotations

import pytest

from proxy.labels import label_from, without_name
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, Playbook, from_callee, in_dialog, only

LABEL = "疑似骚扰"
CAME = f'"Wren" <sip:{wire.CALLER}@wren.example>;tag=wren'
BARE = f"<sip:{wire.CALLER}@wren.example>;tag=wren"
LABELLED = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", label=LABEL)


def answered(verdict: Verdict = LABELLED) -> tuple[Playbook, bytes, bytes]:
    """A labelled call that is up: the INVITE as the PBX got it, the 200 as the caller got it."""
    play = Playbook()
    play.verdict = verdict
    down = play.forwarded(from_=CAME)
    return play, down, only(play.pbx(wire.answer(down)), to=wire.TRUNK)


@pytest.mark.parametrize(
    ("line", "labelled"),
    [
        (b"From: <sip:a@b>;tag=1", b'From: "[!]" <sip:a@b>;tag=1'),
        (b"From: sip:a@b;tag=1", b'From: "[!]" <sip:a@b>;tag=1'),
        (b"f:Bob <sip:a@b>", b'f: "[!] Bob" <sip:a@b>'),
        (b'From: "B \\"x\\" \\\\" <sip:a@b>;tag=1', b'From: "[!] B \\"x\\" \\\\" <sip:a@b>;tag=1'),
        ('From: "Ёж" <sip:a@b>'.encode(), '"[!] Ёж" <sip:a@b>'.encode()),
        (b"From: nonsense", b"From: nonsense"),
    ],
)
def test_a_label_stands_before_the_display_name(line: bytes, labelled: bytes):
    assert label_from(line, "[!]").endswith(labelled)


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        (b'To: "[!] Bob" <sip:a@b>;tag=1', b"To: <sip:a@b>;tag=1"),
        (b"t:Bob <sip:a@b>;tag=1", b"t: <sip:a@b>;tag=1"),
        (b"To: <sip:a@b>;tag=1", b"To: <sip:a@b>;tag=1"),
        (b"To: sip:a@b;tag=1", b"To: sip:a@b;tag=1"),
        (b"To: nonsense", b"To: nonsense"),
    ],
)
def test_a_name_comes_off_and_nothing_else(line: bytes, bare: bytes):
    assert without_name(line) == bare


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO", "MESSAGE", "REFER"])
def test_requests_of_the_callee_do_not_carry_the_label_back(method: str):
    """The callee's UA writes into To what it got as From (RFC 3261 12.2.1.1)."""
    play, down, _ = answered()
    request = from_callee(method, down)
    assert LABEL in wire.header(request, "To")
    up = only(play.pbx(request), to=wire.TRUNK)
    assert wire.header(up, "To") == BARE
    answer = only(play.trunk(wire.response(200, up)), to=wire.PBX)
    assert wire.header(answer, "To") == wire.header(request, "To"), "as its own request had it (8.2.6.2)"


def test_neither_does_its_ack_nor_its_cancel():
    play, down, _ = answered()
    again = from_callee("INVITE", down)
    up = only(play.pbx(again), to=wire.TRUNK)
    play.trunk(wire.response(180, up))
    assert wire.header(only(play.pbx(wire.cancel(again)), to=wire.TRUNK), "To") == BARE
    acknowledged = only(play.pbx(from_callee("ACK", down, branch="z9hG4bKack")), to=wire.TRUNK)
    assert wire.header(acknowledged, "To") == BARE


def test_requests_of_the_caller_go_on_as_they_came():
    play, _, up = answered()
    bye = only(play.trunk(in_dialog("BYE", up, cseq=2)), to=wire.PBX)
    assert wire.header(bye, "From") == CAME
    assert wire.header(only(play.pbx(wire.response(200, bye)), to=wire.TRUNK), "From") == CAME


def test_another_node_or_a_later_start_takes_it_off_too():
    """What has to be known stands in the token, signed."""
    _, down, _ = answered()
    assert wire.header(only(Playbook().pbx(from_callee("BYE", down)), to=wire.TRUNK), "To") == BARE


def test_a_dialog_without_a_label_keeps_its_names():
    play, down, _ = answered(Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance"))
    assert wire.header(only(play.pbx(from_callee("BYE", down)), to=wire.TRUNK), "To") == CAME


def test_a_rule_rings_in_its_own_way_whatever_the_caller_wishes():
    play = Playbook(distinct_ring="urn:alert:source:external")
    play.verdict = Verdict(Action.TAG, Step.RULES, decision=DECISION, rule="nuisance", ring="urn:alert:tone:caution")
    extra = "Contact: <sip:wren@198.51.100.21:5060>\nAlert-Info: <http://wren.example/nice.wav>"
    assert wire.headers(play.forwarded(extra=extra), "Alert-Info") == ["<urn:alert:tone:caution>"]
