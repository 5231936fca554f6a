"""Names: asked once, kept for a while, never waited for too long."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from proxy.resolver import KEEP_FAILURE_S, KEEP_S, Resolver

Answer = Callable[[str], Awaitable[list[str]]]


class Names:
    """A resolver over a scripted system, with a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
        self.asked: list[str] = []
        self.now = 100.0
        self.resolver = Resolver(clock=lambda: self.now)

        async def getaddrinfo(host: str, port: Any, **_: Any) -> list[tuple[Any, ...]]:
            self.asked.append(host)
            return [(socket.AF_INET, socket.SOCK_DGRAM, 0, "", (address, 0)) for address in await answer(host)]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def two(host: str) -> list[str]:
    return ["203.0.113.1", "203.0.113.2", "203.0.113.1"]


async def nothing(host: str) -> list[str]:
    raise socket.gaierror("unknown")


async def nothing_for_now(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_AGAIN, "try again")


async def no_such_name(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


async def never(host: str) -> list[str]:
    await asyncio.Event().wait()
    return []


async def test_every_address_once_in_the_systems_order(monkeypatch):
    assert await Names(monkeypatch, two).resolver.addresses("pbx") == ["203.0.113.1", "203.0.113.2"]


async def test_an_answer_is_kept(monkeypatch):
    names = Names(monkeypatch, two)
    await names.resolver.addresses("pbx")
    names.now += KEEP_S - 0.1
    await names.resolver.addresses("pbx")
    assert names.asked == ["pbx"]
    names.now += 0.2
    await names.resolver.addresses("pbx")
    assert names.asked == ["pbx", "pbx"]


async def test_a_failure_is_kept_shorter(monkeypatch):
    names = Names(monkeypatch, nothing)
    assert await names.resolver.addresses("pbx") == []
    names.now += KEEP_FAILURE_S - 0.1
    assert await names.resolver.addresses("pbx") == []
    assert names.asked == ["pbx"]
    names.now += 0.2
    await names.resolver.addresses("pbx")
    assert names.asked == ["pbx", "pbx"]


async def test_while_dns_is_silent_the_last_answer_stays(monkeypatch):
    answers = [two, never, nothing_for_now, no_such_name]
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 0.01)
    names = Names(monkeypatch, lambda host: answers[0](host))
    for wanted in (2, 2, 2, 0):
        assert len(await names.resolver.addresses("pbx")) == wanted
        answers.pop(0)
        names.now += KEEP_S
    assert names.asked == ["pbx"] * 4


async def test_refreshed_before_its_time_a_name_is_known_when_a_call_needs_it(monkeypatch):
    names = Names(monkeypatch, two)
    for _ in range(3):
        names.now += KEEP_S / 2
        await names.resolver.refresh("pbx")
        await names.resolver.addresses("pbx")
    assert names.asked == ["pbx"] * 3


async def test_who_asks_meanwhile_waits_for_the_same_answer(monkeypatch):
    names = Names(monkeypatch, two)
    both = await asyncio.gather(names.resolver.addresses("pbx"), names.resolver.addresses("pbx"))
    assert both[0] == both[1]
    assert names.asked == ["pbx"]


async def test_one_who_gives_up_takes_nothing_from_the_others(monkeypatch):
    gate = asyncio.Event()

    async def later(host: str) -> list[str]:
        await gate.wait()
        return ["203.0.113.1"]

    names = Names(monkeypatch, later)
    first, second = (asyncio.create_task(names.resolver.addresses("pbx")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await second == ["203.0.113.1"]


async def test_no_answer_in_time_is_none(monkeypatch):
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 0.01)
    assert await Names(monkeypatch, never).resolver.addresses("pbx") == []


@pytest.mark.parametrize("host", ["", "a" * 300, "x..y", "\0", "ё" * 70, "-"])
async def test_what_is_no_name_has_no_address(host: str):
    assert await Resolver().addresses(host) == []


async def test_a_literal_needs_nobody():
    assert await Resolver().addresses("127.0.0.1") == ["127.0.0.1"]


async def test_silent_names_of_others_never_delay_those_of_the_configuration(monkeypatch):
    """A server that says nothing to forty names; ours is asked at once, and answered."""
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 0.05)
    names = Names(monkeypatch, lambda host: (two if host == "pbx" else never)(host))
    names.resolver.own = frozenset(("pbx",))
    others = [asyncio.create_task(names.resolver.addresses(f"{number}.example")) for number in range(40)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await names.resolver.addresses("pbx") == ["203.0.113.1", "203.0.113.2"]
    assert await asyncio.gather(*others) == [[]] * 40
    assert names.asked == ["0.example", "1.example", "pbx"], "two at once, until the system has done with them"


async def test_a_name_of_others_has_its_place_again_when_the_system_has_done(monkeypatch):
    names = Names(monkeypatch, two)
    for number in range(5):
        assert await names.resolver.addresses(f"{number}.example")


async def test_no_call_waits_for_a_name_of_the_configuration_that_was_known_once(monkeypatch):
    answers = [two, never]
    names = Names(monkeypatch, lambda host: answers[0](host))
    names.resolver.own = frozenset(("pbx",))
    await names.resolver.addresses("pbx")
    del answers[0]
    names.now += 10 * KEEP_S
    assert await asyncio.wait_for(names.resolver.addresses("pbx"), 1) == ["203.0.113.1", "203.0.113.2"]
    assert names.asked == ["pbx"], "it is asked for beside the calls, every twenty seconds"
