"""A real telephone (baresip) that calls over TCP and TLS: judged, answered on its connection, hung up on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import wire
from tests.authority import Authority
from tests.peers.baresip_phone import BaresipPhone
from tests.peers.loopback import new_endpoint
from tests.peers.process import eventually
from tests.playbook import from_callee
from tests.streaming import street

pytestmark = pytest.mark.live
OURS = "localhost"


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_telephone_calls_and_is_hung_up_on(tmp_path: Path, transport: str):
    authority = Authority(tmp_path)
    trunks = [{"name": "default", "country": "CN"}]
    tls = {"tls": {"certificates": [authority.sign(OURS).as_setting()], "authorities": str(authority.file)}}
    async with street("udp", transport, trunks=trunks, **tls) as house:
        authority.sign(OURS, house.ends[transport].host, file=OURS)  # by which the telephone calls it
        house.server.reload_certificates()
        phone = BaresipPhone("13912345678", new_endpoint("127.0.0.1"), proxy=house.ends[transport])
        phone.by, phone.trusts = transport, authority.file
        async with phone:
            call = await phone.agent.dial(f"sip:{wire.CALLED}@{house.ends[transport]};transport={transport}")
            down = await house.pbx.heard()
            assert wire.headers(down, "Via")[1].startswith(f"SIP/2.0/{transport.upper()} ")
            await house.pbx.send(wire.answer(down))
            assert wire.method(await house.pbx.heard()) == "ACK"
            await house.pbx.send(from_callee("BYE", down))
            assert wire.status(await house.pbx.heard()) == 200
            await eventually(lambda: phone.ended, "the telephone knows")
            assert call is not None
        assert house.judge.calls[0].caller.canonical == wire.CALLER
