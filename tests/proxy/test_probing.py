"""OPTIONS to the addresses of the configuration: who falls by them, who rises, and what a carrier hears of it."""

from typing import Any

import pytest

from tests import wire
from tests.playbook import SETTINGS, Playbook, Sent, briefs, hops, only

TWO = ["203.0.113.10", "203.0.113.11"]
DOWN = ("office", "203.0.113.10:5060", "down")
UP = ("office", "203.0.113.10:5060", "up", "")


def probing(answers: bool = True, **probe: Any) -> Playbook:
    """A node whose PBX is asked every ten seconds; its addresses have answered once, if they do."""
    play = Playbook(pbxes=[{"name": "office", "addresses": TWO, "probe": probe}])
    play.core.prober.begin(play.now)
    if answers:
        answer(play, play.wait(1.0))
    return play


def asked(sent: list[Sent]) -> list[tuple[str, int]]:
    """Where OPTIONS went, each address once."""
    return list(dict.fromkeys(each.to for each in sent if each.method == "OPTIONS"))


def answer(play: Playbook, sent: list[Sent], status: int = 200, *, of: tuple[str, ...] = tuple(TWO)) -> None:
    """These addresses answer what came to them."""
    for each in sent:
        if each.method == "OPTIONS" and each.to[0] in of:
            play.pbx(wire.response(status, each.data), each.to)


def live(play: Playbook, seconds: int, *, of: tuple[str, ...] = tuple(TWO), status: int = 200) -> list[Sent]:
    """Time passes, in which these addresses answer."""
    sent = []
    for _ in range(seconds):
        new = play.wait(1.0)
        answer(play, new, status, of=of)
        sent += new
    return sent


def test_each_address_of_a_pbx_is_asked_at_once_and_every_ten_seconds_and_no_trunk():
    play = probing()
    assert asked(play.log) == [wire.PBX, wire.PBX2]
    assert len(live(play, 30)) == 6
    assert play.changes == []


def test_the_request_is_sound_and_names_nobody_behind_the_address():
    play = probing()
    data = play.log[0].data
    assert wire.start_line(data) == "OPTIONS sip:203.0.113.10:5060 SIP/2.0"
    assert wire.header(data, "From").startswith(f"<sip:ringfence@{wire.US}>;tag=")
    assert wire.header(data, "Max-Forwards") == "70"
    assert wire.header(data, "CSeq") == "1 OPTIONS"
    assert len({wire.header(each.data, "Call-ID") for each in play.log}) == len(play.log)


def test_who_answers_no_more_is_down_after_two_and_the_next_call_waits_for_nothing():
    play = probing()
    live(play, 20, of=("203.0.113.11",))
    assert play.changes == [(*DOWN, "no answer to OPTIONS")]
    assert [each.to for each in play.trunk(wire.invite()) if each.method == "INVITE"] == [wire.PBX2]


def test_once_another_process_asks_nobody_is_asked_and_silence_says_nothing():
    """It gets the answers to what was asked here: each restart told that every PBX was down."""
    play = probing(falls=1)
    live(play, 9)
    asking = play.wait(1.0)
    assert asked(asking) == [wire.PBX, wire.PBX2]
    play.core.prober.over = True
    assert {each.data for each in play.wait(60.0)} <= {each.data for each in asking}, "repeated, and no new one"
    assert play.changes == []


def test_it_has_calls_again_after_one_answer():
    play = probing()
    live(play, 20, of=("203.0.113.11",))
    live(play, 10)
    assert play.changes[1:] == [UP]


def test_who_flaps_can_be_asked_for_more():
    play = probing(rises=3, every_s=1)
    live(play, 20, of=("203.0.113.11",))
    live(play, 2)
    assert len(play.changes) == 1
    live(play, 2)
    assert play.changes[1:] == [UP]


@pytest.mark.parametrize("status", [404, 405, 401, 500, 483])
def test_whoever_answers_lives_whatever_he_says(status: int):
    play = probing()
    live(play, 40, status=status)
    assert play.changes == []


def test_whoever_says_503_has_no_calls():
    play = probing()
    for _ in range(40):
        new = play.wait(1.0)
        answer(play, new, 503, of=("203.0.113.10",))
        answer(play, new, of=("203.0.113.11",))
    assert play.changes == [(*DOWN, "503 to OPTIONS")]
    down = only([each for each in play.trunk(wire.invite()) if each.method == "INVITE"])
    assert play.log[-1].to == wire.PBX2
    play.pbx(wire.response(100, down), wire.PBX2)


def test_who_never_answered_any_is_not_judged_by_them():
    """A PBX that leaves OPTIONS alone takes calls all the same."""
    play = probing(answers=False)
    play.wait(100)
    assert play.changes == []
    assert len(asked(play.log)) == 2


