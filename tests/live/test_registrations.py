"""Telephones register with Asterisk and Kamailio through Ringfence, and an Asterisk with its carrier."""

import asyncio

import pytest

from console.phones.processes import host_port, place
from tests import wire
from tests.live.conftest import BLOCKED, NUMBERS
from tests.peers.asterisk import Asterisk
from tests.peers.baresip_phone import LOUD, TALK_S, BaresipPhone, hears_a_tone
from tests.peers.kamailio import Kamailio
from tests.peers.loopback import new_endpoint
from tests.peers.process import eventually
from tests.peers.registrars import CARRIER, EXTENSIONS, MODULES, PJSIP, REGISTRAR, SECRET, configuration, telephone
from tests.peers.ringfence import Ringfence

pytestmark = pytest.mark.live

ORDINARY = "+8613912345678"
# Who keeps Path comes first: of who keeps none that is remembered.
HOUSES = {"Asterisk that keeps Path": ("211", "212"), "Asterisk": ("201", "202"), "Kamailio": ("201", "202")}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Where telephones register, Ringfence before it, and the carrier with which Asterisk registers."""
    folder = tmp_path_factory.mktemp("office")
    at, asterisk, kamailio, carrier = (new_endpoint() for _ in range(4))
    words = {"extensions": EXTENSIONS, "pjsip": PJSIP + CARRIER, "modules": MODULES}
    settings = configuration(at, asterisk, kamailio, carrier=carrier)
    with (
        Kamailio(at=kamailio, next_hop=carrier, folder=folder / "kamailio", configuration=REGISTRAR),
        Ringfence(folder / "proxy", settings, numbers=NUMBERS) as proxy,
        Asterisk(at=asterisk, proxy=at, telephone=carrier, folder=folder / "asterisk", **words),
    ):
        yield at, {"Asterisk": asterisk, "Kamailio": kamailio, "carrier": carrier}, proxy
    assert "Traceback" not in proxy.said


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("which", HOUSES)
async def test_pjsua2_and_baresip_register_and_call_each_other(office, which: str, transport: str):
    at, places, _ = office
    registrar, users = places[which.partition(" ")[0]], HOUSES[which]
    second = BaresipPhone(users[1], new_endpoint("127.0.0.1"), proxy=at, registrar=registrar, password=SECRET)
    second.by = transport
    async with telephone(users[0], registrar, at, transport=transport) as first, second:
        answer = await first.expect("registered")
        assert answer["status"] == 200, answer
        await second.agent.register()
        placing = asyncio.create_task(first.calls(users[1], talk_s=TALK_S))
        call = await second.rings()
        await call.answer()
        assert await hears_a_tone(call) > LOUD / 10
        await call.hangup()
        assert (await placing).status == 200
        call = await second.agent.dial(f"sip:{users[0]}@{registrar}")
        await call.wait_established(60)
        assert await hears_a_tone(call) > LOUD / 10
        await call.hangup()


@pytest.mark.parametrize("which", ["Asterisk", "Kamailio"])
async def test_a_wrong_password_is_refused_by_the_registrar(office, which: str):
    at, places, _ = office
    phone = telephone("201", places[which], at)
    phone.order["password"] = "guessed"
    async with phone:
        assert (await phone.expect("registered"))["status"] in (401, 403)


async def test_a_trunk_that_may_not_register_is_told_what_it_may(office):
    at, places, _ = office
    async with telephone("201", places["Kamailio"], at, host=places["carrier"].host) as phone:
        answer = await phone.expect("registered")
    assert answer["status"] == 405
    [allowed] = wire.headers(answer["answer"].encode(), "Allow")
    assert {"INVITE", "ACK", "CANCEL", "OPTIONS"} <= set(allowed.split(", "))
    assert "REGISTER" not in allowed


@pytest.mark.parametrize("user", ["610", "611"], ids=["by Path", "by Contact"])
async def test_asterisk_registers_with_its_carrier_and_its_calls_are_judged(office, user: str):
    _, places, proxy = office
    carrier, before = host_port(str(places["carrier"])), len(proxy.calls())
    assert (await place(ORDINARY, user, carrier)).status == 200
    assert (await place(BLOCKED, user, carrier)).status == 603
    await eventually(lambda: len(proxy.calls()) >= before + 2, "two judged calls")
