"""Kamailio with topos behind the proxy: no end sees where the other is, and calls are judged and ended all the same."""

import pytest

from tests.live.conftest import BLOCKED, NUMBERS
from tests.peers.kamailio import HIDES, Kamailio, remembers_topology
from tests.peers.lanes import new_lane
from tests.peers.loopback import new_endpoint
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Trunk, Ringfence, Kamailio that hides, and behind it the endpoint that answers."""
    folder = tmp_path_factory.mktemp("topos")
    at, kamailio, callee = new_endpoint(), new_endpoint(), new_endpoint()
    lane = new_lane("carrier", folder / "carrier", pbx=kamailio, proxy=at)
    remembers_topology(folder / "kamailio")
    with (
        Kamailio(at=kamailio, next_hop=callee, folder=folder / "kamailio", configuration=HIDES),
        Ringfence(folder / "proxy", settings([at], [lane]), numbers=NUMBERS),
    ):
        yield lane._replace(pbx=callee)


@pytest.mark.parametrize(
    ("caller", "callee"),
    [
        ("caller_hangs_up", "callee_answers"),
        ("caller_hears_bye", "callee_hangs_up"),
        ("caller_reinvites", "callee_reinvited"),
        ("caller_reinvited", "callee_reinvites"),
    ],
)
def test_a_flow_through_both(chain, caller, callee):
    flow = chain.call(caller, callee)
    first = flow.callee.packets()[0]
    assert first.field("X-Second-Hop") == "kamailio"
    assert len(first.fields("Via")) == 1
    assert str(chain.trunk) not in first.field("Contact")


def test_a_listed_caller_goes_no_further(chain):
    with chain.pbx_side("callee_answers").listens() as callee:
        chain.alone("caller_refused", status="603", caller=BLOCKED)
        assert not callee.packets()
