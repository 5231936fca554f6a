"""Another configuration while calls are under way: none is lost, none is judged by half of it."""

from __future__ import annotations

from typing import Any

import pytest

from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import DECISION, SETTINGS, TAG, Playbook, briefs, from_callee, in_dialog, only

TRUNK = SETTINGS["trunks"][0]
OTHER_PBX = {"pbxes": [{"name": "new-office", "addresses": ["203.0.113.77"]}]}
NEW_PBX = ("203.0.113.77", 5060)
SECOND = ("203.0.113.11", 5060)  # of the first PBX
OTHER_TRUNK = {"trunks": [{"name": "other", "addresses": ["192.0.2.0/24"], "country": "CN"}]}
HERE = "203.0.113.1:5070"
TWO: dict[str, Any] = {"listen": [{"address": wire.US}, {"address": HERE}]}


def another(name: str) -> bytes:
    """The INVITE of a call of its own."""
    return wire.invite(call_id=name, via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{name}")


def test_the_next_call_goes_by_the_new_configuration(play):
    play.forwarded()
    play.reload(**OTHER_PBX)
    sent = play.trunk(another("two"))
    assert NEW_PBX in [each.to for each in sent]


def test_a_call_that_rings_is_answered_where_it_was_begun(play):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.reload(**OTHER_PBX)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert wire.status(up) == 200


def test_a_repeated_request_is_no_new_one(play):
    play.forwarded()
    play.reload(**OTHER_PBX)
    assert [each.to for each in play.trunk(wire.invite())] == [wire.TRUNK]  # the 100 again
    assert len(play.calls) == 1


def test_a_call_that_is_under_way_fails_over_as_it_was_begun(play):
    down = play.forwarded()
    play.reload(**OTHER_PBX)
    sent = play.pbx(wire.response(503, down))
    assert [each.to for each in sent if each.method == "INVITE"] == [SECOND]


def test_a_caller_may_give_up_although_his_trunk_is_gone(play):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.reload(**OTHER_TRUNK)
    sent = play.trunk(wire.cancel(wire.invite()))
    assert briefs(sent) == ["200", "CANCEL"]
    play.pbx(wire.response(487, down))


def test_nobody_else_may_give_it_up(play):
    down = play.forwarded()
    play.pbx(wire.response(180, down))
    play.reload(**OTHER_TRUNK)
    assert briefs(play.receive(wire.cancel(wire.invite()), ("198.18.0.9", 5060))) == ["403"]


def test_an_answered_call_goes_on_and_ends_although_its_trunk_is_gone(play):
    down, up = play.answered()
    play.reload(**OTHER_TRUNK)
    bye = play.trunk(in_dialog("BYE", up, cseq=2))
    assert [(each.to, each.brief) for each in bye] == [(wire.PBX, "BYE")]
    assert briefs(play.trunk(another("two"))) == ["403"]
    play.pbx(wire.answer(bye[0].data))
    assert play.hung_up == [DECISION]
    assert down


def test_where_strangers_may_call_the_calls_of_a_trunk_that_is_gone_are_strangers_but_its_dialogs_go_on(play):
    _, up = play.answered()
    play.reload(trunks=[{"name": "default", "country": "CN"}])
    bye = play.trunk(in_dialog("BYE", up, cseq=2))
    assert [(each.to, each.brief) for each in bye] == [(wire.PBX, "BYE")]
    play.pbx(wire.answer(bye[0].data))
    play.forwarded(another("two"))
    assert play.calls[-1].trunk.name == "default"


def test_calls_of_strangers_go_on_where_they_may_call_no_more():
    """One talks and one rings, for help: neither its ACK nor their BYEs may be refused for that."""
    play = Playbook(trunks=[{"name": "default", "country": "CN"}])
    _, talks = play.answered()
    down = play.forwarded(another("two"))
    play.reload(**OTHER_TRUNK)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    for answered, words in ((up, {"call_id": "two"}), (talks, {})):
        ack = play.trunk(in_dialog("ACK", answered, **words))
        assert [(each.to, each.brief) for each in ack] == [(wire.PBX, "ACK")]
        bye = play.trunk(in_dialog("BYE", answered, cseq=2, branch=f"z9hG4bKbye{len(words)}", **words))
        assert [(each.to, each.brief) for each in bye] == [(wire.PBX, "BYE")]
        play.pbx(wire.answer(bye[0].data))
    assert briefs(play.trunk(another("three"))) == ["403"]


def test_an_answered_call_is_ended_by_a_pbx_that_is_gone(play):
    down, _ = play.answered()
    play.reload(**OTHER_PBX)
    bye = play.pbx(from_callee("BYE", down))
    assert [(each.to, each.brief) for each in bye] == [(wire.TRUNK, "BYE")]
    play.trunk(wire.answer(bye[0].data))


def test_the_ack_of_a_call_that_was_answered_meanwhile_finds_its_way(play):
    down = play.forwarded()
    play.reload(**OTHER_TRUNK, **OTHER_PBX)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
    assert [(each.to, each.brief) for each in play.trunk(in_dialog("ACK", up))] == [(wire.PBX, "ACK")]


def test_a_verdict_that_comes_after_the_change_is_used_as_it_was_asked_for():
    """The call's trunk, its PBX and what they say were those of before, and so is what becomes of it."""
    play = Playbook()
    play.verdict = None
    play.trunk(wire.invite())
    play.reload(**OTHER_PBX)
    sent = play.decide(TAG)
    assert [each.to for each in sent if each.method == "INVITE"] == [wire.PBX]


def test_a_diverted_call_keeps_its_destination_though_that_is_gone():
    play = Playbook(destinations={"desk": "sip:desk@203.0.113.20"})
    play.verdict = Verdict(Action.DIVERT, Step.RULES, decision=DECISION, rule="r", destination="desk")
    down = only(play.trunk(wire.invite()), to=("203.0.113.20", 5060))
    up = only(play.receive(wire.answer(down), ("203.0.113.20", 5060)), to=wire.TRUNK)
    play.reload()
    sent = play.trunk(in_dialog("ACK", up, uri="sip:desk@203.0.113.20"))
    assert [each.brief for each in sent] == ["ACK"]


def test_a_label_is_taken_off_again_although_the_configuration_has_another(play):
    play = Playbook(label="[?]")
    play.verdict = TAG
    down, _ = play.answered(from_=f'"Rook" <sip:{wire.CALLER}@wren.example>;tag=wren')
    assert b"[?]" in down
    play.reload(label="[!]")
    bye = play.pbx(from_callee("BYE", down))
    assert b"[?]" not in bye[0].data
    play.trunk(wire.answer(bye[0].data))


def test_what_a_trunk_holds_counts_further_on():
    limits = {"max_transactions": 100, "trunk_percent": 2}
    play = Playbook(limits=limits)
    play.forwarded()
    play.reload(limits=limits)
    play.forwarded(another("two"))
    assert briefs(play.trunk(another("three"))) == ["503"]


def test_limits_hold_from_the_next_request_on(play):
    play.reload(limits={"max_transactions": 100, "trunk_percent": 1, "timer_c_s": 200, "values": 60})
    assert (play.core.ring_s, play.core.limits.values) == (200, 60)
    play.forwarded()
    assert briefs(play.trunk(another("two"))) == ["503"]


def test_an_address_that_was_silent_still_is():
    play = Playbook()
    play.forwarded()
    play.wait(4)
    assert play.silences
    play.reload()
    assert {each.host: each.state for each in play.core.peers}["203.0.113.10"] == "down"
    play.reload(**OTHER_PBX)
    assert {each.state for each in play.core.peers} == {"up"}


def test_a_listener_keeps_its_number_wherever_it_stands():
    play = Playbook(**TWO)
    first, second = play.topology.listeners
    play.reload(listen=[{"address": "203.0.113.1:5080"}, {"address": HERE}, {"address": wire.US}])
    third, same_second, same_first = play.topology.listeners
    assert (same_first, same_second) == (first, second)
    assert third.number == 2


def test_an_advertised_address_changes_and_the_number_stays():
    play = Playbook(**TWO)
    _, up = play.answered()
    play.reload(listen=[{"address": wire.US, "advertise": "sbc.example.com"}, {"address": HERE}])
    assert play.topology.listeners[0].number == 0
    assert b"sbc.example.com" in play.forwarded(another("two"))
    bye = play.trunk(in_dialog("BYE", up, cseq=2))  # by the name that it knows us by
    assert [(each.to, each.brief) for each in bye] == [(wire.PBX, "BYE")]
    play.pbx(wire.answer(bye[0].data))


def test_a_listener_that_leaves_takes_no_new_calls_but_ends_what_was_begun():
    play = Playbook(**TWO)
    old = play.topology.listeners[1]
    down = only(play.receive(wire.invite(), wire.TRUNK, 1), to=wire.PBX)
    play.reload()
    assert play.topology.leaving == [old]
    flow = play.core.flow_to(old, *wire.TRUNK)
    up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)

    def comes(data: bytes) -> list[str]:
        mark = len(play.log)
        assert play.core.receive(data, flow, play.now) is None
        play._perform()
        return briefs(play.log[mark:])

    assert comes(in_dialog("ACK", up)) == ["ACK"]
    assert comes(another("two")) == ["503"]
    via = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKthree"
    assert comes(wire.request("OPTIONS", uri=f"sip:{HERE}", call_id="three", via=via)) == ["503"]
    play.topology.left(old)
    play.reload(**TWO)
    assert play.topology.listeners[1].number == 1
    assert not play.topology.listeners[1].leaving


