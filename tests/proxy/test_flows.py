"""Whose a flow is, what its address learns of it, and where responses go (RFC 3261 18.2.2, RFC 3581)."""

import pytest

from proxy.flows import PeerFlow, address_of, peer_of
from proxy.sip.flow import Flow, Listener
from tests import wire
from tests.playbook import Playbook, only

US = Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")


@pytest.mark.parametrize(
    ("via", "source", "back"),
    [
        ("SIP/2.0/UDP 198.51.100.21:5060", ("198.51.100.21", 5060), ("198.51.100.21", 5060)),
        ("SIP/2.0/UDP 198.51.100.21", ("198.51.100.21", 40000), ("198.51.100.21", 5060)),
        ("SIP/2.0/UDP 198.51.100.21:5070", ("198.51.100.21", 40000), ("198.51.100.21", 5070)),
        ("SIP/2.0/UDP 198.51.100.21:5070;rport", ("198.51.100.21", 40000), ("198.51.100.21", 40000)),
        ("SIP/2.0/UDP 10.0.0.1:5070;rport", ("198.51.100.21", 40000), ("198.51.100.21", 40000)),
        ("SIP/2.0/UDP 192.0.2.66;maddr=192.0.2.66", ("198.51.100.21", 5060), ("198.51.100.21", 5060)),
        ("SIP/2.0/UDP 192.0.2.66;received=192.0.2.66", ("198.51.100.21", 5060), ("198.51.100.21", 5060)),
    ],
)  # fmt: skip
def test_responses_return_to_the_sender_and_nobody_else(play: Playbook, via: str, source, back):
    down = only(play.trunk(wire.invite(via=f"{via};branch=z9hG4bKone"), source), to=wire.PBX)
    assert play.log[0].to == back  # the 100
    assert play.pbx(wire.response(180, down))[0].to == back


def test_the_configuration_says_who_is_at_the_other_end(play: Playbook):
    flow_to, listener = play.core.flow_to, play.core.topology.listeners[0]
    trunk, pbx = flow_to(listener, *wire.TRUNK), flow_to(listener, *wire.PBX)
    assert [(each.peer.name, each.peer.from_pbx) for each in (trunk, pbx)] == [("carrier", False), ("office", True)]
    assert (trunk.address.name, pbx.address.shown) == ("carrier", f"{wire.PBX[0]}:{wire.PBX[1]}")
    assert flow_to(listener, *wire.PBX) is pbx


def test_what_comes_back_is_told_to_the_address_where_there_is_one(play: Playbook):
    pbx = play.core.flow_to(play.core.topology.listeners[0], *wire.PBX)
    pbx.spoke(7.0)
    pbx.answered(486)
    pbx.timed_out()
    assert (pbx.heard, pbx.address.heard, dict(pbx.address.finals)) == (7.0, 7.0, {486: 1, 408: 1})
    nobody = PeerFlow(US, ("198.51.100.99", 5060))
    nobody.spoke(7.0)
    nobody.answered(200)
    nobody.timed_out()
    assert nobody.heard == 7.0


def test_a_flow_of_its_own_is_nobody_s_and_of_no_address():
    assert (peer_of(Flow(US, wire.PBX)), address_of(Flow(US, wire.PBX))) == (None, None)
