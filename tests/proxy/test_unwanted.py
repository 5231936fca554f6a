"""607 Unwanted is the callee's word (RFC 8197): it goes up as it came, and is told once for each judged call."""

from rules.model import Action, Outcome, Step, Verdict
from tests import wire
from tests.playbook import DECISION, TAG, Playbook, briefs, from_callee, only


def unwanted(down: bytes, **fields: str) -> bytes:
    """The callee's phone answers 607."""
    return wire.response(607, down, phrase="Unwanted", extra='Reason: SIP;cause=607;text="no more"', **fields)


def told(play: Playbook) -> list[tuple[str, int]]:
    return [(decision, outcome.status) for decision, outcome in play.outcomes]


def test_it_goes_up_as_it_came_but_for_our_via(play: Playbook):
    down = play.forwarded()
    final = unwanted(down)
    up = only([each for each in play.pbx(final) if each.method != "ACK"], to=wire.TRUNK)
    assert up == final.replace(f"Via: {wire.top_via(down)}\r\n".encode(), b"", 1)


def test_so_it_does_for_a_tagged_call(play: Playbook):
    play.verdict = TAG
    down = play.forwarded()
    final = unwanted(down)
    up = only([each for each in play.pbx(final) if each.method != "ACK"], to=wire.TRUNK)
    assert up == final.replace(f"Via: {wire.top_via(down)}\r\n".encode(), b"", 1)


def test_it_is_told_once_however_often_it_comes(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    up = play.pbx(unwanted(down))[1].data
    assert briefs(play.pbx(unwanted(down))) == ["ACK"]
    assert briefs(play.trunk(wire.invite())) == ["607"], "the caller repeats its INVITE"
    play.trunk(wire.ack(wire.invite(), up))
    assert told(play) == [(DECISION, 607)]
    assert play.outcomes[0][1] == Outcome(607, True, 0)


def test_it_is_told_of_a_call_that_an_allow_list_passed(play: Playbook):
    play.verdict = Verdict(Action.FORWARD, Step.OPERATOR_ALLOW, decision=DECISION, rule="friends")
    play.pbx(unwanted(play.forwarded()))
    assert told(play) == [(DECISION, 607)]


def test_nobody_else_is_rung_after_it(play: Playbook):
    """RFC 3261 16.7 step 5: a 6xx ends the search."""
    assert briefs(play.pbx(unwanted(play.forwarded()))) == ["ACK", "607"]
    play.wait(60)
    assert {each.to for each in play.log if each.method == "INVITE"} == {wire.PBX}


def test_one_phone_answers_and_another_says_607(play: Playbook):
    """Forked below: whoever answered first has the call, and nothing is told against its caller."""
    down = play.forwarded()
    assert briefs(play.pbx(wire.answer(down, tag="one"))) == ["200"]
    assert play.pbx(unwanted(down, tag="two")) == []
    assert told(play) == [(DECISION, 200)]


def test_one_phone_says_607_and_another_answers(play: Playbook):
    """The proxy below has sent its best response; a late 200 has no call any more (RFC 6026 section 7.2)."""
    down = play.forwarded()
    assert briefs(play.pbx(unwanted(down, tag="one"))) == ["ACK", "607"]
    assert play.pbx(wire.answer(down, tag="two")) == []
    assert told(play) == [(DECISION, 607)]


def test_the_caller_gives_up_while_the_callee_says_607(play: Playbook):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    assert briefs(play.trunk(wire.cancel(wire.invite()))) == ["200", "CANCEL"]
    play.pbx(wire.response(200, play.log[-1].data))
    assert briefs(play.pbx(unwanted(down))) == ["ACK", "607"]
    assert told(play) == [(DECISION, 607)]


def test_a_callee_on_the_trunk_side_complains_elsewhere(play: Playbook):
    data = wire.invite(uri="sip:+8613912345678@198.51.100.21", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout")
    down = only(play.pbx(data), to=wire.TRUNK)
    assert briefs(play.trunk(unwanted(down))) == ["ACK", "607"]
    assert told(play) == []


def test_a_607_inside_the_call_is_no_complaint(play: Playbook):
    """It refuses a change of the session."""
    down, _ = play.answered()
    sent = play.pbx(from_callee("INVITE", down))
    again = only(sent, to=wire.TRUNK)
    assert "607" in briefs(play.trunk(unwanted(again)))
    assert told(play) == [(DECISION, 200)]