def test_a_listener_that_comes_back_has_its_socket_still():
    play = Playbook(**TWO)
    play.reload()
    play.reload(**TWO)
    assert [each.number for each in play.topology.listeners] == [0, 1]
    assert play.topology.leaving == []
    assert not play.topology.listeners[1].leaving


def test_numbers_of_closed_listeners_are_given_again():
    play = Playbook(**TWO)
    for port in range(6000, 6300):
        play.reload(listen=[{"address": wire.US}, {"address": f"203.0.113.1:{port}"}])
        for listener in list(play.topology.leaving):
            play.topology.left(listener)
    assert max(each.number for each in play.topology.listeners) <= 2


@pytest.mark.parametrize("times", [200])
def test_calls_under_way_at_each_of_many_changes_all_end(play, times):
    ended = 0
    for number in range(times):
        name = f"call-{number}"
        down = play.forwarded(another(name))
        play.reload(**({"label": f"[{number}]"} if number % 2 else {}))
        up = only(play.pbx(wire.answer(down)), to=wire.TRUNK)
        play.reload()
        play.trunk(in_dialog("ACK", up, branch=f"z9hG4bKack{name}"))
        bye = play.trunk(in_dialog("BYE", up, cseq=2, branch=f"z9hG4bKbye{name}"))
        ended += briefs(play.pbx(wire.answer(bye[0].data))) == ["200"]
    assert ended == times


def test_a_pbx_lives_while_not_all_its_addresses_are_silent(play):
    first, second = play.core.peers.of("pbx", "office")
    assert play.core.pbx_lives(play.now)
    first.is_silent(play.now)
    assert play.core.pbx_lives(play.now)
    second.is_silent(play.now)
    assert not play.core.pbx_lives(play.now)
    play.reload(pbxes=[{"name": "office", "addresses": ["pbx.example.com"]}])
    assert play.core.pbx_lives(play.now)
