"""What goes first when many datagrams wait: what the PBX says, and calls for help."""

from __future__ import annotations

import pytest

from proxy.urgency import goes_first
from tests import wire
from tests.playbook import Playbook


def first(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> bool:
    return goes_first(data, play.core.flow_to(play.topology.listeners[0], *source), play.core.outgoing)


@pytest.mark.parametrize("data", [wire.invite(), b"SIP/2.0 180 Ringing\r\n", b"", b"\0"])
def test_whatever_the_pbx_says(play: Playbook, data: bytes):
    assert first(play, data, wire.PBX)


@pytest.mark.parametrize(
    "uri",
    [f"sip:110@{wire.US}", "sip:%3110@x", "tel:110;phone-context=+86", "urn:service:sos", "sip:+86110@x;user=phone"],
)
def test_a_call_for_help(play: Playbook, uri: str):
    assert first(play, wire.invite(uri=uri))
    assert not first(play, wire.invite(uri=uri), wire.STRANGER), "who may not call at all has no haste"


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
def test_nothing_else_of_a_trunk(play: Playbook, data: bytes):
    assert not first(play, data)
