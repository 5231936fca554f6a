"""Connections when another process has taken over: idle ones are closed at once, so that peers join that one."""

import asyncio

from proxy.handover import Predecessor, Successor, new_channel, packed
from tests import wire
from tests.streaming import street


async def test_an_idle_connection_is_closed_and_one_that_rings_ends_with_its_call():
    """By a connection of this process the other can call nobody: a telephone would have a registration of no use."""
    async with street("udp", "tcp") as house:
        idle, rings = await house.join(), await house.join()
        idle.send(wire.request("OPTIONS", uri=f"sip:{house.ends['tcp']}", via=f"SIP/2.0/TCP {idle.at};branch=z9hG4bKo"))
        assert wire.status(await idle.heard()) == 200
        rings.send(house.invite(rings))
        assert wire.status(await rings.heard()) == 100
        down = await house.pbx.heard()
        here, there = new_channel()
        before, successor = Predecessor(there), Successor(here, 1)
        begun = asyncio.create_task(before.begin(lambda: None))
        assert await successor.ready()
        await house.server.hand_over(successor)
        await begun
        assert await idle.heard() == b""
        winding_up = asyncio.create_task(house.server.wind_up())
        (datagrams,) = (each for each in house.core.topology.listeners if not each.reliable)
        house.server._given(packed(wire.response(486, down), (house.pbx_at.host, house.pbx_at.port), datagrams))
        assert wire.status(await rings.heard()) == 486
        rings.send(wire.ack(house.invite(rings), wire.response(486, house.invite(rings))))
        assert await rings.rest() == b""
        winding_up.cancel()
        successor.close()
        await asyncio.sleep(0.05)
