"""The asyncio shell: datagrams into the core, the core's effects out to sockets, judge and resolver."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from socket import SOCK_DGRAM, SOCK_STREAM
from time import monotonic, perf_counter, time
from typing import Any, NamedTuple, Protocol

import structlog

from proxy.context import LONGEST_RING_S, Context
from proxy.core import Core
from proxy.early_refusal import EarlyRefusal
from proxy.effects import (
    Banned,
    CallMade,
    Effect,
    EmergencyCallMade,
    FeatureCodeDialled,
    Finished,
    HungUp,
    PassedUnjudged,
    PathNotKept,
    PeerChanged,
    Probe,
    Receipt,
    Resolve,
    Send,
    Stranger,
    Verify,
)
from proxy.fault_log import FaultLog
from proxy.flows import PeerFlow
from proxy.handover import Predecessor, Successor, place_of, unpacked
from proxy.metrics import Metrics
from proxy.names import Names
from proxy.outgoing import NOT_TAKEN
from proxy.peers import BUSY, REFUSED, SILENT, UNANSWERED, UNAVAILABLE, UP
from proxy.proxy_settings import LimitSettings
from proxy.routing import Topology
from proxy.setup import Setup
from proxy.shedding import BEGINS, Shedding
from proxy.sip.flow import Flow, Listener
from proxy.sip.transaction import State
from proxy.sockets import Sockets
from proxy.stir.verification import Attestation, Claimed
from proxy.streams.certificates import CertificateFault
from proxy.streams.connection import Remote
from proxy.streams.endpoint import StreamEndpoint, Ways
from proxy.streams.room import Room
from proxy.streams.tls import Contexts, Keeping, Secure
from proxy.streams.watch import Watch, branch_of
from proxy.streams.ways import Plain
from proxy.transport import GONE, TOO_LARGE, Endpoint, Handler, Owner, UdpEndpoint, refuses
from proxy.urgency import haste, is_emergency_call, owner
from rules.model import Action, Call, Outcome, Step, Verdict
from rules.records.numbers_in_text import without_numbers

TICK_S = 0.02  # how exact timers are; the shortest is 500 ms
POLL_S = 0.25  # how often changes of the lists are looked for
CERTIFICATES_S = 2.0  # how often replaced files are looked for
STALL_S = 0.05
NOTED_A_SECOND = 10
PROBE_S = 0.3
DRAIN_STEP_S = 0.05
# Of a transaction whose final response is still to come; afterwards its connection is needed no more.
_UNANSWERED = frozenset((State.CALLING, State.TRYING, State.PROCEEDING))
LINGER_S = 1.0
LEAVES_S = 3600.0  # a listener that was taken out of the configuration stays so long after what came there last
LEAVING_STEP_S = 1.0
SHORT = 8  # calls of one trunk that wait, of which none is refused as it comes
RATES_S = 10.0  # between two lines about one trunk that sends too fast
REPORT_S = 3.0  # how long whoever dials the feature code waits for the desk
REPORTS_AT_ONCE = 100  # beyond it nobody waits: the desk is stuck

_A, _I = b"AI"  # how what is refused early, and its ACK, begin
log = structlog.get_logger("ringfence.proxy")


class Judge(Protocol):
    """What the shell needs of `rules.screening.screen.Screen`."""

    def judge(self, call: Call) -> Verdict:
        """May this call ring? Never raises, never waits."""

    def secure(self) -> None:
        """The answers to the calls judged since are about to leave: write first what must outlive a kill."""

    def ended(self, decision: str, outcome: Outcome) -> None:
        """A judged call has its final response."""

    def hung_up(self, decision: str) -> None:
        """A judged call that was answered has ended."""

    def emergency_call_made(self, numbers: Sequence[str]) -> None:
        """A subscriber with these canonical numbers calls an emergency number."""

    def call_made(self, numbers: Sequence[str], called: str) -> None:
        """A subscriber with these canonical numbers calls this one."""

    @property
    def asks_calls_made(self) -> bool:
        """Is it to be told of these?"""

    def poll(self) -> None:
        """See what other processes have changed."""


class Verifier(Protocol):
    """What the shell needs of whoever verifies signed callers (`ringfence.stir.verifier.Verifier`)."""

    def begin(
        self, values: Sequence[bytes], claimed: Claimed, trunk: str
    ) -> Attestation | Coroutine[Any, Any, Attestation]:
        """What is proved, if that is known at once; else whoever waits for it, within a deadline. Never raises."""


class Desk(Protocol):
    """Who takes the reports of subscribers: `ringfence.phone_reports.PhoneComplaints`."""

    async def report(self, numbers: Sequence[str]) -> Receipt:
        """File a complaint about the last call to one of these canonical numbers."""


class Tap(Protocol):
    """Who hears each message: `ringfence.overheard.Overheard`. It neither raises nor waits."""

    def received(self, data: bytes, flow: Flow) -> None:
        """It came from there."""

    def sent(self, data: bytes, flow: Flow) -> None:
        """It was sent there."""


class Further(NamedTuple):
    """What another configuration needs: sockets of its new listeners."""

    endpoints: list[Endpoint]
    contexts: Contexts

    def close(self) -> None:
        """It is not taken after all."""
        for endpoint in self.endpoints:
            endpoint.close()


class Server:
    """One node: its sockets, its loop, its clock."""

    def __init__(
        self,
        core: Core,
        judge: Judge,
        metrics: Metrics,
        desk: Desk | None = None,
        sockets: Sockets | None = None,
        before: Predecessor | None = None,
    ) -> None:
        """`sockets` are those that were handed over, `before` is the process that may have done so."""
        self._before = before
        self.successor: Successor | None = None  # once it has taken over
        self.stopping = asyncio.Event()  # whoever sets it ends the node
        self.tap: Tap | None = None  # while somebody listens in
        self.verifier: Verifier | None = None  # of signed callers
        self._core = core
        self._judge = judge
        self._desk = desk
        self._reports: set[asyncio.Task[Receipt]] = set()
        self._metrics = metrics
        self._sockets = sockets or Sockets()
        self._endpoints: list[Endpoint] = []  # by the number of their listener
        self._leaving: set[Listener] = set()  # whose end somebody waits for
        self._tasks: set[asyncio.Task[Any]] = set()
        self._probes: dict[tuple[str, int], asyncio.Task[bool]] = {}
        self._judged: list[float] = []  # when the calls arrived that were judged since the last flush
        self._faults = FaultLog()
        self.names = Names(core, metrics, self._faults, self._spawn, self.flush)
        self._early = EarlyRefusal(core.salt)
        self._refusals: list[tuple[Endpoint, bytes, tuple[Any, ...]]] = []  # early ones that wait to be sent
        self._room = Room(core.limits.connections, core.limits.source_connections)
        self._watch = Watch(core, self.flush, self._faults)
        self._keeping = Keeping()
        metrics.certificate_ends = lambda: self._keeping.ends
        plain, frames = Plain(), Plain(frames=True)
        secret, secret_frames = (Secure(self._keeping, self._knows, self._wants, frames=each) for each in (False, True))
        self._ways: dict[str, Ways] = {"TCP": plain, "TLS": secret, "WS": frames, "WSS": secret_frames}
        self._limits_told = 0  # requests that found no room
        self._rates_told: dict[str, int] = {}  # by trunk: calls that came too fast
        self._next_rates: dict[str, float] = {}  # and when it may be said again
        self._unsecured = False  # a verdict waits to be told
        self._noted = 0, 0  # the second, and how many lines it has had
        self._last_tick = 0.0
        self._next_poll = 0.0

    @property
    def core(self) -> Core:
        """What decides for it."""
        return self._core

    @property
    def last_tick(self) -> float:
        """When its clock went last: it does so fifty times a second."""
        return self._last_tick

    @property
    def metrics(self) -> Metrics:
        """Its figures."""
        return self._metrics

    async def open(self) -> None:
        """Bind every listener and begin to receive. Raises OSError when an address can't be had."""
        topology = self._core.topology
        places = [(_kind(each), each.host, each.port) for each in topology.listeners]
        for _, host, port in self._sockets.keep(places):
            log.warning("a socket that was handed over is no listener of the configuration", host=host, port=port)
        self._keeping.take(topology.tls, self._contexts(topology), asks=topology.places.asks_for_certificates)
        self._say_certificate_troubles()
        for listener in topology.listeners:
            self._endpoints.append(await self._open(listener, self._core.limits))
        self._metrics.endpoints = self._endpoints
        if self._before is not None:
            await self._before.begin(self._all_ours)
        for endpoint in self._endpoints:
            self._receive(endpoint)
        await self.names.learn_all()
        self._last_tick = monotonic()
        self._core.prober.begin(self._last_tick)
        self._spawn(self._keep_time())
        self._spawn(self.names.keep())
        self._spawn(self._keep_certificates())

    # ---- another configuration ---------------------------------------------------------------------------------

    async def open_further(self, setup: Setup) -> Further:
        """What another configuration needs before it can be taken: sockets, all of them or OSError, and addresses.

        Raises LeadsNowhere where a PBX of it would have none.
        """
        topology = setup.topology
        contexts = self._contexts(topology)
        await self.names.ask_for_further(topology)
        have = {each.number for each in self._core.topology.sockets}
        opened: list[Endpoint] = []
        try:
            for listener in topology.listeners:
                if listener.number not in have:
                    opened.append(await self._open(listener, setup.limits))
        except BaseException:
            for endpoint in opened:
                endpoint.close()
            raise
        return Further(opened, contexts)

    def take(self, setup: Setup, further: Further) -> None:
        """Go by another configuration from the next datagram on: all of it at once."""
        topology = setup.topology
        self._core.take(*setup[:-1], monotonic(), record_route=setup.record_route)
        for endpoint in further.endpoints:
            number = endpoint.listener.number
            if number < len(self._endpoints):
                self._endpoints[number] = endpoint
            else:
                self._endpoints.append(endpoint)
            self._receive(endpoint)
        for listener in topology.listeners:
            self._endpoints[listener.number].rename(listener)
        self._keeping.take(topology.tls, further.contexts, asks=topology.places.asks_for_certificates)
        self._room.bound(setup.limits.connections, setup.limits.source_connections)
        for endpoint in self._endpoints:
            if isinstance(endpoint, StreamEndpoint):
                endpoint.limits = setup.limits
                endpoint.review(topology.places.knows_names)
        self.names.heed()
        for listener in topology.leaving:
            if listener not in self._leaving:
                self._leaving.add(listener)
                self._spawn(self._leave(listener))

    async def _leave(self, listener: Listener) -> None:
        """Close the socket of a listener that the configuration has no longer, once nothing has come there for long."""
        endpoint = self._endpoints[listener.number]
        heard = _Heard(self.on_message if listener.reliable else self.on_datagram)
        endpoint.receive(heard.on_datagram, self.flush, self.haste_of_message if listener.reliable else self.haste)
        while (left := heard.last + LEAVES_S - monotonic()) > 0:
            await asyncio.sleep(min(left, LEAVING_STEP_S))
            if listener not in self._core.topology.leaving:
                break
        self._leaving.discard(listener)
        if listener in self._core.topology.leaving:
            self._core.topology.left(listener)
            endpoint.close()
            log.info("listener closed", address=listener.host, port=listener.port)
        elif self._endpoints[listener.number] is endpoint:
            self._receive(endpoint)  # it has come back

    def _knows(self, names: Sequence[str]) -> bool:
        return self._core.topology.places.knows_names(names)

    def _wants(self, remote: Remote) -> Sequence[str]:
        return self._core.topology.places.names_wanted(remote[2] or remote[0])

    async def _open(self, listener: Listener, limits: LimitSettings) -> Endpoint:
        """The socket of a listener. Raises OSError, with the address in its text."""
        if not listener.reliable:
            return await UdpEndpoint.open(listener, limits.receive_queue, self._sockets)
        sock = self._sockets.open(_kind(listener), listener.host, listener.port)
        endpoint = StreamEndpoint(listener, sock, limits, self._room, self._ways[listener.transport])
        endpoint.watched_by(self._watch)
        return endpoint

    def _receive(self, endpoint: Endpoint) -> None:
        if endpoint.listener.reliable:
            endpoint.receive(self.on_message, self.flush, self.haste_of_message)
        elif self._before is not None and self._before.alive:
            endpoint.receive(self.on_shared_datagram, self.flush, self.haste)
        else:
            endpoint.receive(self.on_datagram, self.flush, self.haste)

    # ---- two processes on the same sockets (proxy/handover.py) -------------------------------------------------

    def on_shared_datagram(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        """One datagram while the process before this one ends its calls: whose is it?"""
        before, core = self._before, self._core
        if before is not None and before.alive:
            if data[:4].upper() == b"SIP/":
                old = before.owns_response(data)
            else:
                key = core.key_of(data, core.flow_to(listener, remote[0], remote[1]))
                old = key is not None and before.owns_request(key)
            if old:
                before.give(data, remote, listener)
                return
        self.on_datagram(data, remote, listener, arrived)

    def _all_ours(self) -> None:
        """The process before this one has ended."""
        log.info("the process before this one has ended", datagrams_given=self._before.given if self._before else 0)
        for endpoint in self._endpoints:
            if not endpoint.listener.leaving:
                self._receive(endpoint)

    @property
    def descriptors(self) -> list[int]:
        """Of all sockets that are bound, for the process after this one."""
        return [each.descriptor() for each in self._endpoints if each.descriptor() >= 0]

    async def hand_over(self, successor: Successor) -> None:
        """From now on another process has the sockets; what is under way here ends here."""
        self.successor = successor
        self._core.prober.over = True
        for endpoint in self._endpoints:
            endpoint.leave_to_another()
        self.flush()
        await successor.go(list(self._core.layer.servers), self._core.salt, self._given, self._before)
        self._close_idle_connections()

    def _given(self, message: bytes) -> None:
        """The process after this one has read something that is ours."""
        try:
            data, remote, place = unpacked(message)
        except ValueError:
            return
        for listener in self._core.topology.sockets:
            if place_of(listener) == place:
                self.on_shared_datagram(data, remote, listener, monotonic())
                self.flush()
                return

    def _close_idle_connections(self) -> None:
        """Whoever is connected here, and waits for no answer, connects anew, to the process after this one.

        That one can't send by connections of this one: a telephone would have a registration that nobody calls it by.
        """
        layer = self._core.layer
        busy = {each.flow.remote for each in layer.servers.values() if each.state in _UNANSWERED}
        busy |= {each.flow.remote for each in layer.clients.values() if each.state in _UNANSWERED}
        for endpoint in self._endpoints:
            if isinstance(endpoint, StreamEndpoint):
                endpoint.close_idle(busy)

    async def wind_up(self) -> None:
        """The process after this one has taken over: wait until all that is under way here has ended by itself.

        When that one is to end, this one ends as a stop does.
        """
        assert self.successor is not None
        core, begun = self._core, monotonic()
        longest = max(core.limits.drain_s, core.ring_s)
        while not self.successor.stops.is_set():
            rings = core.layer.servers or core.layer.clients or core.layer.cancels
            # What is the process's before this one reaches it by this one alone.
            if not (self._before is not None and self._before.alive) and not (rings and monotonic() - begun < longest):
                break
            await self.successor.stops_within(DRAIN_STEP_S)
            self._close_idle_connections()
        drain_s = core.limits.drain_s
        if self.successor.died:  # nobody reads the sockets: what is waited for here can't come
            log.error(
                "the process that took over has died: this one ends, for whoever starts it anew", calls=core.in_setup
            )
            core.give_up_all(monotonic())
            self.flush()
            drain_s = 0.0
        await asyncio.gather(
            self.drain(drain_s) if drain_s else asyncio.sleep(DRAIN_STEP_S), self.outlast_predecessor()
        )
        self.successor.close()

    async def outlast_predecessor(self) -> None:
        """The process before this one may still ring: tell it to end as well, and wait until it has."""
        if self._before is not None and self._before.alive:
            await self._before.stop()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_certificates(self) -> None:
        """Take certificates whose files were replaced, for the connections that begin from then on."""
        while True:
            await asyncio.sleep(CERTIFICATES_S)
            if self._keeping.have_changed():
                self.reload_certificates()

    def _contexts(self, topology: Topology) -> Contexts:
        """What connections of TLS begin with. Raises OSError."""
        try:
            return self._keeping.made(topology.tls, asks=topology.places.asks_for_certificates)
        except CertificateFault as fault:
            raise OSError(f"{fault.what}; {fault.hint}") from None

    def _say_certificate_troubles(self) -> None:
        for told in self._keeping.troubles():
            log.warning("certificates", fault=told)

    def certificate_troubles(self) -> list[str]:
        """What somebody should see to about certificates of ours, a sentence each."""
        return self._keeping.troubles()

    def reload_certificates(self) -> None:
        """Read the files of certificates again; those before go on where one can't be used."""
        try:
            self._keeping.reload()
        except (CertificateFault, OSError) as error:
            self._metrics.certificates_refused += 1
            log.error("certificates were replaced by files that can't be used; the ones before go on", fault=str(error))
        else:
            ends = {name: at.isoformat() for name, at in self._keeping.ends.items()}
            log.info("certificates read", ends=ends)
            self._say_certificate_troubles()

    def _shed_early(self) -> None:
        """Let new calls be refused as they come, or no longer."""
        for endpoint in self._endpoints:
            endpoint.arrivals.shed = partial(self._shed, endpoint) if self._core.shedding.on else None

    def _shed(self, endpoint: Endpoint, data: bytes, remote: tuple[Any, ...]) -> bool:
        """Refuse a new call before it waits, if many of its trunk do; its ACK is not handled either. May not raise."""
        core, early = self._core, self._early
        first = data[0] if data else 0
        if first == _A and data[:4] == b"ACK ":
            return early.acknowledges(data)
        if first != _I or not core.shedding.closed or data[:7] != b"INVITE ":
            return False
        try:
            if endpoint.listener.reliable:
                flow = core.flow_to.present(remote[0].flow)
            else:
                flow = core.flow_to(endpoint.listener, remote[0], remote[1])
            if (
                flow.peer is None
                or flow.peer.redirect == 404
                or flow.pbx_side is not None
                or flow.former is not None
                or flow.watched
            ):
                return False
            if endpoint.arrivals.waiting_of(flow.line[0]) < SHORT or is_emergency_call(data, flow.peer, core.outgoing):
                return False
            answer = early.of(data, flow, core.layer.servers)
            if answer is None:
                return False
            if self.tap is not None:
                self.tap.received(data, flow)
                self.tap.sent(answer, flow)
            if not self._refusals:
                asyncio.get_running_loop().call_soon(self._send_refusals)
            self._refusals.append((endpoint, answer, flow.remote))
            core.shedding.refused += 1
            core.refused[503] += 1
        except Exception:  # it goes the usual way
            self._metrics.faults += 1
            self._faults.exception("a call could not be refused early", monotonic())
            return False
        return True

    def _send_refusals(self) -> None:
        """Those of one turn of the loop one after the other: so their receiver is woken once."""
        refusals, self._refusals = self._refusals, []
        for endpoint, answer, remote in refusals:
            endpoint.send(answer, remote)

    def haste(self, listener: Listener, data: bytes, remote: tuple[Any, ...]) -> tuple[int, Owner]:
        """While many datagrams wait: may this one overtake the others, and whose line does it wait in?"""
        core = self._core
        flow = core.flow_to(listener, remote[0], remote[1])
        return haste(data, flow, core.outgoing), owner(flow)

    def on_datagram(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        """One datagram into the core; what it asks for is done by `flush`."""
        core = self._core
        try:
            now = monotonic()
            flow = core.flow_to(listener, remote[0], remote[1])
            if self.tap is not None:
                self.tap.received(data, flow)
            core.too_late = now - arrived > core.shedding.patience and core.shedding.waited(now - arrived)
            context = core.receive(data, flow, now)
            if context is not None:
                self._decide(context)
                self._judged.append(arrived)
        except Exception:  # what nobody foresaw costs one datagram, never the node
            self._metrics.faults += 1
            self._faults.exception("a datagram could not be handled", monotonic())

    def haste_of_message(self, listener: Listener, data: bytes, remote: tuple[Any, ...]) -> tuple[int, Owner]:
        """The same for what comes on a connection."""
        flow: PeerFlow = self._core.flow_to.present(remote[0].flow)
        return haste(data, flow, self._core.outgoing), owner(flow)

    def on_message(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        """One message of a connection into the core."""
        core = self._core
        try:
            flow: PeerFlow = remote[0].flow
            if self.tap is not None:
                self.tap.received(data, flow)
            now = monotonic()
            core.too_late = now - arrived > core.shedding.patience and core.shedding.waited(now - arrived)
            context = core.receive(data, core.flow_to.present(flow), now)
            if context is not None:
                self._decide(context)
                self._judged.append(arrived)
        except Exception:
            self._metrics.faults += 1
            self._faults.exception("a message could not be handled", monotonic())

    def flush(self) -> None:
        """Send what waits to be sent, and do what else the core asked for."""
        core, endpoints = self._core, self._endpoints
        while core.effects:
            if self._unsecured:
                self._unsecured = False
                self._judge.secure()
            effects, core.effects = core.effects, []  # a new list for what these make the core ask for
            for effect in effects:
                try:
                    if type(effect) is Send:
                        flow = effect.flow
                        if self.tap is not None:
                            self.tap.sent(effect.data, flow)
                        if unsent := endpoints[flow.listener.number].send(effect.data, flow.remote):
                            self._failed(effect.data, flow, unsent)
                    else:
                        self._perform(effect)
                except Exception:  # a moment without memory costs one message, not those behind it
                    self._metrics.faults += 1
                    self._faults.exception("what the core asked for could not be done", monotonic())
        if self._judged:
            now = monotonic()
            for arrived in self._judged:
                self._metrics.latencies.took(now - arrived)
            self._judged.clear()

    def _verify(self, context: Context) -> None:
        """Ask who vouches for a call, then judge it: at once where that is known. No fault of this costs a call."""
        call: Call | None = None
        found: Attestation | Coroutine[Any, Any, Attestation] | None = None
        try:
            if self.verifier is not None:
                call = self._core.screening.read_call(context, time())
                claimed = self._core.screening.claimed(context, call)
                found = self.verifier.begin(context.request.raw_all(b"identity"), claimed, context.peer.name)
        except Exception:
            self._metrics.faults += 1
            self._faults.exception("who signed a call could not be found out", monotonic())
        if call is None or found is None or isinstance(found, Attestation):
            self._decide_attested(context, call, found)
            return
        context.await_answer(monotonic())
        self._spawn(self._await_signer(context, call, found))

    async def _await_signer(self, context: Context, call: Call, waiting: Coroutine[Any, Any, Attestation]) -> None:
        found: Attestation | None = None
        try:
            found = await waiting
        except Exception:
            self._metrics.faults += 1
            self._faults.exception("who signed a call could not be found out", monotonic())
        if not context.done:  # else its caller gave up meanwhile
            self._decide_attested(context, call, found)
            self.flush()

    def _decide_attested(self, context: Context, call: Call | None, found: Any) -> None:
        if call is not None and isinstance(found, Attestation):
            found.enter(call, context.topology.believed)
            context.attestation = found.level
        self._decide(context, call)
        self._judged.append(context.arrived)

    def _decide(self, context: Context, call: Call | None = None) -> None:
        """Judge a call. One that can't be judged goes through, unless its trunk wants it otherwise."""
        try:
            if call is None:
                call = self._core.screening.read_call(context, time())
            started = perf_counter()
            verdict = self._judge.judge(call)
            self._unsecured = True
            self._metrics.verdicts.took(perf_counter() - started)
        except Exception:
            self._metrics.faults += 1
            self._faults.exception("a call could not be judged", monotonic())
            peer = context.peer
            if self._core.outgoing.is_emergency_call(context.plan.uri, peer):
                verdict = Verdict(Action.FORWARD, Step.EMERGENCY)
            else:
                verdict = Verdict(Action.REJECT if peer.trunk.fail_closed else Action.FORWARD, Step.FAIL_OPEN)
        self._core.decided(context, verdict, monotonic())

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Finished):
            self._judge.ended(effect.decision, effect.outcome)
        elif isinstance(effect, HungUp):
            self._judge.hung_up(effect.decision)
        elif isinstance(effect, Resolve):
            self.names.resolve(effect)
        elif isinstance(effect, Verify):
            assert isinstance(effect.context, Context)
            self._verify(effect.context)
        elif isinstance(effect, Probe):
            self._spawn(self._probe(effect))
        elif isinstance(effect, PassedUnjudged):
            self._note_passed(effect)
        elif isinstance(effect, EmergencyCallMade):
            self._judge.emergency_call_made(effect.numbers)
        elif isinstance(effect, CallMade):
            self._judge.call_made(effect.numbers, effect.called)
        elif isinstance(effect, FeatureCodeDialled):
            self._spawn(self._report(effect))
        elif isinstance(effect, PeerChanged):
            say_changed(effect)
        elif isinstance(effect, Stranger):
            say_refused(effect)
        elif isinstance(effect, PathNotKept):
            log.warning("a registrar keeps no Path; Contact leads back here", registrar=effect.host, port=effect.port)
        elif isinstance(effect, Banned):
            seconds = round(effect.seconds)
            self._faults.warning("source banned", monotonic(), source=effect.source, why=effect.why, seconds=seconds)

    def _note_passed(self, effect: PassedUnjudged) -> None:
        """A line for each request that nobody judges, but no more than a few a second: anybody can send them."""
        second = int(monotonic())
        if second != self._noted[0]:
            self._noted = second, 0
        self._noted = second, self._noted[1] + 1
        if self._noted[1] <= NOTED_A_SECOND:
            method = without_numbers(effect.method)
            log.info("a request went on unjudged", method=method, trunk=effect.trunk, source=effect.source)

    async def _report(self, effect: FeatureCodeDialled) -> None:
        """Let the desk file it. Who waited in vain hears so; if it is filed later, dialling again gives its number."""
        receipt = NOT_TAKEN
        if self._desk is not None and len(self._reports) < REPORTS_AT_ONCE:
            task = asyncio.create_task(self._desk.report(effect.numbers))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
            await asyncio.wait({task}, timeout=REPORT_S)
            if task.done() and (error := task.exception()) is None:
                receipt = task.result()
            elif task.done():
                self._metrics.faults += 1
                told = without_numbers(f"{type(error).__name__}: {error}")
                log.error("a report by feature code failed", fault=told)
            else:
                task.add_done_callback(_see_error)
        effect.filed(receipt, monotonic())
        self.flush()

    async def _probe(self, effect: Probe) -> None:
        """Ask once for all calls that wait for one address."""
        where = effect.flow.host, effect.flow.port
        task = self._probes.get(where)
        if task is None:
            task = self._probes[where] = asyncio.create_task(refuses(*where, PROBE_S))
            task.add_done_callback(lambda _: self._probes.pop(where, None))
        if await asyncio.shield(task):
            self._core.address_refused(effect.flow, effect.branch, monotonic())
            self.flush()

    def _failed(self, data: bytes, flow: Flow, unsent: int) -> None:
        """A datagram of ours can't be delivered: if it was a request, its transaction fails (RFC 3261 18.4)."""
        if unsent == TOO_LARGE:
            self._faults.warning("a message is too large for UDP", monotonic(), octets=len(data), to=flow.host)
        if unsent == GONE and data[:4] == b"SIP/":
            self._watch.answer_elsewhere(data, flow, self._endpoints[flow.listener.number])
        elif branch := branch_of(data):
            if unsent == TOO_LARGE:
                self._core.transport_failed(branch, monotonic(), 513)
            else:
                why = self._endpoints[flow.listener.number].unsent_for or REFUSED
                self._core.transport_failed(branch, monotonic(), why=why)

    async def _keep_time(self) -> None:
        """Timers and list changes, fifty times a second."""
        while True:
            try:
                await asyncio.sleep(TICK_S)
            except MemoryError:  # for the timer: without this clock the node would be dead when the moment has passed
                await asyncio.sleep(0)
            self._tick(monotonic())

    def _tick(self, now: float) -> None:
        late = now - self._last_tick - TICK_S
        if late > STALL_S:
            self._metrics.stalls += 1
            self._metrics.longest_stall = max(self._metrics.longest_stall, late)
        self._last_tick = now
        try:
            if turn := self._core.shedding.tick(now, late):
                say_shedding(self._core.shedding, turn, now)
                self._shed_early()
            self._core.tick(now)
            self.flush()
            if now >= self._next_poll:
                self._next_poll = now + POLL_S
                self._judge.poll()
                self.core.outgoing.tells_calls = self._judge.asks_calls_made
                self._tell_limits(now)
                self._tell_rates(now)
        except Exception:  # the clock goes on
            self._metrics.faults += 1
            self._faults.exception("a timer could not be handled", now)

    def _tell_limits(self, now: float) -> None:
        """Say in the log that somebody holds all that he may: else he sees 503, and the operator nothing."""
        refused = self._core.load.refused
        if refused.total() != self._limits_told:
            self._limits_told = refused.total()
            self._faults.warning("requests found no room", now, **dict[str, Any](refused))

    def _tell_rates(self, now: float) -> None:
        """Say in the log which trunk sends calls faster than it may."""
        for trunk, over in self._core.load.over_rate.items():
            if (more := over.calls - self._rates_told.get(trunk, 0)) > 0 and now >= self._next_rates.get(trunk, now):
                self._rates_told[trunk] = over.calls
                self._next_rates[trunk] = now + RATES_S
                log.warning("calls come faster than they may", trunk=trunk, calls=more, latest_source=over.source)

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let those in set-up end, and end the rest from here when the time is over.

        Emergency calls are never ended from here: they are waited for until they are answered or given up.
        """
        core = self._core
        core.draining = True
        if await self._settled(seconds):
            return
        emergencies, callbacks = core.emergencies_in_setup, core.callbacks_in_setup
        kept = emergencies + callbacks
        if core.in_setup > kept:
            log.warning("ending calls in set-up", calls=core.in_setup - kept)
            core.give_up_all(monotonic())
            self.flush()
            await asyncio.sleep(DRAIN_STEP_S)
        if kept:
            log.warning(
                "waiting for emergency calls in set-up, and for calls to those who made one lately",
                emergency_calls=emergencies,
                callbacks=callbacks,
                seconds_at_most=LONGEST_RING_S,
            )
            await self._settled(LONGEST_RING_S)

    async def _settled(self, seconds: float) -> bool:
        """Wait so long at most until no call is in set-up, and the ACK of the last one has had its time to come."""
        core = self._core
        now = begun = quiet_since = monotonic()
        while now - begun < seconds:
            if core.in_setup:
                quiet_since = now + DRAIN_STEP_S
            elif now - quiet_since >= (LINGER_S if core.layer.servers else 0.0):
                return True
            await asyncio.sleep(DRAIN_STEP_S)
            now = monotonic()
        return not core.in_setup

    async def close(self) -> None:
        """Stop the clock and close the sockets."""
        for endpoint in self._endpoints:
            endpoint.close()
        tasks = [*self._tasks, *self._reports]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Heard:
    """Notes when something came last, and hands it on."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self.last = monotonic()

    def on_datagram(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        self.last = arrived
        self._handle(data, remote, listener, arrived)


def say_shedding(shedding: Shedding, turn: int, now: float) -> None:
    """One line when new calls begin to be refused for overload, and one when that is over."""
    if turn == BEGINS:
        log.warning("overload: new calls get 503, emergency calls go on", waited_ms=round(shedding.longest * 1000))
    else:
        log.warning(
            "overload is over",
            seconds=round(now - shedding.since, 1),
            refused_since_start=shedding.refused,
            waited_ms_at_most=round(shedding.longest * 1000),
        )


def _kind(listener: Listener) -> int:
    return SOCK_STREAM if listener.reliable else SOCK_DGRAM


def say_refused(effect: Stranger) -> None:
    """Who is in no trunk: his address, and nothing that he wrote but the method."""
    log.warning(
        "source refused: it is in no trunk",
        source=effect.host,
        port=effect.port,
        method=without_numbers(effect.method),
        requests=effect.requests,
    )


def say_changed(effect: PeerChanged) -> None:
    """One line when the state of an address of a PBX or trunk changes."""
    words = {"peer": effect.name, "address": effect.address, f"{effect.before}_s": round(effect.seconds)}
    if effect.state == UP:
        log.info("answers again: it has calls again", **words)
    elif effect.state == BUSY:
        log.warning("asks for no calls for a while; they go to its other addresses, if it has any", **words)
    elif effect.why in (SILENT, REFUSED, UNANSWERED, UNAVAILABLE):
        log.warning("does not answer; calls go to its other addresses first, if it has any", **words, why=effect.why)
    else:
        log.warning("can't be reached; calls go to its other addresses first, if it has any", **words, why=effect.why)


def _see_error(task: asyncio.Task[Receipt]) -> None:
    """Nobody waits for it any more; asyncio complains about an error that nobody looked at."""
    if not task.cancelled():
        task.exception()