def test_a_sign_of_life_in_a_call_outweighs_a_probe_without_answer():
    play = probing()
    for number in range(40):
        new = play.wait(1.0)
        answer(play, new, of=("203.0.113.11",))
        via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKlive{number}"
        down = only([each for each in play.trunk(wire.invite(via=via, call_id=str(number))) if each.method == "INVITE"])
        play.pbx(wire.response(486, down))
    assert play.changes == []


def test_where_nobody_listens_it_is_down_at_once():
    play = probing()
    live(play, 8)
    first = next(each for each in live(play, 3, of=()) if each.method == "OPTIONS")
    play.fails(first.data)
    assert play.changes == [(*DOWN, "nobody listens there")]


def test_while_probes_tell_no_call_has_to_find_out():
    play = probing()
    live(play, 20, of=("203.0.113.11",))
    for number in range(3):
        live(play, 40, of=("203.0.113.11",))
        via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKtry{number}"
        sent = play.trunk(wire.invite(via=via, call_id=f"try-{number}"))
        assert [each.to for each in sent if each.method == "INVITE"] == [wire.PBX2]


def test_a_pbx_that_answers_probes_and_no_call_is_tried_ever_more_seldom():
    """Its SIP stack lives and what takes calls hangs: each rise costs the calls of three seconds."""
    play = probing(every_s=1)
    rises = []
    for number in range(300):
        live(play, 1)
        via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKhung{number}"
        from_ = f"<sip:1391234{number:04}@wren.example>;tag=wren"
        for each in play.trunk(wire.invite(via=via, call_id=f"hung-{number}", from_=from_)):
            if each.method == "INVITE" and each.to == wire.PBX2:
                play.pbx(wire.response(486, each.data), wire.PBX2)
    rises = [change for change in play.changes if change == UP]
    assert 5 <= len(rises) <= 11, "not fifty"
    down = next(each for each in reversed(play.log) if each.method == "INVITE" and each.to == wire.PBX)
    play.pbx(wire.response(486, down.data))
    play.core.peers.of("pbx", "office")[0].is_silent(play.now + 100)
    live(play, 3)
    assert play.changes[-1] == UP, "once it has answered a call it is as any other again"


def test_probes_can_be_left_out_and_asked_of_a_trunk():
    trunk = {"name": "carrier", "addresses": ["198.51.100.0/24"], "send_to": ["198.51.100.21"], "probe": {"every_s": 5}}
    play = Playbook(pbxes=[{"name": "office", "addresses": TWO, "probe": {"every_s": 0}}], trunks=[trunk])
    play.core.prober.begin(play.now)
    play.wait(2)
    assert asked(play.log) == [wire.TRUNK]


def test_nothing_of_a_probe_stays():
    play = probing(answers=False)
    held = play.held
    play.wait(200)
    assert play.held <= held + 4


def test_after_another_configuration_the_new_addresses_are_asked():
    play = probing()
    play.reload(pbxes=[{"name": "office", "addresses": ["203.0.113.77"]}])
    assert asked(play.wait(2.0)) == [("203.0.113.77", 5060)]


def test_an_address_that_is_sent_to_by_tcp_is_asked_by_tcp():
    listen = [{"address": wire.US}, {"address": wire.US, "transport": "tcp"}]
    play = Playbook(listen=listen, pbxes=[{"name": "office", "addresses": ["tcp:203.0.113.10"]}])
    play.core.prober.begin(play.now)
    [sent] = play.wait(1.0)
    assert wire.start_line(sent.data).startswith("OPTIONS")
    assert wire.header(sent.data, "Via").startswith("SIP/2.0/TCP")
    play.fails(sent.data)
    assert play.changes == [("office", "tcp:203.0.113.10:5060", "down", "nobody listens there")]


# What a carrier hears


OPTIONS = wire.request("OPTIONS", uri=f"sip:{wire.US}")


def options(number: int) -> bytes:
    via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKo{number}"
    return wire.request("OPTIONS", uri=f"sip:{wire.US}", via=via)


def test_a_carrier_hears_503_while_no_address_lives_and_200_again():
    play = probing()
    assert briefs(play.trunk(options(0))) == ["200"]
    live(play, 20, of=("203.0.113.11",))
    assert briefs(play.trunk(options(1))) == ["200"]
    live(play, 20, of=())
    assert briefs(play.trunk(options(2))) == ["503"]
    live(play, 10)
    assert briefs(play.trunk(options(3))) == ["200"]


def test_it_can_be_told_200_whatever_is_behind():
    play = Playbook(options_tell=False)
    for each in play.core.peers:
        each.is_silent(play.now)
    assert briefs(play.trunk(options(1))) == ["200"]


def test_a_pbx_hears_200_whatever_became_of_it():
    play = Playbook()
    for each in play.core.peers:
        each.is_silent(play.now)
    via = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKpbx"
    assert briefs(play.pbx(wire.request("OPTIONS", uri=f"sip:{wire.US}", via=via))) == ["200"]


