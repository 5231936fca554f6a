"""A diverted call goes to the destination that a rule names, marked, and its dialog stays there."""

from __future__ import annotations

import pytest

from rules.model import Action, Fired, Step, Verdict
from tests import wire
from tests.playbook import DECISION, Playbook, briefs, from_callee, hops, in_dialog, only

DESK = ("203.0.113.77", 5070)
DESTINATIONS = {
    "desk": "sip:desk@203.0.113.77:5070",
    "mail": "sip:mail@mail.rook.example",
    "same": "sip:9@203.0.113.10",
}


def diverting(destination: str = "desk", *fired: Fired, rule_label: str = "", **settings: object) -> Playbook:
    play = Playbook(destinations=DESTINATIONS, **settings)
    play.verdict = Verdict(
        Action.DIVERT,
        Step.RULES,
        decision=DECISION,
        rule="nuisance",
        destination=destination,
        fired=fired,
        label=rule_label,
    )
    return play


def test_a_diverted_call_names_its_destination_and_who_was_called():
    down = only(diverting().trunk(wire.invite()), to=DESK)
    assert wire.uri(down) == "sip:desk@203.0.113.77:5070"
    assert wire.header(down, "To") == wire.header(wire.invite(), "To")
    assert wire.header(down, "Diversion") == f"<sip:{wire.CALLED}@{wire.US}>;reason=unconditional;counter=1"
    assert wire.body(down) == wire.body(wire.invite())


def test_it_is_marked_as_a_tagged_call_is():
    down = only(diverting().trunk(wire.invite(extra="X-Ringfence-Verdict: forged")), to=DESK)
    assert wire.header(down, "X-Ringfence-Verdict") == "diverted"
    assert wire.header(down, "X-Ringfence-Rule") == "nuisance"
    assert wire.header(down, "X-Ringfence-Decision") == DECISION


def test_label_and_ring_are_the_marks_of_a_rule_that_tags_too():
    settings = {"label": "[!]", "distinct_ring": "urn:alert:source:external"}
    came = f'"Wren" <sip:{wire.CALLER}@wren.example>;tag=wren'
    plain = only(diverting(**settings).trunk(wire.invite(from_=came)), to=DESK)
    assert wire.header(plain, "From") == came
    assert wire.headers(plain, "Alert-Info") == []
    tagged = diverting("desk", Fired("odd", Step.RULES, "tag"), rule_label="[odd]", **settings)
    marked = only(tagged.trunk(wire.invite(from_=came)), to=DESK)
    assert wire.header(marked, "From").startswith('"[odd] Wren"')
    assert wire.header(marked, "Alert-Info") == "<urn:alert:source:external>"


def test_an_earlier_diversion_stays_below_ours():
    extra = "Diversion: <sip:+8613800138111@rook.example>;reason=user-busy"
    down = only(diverting().trunk(wire.invite(extra=extra)), to=DESK)
    newest, oldest = wire.headers(down, "Diversion")
    assert wire.CALLED in newest
    assert "+8613800138111" in oldest


CALLED = f"sip:{wire.CALLED}@{wire.US}"


@pytest.mark.parametrize(
    ("came", "ours"),
    [
        # None came: who was called, then where it went, for another target user than the one before it (mp).
        ("", f"<{CALLED}>;index=1, <sip:desk@203.0.113.77:5070>;index=1.1;mp=1"),
        # It ends with who was called: what we did is one level below.
        (
            f"<sip:x@y>;index=1, <{CALLED}?Reason=SIP%3Bcause%3D302>;index=1.2;mp=1",
            "<sip:desk@203.0.113.77:5070>;index=1.2.1;mp=1.2",
        ),
        # It ends with somebody else: 0 stands for the entry that is missing (10.3).
        ("<sip:x@y>;index=1.1", f"<{CALLED}>;index=1.1.0.1, <sip:desk@203.0.113.77:5070>;index=1.1.0.1.1;mp=1.1.0.1"),
    ],
)
def test_the_history_of_the_call_goes_on(came: str, ours: str):
    """RFC 7044."""
    play = diverting()
    down = only(play.trunk(wire.invite(extra=f"History-Info: {came}" if came else "Subject: none")), to=DESK)
    assert wire.headers(down, "History-Info") == [*([came] if came else []), ours]


@pytest.mark.parametrize("came", ["", ",", "<sip:x@y>", "<sip:x@y>;index=a", "<sip:x@y>;index=1.", "garbage <", "<x>"])
def test_a_history_that_can_not_be_read_stays_as_it_came(came: str):
    down = only(diverting().trunk(wire.invite(extra=f"History-Info: {came}")), to=DESK)
    assert wire.headers(down, "History-Info") == [came]
    assert wire.header(down, "Diversion")


def test_a_history_over_several_lines_ends_with_the_last():
    lines = "History-Info: <sip:x@y>;index=1\nHistory-Info: <sip:z@y>;index=1.1"
    down = only(diverting().trunk(wire.invite(extra=lines)), to=DESK)
    assert wire.headers(down, "History-Info")[2].startswith(f"<{CALLED}>;index=1.1.0.1")


def test_a_call_that_is_not_diverted_has_no_history_of_ours(play: Playbook):
    assert wire.headers(play.forwarded(), "History-Info") == []


