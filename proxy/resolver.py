"""Where names lead (RFC 3263), remembered for as long as DNS says, with a deadline: no call waits for what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol

import structlog

from proxy.name_servers import Found, Unanswered
from proxy.next_hops import (
    MOST_HOPS,
    Hop,
    Question,
    Ranked,
    Srv,
    SrvName,
    has_srv,
    port_of,
    service_names,
    srv_name,
    transport_of,
    usable,
)
from proxy.proxy_settings import check_host

DEADLINE_S: Final = 3.0
KEEP_S: Final = 60.0  # at most: a PBX that moves is found within this, whatever its zone says
KEEP_LEAST_S: Final = 5.0  # what says 0 is not asked for once a call
KEEP_FAILURE_S: Final = 5.0
DOUBT_S: Final = 30.0  # so long a denial of a name of ours that led somewhere is asked again before it is believed
_MOST_NAMES: Final = 10_000
_OTHERS_AT_ONCE: Final = 100

log = structlog.get_logger("ringfence.proxy")


class Asked(Protocol):
    """Who answers questions: `proxy.name_servers.NameServers`."""

    async def naptr(self, name: str) -> Found:
        """NAPTR records."""

    async def srv(self, name: str) -> Found:
        """SRV records."""

    async def addresses(self, name: str) -> Found:
        """Addresses."""

    async def of_system(self, name: str) -> Found:
        """Addresses that DNS may not know."""

    def in_hosts_file(self, name: str) -> Found | None:
        """Addresses that stand in the hosts file; None: it does not name it."""

    def heed(self, servers: Sequence[tuple[str, int]], families: Sequence[int]) -> None:
        """Ask these servers from now on, for addresses of these families."""


class LeadsNowhere(Exception):
    """A PBX of another configuration has no address: of no name of it there is one."""

    def __init__(self, pbx: str, hosts: Sequence[str]) -> None:
        super().__init__(pbx, hosts)
        self.pbx, self.hosts = pbx, hosts


class Known(NamedTuple):
    """What a question was answered with, and until when that counts."""

    until: float
    servers: tuple[Ranked, ...]
    denied: bool = False  # DNS itself says that there are none
    doubted: float = 0.0  # since when it says so, while where it led before still counts


Answers = dict[Question, tuple[Ranked, ...]]


class Resolver:
    """Asks once for all who wait for one answer.

    `own` are the questions of the configuration: they are asked again before their answer has run out, no call waits
    for them, and other names under a silent server never take their turn.
    """

    def __init__(
        self,
        names: Asked,
        *,
        clock: Callable[[], float] = monotonic,
        transports: Collection[str] = ("UDP",),
    ) -> None:
        """`transports` are those that we can send by."""
        self._names = names
        self._clock = clock
        self.transports = transports
        self.own: frozenset[Question] = frozenset()
        self._room = asyncio.Semaphore(_OTHERS_AT_ONCE)
        self._known: dict[Question, Known] = {}
        self._troubles: dict[Question, str] = {}  # of names of the configuration, as they were told
        self._asking: dict[Question, asyncio.Task[tuple[Ranked, ...]]] = {}

    def ask(self, servers: Sequence[tuple[str, int]], families: Sequence[int], transports: Collection[str]) -> None:
        """Ask these name servers from now on, those of the system where there are none, for these families.

        Of servers those are looked for that can be reached by one of the transports.
        """
        self._names.heed(servers, families)
        self.transports = transports

    def known(self, question: Question) -> tuple[Ranked, ...] | None:
        """The servers of this question where they are known; None: they have to be asked for."""
        known = self._known.get(question)
        if known is not None and (known.until > self._clock() or (known.servers and question in self.own)):
            return known.servers
        return None

    def answers(self) -> Answers:
        """Where the names of the configuration lead, for the process after this one."""
        return {each: known.servers for each, known in self._known.items() if each in self.own and known.servers}

    def take_up(self, answers: Answers) -> None:
        """What the process before this one knew counts until an answer comes; it is asked for at once."""
        for question, servers in answers.items():
            self._known.setdefault(question, Known(self._clock(), servers))

    async def servers(self, question: Question) -> tuple[Ranked, ...]:
        """Every server that it leads to; none when there is no answer in time."""
        known = self.known(question)
        return known if known is not None else await self.refresh(question)

    async def refresh(self, question: Question) -> tuple[Ranked, ...]:
        """The same, asked now, whatever is known."""
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        return await asyncio.shield(task)

    def left(self, question: Question) -> float:
        """For how many seconds the answer still counts."""
        known = self._known.get(question)
        return max(0.0, known.until - self._clock()) if known is not None else 0.0

    def denies(self, question: Question) -> bool:
        """Did name servers say that it leads nowhere? Silence says nothing of it."""
        known = self._known.get(question)
        return known is not None and known.denied

    async def _ask(self, question: Question) -> tuple[Ranked, ...]:
        denied = False
        try:
            check_host(question.host)
            async with asyncio.timeout(DEADLINE_S):
                if question in self.own:
                    found = await self._look_up(question)
                else:
                    async with self._room:
                        found = await self._look_up(question)
            servers = tuple(found.records)
            denied = not servers and found.seconds != KEEP_FAILURE_S  # else some of them said nothing
            keep = min(KEEP_S, max(KEEP_LEAST_S, found.seconds))
            known = self._known.get(question)
            if question in self.own and not servers:
                keep = KEEP_FAILURE_S  # however long a zone wants it to be believed: calls for help go there, too
                if known is not None and known.servers:
                    doubted = known.doubted or self._clock()
                    if self._clock() - doubted < DOUBT_S:
                        self._tell(question, "it leads to no address now; where it led before counts for half a minute")
                        self._known[question] = Known(self._clock() + keep, known.servers, doubted=doubted)
                        return known.servers
            self._tell(question, "" if servers else "it leads to no address")
        except (Unanswered, TimeoutError):
            # Silence says nothing of the name: an old answer is better than no call at all (RFC 8767).
            known = self._known.get(question)
            servers = known.servers if known is not None else ()
            keep = KEEP_FAILURE_S
            stays = "; where it led before counts meanwhile" if servers else ""
            self._tell(question, f"no name server says anything of use{stays}")
        except ValueError:
            servers, keep, denied = (), KEEP_S, True  # no name
        if len(self._known) >= _MOST_NAMES:
            self._known = {each: answer for each, answer in self._known.items() if each in self.own}
        self._known[question] = Known(self._clock() + keep, servers, denied)
        return servers

    def _tell(self, question: Question, trouble: str) -> None:
        """A line when a name of the configuration is not to be had, and one when it is again."""
        if question not in self.own or self._troubles.get(question, "") == trouble:
            return
        self._troubles[question] = trouble
        if trouble:
            log.warning("a name of the configuration is not to be had", host=question.host, why=trouble)
        else:
            log.info("a name of the configuration is to be had again", host=question.host)

    async def _look_up(self, question: Question) -> Found:
        """RFC 3263 4.1 and 4.2: NAPTR where neither transport nor port is written, SRV where no port is, addresses."""
        seconds = float("inf")
        if not question.port and self._names.in_hosts_file(question.host) is None:
            found = await self._by_service(question)
            if found.records:
                return found
            seconds = found.seconds
        hops = await self._at(question.host, port_of(question), transport_of(question), own=question in self.own)
        servers = (Ranked((0,), 0, hops.records),) if hops.records else ()
        return Found(servers, min(seconds, hops.seconds))

    async def _by_service(self, question: Question) -> Found:
        """The servers that NAPTR and SRV records lead to.

        The names that stand where there is no NAPTR record are asked at the same time: a call may be waiting.
        """
        host, seconds = question.host, float("inf")
        if question.transport or question.secure:
            transport = transport_of(question)
            names = [srv_name(host, transport)] if has_srv(transport) else []
            answers = await self._servers_of_each(names, question)
        else:
            usual = service_names(host, (), self.transports)
            asking = self._unless_silent(self._names.naptr(host))
            answered, answers = await asyncio.gather(asking, self._servers_of_each(usual, question))
            seconds = answered.seconds
            names = service_names(host, answered.records, self.transports)
            if [(each.name, each.transport) for each in names] != [(each.name, each.transport) for each in usual]:
                answers = await self._servers_of_each(names, question)
        servers = [server for answer in answers for server in answer.records]
        return Found(tuple(servers), min([seconds, *(answer.seconds for answer in answers)]))

    async def _servers_of_each(self, names: Sequence[SrvName], question: Question) -> list[Found]:
        known = self._known.get(question)
        by_srv = known is not None and any(len(server.rank) > 1 for server in known.servers)
        return await asyncio.gather(*(self._servers_of(name, were_there=by_srv) for name in names))

    async def _servers_of(self, name: SrvName, *, were_there: bool) -> Found:
        """The servers of one SRV name, with the addresses of each.

        Where there were some, silence does not mean that there are none now.
        """
        asking = self._names.srv(name.name)
        answered = await (asking if were_there else self._unless_silent(asking))
        records: list[Srv] = usable(answered.records)
        places = await asyncio.gather(
            *(self._unless_silent(self._at(each.target, each.port, name.transport)) for each in records)
        )
        servers = tuple(
            Ranked((name.rank, record.priority), record.weight, place.records)
            for record, place in zip(records, places, strict=True)
            if place.records
        )
        if records and not servers and KEEP_FAILURE_S in (place.seconds for place in places):
            raise Unanswered(name.name)
        return Found(servers, min([answered.seconds, *(place.seconds for place in places)]))

    async def _at(self, host: str, port: int, transport: str, *, own: bool = False) -> Found:
        """The addresses of a host, as places to send to.

        A name of the configuration that DNS does not have may stand where only the system looks.
        """
        try:
            found = await self._names.addresses(host)
        except Unanswered:
            found = await self._names.of_system(host) if own else Found((), 0.0)
            if not found.records:
                raise  # what DNS has not said, the system does not deny
        else:
            if own and not found.records:
                of_system = await self._names.of_system(host)
                found = of_system if of_system.records else found
        if len(found.records) > MOST_HOPS:
            log.warning("a name has too many addresses: the first are taken", host=host, addresses=len(found.records))
        return Found(tuple(Hop(each, port, transport) for each in found.records[:MOST_HOPS]), found.seconds)

    async def _unless_silent(self, asking: Awaitable[Found]) -> Found:
        """Servers that know nothing of NAPTR or SRV often say nothing: that is no reason to ask no further."""
        try:
            return await asking
        except Unanswered:
            return Found((), KEEP_FAILURE_S)
