"""What goes first when many datagrams wait: calls for help before all, then what the PBX says."""

from __future__ import annotations

import pytest

from proxy.urgency import AT_ONCE, FIRST, IN_TURN, haste
from tests import wire
from tests.playbook import Playbook


def haste_of(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> int:
    return haste(data, play.core.flow_to(play.topology.listeners[0], *source), play.core.outgoing)


@pytest.mark.parametrize("data", [wire.invite(), b"INVITE ", b"SIP/2.0 180 Ringing\r\n", b"", b"\0"])
def test_whatever_the_pbx_says_goes_first(play: Playbook, data: bytes):
    assert haste_of(play, data, wire.PBX) == FIRST


@pytest.mark.parametrize(
    "uri",
    [f"sip:110@{wire.US}", "sip:%3110@x", "tel:110;phone-context=+86", "urn:service:sos", "sip:+86110@x;user=phone"],
)
def test_a_call_for_help_goes_before_all(play: Playbook, uri: str):
    assert haste_of(play, wire.invite(uri=uri)) == AT_ONCE
    assert haste_of(play, wire.invite(uri=uri), wire.PBX) == AT_ONCE, "a subscriber's own"
    assert haste_of(play, wire.invite(uri=uri), wire.STRANGER) == IN_TURN, "who may not call at all has no haste"


@pytest.mark.parametrize(
    "data",
    [
        wire.invite(),
        wire.request("OPTIONS", uri=f"sip:110@{wire.US}"),
        b"INVITE sip:110",
        b"INVITE  SIP/2.0",
        b"INVITE \xff\xfe SIP/2.0",
        b"SIP/2.0 200 OK\r\n",
        b"",
    ],
)
def test_nothing_else_of_a_trunk_overtakes(play: Playbook, data: bytes):
    assert haste_of(play, data) == IN_TURN
