"""Names of the configuration and of calls: asked for in time; what they lead to is told to the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from typing import Any

from proxy.core import Core
from proxy.effects import Resolve
from proxy.fault_log import FaultLog
from proxy.metrics import Metrics
from proxy.name_servers import NameServers
from proxy.neighbours import Target
from proxy.next_hops import Hop, Question, Ranked, in_order, lots_of
from proxy.resolver import Answers, LeadsNowhere, Resolver
from proxy.routing import Topology

NAMES_S = 20.0  # so long before its answer has run out the name of a PBX is asked for again
NAMES_LEAST_S = 1.0


class Names:
    """Where names lead, for one core."""

    def __init__(
        self,
        core: Core,
        metrics: Metrics,
        faults: FaultLog,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        flush: Callable[[], None],
    ) -> None:
        """`spawn` begins what waits for an answer, `flush` does what the core asks for afterwards."""
        self._core = core
        self._metrics = metrics
        self._faults = faults
        self._spawn = spawn
        self._flush = flush
        self.resolver = Resolver(NameServers())
        self._learnt: dict[tuple[Question, str], frozenset[Hop]] = {}  # names of PBXes and what they led to

    async def ask_for_further(self, topology: Topology) -> None:
        """Those of a configuration that is still to be taken. Raises LeadsNowhere where a PBX of it has no address."""
        asked = {each.question for each in topology.named_targets() if each.question}
        self.resolver.own |= asked
        await asyncio.gather(*map(self.resolver.servers, asked))
        self._refuse_nowhere(topology)

    def _refuse_nowhere(self, topology: Topology) -> None:
        """A PBX whose names DNS denies is a fault of the file; not where it had these names before, nor in silence."""
        for name, pbx in topology.pbxes.items():
            before = self._core.topology.pbxes.get(name)
            known = [each.question for each in before.targets] if before is not None else []
            asked = [each.question for each in pbx.targets]
            denied = [each.host for each in asked if each is not None and self.resolver.denies(each)]
            if len(denied) == len(asked) and any(each not in known for each in asked):
                raise LeadsNowhere(name, denied)

    def known(self) -> Answers:
        """Where names of the configuration lead."""
        return self.resolver.answers()

    def remember(self, answers: Answers) -> None:
        """Before it opens: where they led the process before this one, should DNS be silent now."""
        self.resolver.take_up(answers)

    async def learn_all(self) -> None:
        """PBXes written as names: what they send must be known as theirs by its address."""
        self.heed()
        await asyncio.gather(*(self._refresh(target) for target in self._core.topology.named_targets()))

    def heed(self) -> None:
        """The core goes by another configuration: which names are ours, and where those lead that are known already."""
        topology = self._core.topology
        named = topology.named_targets()
        self.resolver.ask(topology.name_servers, topology.families, topology.transports)
        self.resolver.transports = topology.transports
        self.resolver.own = frozenset(each.question for each in named if each.question)
        self._learnt.clear()
        for target in named:
            if target.question is not None and (known := self.resolver.known(target.question)) is not None:
                self._learn(target, known)

    async def _refresh(self, target: Target) -> None:
        if target.question is not None:
            self._learn(target, await self.resolver.refresh(target.question))

    async def keep(self) -> None:
        """Ask for the names of PBXes before calls have to; what a PBX that moved sends is known as its own."""
        while True:
            named = self._core.topology.named_targets()
            left = min((self.resolver.left(target.question) for target in named if target.question), default=NAMES_S)
            await asyncio.sleep(min(NAMES_S, max(NAMES_LEAST_S, left)))
            soon = [each for each in named if each.question and self.resolver.left(each.question) <= NAMES_S]
            try:
                await asyncio.gather(*(self._refresh(target) for target in soon))
            except Exception:  # it is asked again
                self._metrics.faults += 1
                self._faults.exception("a name could not be asked for", monotonic())

    def resolve(self, effect: Resolve) -> None:
        """A call waits for what is not known yet, and for nothing else."""
        question = effect.target.question
        known = () if question is None else self.resolver.known(question)
        if known is not None:
            self._lead_on(effect, known)
        elif question is not None:
            self._spawn(self._ask_for(effect, question))

    async def _ask_for(self, effect: Resolve, question: Question) -> None:
        self._lead_on(effect, await self.resolver.servers(question))
        self._flush()

    def _lead_on(self, effect: Resolve, servers: Sequence[Ranked]) -> None:
        """Tell the core where a name leads, in the order that this call draws."""
        now = monotonic()
        hops = in_order(servers, lots_of(effect.seed)) if servers else []
        if not hops:
            self._metrics.unresolved += 1
            self._faults.warning("target has no address", now, host=effect.target.host)
        elif any(map(self._core.topology.leads_back, hops)):
            self._faults.warning("a name leads back to this proxy: not followed", now, host=effect.target.host)
        self._learn(effect.target, servers)
        effect.resolved(hops, now)

    def _learn(self, target: Target, servers: Sequence[Ranked]) -> None:
        """What comes from these addresses is the PBX's, also where we took its sender for somebody else before."""
        if target.question is None or (target.pbx is None and target.trunk is None):
            return
        name = target.pbx.name if target.pbx is not None else target.trunk.peer.name if target.trunk is not None else ""
        hops = frozenset(hop for server in servers for hop in server.hops)
        if self._learnt.get((target.question, name)) != hops:
            self._learnt[target.question, name] = hops
            followed = [hop for hop in hops if not self._core.topology.leads_back(hop)]
            if target.pbx is not None and any(map(self._core.topology.places.is_of_a_trunk, followed)):
                self._faults.warning("a name leads to a trunk: its calls stay judged", monotonic(), host=target.host)
            self._core.learn(target, followed, monotonic())
