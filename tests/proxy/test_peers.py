"""A PBX that says nothing: the next address within four seconds, remembered, told once, tried again; who is busy."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.next_hops import lots_of
from proxy.peers import MOST_AWAY, MOST_BUSY_S
from proxy.proxy_settings import LimitSettings
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import Playbook, briefs, hops, in_dialog, only

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
    assert [each.shown for each in play.core.peers] == ["203.0.113.10:5060", "203.0.113.11:5060", "198.51.100.21:5060"]


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
    play.core.learn(play.topology.named_targets()[0], hops(play.names["pbx.rook.example"]), play.now)
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
    assert only(play.fails(second), to=wire.PBX) == first, "it may never have heard"
    assert [each.data for each in play.wait(5) if each.to == wire.PBX] == [first]
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


# What one call learns, the others need not


def test_whoever_waits_at_an_address_that_falls_waits_no_longer(play: Playbook):
    """Calls that came a second later would else each wait their own three seconds for what the first one learnt."""
    play.forwarded(call(0))
    play.wait(1)
    play.forwarded(call(1))
    play.wait(1)
    play.forwarded(call(2))
    sent = play.wait(1.1)
    assert [each.at for each in sent if each.to == wire.PBX2] == [3.0, 3.0, 3.0]


def test_who_waits_where_nobody_else_is_goes_on_waiting():
    play = Playbook(pbxes=ALONE)
    play.forwarded(call(0))
    play.wait(1)
    down = play.forwarded(call(1))
    play.wait(4)
    assert play.silences == [FELL]
    assert wire.status(only(play.pbx(wire.answer(down)), to=wire.TRUNK)) == 200


# An address that asks for no calls for a while


def busy(seconds: str) -> Playbook:
    """The first address answered a call with 503 and this Retry-After; the second has the call."""
    play = Playbook()
    down = play.forwarded(call(0))
    sent = play.pbx(wire.response(503, down, extra=f"Retry-After: {seconds}"))
    assert asked(sent) == [wire.PBX2]
    return play


def test_who_asks_for_no_calls_gets_none_until_his_time_is_over():
    play = busy("40 (too many calls);duration=10")
    assert play.changes == [("office", "203.0.113.10:5060", "busy", "503 with Retry-After")]
    play.wait(39)
    assert asked(play.trunk(call(1))) == [wire.PBX2]
    play.wait(1.1)
    assert asked(play.trunk(call(2))) == [wire.PBX]


def test_what_he_says_of_other_calls_does_not_end_it():
    play = busy("40")
    play.pbx(wire.request("OPTIONS", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKo"))
    assert asked(play.trunk(call(1))) == [wire.PBX2]


@pytest.mark.parametrize("seconds", ["", "soon", "-5", "9999999999999"])
def test_a_503_without_a_time_is_the_calls_alone(seconds: str):
    """RFC 3261 21.5.4: then it counts as a 500."""
    play = busy(seconds)
    assert asked(play.trunk(call(1))) == [wire.PBX]


def test_nobody_can_send_an_address_away_for_longer_than_five_minutes():
    play = busy("999999999")
    play.wait(MOST_BUSY_S + 1)
    assert asked(play.trunk(call(1))) == [wire.PBX]


def test_the_only_address_has_its_calls_though_it_asks_for_none():
    play = Playbook(pbxes=ALONE)
    play.pbx(wire.response(503, play.forwarded(call(0)), extra="Retry-After: 60"))
    assert asked(play.trunk(call(1))) == [wire.PBX]


def test_who_is_busy_comes_before_who_is_silent():
    """He says so at once."""
    three = [{"name": "office", "addresses": ["203.0.113.12", "203.0.113.10", "203.0.113.11"]}]
    play = Playbook(pbxes=three)
    first, second, third = play.core.peers.of("pbx", "office")
    first.is_silent(play.now)
    second.is_busy(60, play.now)
    third.refused(play.now)
    play.trunk(call(1))
    assert asked(play.log)[0] == wire.PBX


# All addresses ask for no calls


def to(number: int, called: str, **words: Any) -> bytes:
    return call(number).replace(b"sip:+8613800138000@203", b"sip:%s@203" % called.encode(), 1)


def both_ask(play: Playbook, number: int, called: str, *seconds: int) -> list:
    """A call to that number gets 503 and Retry-After of both addresses; what comes of it."""
    sent = play.trunk(to(number, called))
    for at, each in zip((wire.PBX, wire.PBX2), seconds, strict=True):
        down = next(one.data for one in sent if one.to == at and one.method == "INVITE")
        sent = play.pbx(wire.response(503, down, extra=f"Retry-After: {each}"), at)
    return sent


def refused_with(sent: list) -> tuple[int, str]:
    (answer,) = [each.data for each in sent if each.to == wire.TRUNK]
    return wire.status(answer), "".join(wire.headers(answer, "Retry-After"))


def test_while_all_addresses_ask_for_no_calls_new_ones_get_503_and_when_to_come_again():
    """RFC 3261 16.7 step 6: we know that whoever comes next would get it as well. What OPTIONS get is the same."""
    play = Playbook()
    assert refused_with(both_ask(play, 0, "801", 4, 9)) == (503, "4"), "the call that learnt it"
    sent = play.trunk(to(1, "801"))
    assert (asked(sent), refused_with(sent)) == ([], (503, "4"))
    assert refused_with(play.trunk(wire.request("OPTIONS", uri="sip:203.0.113.1:5060"))) == (503, "4")
    assert not play.core.pbx_lives(play.now)
    assert play.core.why_no_calls(play.now) == "no PBX takes calls: they ask for none (503 with Retry-After)"
    play.verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
    assert asked(play.trunk(emergency(2))) == [wire.PBX], "nothing keeps an emergency call from being tried"
    play.verdict = Verdict(Action.FORWARD, Step.DEFAULT)
    play.wait(4.1)
    assert play.core.pbx_lives(play.now)
    assert asked(play.trunk(to(3, "801"))) == [wire.PBX]


def test_two_who_were_called_are_believed_for_as_long_as_is_asked_for():
    play = Playbook()
    assert refused_with(both_ask(play, 0, "801", 40, 50)) == (503, "10"), (
        "one, be it at both addresses, is not for long"
    )
    play.wait(10)
    assert refused_with(both_ask(play, 1, "802", 20, 20)) == (503, "30")
    play.wait(28)
    assert refused_with(play.trunk(to(2, "803"))) == (503, "2")


def test_one_who_is_called_can_not_keep_calls_from_all_others():
    """He may have written the 503 himself."""
    play = Playbook()
    both_ask(play, 0, "801", 300, 300)
    play.wait(10)
    down = only(play.trunk(to(1, "802")), to=wire.PBX)
    play.pbx(wire.response(180, down))
    play.pbx(wire.answer(down))
    for number in (2, 4):
        both_ask(play, number, "801", 300, 300)
        assert asked(play.trunk(to(number + 1, "802"))) == [wire.PBX]


def test_an_address_that_is_dead_takes_no_calls_either():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["203.0.113.12", "203.0.113.10", "203.0.113.11"]}])
    play.core.peers.of("pbx", "office")[0].refused(play.now)
    both_ask(play, 0, "801", 20, 20)
    assert refused_with(play.trunk(to(5, "803"))) == (503, "10")


# Shares


def weighed(**more: Any) -> Playbook:
    """Two addresses, of which the first is to have three calls of four."""
    addresses = ["203.0.113.10", "203.0.113.11"]
    return Playbook(pbxes=[{"name": "office", "addresses": addresses, "weights": [3, 1], **more}])


def first_of(play: Playbook, calls: int) -> Counter[tuple[str, int]]:
    """Where so many calls went first."""
    found: Counter[tuple[str, int]] = Counter()
    for _ in range(calls):
        name = f"first-{len(play.log)}"
        via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{name}"
        [down] = [each for each in play.trunk(wire.invite(call_id=name, via=via)) if each.method == "INVITE"]
        found[down.to] += 1
        play.pbx(wire.response(486, down.data), down.to)
    return found


def test_weights_share_calls_among_addresses():
    found = first_of(weighed(), 1000)
    assert found[wire.PBX] / 1000 == pytest.approx(0.75, abs=0.05)
    assert found[wire.PBX2] > 0


def test_an_address_without_weight_has_calls_only_where_no_other_lives():
    addresses = ["203.0.113.10", "203.0.113.11"]
    play = Playbook(pbxes=[{"name": "office", "addresses": addresses, "weights": [0, 5]}])
    assert first_of(play, 200) == {wire.PBX2: 200}
    play.core.peers.of("pbx", "office")[1].is_silent(play.now)
    assert first_of(play, 20) == {wire.PBX: 20}


def test_the_other_has_all_where_one_is_down():
    play = weighed()
    play.core.peers.of("pbx", "office")[0].is_silent(play.now)
    assert first_of(play, 50) == {wire.PBX2: 50}


def test_what_belongs_to_a_call_goes_where_the_call_went():
    """Whatever host the PBX names in Contact: its address is drawn by the Call-ID, and remembered."""
    play = weighed()
    for number in range(30):
        down = only([each for each in play.trunk(call(number)) if each.method == "INVITE"])
        to = play.log[-1].to
        assert follows(play, down, to, number) == [to, to]


def follows(play: Playbook, down: bytes, to: tuple[str, int], number: int = 0) -> list[tuple[str, int]]:
    """Where ACK and BYE go of a call that is answered at this address with an inner Contact."""
    up = only(play.pbx(wire.answer(down, extra="Contact: <sip:x@inner.example>"), to), to=wire.TRUNK)
    sent = play.trunk(in_dialog("ACK", up, branch=f"z9hG4bKack{number}"))
    for each in play.core.peers:
        each.rise(play.now)
    sent += play.trunk(in_dialog("BYE", up, cseq=2, branch=f"z9hG4bKbye{number}"))
    return [each.to for each in sent]


@pytest.mark.parametrize("named", [False, True])
def test_what_belongs_to_a_call_that_went_to_the_second_address_goes_there_too(named: bool):
    """Also when the first one lives again by then."""
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}]) if named else Playbook()
    if named:
        play.names = {"pbx.rook.example": ["203.0.113.10", "203.0.113.11"]}
        play.core.learn(play.topology.named_targets()[0], hops(play.names["pbx.rook.example"]), play.now)
    play.core.peers.of("pbx", "office")[0].is_silent(play.now)
    down = only([each for each in play.trunk(call(1)) if each.method == "INVITE"])
    assert follows(play, down, wire.PBX2) == [wire.PBX2, wire.PBX2]


def test_an_address_that_is_up_again_has_few_calls_at_first():
    play = weighed(slow_start_s=100)
    first = play.core.peers.of("pbx", "office")[0]
    first.is_silent(play.now)
    play.wait(60)
    first.rise(play.now)
    assert 0 < first_of(play, 300)[wire.PBX] < 75
    play.wait(101)
    play.core.peers.sweep(play.now)
    assert first_of(play, 300)[wire.PBX] > 180
    assert play.core.peers.plain


def test_the_first_of_two_without_weights_starts_slowly_as_well():
    addresses = ["203.0.113.10", "203.0.113.11"]
    play = Playbook(pbxes=[{"name": "office", "addresses": addresses, "slow_start_s": 100}])
    assert first_of(play, 20) == {wire.PBX: 20}, "not when the node starts"
    first = play.core.peers.of("pbx", "office")[0]
    first.is_silent(play.now)
    first.rise(play.now)
    found = first_of(play, 200)
    assert 0 < found[wire.PBX] < 40


# Drained by command


def drained(play: Playbook, *which: int) -> Playbook:
    addresses = play.core.peers.of("pbx", "office")
    for number in which:
        addresses[number].drained = True
    play.core.peers.look(play.now)
    return play


def test_a_drained_address_has_no_new_calls_and_keeps_those_that_it_has(play: Playbook):
    _, up = play.answered()
    drained(play, 0)
    assert asked(play.trunk(call(1))) == [wire.PBX2]
    assert asked(play.wait(10)) == [wire.PBX2], "nor as the last resort"
    assert [each.to for each in play.trunk(in_dialog("BYE", up, cseq=2))] == [wire.PBX]


def test_where_all_are_drained_a_call_gets_503_and_an_emergency_call_goes_through(play: Playbook):
    drained(play, 0, 1)
    assert briefs(play.trunk(call(1))) == ["503"]
    play.verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
    assert asked(play.trunk(emergency(2))) == [wire.PBX]


def test_a_call_that_is_refused_there_is_on_record(play: Playbook):
    drained(play, 0, 1)
    play.trunk(call(1))
    assert [outcome.status for _, outcome in play.outcomes] == [503]


# What is known of each


def test_calls_and_final_responses_are_counted_where_they_came_from(play: Playbook):
    down, up = play.answered()
    [first, second] = play.core.peers.of("pbx", "office")
    assert (first.calls, second.calls) == (1, 0)
    play.pbx(wire.answer(down))  # once more: the same call
    assert first.calls == 1
    play.pbx(wire.response(486, only(play.trunk(call(1)), to=wire.PBX)))
    assert first.finals == {200: 1, 486: 1}
    play.trunk(in_dialog("BYE", up, cseq=2))
    assert first.calls == 0


def test_a_call_that_gets_no_answer_at_all_is_a_408_of_its_address():
    play = Playbook(pbxes=ALONE)
    play.forwarded(call(0))
    play.wait(33)
    assert play.core.peers.of("pbx", "office")[0].finals == {408: 1}


def test_a_call_that_is_forgotten_counts_no_longer():
    play = Playbook(limits={"remembered_calls": 100})
    for number in range(150):
        down = play.forwarded(call(number))
        play.pbx(wire.answer(down))
    assert play.core.peers.of("pbx", "office")[0].calls == 100


def test_another_configuration_keeps_the_state_of_addresses_that_stay(play: Playbook):
    first, second = play.core.peers.of("pbx", "office")
    first.is_silent(play.now)
    second.drained = True
    play.reload(pbxes=[{"name": "office", "addresses": ["203.0.113.11", "203.0.113.10", "203.0.113.12"]}])
    found = {each.host[-2:]: (each.state, each.drained) for each in play.core.peers.of("pbx", "office")}
    assert found == {"11": ("up", True), "10": ("down", False), "12": ("up", False)}


def test_where_a_name_no_longer_leads_nothing_is_known_of():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    [named] = play.topology.named_targets()
    play.core.learn(named, hops(["203.0.113.10", "203.0.113.11"]), play.now)
    play.core.peers.of("pbx", "office")[0].is_silent(play.now)
    play.core.learn(named, hops(["203.0.113.10", "203.0.113.12"]), play.now)
    found = {each.host[-2:]: each.state for each in play.core.peers.of("pbx", "office")}
    assert found == {"10": "down", "12": "up"}


def named() -> Playbook:
    """A PBX that is known by a name, whose second address is drained while its first has a call and is down."""
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    play.names = {"pbx.rook.example": ["203.0.113.10", "203.0.113.11"]}
    lead(play, "203.0.113.10", "203.0.113.11")
    play.answered()
    first, second = play.core.peers.of("pbx", "office")
    play.core.peers.drain(second, True, play.now)
    first.is_silent(play.now)
    return play


def lead(play: Playbook, *addresses: str) -> None:
    for target in play.topology.named_targets():
        play.core.learn(target, hops(list(addresses)), play.now)


def known_of(play: Playbook) -> dict[str, tuple[str, bool, int]]:
    office = play.core.peers.of("pbx", "office")
    return {each.host[-2:]: (each.state, each.drained, each.calls) for each in office}


def test_another_configuration_keeps_the_state_of_addresses_that_a_name_leads_to():
    """It begins without knowing where its names lead: who is drained, down, or has calls was forgotten in between."""
    play = named()
    there = known_of(play)
    assert there == {"10": ("down", False, 1), "11": ("up", True, 0)}
    play.reload(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}], label="Unwanted")
    lead(play, "203.0.113.10", "203.0.113.11")
    assert known_of(play) == there


def test_an_address_that_a_name_leaves_out_for_a_while_is_known_again():
    play = named()
    there = known_of(play)
    lead(play, "203.0.113.12")
    assert known_of(play) == {"12": ("up", False, 0)}
    lead(play, "203.0.113.10", "203.0.113.11")
    assert known_of(play) == there


def test_another_configuration_that_gives_a_pbx_another_name_keeps_its_drain(play: Playbook):
    play.core.peers.drain(play.core.peers.of("pbx", "office")[0], True, play.now)
    play.reload(pbxes=[{"name": "house", "addresses": ["203.0.113.10", "203.0.113.11"]}])
    assert [each.drained for each in play.core.peers.of("pbx", "house")] == [True, False]
    assert play.core.peers.drains == {("pbx", "house", ("203.0.113.10", 5060, "UDP"))}


def test_a_drain_of_who_is_gone_is_gone(play: Playbook):
    play.core.peers.drain(play.core.peers.of("pbx", "office")[0], True, play.now)
    play.reload(pbxes=[{"name": "house", "addresses": ["203.0.113.12"]}])
    play.reload(pbxes=[{"name": "office", "addresses": ["203.0.113.10"]}])
    assert [each.drained for each in play.core.peers.of("pbx", "office")] == [False]


def test_of_addresses_that_come_and_go_no_more_than_a_bound_is_kept():
    play = named()
    lead(play, *(f"198.18.{number // 250}.{number % 250}" for number in range(2 * MOST_AWAY)))
    lead(play, "203.0.113.10", "203.0.113.11")
    assert play.core.peers.away <= MOST_AWAY
    assert known_of(play)["11"][1], "a drain is an order, and is not forgotten"


def test_what_ails_is_said_of_each_owner_in_a_sentence(play: Playbook):
    play.core.peers.of("pbx", "office")[0].is_silent(play.now)
    drained(play, 1)
    assert play.core.ailments() == [
        "office: 2 of 2 addresses without calls: 203.0.113.10:5060 (no answer to a call), 203.0.113.11:5060 (drained)"
    ]


STATES = st.sampled_from(["up", "down", "busy", "slow"])


@given(st.lists(st.tuples(STATES, st.integers(0, 9)), min_size=2, max_size=6), st.integers(), st.booleans())
def test_whatever_the_states_every_target_has_its_place_and_who_lives_comes_first(states: list, seed: int, weigh: bool):
    addresses = [f"203.0.113.{number}" for number in range(10, 10 + len(states))]
    weights = {"weights": [weight for _, weight in states]} if weigh else {}
    play = Playbook(pbxes=[{"name": "office", "addresses": addresses, "slow_start_s": 60, **weights}])
    known = play.core.peers.of("pbx", "office")
    for address, (state, _) in zip(known, states, strict=True):
        if state == "down":
            address.is_silent(play.now)
        elif state == "busy":
            address.is_busy(30, play.now)
        elif state == "slow":
            address.is_silent(play.now)
            address.rise(play.now)
    targets = play.topology.pbxes["office"].targets
    found = play.core.peers.choose(targets, play.now, lots_of(seed), may_try=False)
    assert sorted(each.host for each in found) == addresses
    rank = {"up": 0, "busy": 1, "down": 2}
    ranks = {each.host: rank[each.state] for each in known}
    order = [ranks[each.host] for each in found]
    assert order == sorted(order)
