"""Nobody is flooded by our repeats: who may be a third party gets one final response for each INVITE that came."""

import pytest

from tests import wire
from tests.playbook import REJECT, Playbook, briefs, in_dialog, only

OPEN = [{"name": "default", "country": "CN"}]


def open_house(**settings: object) -> Playbook:
    """A node that takes calls from everywhere, and rejects them."""
    play = Playbook(trunks=OPEN, **settings)
    play.verdict = REJECT
    return play


def call(number: int = 1) -> bytes:
    return wire.invite(via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKr{number}", call_id=f"repeat-{number}")


def rejected(play: Playbook, number: int = 1) -> bytes:
    """A call is rejected: the response."""
    return only(play.trunk(call(number)), to=wire.TRUNK)


def test_a_rejection_goes_once_to_an_address_that_may_be_forged():
    """Eleven repeats of 603 would go to whoever is named in 157 forged octets."""
    play = open_house()
    assert wire.status(rejected(play)) == 603
    assert play.wait(60) == []
    assert play.held == 0, "and its transaction ends as any other"


def test_each_invite_that_comes_gets_the_response_again():
    """RFC 3261 8.2.7: as a stateless UAS would answer; that is how a caller gets it whose response was lost."""
    play = open_house()
    first = rejected(play)
    play.wait(0.5)
    assert [each.data for each in play.trunk(call())] == [first]


def test_whoever_acknowledged_once_gets_repeats_for_an_hour():
    play = open_house()
    play.trunk(wire.ack(call(), rejected(play)))
    rejected(play, 2)
    assert len(play.wait(33)) == 10
    play.wait(3600)
    rejected(play, 3)
    assert play.wait(33) == []


def test_the_hour_begins_with_the_last_acknowledgement():
    play = open_house()
    for number in range(4):
        play.trunk(wire.ack(call(number), rejected(play, number)))
        play.wait(1700)
    rejected(play, 9)
    assert len(play.wait(33)) == 10


def test_how_long_an_acknowledgement_counts_is_a_setting():
    play = open_house(limits={"acknowledged_s": 60})
    play.trunk(wire.ack(call(), rejected(play)))
    play.wait(61)
    rejected(play, 2)
    assert play.wait(33) == []


def test_the_acknowledgement_of_an_answered_call_counts_as_well():
    play = Playbook(trunks=OPEN)
    play.answered()
    play.verdict = REJECT
    rejected(play, 2)
    assert len(play.wait(33)) == 10


def test_the_hour_begins_with_the_last_answered_call_as_well():
    play = Playbook(trunks=OPEN)
    for number in range(4):
        down = play.forwarded(data=call(number))
        up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
        play.trunk(in_dialog("ACK", up, branch=f"z9hG4bKack{number}"))
        play.wait(1700)
    play.verdict = REJECT
    rejected(play, 9)
    assert len(play.wait(33)) == 10


def test_a_named_trunk_gets_repeats_from_the_first_call_on(play: Playbook):
    play.verdict = REJECT
    rejected(play)
    assert len(play.wait(33)) == 10


def test_the_pbx_gets_repeats():
    play = Playbook(trunks=[*OPEN, {"name": "carrier", "addresses": ["192.0.2.0/24"], "send_to": ["192.0.2.9"]}])
    via = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"
    down = only(play.pbx(wire.invite(via=via)), to=("192.0.2.9", 5060))
    play.receive(wire.response(486, down), ("192.0.2.9", 5060))
    assert briefs(play.wait(1)) == ["486"]


def test_a_relayed_rejection_is_not_repeated_to_a_third_party_either():
    play = Playbook(trunks=OPEN)
    play.pbx(wire.response(486, play.forwarded(data=call())))
    assert play.wait(60) == []


@pytest.mark.parametrize("tag", ["", "wren", "rfdeadbeef"])
def test_a_forged_acknowledgement_proves_nothing(tag: str):
    """Who did not get the response does not know its To tag."""
    play = open_house()
    final = rejected(play)
    guess = wire.header(final, "To").partition(";tag=")[0] + (f";tag={tag}" if tag else "")
    play.trunk(wire.ack(call(), final).replace(wire.header(final, "To").encode(), guess.encode()))
    rejected(play, 2)
    assert play.wait(33) == []


def test_the_to_tag_that_another_address_got_proves_nothing():
    """The forger may send the same call in his own name first, and read its answer."""
    play = open_house()
    own = call().replace(b"198.51.100.21:5060;branch", b"192.0.2.66:5060;branch")
    known = wire.header(only(play.receive(own, wire.STRANGER)), "To")
    final = rejected(play)
    assert known != wire.header(final, "To")
    play.trunk(wire.ack(call(), final).replace(wire.header(final, "To").encode(), known.encode()))
    rejected(play, 2)
    assert play.wait(33) == []


def test_the_tag_of_a_dialog_that_the_forger_has_made_up_proves_nothing():
    """An INVITE with a To tag gets it back: its ACK says no more than the INVITE did."""
    play = open_house()
    made_up = wire.invite(to=f"<sip:{wire.CALLED}@rook.example>;tag=mine")
    final = only(play.trunk(made_up))
    play.trunk(wire.ack(made_up, final))
    rejected(play, 2)
    assert play.wait(33) == []


def test_a_forged_acknowledgement_of_an_answered_call_proves_nothing():
    play = Playbook(trunks=OPEN)
    down = play.forwarded()
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    play.trunk(in_dialog("ACK", up.replace(b";tag=rook", b";tag=guess")))
    play.verdict = REJECT
    rejected(play, 2)
    assert play.wait(33) == []


def test_the_acknowledgement_of_our_answer_still_ends_here():
    """Also when its transaction is long over."""
    play = open_house()
    final = rejected(play)
    play.wait(60)
    assert play.trunk(wire.ack(call(), final)) == []
    assert play.core.dropped == {"ACK to a response of ours": 1}


@pytest.mark.parametrize("trunks", [OPEN, [{"name": "carrier", "addresses": ["192.0.2.1"]}]], ids=["603", "403"])
def test_what_we_answer_is_no_larger_than_what_was_asked(trunks: list):
    play = Playbook(trunks=trunks)
    play.verdict = REJECT
    small = (
        b"INVITE sip:1@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKa\r\nf: <sip:1@h>;tag=a\r\nt: <sip:2@h>\r\n"
        b"i: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nl: 0\r\n%s\r\n"
    )
    assert play.trunk(small % b"") == [], "where what RFC 3261 8.2.6 copies is larger"
    larger = small.replace(b"Ka", b"Kb") % b"Subject: some room for an answer\r\n"
    answer = only(play.trunk(larger))
    assert len(answer) <= len(larger)
