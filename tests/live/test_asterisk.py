"""Asterisk as the PBX behind Ringfence: its own extension, a telephone behind it, and calls out of it."""

import asyncio

import pytest

from console.phones.processes import host_port, place
from tests.live.conftest import BLOCKED, NUMBERS, SUSPECTED
from tests.peers.asterisk import PJSIP_CONF, Asterisk
from tests.peers.baresip_phone import LOUD, TALK_S, BaresipPhone, hears_a_tone
from tests.peers.lanes import new_lane
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live

ORDINARY = "+8613912345678"
LABEL = "Suspected"
SELLER = "95013345"
RULES = f"- rule: sellers\n  because: They are asked first.\n  when: {{caller: {SELLER}}}\n  then: divert\n"
HIDDEN = "95013346"
RULES += (
    f"- rule: hidden\n  because: They are told by their number.\n  when: {{caller: {HIDDEN}}}\n"
    "  then: {tag: {label: Harassing, mask: true}}\n"
)
BELIEVING = PJSIP_CONF.replace("context=from-ringfence", "context=from-ringfence\ntrust_id_inbound=yes")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Two trunks (SIPp's and that of softphones on 127.0.0.1), Ringfence, Asterisk, and where its telephone is."""
    folder = tmp_path_factory.mktemp("asterisk")
    at, telephone = new_endpoint(), new_endpoint("127.0.0.1")
    lane = new_lane("carrier", folder / "carrier", proxy=at)
    softphone = new_lane("softphone", folder / "softphone", trunk=Endpoint("127.0.0.1", 5060), pbx=new_endpoint())
    configuration = settings([at], [lane, softphone], label=LABEL, complaints={"feature_code": "*33"})
    configuration["trunks"][1]["pbx"] = lane.name
    configuration["destinations"] = {"desk": f"sip:700@{lane.pbx}"}
    configuration["rules"] = [str(folder / "rules.yaml")]
    (folder / "rules.yaml").write_text(RULES)
    with (
        Asterisk(at=lane.pbx, proxy=at, telephone=telephone, folder=folder / "asterisk", pjsip=BELIEVING),
        Ringfence(folder / "proxy", configuration, numbers=NUMBERS),
    ):
        yield lane, telephone


async def test_the_echo_comes_back_to_baresip(office):
    lane, _ = office
    async with BaresipPhone(ORDINARY, new_endpoint("127.0.0.1"), proxy=lane.proxy) as caller:
        call = await caller.agent.dial(f"sip:600@{lane.proxy}")
        await call.wait_established(60)
        assert await hears_a_tone(call, seconds=0.5) > LOUD / 2
        await call.hangup()


async def test_the_echo_comes_back_to_pjsua2(office):
    lane, _ = office
    placed = await place(ORDINARY, "600", host_port(str(lane.proxy)), talk_s=TALK_S)
    assert placed.status == 200
    assert placed.heard >= 20


async def test_a_listed_caller_never_reaches_it(office):
    lane, _ = office
    async with BaresipPhone(BLOCKED, new_endpoint("127.0.0.1"), proxy=lane.proxy) as caller:
        assert (await caller.refused(f"sip:600@{lane.proxy}")).startswith("603 Decline")


async def test_the_telephone_behind_it_shows_the_label_and_its_dialplan_reads_the_verdict(office):
    lane, at = office
    async with BaresipPhone("telephone", at) as telephone:
        placing = asyncio.create_task(place(SUSPECTED, "200", host_port(str(lane.proxy)), talk_s=TALK_S))
        call = await telephone.rings()
        await call.answer()
        assert await hears_a_tone(call) > LOUD / 10
        placed = await placing
    assert LABEL in call.headers["From"]
    assert call.headers["X-Seen-By-Pbx"] == "suspected"
    assert placed.status == 200
    assert placed.heard >= 20


async def test_the_telephone_behind_it_shows_a_label_in_place_of_the_number_and_still_ends_and_reports_the_call(office):
    lane, at = office
    async with BaresipPhone("telephone", at) as telephone:
        placing = asyncio.create_task(place(HIDDEN, "200", host_port(str(lane.proxy)), talk_s=200))
        call = await telephone.rings()
        assert call.headers["From"].startswith('"Harassing" <sip:anonymous@')
        assert HIDDEN not in str(call.headers)
        await call.answer()
        assert await hears_a_tone(call) > LOUD / 10
        await call.hangup()
        placed = await asyncio.wait_for(placing, 100)  # its BYE came, by a Contact that only Ringfence can read
        assert placed.status == 200
        telephone.ended.clear()
        assert (await telephone.refused(f"sip:*33@{lane.pbx}")).startswith("480")


async def test_whoever_answers_diverted_calls_is_told_by_its_dialplan_who_was_called(office):
    """Asterisk reads Diversion (RFC 5806) into REDIRECTING, as a mailbox would."""
    lane, at = office
    async with BaresipPhone("telephone", at) as telephone:
        placing = asyncio.create_task(place(SELLER, "200", host_port(str(lane.proxy)), talk_s=TALK_S))
        call = await telephone.rings()
        await call.answer()
        assert await hears_a_tone(call) > LOUD / 10
        placed = await placing
    assert call.headers["X-Was-Called"] == "200"
    assert (placed.status, placed.heard >= 20) == (200, True)


async def test_the_telephone_calls_out(office):
    lane, at = office
    async with BaresipPhone("telephone", at) as telephone:
        with lane.trunk_side("callee_answers").listens() as carrier:
            call = await telephone.agent.dial(f"sip:013800138000@{lane.pbx}")
            await call.wait_established(60)
            await call.hangup()
            await asyncio.to_thread(carrier.done)
    (invite,) = carrier.received("INVITE")
    assert invite.start.startswith("INVITE sip:013800138000@")
    assert len(invite.fields("Record-Route")) == 1


def test_the_trunk_hangs_up_on_a_call_in(office):
    lane, _ = office
    with lane.trunk_side("caller_hangs_up", called="600") as caller:
        caller.done()


async def test_the_telephone_reports_its_last_call(office):
    lane, at = office
    async with BaresipPhone("telephone", at) as telephone:
        placing = asyncio.create_task(place(ORDINARY, "200", host_port(str(lane.proxy)), talk_s=TALK_S))
        await (await telephone.rings()).answer()
        assert (await placing).status == 200
        await eventually(lambda: telephone.ended, "the call over")
        telephone.ended.clear()
        assert (await telephone.refused(f"sip:*33@{lane.pbx}")).startswith("480")
