"""Names: asked once, kept as long as DNS says, never waited for too long; the way of RFC 3263 through their records."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from proxy.name_servers import Found, Unanswered
from proxy.next_hops import MOST_HOPS, Hop, Naptr, Question, Srv
from proxy.resolver import DOUBT_S, KEEP_FAILURE_S, KEEP_LEAST_S, KEEP_S, Resolver

PBX = Question("pbx", 5060)
OPEN = Question("pbx.example")
TWO = ("203.0.113.1", "203.0.113.2")
NOTHING = Found((), 60.0)

Answer = Callable[[str], Awaitable[Found]]


class Names:
    """A resolver over scripted name servers, with a clock that stands still."""

    def __init__(self, answer: Answer | None = None, **records: Any) -> None:
        self.answer = answer
        self.records = {"naptr": {}, "srv": {}, "addresses": {}, "of_system": {}, "hosts": {}, **records}
        self.asked: list[str] = []
        self.now = 100.0
        self.resolver = Resolver(self, clock=lambda: self.now, transports=("UDP", "TCP", "TLS"))

    async def _told(self, kind: str, name: str) -> Found:
        self.asked.append(name if kind == "addresses" else f"{kind} {name}")
        found = self.records[kind].get(name, NOTHING)
        if isinstance(found, Exception):
            raise found
        return found

    async def naptr(self, name: str) -> Found:
        return await self._told("naptr", name)

    async def srv(self, name: str) -> Found:
        return await self._told("srv", name)

    async def addresses(self, name: str) -> Found:
        if self.answer is not None:
            self.asked.append(name)
            return await self.answer(name)
        return await self._told("addresses", name)

    async def of_system(self, name: str) -> Found:
        return await self._told("of_system", name)

    def in_hosts_file(self, name: str) -> Found | None:
        return self.records["hosts"].get(name)

    def heed(self, servers: object, families: object) -> None:
        """They stay."""

    async def hosts(self, question: Question = PBX) -> list[str]:
        """The addresses of every server that the question leads to."""
        return [hop.host for server in await self.resolver.servers(question) for hop in server.hops]

    async def hops(self, question: Question) -> list[tuple[str, int, str]]:
        return [tuple(hop) for server in await self.resolver.servers(question) for hop in server.hops]


async def two(host: str) -> Found:
    return Found(TWO, KEEP_S)


async def nothing_for_now(host: str) -> Found:
    raise Unanswered(host)


async def no_such_name(host: str) -> Found:
    return Found((), 30.0)


async def never(host: str) -> Found:
    await asyncio.Event().wait()
    raise AssertionError


# What is remembered, and for how long


async def test_an_answer_is_kept_as_long_as_dns_says():
    names = Names(addresses={"pbx": Found(TWO, 30.0)})
    assert await names.hosts() == [*TWO]
    names.now += 29.9
    await names.hosts()
    assert names.asked == ["pbx"]
    names.now += 0.2
    await names.hosts()
    assert names.asked == ["pbx", "pbx"]


@pytest.mark.parametrize(("says", "kept"), [(0.0, KEEP_LEAST_S), (86_400.0, KEEP_S)])
async def test_no_answer_is_kept_for_a_day_and_none_asked_for_by_each_call(says: float, kept: float):
    names = Names(addresses={"pbx": Found(TWO, says)})
    await names.hosts()
    assert names.resolver.left(PBX) == kept


async def test_that_there_is_no_such_name_is_kept_too():
    names = Names(no_such_name)
    assert await names.hosts() == []
    names.now += 29.9
    assert await names.hosts() == []
    assert names.asked == ["pbx"]


async def test_a_failure_is_kept_shorter():
    names = Names(nothing_for_now)
    assert await names.hosts() == []
    names.now += KEEP_FAILURE_S - 0.1
    assert await names.hosts() == []
    assert names.asked == ["pbx"]
    names.now += 0.2
    await names.hosts()
    assert names.asked == ["pbx", "pbx"]


async def test_while_dns_is_silent_the_last_answer_stays(monkeypatch):
    answers = [two, never, nothing_for_now, no_such_name]
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 0.01)
    names = Names(lambda host: answers[0](host))
    for wanted in (2, 2, 2, 0):
        assert len(await names.hosts()) == wanted
        answers.pop(0)
        names.now += KEEP_S
    assert names.asked == ["pbx"] * 4


async def test_refreshed_before_its_time_a_name_is_known_when_a_call_needs_it():
    names = Names(two)
    for _ in range(3):
        names.now += KEEP_S / 2
        await names.resolver.refresh(PBX)
        assert names.resolver.known(PBX)
    assert names.asked == ["pbx"] * 3


async def test_who_asks_meanwhile_waits_for_the_same_answer():
    names = Names(two)
    both = await asyncio.gather(names.hosts(), names.hosts())
    assert both[0] == both[1]
    assert names.asked == ["pbx"]


async def test_one_who_gives_up_takes_nothing_from_the_others():
    gate = asyncio.Event()

    async def later(host: str) -> Found:
        await gate.wait()
        return Found(TWO, KEEP_S)

    names = Names(later)
    first, second = (asyncio.create_task(names.hosts()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await second == [*TWO]


async def test_no_answer_in_time_is_none(monkeypatch):
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 0.01)
    assert await Names(never).hosts() == []


@pytest.mark.parametrize("host", ["", "a" * 300, "x..y", "\0", "ё" * 70, "-"])
async def test_what_is_no_name_has_no_address_and_nobody_is_asked(host: str):
    names = Names(two)
    assert await names.hosts(Question(host)) == []
    assert names.asked == []


async def test_silent_names_of_others_never_delay_those_of_the_configuration(monkeypatch):
    """A server that says nothing to a hundred and fifty names; ours is asked at once, and answered."""
    monkeypatch.setattr("proxy.resolver.DEADLINE_S", 1.0)
    names = Names(lambda host: (two if host == "pbx" else never)(host))
    names.resolver.own = frozenset((PBX,))
    others = [asyncio.create_task(names.hosts(Question(f"{number}.example", 5060))) for number in range(150)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert await names.hosts() == [*TWO]
    assert len(names.asked) == 101, "a hundred of the others at once"
    assert await asyncio.gather(*others) == [[]] * 150


async def test_no_call_waits_for_a_name_of_the_configuration_that_was_known_once():
    answers = [two, never]
    names = Names(lambda host: answers[0](host))
    names.resolver.own = frozenset((PBX,))
    await names.hosts()
    del answers[0]
    names.now += 10 * KEEP_S
    assert names.resolver.known(PBX)
    assert names.asked == ["pbx"], "it is asked for beside the calls"


async def test_what_the_process_before_knew_counts_while_dns_is_silent_and_no_longer():
    before = Names(two)
    before.resolver.own = frozenset((PBX,))
    told = await before.hosts()
    answers = [never, two]
    after = Names(lambda host: answers[0](host))
    after.resolver.take_up(before.resolver.answers())
    after.resolver.own = frozenset((PBX,))
    assert after.resolver.known(PBX)
    assert (await after.hosts(), after.asked) == (told, [])
    assert after.resolver.left(PBX) == 0, "it is asked for at once"
    async with asyncio.timeout(60):
        assert await after.resolver.refresh(PBX), "silence says nothing of the name"


async def test_a_flood_of_names_of_others_makes_nothing_of_ours_forgotten(monkeypatch):
    monkeypatch.setattr("proxy.resolver._MOST_NAMES", 10)
    names = Names(two)
    names.resolver.own = frozenset((PBX,))
    await names.hosts()
    for number in range(30):
        await names.hosts(Question(f"{number}.example", 5060))
    assert names.resolver.known(PBX)
    assert len(names.resolver._known) <= 10


async def test_a_name_of_ours_that_is_not_to_be_had_has_a_line_and_one_when_it_is_again():
    answers = [two, nothing_for_now, nothing_for_now, no_such_name, no_such_name, two, two]
    names = Names(lambda host: answers[0](host))
    names.resolver.own = frozenset((PBX,))
    with capture_logs() as said:
        while answers:
            await names.resolver.refresh(PBX)
            answers.pop(0)
            names.now += DOUBT_S
    assert [line.get("why", "") for line in said] == [
        "no name server says anything of use; where it led before counts meanwhile",
        "it leads to no address now; where it led before counts for half a minute",
        "it leads to no address",
        "",
    ]
    assert {line["host"] for line in said} == {"pbx"}


async def test_a_denial_of_a_name_of_ours_is_asked_again_within_seconds_and_doubted_for_half_a_minute():
    """A zone that is empty while it is loaded would stop every call out for a minute, those for help as well."""
    answers = [two]
    names = Names(lambda host: answers[0](host))
    names.resolver.own = frozenset((PBX,))
    assert await names.hosts() == list(TWO)
    answers[0] = no_such_name
    for _ in range(6):
        await names.resolver.refresh(PBX)
        assert await names.hosts() == list(TWO)
        assert names.resolver.left(PBX) == KEEP_FAILURE_S
        assert not names.resolver.denies(PBX)
        names.now += KEEP_FAILURE_S
    await names.resolver.refresh(PBX)
    assert (await names.hosts(), names.resolver.denies(PBX)) == ([], True)
    assert names.resolver.left(PBX) == KEEP_FAILURE_S
    answers[0] = two
    await names.resolver.refresh(PBX)
    assert await names.hosts() == list(TWO)


async def test_of_names_of_others_nothing_is_told():
    with capture_logs() as said:
        await Names(nothing_for_now).hosts()
    assert said == []


# The way through the records


def srv(*records: tuple[int, int, int, str], seconds: float = 60.0) -> Found:
    return Found(tuple(Srv(*record) for record in records), seconds)


async def test_with_a_port_nothing_is_asked_but_addresses():
    names = Names(addresses={"pbx.example": Found(TWO, 60.0)})
    assert await names.hops(Question("pbx.example", 5070)) == [(TWO[0], 5070, "UDP"), (TWO[1], 5070, "UDP")]
    assert names.asked == ["pbx.example"]


async def test_without_a_port_srv_names_servers_and_ports():
    names = Names(
        srv={"_sip._udp.pbx.example": srv((20, 0, 5072, "b.example"), (10, 0, 5071, "a.example"))},
        addresses={"a.example": Found((TWO[0],), 60.0), "b.example": Found((TWO[1],), 60.0)},
    )
    assert await names.hops(OPEN) == [(TWO[0], 5071, "UDP"), (TWO[1], 5072, "UDP")]
    assert [server.rank for server in await names.resolver.servers(OPEN)] == [(0, 10), (0, 20)]


async def test_naptr_comes_before_the_usual_names_and_says_the_transport():
    names = Names(
        naptr={"pbx.example": Found((Naptr(1, 1, "S", "SIP+D2T", "_sip._tcp.elsewhere.example"),), 60.0)},
        srv={
            "_sip._udp.pbx.example": srv((1, 1, 5060, "a.example")),
            "_sip._tcp.elsewhere.example": srv((1, 1, 5073, "a.example")),
        },
        addresses={"a.example": Found((TWO[0],), 60.0)},
    )
    assert await names.hops(OPEN) == [(TWO[0], 5073, "TCP")]


async def test_a_transport_that_is_written_needs_no_naptr():
    names = Names(
        srv={"_sips._tcp.pbx.example": srv((1, 1, 5061, "a.example"))},
        addresses={"a.example": Found((TWO[0],), 60.0)},
    )
    assert await names.hops(Question("pbx.example", secure=True)) == [(TWO[0], 5061, "TLS")]
    assert await names.hops(Question("pbx.example", transport="TLS")) == [(TWO[0], 5061, "TLS")]
    assert not any(asked.startswith("naptr") for asked in names.asked)


async def test_without_srv_the_name_itself_is_the_server():
    names = Names(addresses={"pbx.example": Found(TWO, 60.0)})
    assert await names.hops(OPEN) == [(each, 5060, "UDP") for each in TWO]
    assert (await names.hops(Question("pbx.example", secure=True)))[0] == (TWO[0], 5061, "TLS")


async def test_who_stands_in_the_hosts_file_is_asked_for_nowhere_else():
    known = Found(("127.0.0.1",), 20.0)
    names = Names(hosts={"pbx.example": known}, addresses={"pbx.example": known})
    assert await names.hops(OPEN) == [("127.0.0.1", 5060, "UDP")]
    assert names.asked == ["pbx.example"]


async def test_name_servers_that_are_silent_about_naptr_and_srv_lead_to_the_addresses():
    silent = Unanswered("pbx.example")
    names = Names(
        naptr={"pbx.example": silent},
        srv={f"{label}.pbx.example": silent for label in ("_sip._udp", "_sip._tcp", "_sips._tcp")},
        addresses={"pbx.example": Found(TWO, 60.0)},
    )
    assert await names.hosts(OPEN) == [*TWO]
    assert names.resolver.left(OPEN) == KEEP_FAILURE_S, "asked again soon: there may be servers"


async def test_servers_that_were_there_are_not_forgotten_in_a_silence():
    """Else calls would go to port 5060 of the name for as long as only its SRV records are not to be had."""
    names = Names(
        srv={"_sip._udp.pbx.example": srv((1, 1, 5075, "a.example"))},
        addresses={"a.example": Found((TWO[0],), 60.0), "pbx.example": Found((TWO[1],), 60.0)},
    )
    before = await names.hops(OPEN)
    names.records["srv"]["_sip._udp.pbx.example"] = Unanswered("silent")
    names.now += KEEP_S
    assert await names.hops(OPEN) == before == [(TWO[0], 5075, "UDP")]


async def test_a_server_without_address_is_left_out():
    names = Names(
        srv={"_sip._udp.pbx.example": srv((1, 1, 5060, "gone.example"), (2, 1, 5060, "a.example"))},
        addresses={"a.example": Found((TWO[0],), 60.0), "gone.example": NOTHING},
    )
    assert await names.hosts(OPEN) == [TWO[0]]
    names = Names(
        srv={"_sip._udp.pbx.example": srv((1, 1, 5060, "silent.example"), (2, 1, 5060, "a.example"))},
        addresses={"a.example": Found((TWO[0],), 60.0), "silent.example": Unanswered("silent")},
    )
    assert await names.hosts(OPEN) == [TWO[0]]


async def test_the_shortest_of_all_times_counts():
    names = Names(
        srv={"_sip._udp.pbx.example": srv((1, 1, 5060, "a.example"), seconds=40.0)},
        addresses={"a.example": Found((TWO[0],), 12.0)},
    )
    await names.hosts(OPEN)
    assert names.resolver.left(OPEN) == 12.0


async def test_of_a_hundred_addresses_the_first_are_taken():
    many = tuple(f"203.0.113.{number}" for number in range(100))
    names = Names(addresses={"pbx": Found(many, 60.0)})
    assert await names.hosts() == [*many[:MOST_HOPS]]


async def test_a_name_of_ours_that_dns_does_not_have_may_stand_where_the_system_looks():
    names = Names(of_system={"pbx": Found((TWO[0],), 20.0)})
    assert await names.hosts() == []
    names = Names(of_system={"pbx": Found((TWO[0],), 20.0)})
    names.resolver.own = frozenset((PBX,))
    assert await names.hosts() == [TWO[0]]


async def test_while_dns_is_silent_the_system_denies_nothing():
    """Its own name servers may be others, which know nothing of the name."""
    names = Names(addresses={"pbx": Found((TWO[0],), 20.0)})
    names.resolver.own = frozenset((PBX,))
    await names.hosts()
    names.records["addresses"]["pbx"] = Unanswered("pbx")
    names.now += KEEP_S
    assert await names.resolver.refresh(PBX)
    names.records["of_system"]["pbx"] = Found((TWO[1],), 20.0)
    await names.resolver.refresh(PBX)
    assert await names.hosts() == [TWO[1]]


async def test_hops_are_values():
    assert Hop("a", 1) == Hop("a", 1, "UDP")
