"""Names that lead somewhere else, back to us, or nowhere."""

import pytest
from structlog.testing import capture_logs

from proxy.neighbours import Peer
from proxy.next_hops import Hop, Question, Ranked
from proxy.resolver import Resolver
from tests import wire
from tests.peers.loopback import Endpoint
from tests.peers.process import eventually
from tests.proxy.test_server import running


async def test_a_pbx_that_moves_is_known_at_its_new_address(monkeypatch):
    """Nobody has called in since: what the PBX sends from there is its own all the same."""
    at: tuple[Ranked, ...] = ()

    async def servers(resolver: Resolver, question: Question) -> tuple[Ranked, ...]:
        return at

    monkeypatch.setattr(Resolver, "refresh", servers)
    monkeypatch.setattr("proxy.names.NAMES_LEAST_S", 0.001)
    async with running(pbxes=[{"name": "office", "addresses": ["pbx.rook.example:5060"]}]) as house:

        def peer() -> Peer | None:
            return house.core.flow_to(house.core.topology.listeners[0], "203.0.113.9", 5060).peer

        assert peer() is None, "not resolved yet"
        at = (Ranked((0,), 0, (Hop("203.0.113.9", 5060),)),)
        await eventually(lambda: (who := peer()) is not None and who.from_pbx, "the PBX")


async def test_a_name_without_address_is_503_and_counted():
    async with running(pbxes=[{"name": "office", "addresses": ["pbx.invalid"]}]) as house:
        await house.send(house.invite())
        assert wire.status(await house.heard(house.trunk)) == 100
        assert wire.status(await house.heard(house.trunk)) == 503
        assert house.metrics.unresolved == 1


@pytest.mark.parametrize("leads_to", [Endpoint("127.0.0.1", 5060), None], ids=["all addresses", "the listener"])
async def test_a_name_that_leads_back_to_us_is_not_followed_and_told(leads_to: Endpoint | None):
    """Whatever a name server says: the call would come back to us, again and again."""
    with capture_logs() as lines:
        async with running(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}]) as house:
            ours = leads_to or house.at
            if leads_to is not None:
                house.core.topology._own_ports.add(ours.port)
            known = (Ranked((0,), 0, (Hop(*ours),)),)
            house.server.names.resolver.known = lambda question: known
            await house.send(house.invite())
            assert wire.status(await house.heard(house.trunk)) == 100
            assert wire.status(await house.heard(house.trunk)) == 503
    assert "a name leads back to this proxy: not followed" in [line["event"] for line in lines]


async def test_what_is_known_of_a_name_costs_a_call_no_turn_of_the_loop():
    async with running(pbxes=[{"name": "office", "addresses": ["pbx.rook.example"]}]) as house:
        known = (Ranked((0,), 0, (Hop(*house.pbx_at),)),)
        house.server.names.resolver.known = lambda question: known
        house.server.on_datagram(house.invite(), house.trunk_at, house.core.topology.listeners[0], 0.0)
        house.server.flush()
        assert wire.method(house.pbx.recv(65_535)) == "INVITE"
