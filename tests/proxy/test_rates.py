"""Calls that come faster than their trunk, or one stranger, may send them: 503 and when to try again, or silence."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests import wire
from tests.playbook import SETTINGS, Playbook, briefs, in_dialog

CARRIER = SETTINGS["trunks"][0]
OTHER = ("192.0.2.67", 5060)
NUMBERS = count()


def playbook(*, trunk: dict[str, Any] | None = None, **limits: Any) -> Playbook:
    trunks = [{**CARRIER, **(trunk or {})}, {"name": "default", "country": "CN"}]
    return Playbook(trunks=trunks, limits=limits)


def fresh(**fields: Any) -> bytes:
    number = next(NUMBERS)
    return wire.invite(via=f"SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKr{number};rport", call_id=f"{number}", **fields)


def calls(play: Playbook, times: int, source: tuple[str, int] = wire.TRUNK, **fields: Any) -> list[int]:
    """What each call got at last: 0 when it went on."""
    found = []
    for _ in range(times):
        sent = play.receive(fresh(**fields), source)
        finals = [each.status for each in sent if each.to == source and each.status >= 200]
        found.append(finals[0] if finals else 0 if any(each.method == "INVITE" for each in sent) else -1)
    return found


def test_a_trunk_sends_no_more_calls_than_its_rate_and_hears_when_it_may():
    play = playbook(trunk={"calls_per_second": 0.5, "calls_burst": 3})
    assert calls(play, 3) == [0] * 3
    [refused] = play.trunk(fresh())
    assert wire.start_line(refused.data) == "SIP/2.0 503 Service Unavailable"
    assert wire.header(refused.data, "Retry-After") == "2"
    play.wait(2)
    assert calls(play, 2) == [0, 503]
    assert play.core.load.over_rate["carrier"].calls == 2
    assert play.core.load.over_rate["carrier"].source == wire.TRUNK[0]


def test_without_a_rate_nobody_is_counted():
    play = playbook()
    assert calls(play, 50) == [0] * 50
    assert play.core.load.over_rate == {}
    assert len(play.core.load.sources) == 0


@pytest.mark.parametrize("over_rate", ["refuse", "drop"])
def test_an_emergency_call_is_never_counted_out(over_rate):
    play = playbook(trunk={"calls_per_second": 1, "calls_burst": 1}, over_rate=over_rate, stranger_calls_per_second=1)
    for source in (wire.TRUNK, wire.STRANGER):
        assert calls(play, 2, source) == [0, 503 if over_rate == "refuse" else -1]
        assert calls(play, 20, source, uri=f"sip:110@{wire.US}") == [0] * 20


def test_one_stranger_s_calls_are_counted_and_not_those_of_others():
    play = playbook(stranger_calls_per_second=1, stranger_calls_burst=2)
    assert calls(play, 3, wire.STRANGER) == [0, 0, 503]
    assert calls(play, 1, (wire.STRANGER[0], 5099)) == [503], "another port is the same source"
    assert calls(play, 2, OTHER) == [0, 0]
    assert calls(play, 20) == [0] * 20, "a trunk that is named has no part in it"
    assert play.core.load.over_rate["default"].calls == 2


def test_the_trunk_of_strangers_has_a_rate_for_all_of_them_too():
    play = Playbook(trunks=[CARRIER, {"name": "default", "calls_per_second": 1, "calls_burst": 2}])
    assert [calls(play, 1, (f"192.0.2.{n}", 5060)) for n in (1, 2, 3)] == [[0], [0], [503]]


def test_over_it_silence_where_that_is_set():
    play = playbook(trunk={"calls_per_second": 1, "calls_burst": 1}, over_rate="drop")
    assert calls(play, 3) == [0, -1, -1]
    assert play.core.dropped["over its rate"] == 2


def test_what_is_within_a_call_needs_no_room_in_a_rate():
    play = playbook(trunk={"calls_per_second": 0.1, "calls_burst": 1})
    _, up = play.answered()
    for number in range(5):
        again = in_dialog("INVITE", up, cseq=2 + number, branch=f"z9hG4bKagain{number}", body=wire.SDP)
        assert "INVITE" in briefs(play.trunk(again))


def test_the_pbx_s_calls_are_not_those_of_the_trunk():
    play = playbook(trunk={"calls_per_second": 0.1, "calls_burst": 1})
    assert calls(play, 5, wire.PBX) == [0] * 5


def test_a_repeated_invite_is_no_second_call():
    play = playbook(trunk={"calls_per_second": 0.1, "calls_burst": 2})
    data = fresh()
    for _ in range(5):
        play.trunk(data)
    assert calls(play, 2) == [0, 503]


def test_another_configuration_gives_nobody_a_burst_anew():
    trunks = [{**CARRIER, "calls_per_second": 0.1, "calls_burst": 1}]
    play = Playbook(trunks=trunks)
    assert calls(play, 2) == [0, 503]
    play.reload(trunks=trunks)
    assert calls(play, 1) == [503]
    play.reload(trunks=[CARRIER])
    assert calls(play, 9) == [0] * 9