def test_where_only_a_call_can_find_out_the_carrier_is_let_to_send_one():
    """Else he would never again: nobody asks the PBX but calls."""
    play = Playbook()
    for each in play.core.peers:
        each.is_silent(play.now)
    assert briefs(play.trunk(options(1))) == ["503"]
    play.wait(31)
    assert briefs(play.trunk(options(2))) == ["200"]


def test_a_pbx_whose_name_leads_nowhere_takes_none():
    play = Playbook(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}])
    assert briefs(play.trunk(options(1))) == ["200"], "it was not asked for yet"
    play.core.learn(play.topology.named_targets()[0], [], play.now)
    assert briefs(play.trunk(options(2))) == ["503"]
    play.core.learn(play.topology.named_targets()[0], hops(["203.0.113.10"]), play.now)
    assert briefs(play.trunk(options(3))) == ["200"]


def test_a_drained_pbx_takes_no_calls_either():
    play = Playbook()
    for each in play.core.peers:
        each.drained = True
    assert briefs(play.trunk(options(1))) == ["503"]


# A call that a PBX throws away


STRANGERS = [("192.0.2.66", 5060), ("192.0.2.67", 5060)]


def with_strangers(**pbx: Any) -> Playbook:
    trunks = [*SETTINGS["trunks"], {"name": "default", "country": "CN"}]
    return Playbook(pbxes=[{"name": "office", "addresses": TWO, **pbx}], trunks=trunks)


def call_unheard(play: Playbook, number: int, source: tuple[str, int], caller: str = "13912345678") -> None:
    """The PBX drops this call without a word, as it may for one odd line, and lives: it answers OPTIONS if asked."""
    via = f"SIP/2.0/UDP {source[0]}:5060;branch=z9hG4bKodd{number}"
    from_ = f"<sip:{caller}@wren.example>;tag=wren"
    play.trunk(wire.invite(via=via, call_id=f"odd{number}", from_=from_), source)
    for _ in range(80):
        answer(play, play.wait(0.1))


def test_no_call_of_a_trunk_or_stranger_makes_an_address_fall_that_answers_options():
    """There are lines for which a PBX drops a whole request: whoever writes one would send all calls elsewhere."""
    play = with_strangers()
    play.core.prober.begin(play.now)
    answer(play, play.wait(1.0))
    for number, source in enumerate([*STRANGERS, wire.TRUNK]):
        call_unheard(play, number, source)
    assert play.changes == []


def test_also_one_that_has_not_answered_any_so_far():
    play = with_strangers()
    call_unheard(play, 0, STRANGERS[0])
    assert asked(play.log)[0] == wire.PBX
    assert play.changes == []


def test_five_calls_in_a_row_that_wait_in_vain_tell_though_options_are_answered():
    play = with_strangers()
    for number in range(4):
        call_unheard(play, number, wire.TRUNK, f"1391234567{number}")
    down = next(each.data for each in play.trunk(wire.invite(call_id="well")) if each.to == wire.PBX)
    play.pbx(wire.response(486, down))
    play.wait(1)
    for number in range(4, 8):
        call_unheard(play, number, wire.TRUNK, f"1391234567{number}")
    first = [change for change in play.changes if change[:2] == DOWN[:2]]
    assert first == [], "one that was answered between them says that it lives"
    call_unheard(play, 8, wire.TRUNK, "13912345678")
    assert (*DOWN, "no answer to a call") in play.changes


def test_one_caller_alone_tells_nothing_however_often_he_calls():
    play = with_strangers()
    for number in range(10):
        call_unheard(play, number, wire.TRUNK)
    assert play.changes == []


def test_calls_of_strangers_tell_nothing_while_options_are_answered():
    play = with_strangers()
    for number in range(10):
        call_unheard(play, number, STRANGERS[number % 2], f"1391234567{number}")
    assert play.changes == []


def test_a_row_of_unanswered_calls_takes_no_carrier_away_while_options_are_answered():
    play = with_strangers(addresses=TWO[:1])
    play.core.prober.begin(play.now)
    answer(play, play.wait(1.0))
    for number in range(5):
        call_unheard(play, number, wire.TRUNK, f"1391234567{number}")
    assert (*DOWN, "no answer to a call") in play.changes
    assert play.core.peers.at(*wire.PBX, "UDP").state == "down"
    assert play.core.pbx_lives(play.now)
    assert briefs(play.trunk(wire.request("OPTIONS", uri=f"sip:{wire.US}"))) == ["200"]
    play.wait(60)
    assert not play.core.pbx_lives(play.now), "who answers OPTIONS no more is gone"


def test_where_none_may_be_asked_calls_alone_tell():
    play = with_strangers(probe={"every_s": 0})
    call_unheard(play, 0, STRANGERS[0])
    assert asked(play.log) == []
    assert play.changes[0] == (*DOWN, "no answer to a call")


def test_who_answers_neither_the_call_nor_options_falls():
    play = with_strangers()
    play.trunk(wire.invite(), STRANGERS[0])
    play.wait(3.1)
    assert play.changes == [(*DOWN, "no answer to a call")]
