"""Two processes on the same sockets: each datagram goes to the one whose it is, and none is lost between them."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from proxy.app import build_core
from proxy.handover import Predecessor, Successor, digest, new_channel, packed, place_of, unpacked
from proxy.metrics import Metrics
from proxy.server import Server
from proxy.sip.flow import Listener
from proxy.sockets import Sockets
from tests import wire
from tests.proxy.test_server import SCREENING, House, Judge, Keys

LISTENER = Listener(3, "UDP", "2001:db8::1", 5060, "[2001:db8::1]:5060")
KEY = (b"z9hG4bKone", b"198.51.100.21", 5060, "198.51.100.21", b"INVITE")


def test_a_datagram_arrives_as_it_was_given():
    data = b"INVITE \x00\n\r\n binary"
    given = packed(data, ("2001:db8::7", 5070, 0, 0), LISTENER)
    assert unpacked(given) == (data, ("2001:db8::7", 5070), place_of(LISTENER))
    with pytest.raises(ValueError, match="not enough values"):
        unpacked(b"dnonsense\n")


async def both(keys, salt):
    here, there = new_channel()
    before, after, given, ended = Predecessor(there), Successor(here, 1), [], []
    begun = asyncio.create_task(before.begin(lambda: ended.append(True)))
    assert await after.ready()
    await after.go(keys, salt, given.append)
    await begun
    return before, after, given, ended


async def test_each_knows_what_is_whose():
    before, after, given, ended = await both([KEY], 0xABC)
    assert before.owns_request(KEY)
    assert before.owns_request((*KEY[:-1], b"CANCEL"))
    assert not before.owns_request((*KEY[:-2], "192.0.2.1", b"INVITE"))
    assert not before.owns_request((b"z9hG4bKother", *KEY[1:]))
    ours = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK%s;rport\r\n\r\n"
    assert before.owns_response(ours % b"abc.1f.!x")
    assert before.owns_response(ours % b"probeabc.1")  # or it would take a PBX for dead that answers
    assert not before.owns_response(ours % b"abcd.1f.x")
    assert not before.owns_response(b"SIP/2.0 200 OK\r\n\r\n")
    before.give(b"data", ("192.0.2.1", 5060), LISTENER)
    await asyncio.sleep(0)
    for _ in range(50):
        await asyncio.sleep(0.01)
        if given:
            break
    assert unpacked(given[0])[0] == b"data"
    assert (before.given, before.lost) == (1, 0)
    assert not await after.stops_within(0.01)
    stopping = asyncio.create_task(before.stop())
    assert await after.stops_within(60)
    after.close()
    await asyncio.wait_for(stopping, 60)
    assert (before.alive, ended) == (False, [True])


async def test_a_hundred_thousand_transactions_are_told():
    keys = [(b"z9hG4bK%d" % number, *KEY[1:]) for number in range(100_000)]
    before, after, _, _ = await both(keys, 1)
    assert before.owns_request(keys[0])
    assert before.owns_request(keys[-1])
    assert len({digest(key) for key in keys}) == len(keys)
    after.close()
    await asyncio.sleep(0.05)


async def test_where_the_process_before_has_died_all_is_ours():
    here, there = new_channel()
    here.close()
    before, ended = Predecessor(there), []
    await before.begin(lambda: None)
    here, there = new_channel()
    before = Predecessor(there)
    begun = asyncio.create_task(before.begin(lambda: ended.append(True)))
    await asyncio.sleep(0.05)
    here.close()
    await begun
    await asyncio.sleep(0.05)
    assert not before.owns_request(KEY)
    assert (before.alive, ended) == (False, [True])


async def test_where_the_process_after_has_died_this_one_stops():
    here, there = new_channel()
    after = Successor(here, 1)
    there.close()
    assert not await after.ready()
    here.close()
    _, after, _, _ = await both([], 1)
    assert not after.stops.is_set()
    after.close()
    after.close()
    await asyncio.sleep(0.05)


class Two:
    """The same node in two processes, which are one here."""

    def __init__(self) -> None:
        self.house = House()
        self.core = build_core(self.house.with_settings(), SCREENING, Keys())
        self.judge = Judge()

    async def __aenter__(self) -> "Two":
        await self.house.server.open()
        return self

    async def hand_over(self) -> None:
        here, there = new_channel()
        sockets = Sockets([socket.socket(fileno=socket.dup(number)) for number in self.house.server.descriptors])
        metrics = Metrics(self.core, lambda: self.judge.counters)
        self.second = Server(self.core, self.judge, metrics, None, sockets, Predecessor(there))
        self.successor = Successor(here, 1)
        opening = asyncio.create_task(self.second.open())
        assert await self.successor.ready()
        await self.house.server.hand_over(self.successor)
        await opening

    async def __aexit__(self, *_: object) -> None:
        self.successor.close()
        await asyncio.sleep(0.05)
        await self.second.close()
        await self.house.server.close()
        self.house.trunk.close()
        self.house.pbx.close()


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    async with Two() as found:
        yield found


async def say(sock: socket.socket, data: bytes, at) -> None:
    await asyncio.get_running_loop().sock_sendto(sock, data, at)


async def test_a_call_that_was_begun_before_ends_where_it_was_begun(two: Two):
    house = two.house
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    down = await house.heard(house.pbx)
    await two.hand_over()
    await house.send(house.invite())  # repeated
    assert wire.status(await house.heard(house.trunk)) == 100
    await say(house.pbx, wire.response(180, down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 180
    await say(house.pbx, wire.answer(down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 200
    assert (len(house.judge.calls), len(two.judge.calls)) == (1, 0)
    winding_up = asyncio.create_task(house.server.wind_up())
    await house.send(house.invite(2))
    assert wire.status(await house.heard(house.trunk)) == 100
    assert len(two.judge.calls) == 1
    await say(house.pbx, wire.answer(await house.heard(house.pbx)), house.at)
    assert wire.status(await house.heard(house.trunk)) == 200
    winding_up.cancel()


async def test_a_call_that_rings_may_be_given_up(two: Two):
    house = two.house
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    down = await house.heard(house.pbx)
    await say(house.pbx, wire.response(180, down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 180
    await two.hand_over()
    await house.send(wire.cancel(house.invite()))
    assert wire.status(await house.heard(house.trunk)) == 200
    assert wire.method(await house.heard(house.pbx)) == "CANCEL"


async def test_when_the_second_is_to_stop_the_first_ends_as_well(two: Two):
    house = two.house
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    down = await house.heard(house.pbx)
    await two.hand_over()
    house.core.limits = house.core.limits.model_copy(update={"drain_s": 0.2})
    winding_up = asyncio.create_task(house.server.wind_up())
    stopping = asyncio.create_task(two.second.outlast_predecessor())
    assert wire.status(await house.heard(house.trunk)) == 503  # drain_s is over
    await asyncio.wait_for(winding_up, 60)
    await asyncio.wait_for(stopping, 60)
    assert down


async def test_what_is_the_firsts_reaches_it_over_a_second_and_a_third_process(two: Two):
    """Two restarts, one after the other, while a call rings: the process in between stays until that one has ended."""
    house = two.house
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    down = await house.heard(house.pbx)
    await two.hand_over()
    first = asyncio.create_task(house.server.wind_up())
    here, there = new_channel()
    sockets = Sockets([socket.socket(fileno=socket.dup(number)) for number in two.second.descriptors])
    core = build_core(house.with_settings(), SCREENING, Keys())
    third = Server(core, two.judge, Metrics(core, lambda: two.judge.counters), None, sockets, Predecessor(there))
    successor = Successor(here, 1)
    opening = asyncio.create_task(third.open())
    assert await successor.ready()
    await two.second.hand_over(successor)
    await opening
    second = asyncio.create_task(two.second.wind_up())
    await asyncio.sleep(0.2)
    assert not second.done(), "nothing is under way in it, and all that is the first's comes by it"
    await house.send(house.invite())  # repeated
    assert wire.status(await house.heard(house.trunk)) == 100
    await say(house.pbx, wire.response(180, down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 180
    await say(house.pbx, wire.answer(down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 200
    assert (len(house.judge.calls), len(two.judge.calls)) == (1, 0)
    two.successor.close()  # the first has ended
    await asyncio.wait_for(second, 60)
    first.cancel()
    await third.close()


async def test_when_the_second_dies_the_first_ends_at_once_even_with_an_emergency_call_in_set_up(two: Two):
    """It reads nothing any more: the sockets would be deaf for as long as it waits, and nobody else could have them."""
    house = two.house
    await house.send(house.invite().replace(wire.CALLED.encode(), b"110"))
    assert wire.status(await house.heard(house.trunk)) == 100
    await house.heard(house.pbx)
    await two.hand_over()
    winding_up = asyncio.create_task(house.server.wind_up())
    await asyncio.sleep(0.05)
    assert two.second._before is not None
    asyncio.get_running_loop().remove_reader(two.second._before._channel.fileno())
    two.second._before._channel.close()
    await asyncio.wait_for(winding_up, 30)
    two.second._before.alive = False


async def test_once_the_first_has_ended_all_is_the_seconds(two: Two):
    house = two.house
    await two.hand_over()
    await asyncio.wait_for(house.server.wind_up(), 60)
    await asyncio.sleep(0.05)
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    assert len(two.judge.calls) == 1
