"""A PBX that says nothing: the next address within four seconds, remembered, told once, tried again."""

import pytest

from proxy.proxy_settings import LimitSettings
from proxy.routing import Target
from proxy.silence import Silence
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import Playbook, briefs, hops, only

FELL, ROSE = ("office", "203.0.113.10", False), ("office", "203.0.113.10", True)
ALONE = [{"name": "office", "addresses": ["203.0.113.10"]}]


def call(number: int) -> bytes:
    return wire.invite(via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKs{number}", call_id=f"silent-{number}")


def emergency(number: int) -> bytes:
    return call(number).replace(b"sip:+8613800138000@203", b"sip:110@203", 1)


def asked(sent: list) -> list[tuple[str, int]]:
    """Where INVITEs went, each address once."""
    return list(dict.fromkeys(each.to for each in sent if each.method == "INVITE"))


@pytest.fixture
def fallen(play: Playbook) -> Playbook:
    """The first address has let a call wait; the second answered it."""
    play.forwarded(call(0))
    second = next(each.data for each in play.wait(3.1) if each.to == wire.PBX2)
    play.pbx(wire.answer(second), wire.PBX2)
    return play


def test_by_default_the_second_address_is_asked_within_four_seconds(play: Playbook):
    play.forwarded()
    assert asked(play.wait(4)) == [wire.PBX, wire.PBX2]
    assert LimitSettings().silent_s < 4


def test_who_was_silent_is_asked_last_by_the_next_call(fallen: Playbook):
    assert asked(fallen.trunk(call(1))) == [wire.PBX2]
    assert asked(fallen.wait(4)) == [wire.PBX2, wire.PBX], "and still there, should the other fall silent, too"


def test_that_it_is_silent_is_told_once_and_that_it_speaks_again_once(fallen: Playbook):
    assert fallen.silences == [FELL]
    fallen.wait(30)
    down = only(fallen.trunk(call(1)), to=wire.PBX)
    for status in (100, 180):
        fallen.pbx(wire.response(status, down))
    assert fallen.silences == [FELL, ROSE]
    assert asked(fallen.trunk(call(2))) == [wire.PBX]


def test_after_half_a_minute_one_call_tries_it_and_no_other(fallen: Playbook):
    fallen.wait(30)
    assert asked(fallen.trunk(call(1))) == [wire.PBX]
    other = only([each for each in fallen.trunk(call(2)) if each.method])
    fallen.pbx(wire.answer(other), wire.PBX2)
    fallen.wait(2)
    assert asked(fallen.trunk(call(3))) == [wire.PBX2]
    assert fallen.silences == [FELL], "it is silent still, which is no news"


def test_a_call_emergency_never_tries_it(fallen: Playbook):
    fallen.wait(100)
    fallen.verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
    assert asked(fallen.trunk(emergency(1))) == [wire.PBX2]


def test_the_only_address_is_told_as_well():
    """There is nobody else to ask, and no log line until somebody complains was the worst of it."""
    play = Playbook(pbxes=ALONE)
    play.forwarded(call(0))
    play.wait(3.6)
    assert play.silences == [FELL]
    for number in range(1, 9):
        play.trunk(call(number))
    play.wait(60)
    assert play.silences == [FELL]


def test_who_answers_others_is_not_silent():
    """A call that a PBX leaves without answer, such as one that its parser throws away, says nothing of the PBX."""
    play = Playbook(pbxes=ALONE)
    first = play.forwarded(call(0))
    play.wait(1)
    play.pbx(wire.response(100, play.forwarded(call(1))))
    play.wait(3)
    assert play.silences == []
    assert wire.status(only(play.pbx(wire.answer(first)), to=wire.TRUNK)) == 200


def test_who_refuses_is_silent_at_once(play: Playbook):
    down = play.forwarded(call(0))
    flow = play.core.flow_to(play.topology.listeners[0], *wire.PBX)
    play.core.address_refused(flow, wire.branch(down).encode(), play.now)
    play._perform()
    assert play.silences == [FELL]
    assert asked(play.trunk(call(1))) == [wire.PBX2]


def test_where_a_request_uri_of_the_pbx_leads_is_not_remembered(play: Playbook):
    """Memory is bounded by the configuration: anybody's address would fill it."""
    play.pbx(wire.invite(uri="sip:1@192.0.2.77", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"))
    play.wait(40)
    assert play.silences == []
    assert len(play.core.silence) == 0


def test_the_addresses_of_an_outbound_trunk_give_way_to_each_other_too():
    trunks = [{"name": "carrier", "addresses": ["198.51.100.0/24"], "send_to": ["198.51.100.7", "198.51.100.8"]}]
    play = Playbook(trunks=trunks)
    for number in (1, 2):
        mark = len(play.log)
        play.pbx(wire.invite(via=f"SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKo{number}", call_id=f"out-{number}"))
        play.wait(4)
        first = next(each.to[0] for each in play.log[mark:] if each.method == "INVITE")
        assert first == ("198.51.100.7", "198.51.100.8")[number - 1]
    assert play.silences == [("carrier", "198.51.100.7", False), ("carrier", "198.51.100.8", False)]


def test_a_name_with_two_addresses_gives_way_as_well():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    play.names = {"pbx.rook.example": ["203.0.113.10", "203.0.113.11"]}
    play.topology.learn(play.topology.named_targets()[0], hops(play.names["pbx.rook.example"]))
    play.trunk(call(1))
    assert asked(play.wait(4))[-1] == wire.PBX2
    assert asked(play.trunk(call(2))) == [wire.PBX2]


# What becomes of the address that was left


def both_asked(play: Playbook) -> tuple[bytes, bytes]:
    """The first address says nothing for three seconds, and the second has the call too: both INVITEs."""
    first = play.forwarded(call(0))
    return first, next(each.data for each in play.wait(3.1) if each.to == wire.PBX2)


def test_an_address_that_was_left_and_rings_late_is_cancelled(play: Playbook):
    """Else its telephone would ring beside the other one."""
    first, second = both_asked(play)
    play.pbx(wire.response(100, second), wire.PBX2)
    sent = play.pbx(wire.response(180, first))
    assert [(each.brief, each.to) for each in sent] == [("CANCEL", wire.PBX)]
    assert briefs(play.pbx(wire.response(487, first))) == ["ACK"]
    assert wire.status(only(play.pbx(wire.answer(second), wire.PBX2), to=wire.TRUNK)) == 200


def test_an_address_that_was_only_slow_has_the_call_where_the_other_says_nothing(play: Playbook):
    first, second = both_asked(play)
    assert wire.status(only(play.pbx(wire.response(180, first)), to=wire.TRUNK)) == 180
    sent = play.pbx(wire.response(180, second), wire.PBX2)
    assert [(each.brief, each.to) for each in sent] == [("CANCEL", wire.PBX2)]
    assert wire.status(only(play.pbx(wire.answer(first)), to=wire.TRUNK)) == 200


def test_a_slow_address_is_waited_for_where_the_other_is_not_there(play: Playbook):
    first, second = both_asked(play)
    assert play.fails(second) == []
    assert wire.status(only(play.pbx(wire.answer(first)), to=wire.TRUNK)) == 200


@pytest.mark.parametrize("status", [486, 404, 603])
def test_who_is_busy_there_is_busy_whatever_the_silent_one_might_say(play: Playbook, status: int):
    first, second = both_asked(play)
    assert briefs(play.pbx(wire.response(status, second), wire.PBX2)) == ["ACK", str(status)]
    assert briefs(play.pbx(wire.response(180, first))) == ["CANCEL"]


def test_a_caller_who_gives_up_does_not_wait_for_the_silent_one(play: Playbook):
    first, second = both_asked(play)
    play.pbx(wire.response(180, second), wire.PBX2)
    assert briefs(play.trunk(wire.cancel(call(0)))) == ["200", "CANCEL"]
    assert briefs(play.pbx(wire.response(487, second), wire.PBX2)) == ["ACK", "487"]
    assert briefs(play.pbx(wire.response(180, first))) == ["CANCEL"]


def test_an_address_that_was_left_is_cancelled_also_after_the_other_answered(fallen: Playbook):
    first = next(each.data for each in fallen.log if each.to == wire.PBX)
    sent = fallen.pbx(wire.response(180, first))
    assert briefs(sent) == ["CANCEL"]
    assert wire.headers(sent[0].data, "Reason") == ['SIP;cause=200;text="Call completed elsewhere"']


def test_an_address_that_was_left_and_answers_has_the_call(play: Playbook):
    first = play.forwarded(call(0))
    second = next(each.data for each in play.wait(3.1) if each.to == wire.PBX2)
    play.pbx(wire.response(180, second), wire.PBX2)
    sent = play.pbx(wire.answer(first))
    assert [(each.brief, each.to) for each in sent] == [("200", wire.TRUNK), ("CANCEL", wire.PBX2)]


def test_an_address_that_was_left_and_refuses_late_changes_nothing(play: Playbook):
    first = play.forwarded(call(0))
    second = next(each.data for each in play.wait(3.1) if each.to == wire.PBX2)
    assert briefs(play.pbx(wire.response(486, first))) == ["ACK"]
    assert play.fails(first) == []
    assert wire.status(only(play.pbx(wire.answer(second), wire.PBX2), to=wire.TRUNK)) == 200


@pytest.mark.parametrize("rings", [False, True])
def test_of_an_address_that_was_left_nothing_stays(fallen: Playbook, rings: bool):
    if rings:
        fallen.pbx(wire.response(180, next(each.data for each in fallen.log if each.to == wire.PBX)))
    fallen.wait(300)
    assert fallen.held == 0


def test_a_request_that_is_no_call_may_take_its_time_once_something_came(play: Playbook):
    down = only(play.trunk(wire.request("OPTIONS")), to=wire.PBX)
    play.pbx(wire.response(100, down))
    assert asked(play.wait(10)) == []
    assert {each.to for each in play.wait(10)} == {wire.PBX}


# The memory itself


def test_the_order_of_those_that_speak_stays():
    silence = Silence(30.0)
    targets = [Target(host, 5060) for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3")]
    assert silence.order(targets, 0.0, may_try=True) == targets
    assert silence.fell("192.0.2.2", 5060, 0.0)
    assert not silence.fell("192.0.2.2", 5060, 1.0)
    assert [each.host[-1] for each in silence.order(targets, 2.0, may_try=True)] == ["1", "3", "2"]
    assert silence.rose("192.0.2.2", 5060)
    assert not silence.rose("192.0.2.2", 5060)
    assert silence.order(targets, 3.0, may_try=True) == targets
