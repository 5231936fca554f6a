"""Kamailio, a proxy that records routes too, between Ringfence and whoever answers."""

import asyncio

import pytest

from console.phones.processes import host_port, place
from tests.live.conftest import BLOCKED, NUMBERS, SUSPECTED
from tests.peers.baresip_phone import TALK_S, BaresipPhone, hears_a_tone
from tests.peers.kamailio import Kamailio
from tests.peers.lanes import new_lane
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Trunk, Ringfence, Kamailio, and behind it the endpoint that answers."""
    folder = tmp_path_factory.mktemp("second-hop")
    at, kamailio, callee = new_endpoint(), new_endpoint(), new_endpoint("127.0.0.1")
    lane = new_lane("carrier", folder / "carrier", pbx=kamailio, proxy=at)
    softphone = new_lane("softphone", folder / "softphone", trunk=Endpoint("127.0.0.1", 5060), pbx=new_endpoint())
    configuration = settings([at], [lane, softphone])
    configuration["trunks"][1]["pbx"] = lane.name
    with (
        Kamailio(at=kamailio, next_hop=callee, folder=folder / "kamailio"),
        Ringfence(folder / "proxy", configuration, numbers=NUMBERS),
    ):
        yield lane._replace(pbx=callee, beyond=1)


FLOWS = [
    ("caller_hangs_up", "callee_answers"),
    ("caller_hears_bye", "callee_hangs_up"),
    ("caller_reinvites", "callee_reinvited"),
    ("caller_reinvited", "callee_reinvites"),
    ("caller_pracks", "callee_rings_reliably"),
    ("caller_acknowledges_twice", "callee_loses_ack"),
    ("caller_answered_twice", "callee_forks"),
    ("caller_cancels_too_late", "callee_answers_cancel"),
    ("subscribes", "notifies"),
]


@pytest.mark.parametrize(("caller", "callee"), FLOWS)
def test_a_flow_through_both(chain, caller, callee):
    flow = chain.call(caller, callee)
    first = flow.callee.packets()[0]
    assert first.field("X-Second-Hop") == "kamailio"
    assert len(first.fields("Record-Route")) == 2


def test_cancelled_through_both(chain):
    chain.call("caller_cancels_ringing", "callee_cancelled", silence="1", provisional="180 Ringing")


def test_busy_through_both(chain):
    chain.call("caller_refused", "callee_refuses", status="486", refusal="486 Busy Here", provisional="180 Ringing")


def test_a_listed_caller_goes_no_further(chain):
    with chain.pbx_side("callee_answers").listens() as callee:
        chain.alone("caller_refused", status="603", caller=BLOCKED)
        assert not callee.packets()


async def test_audio_and_tag_reach_the_phone_behind(chain):
    async with BaresipPhone("pbx", chain.pbx) as phone:
        placing = asyncio.create_task(place(SUSPECTED, "02161234567", host_port(str(chain.proxy)), talk_s=TALK_S))
        call = await phone.rings()
        await call.answer()
        assert await hears_a_tone(call) > 0
        placed = await placing
    assert call.headers["X-Ringfence-Verdict"] == "suspected"
    assert call.headers["X-Second-Hop"] == "kamailio"
    assert placed.status == 200
    assert placed.heard >= 20