def test_routes_of_the_caller_do_not_lead_it_elsewhere():
    play = diverting()
    down = only(play.trunk(wire.invite(extra=f"Route: <sip:{wire.US};lr>")), to=DESK)
    assert wire.headers(down, "Route") == []


@pytest.mark.parametrize("contact", ["sip:desk@203.0.113.77:5070", "sip:desk@10.1.2.3:5099"])
def test_the_dialog_stays_at_the_destination(contact: str):
    """Whatever host the destination names in Contact: behind a balancer it may be one that we don't know."""
    play = diverting()
    down = only(play.trunk(wire.invite()), to=DESK)
    up = only(play.receive(wire.answer(down, extra=f"Contact: <{contact}>"), DESK), to=wire.TRUNK)
    assert wire.status(up) == 200
    acknowledged = play.trunk(in_dialog("ACK", up))
    assert [(each.brief, each.to) for each in acknowledged] == [("ACK", DESK)]
    again = only(play.trunk(in_dialog("INVITE", up, cseq=2, branch="z9hG4bKagain")), to=DESK)
    assert wire.uri(again) == contact
    assert len(play.calls) == 1  # a re-INVITE of a judged dialog is not judged
    only(play.receive(wire.answer(again), DESK), to=wire.TRUNK)
    bye = only(play.trunk(in_dialog("BYE", up, cseq=3, branch="z9hG4bKbye")), to=DESK)
    only(play.receive(wire.response(200, bye), DESK), to=wire.TRUNK)
    assert play.hung_up == [DECISION]


def test_another_node_or_a_later_start_leads_there_too():
    """Where the dialog goes stands in its token; one that no longer has the destination sends it to the PBX."""
    play = diverting()
    down = only(play.trunk(wire.invite()), to=DESK)
    up = only(play.receive(wire.answer(down, extra="Contact: <sip:desk@10.1.2.3:5099>"), DESK), to=wire.TRUNK)
    assert [each.to for each in diverting().trunk(in_dialog("BYE", up, cseq=2))] == [DESK]
    assert [each.to for each in diverting().trunk(in_dialog("ACK", up))] == [DESK]
    assert [each.to for each in Playbook().trunk(in_dialog("BYE", up, cseq=2))] == [wire.PBX]


def test_the_destination_hangs_up():
    play = diverting()
    down = only(play.trunk(wire.invite()), to=DESK)
    play.receive(wire.answer(down), DESK)
    bye = from_callee("BYE", down, via="SIP/2.0/UDP 203.0.113.77:5070;branch=z9hG4bKdesk")
    assert [each.brief for each in play.receive(bye, DESK) if each.to == wire.TRUNK] == ["BYE"]
    assert play.hung_up == [DECISION]


def test_the_dialog_of_another_call_does_not_follow():
    """The mark counts only under the MAC of the token: nobody leads his own dialog to a destination."""
    play = diverting()
    down = only(play.trunk(wire.invite()), to=DESK)
    up = only(play.receive(wire.answer(down), DESK), to=wire.TRUNK)
    stranger = in_dialog("BYE", up, uri="sip:x@10.9.9.9", call_id="another@wren.example")
    assert [each.to for each in play.trunk(stranger)] == [wire.PBX]


def test_a_caller_who_gives_up_is_heard_there():
    play = diverting()
    invite = wire.invite()
    down = only(play.trunk(invite), to=DESK)
    play.receive(wire.response(180, down), DESK)
    assert ("CANCEL", DESK) in [(each.brief, each.to) for each in play.trunk(wire.cancel(invite))]


def test_a_destination_that_is_busy_or_silent_is_answered_for_as_any_other():
    """RFC 3261 16.7: its own final response goes up; silence is 408, a 503 becomes 500."""
    for status, heard in ((486, 486), (503, 500)):
        play = diverting()
        down = only(play.trunk(wire.invite()), to=DESK)
        assert wire.status(only(play.receive(wire.response(status, down), DESK), to=wire.TRUNK)) == heard
    play = diverting()
    only(play.trunk(wire.invite()), to=DESK)
    assert {each.brief for each in play.wait(33) if each.to == wire.TRUNK} == {"408"}
    assert play.outcomes[0][1].status == 408


def test_a_destination_by_name_is_resolved_and_its_second_address_tried():
    play = diverting("mail")
    play.names = {"mail.rook.example": ["203.0.113.91", "203.0.113.92"]}
    down = only(play.trunk(wire.invite()), to=("203.0.113.91", 5060))
    assert wire.uri(down) == DESTINATIONS["mail"]
    play.topology.places.learn(play.topology.named_targets()[0], hops(["203.0.113.91", "203.0.113.92"]))
    busy = play.receive(wire.response(503, down), ("203.0.113.91", 5060))
    assert ("INVITE", ("203.0.113.92", 5060)) in [(each.brief, each.to) for each in busy]


def test_a_mailbox_of_the_pbx_itself():
    down = only(diverting("same").trunk(wire.invite()), to=wire.PBX)
    assert wire.uri(down) == DESTINATIONS["same"]


def test_what_comes_from_a_destination_is_not_judged_and_goes_nowhere_by_itself():
    play = diverting()
    data = wire.invite(via="SIP/2.0/UDP 203.0.113.77:5070;branch=z9hG4bKown")
    assert briefs(play.receive(data, DESK)) == ["404"]
    assert play.calls == []
