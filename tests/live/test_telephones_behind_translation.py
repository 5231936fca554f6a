"""A pjsua2 telephone behind a real address translation registers with Asterisk, calls and is called."""

from __future__ import annotations

import asyncio

import pytest

from console.phones.processes import host_port, place
from tests.peers.alone import is_alone, passes_alone
from tests.peers.asterisk import Asterisk
from tests.peers.loopback import Endpoint
from tests.peers.registering_phone import RegisteredPhone
from tests.peers.registrars import EXTENSIONS, MODULES, PJSIP, SECRET, configuration
from tests.peers.ringfence import Ringfence
from tests.peers.translation import APPARENT, INNER, OUTSIDE, PBX, Translation

PROXY, OFFICE = Endpoint(OUTSIDE, 5060), Endpoint(PBX, 5060)
CALLER = "+8613912345678"

if not is_alone(__file__):

    def test_telephones_behind_a_real_address_translation():
        """What follows a foreign address runs where only this network exists."""
        passes_alone(__file__)

else:

    @pytest.fixture(scope="module")
    def network():
        with Translation() as found:
            yield found

    @pytest.fixture(scope="module")
    def office(network, tmp_path_factory):
        folder = tmp_path_factory.mktemp("office")
        words = {"extensions": EXTENSIONS, "pjsip": PJSIP, "modules": MODULES}
        with (
            Ringfence(folder / "proxy", configuration(PROXY, OFFICE)) as proxy,
            Asterisk(at=OFFICE, proxy=PROXY, telephone=PROXY, folder=folder / "asterisk", **words) as asterisk,
        ):
            yield asterisk
        assert "Traceback" not in proxy.said

    def telephone(network, user: str, transport: str) -> RegisteredPhone:
        order = {"host": INNER, "port": 5060, "user": user, "password": SECRET, "transport": transport}
        phone = RegisteredPhone({**order, "registrar": str(OFFICE), "proxy": str(PROXY)})
        phone.within = network.inside(network.caller)
        return phone

    async def rings(phone: RegisteredPhone) -> str:
        """Somebody calls it and it answers: the first line of what it got."""
        placing = asyncio.create_task(place(CALLER, phone.order["user"], host_port(str(PROXY))))
        called = await phone.expect("invite")
        assert (await placing).status == 200
        await phone.expect("ended")
        return str(called["request"])

    @pytest.mark.parametrize("transport", ["udp", "tcp"])
    @pytest.mark.parametrize("user", ["211", "201"], ids=["by Path", "by Contact"])
    async def test_it_registers_calls_and_is_called(office, network, user: str, transport: str):
        async with telephone(network, user, transport) as phone:
            registered = await phone.expect("registered")
            assert registered["status"] == 200, registered
            assert INNER in registered["answer"], "it gets its own Contact back"
            assert APPARENT not in await rings(phone), "nor is it asked for by any other"
            assert (await phone.calls("600")).status == 200
            if transport == "tcp":  # it keeps its flows (RFC 5626): the next one is as good
                network.breaks()
                try:
                    assert (await phone.registers())["status"] >= 300
                finally:
                    network.mends()
                assert (await phone.registers())["status"] == 200
                await rings(phone)
