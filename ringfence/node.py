"""One running node: the data plane with its judge, its desk and its rules, asked and changed while it runs."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from socket import SOCK_STREAM
from time import monotonic, time
from typing import Any, Final, Protocol

import structlog

import proxy.app
from desk.disclosure import note_trace
from proxy.build import BUILD
from proxy.hep import Homer
from proxy.resolver import LeadsNowhere
from proxy.server import Further, Server
from proxy.setup import Setup
from proxy.sockets import Sockets
from proxy.stir.signing import Signing
from ringfence import supervisor
from ringfence.asked_settings import AskedSettings
from ringfence.audit_rounds import AuditRounds
from ringfence.bans import BanCommands, BanFile
from ringfence.cluster.sharing import Sharing
from ringfence.control import Control, Question, Refused
from ringfence.exchange.rounds import ExchangeRounds
from ringfence.figures import NOWHERE, Pages, Port, State, address_of, publish
from ringfence.handed import Handed
from ringfence.installation import Installation
from ringfence.instruments import Instruments
from ringfence.keeper import hold_signals
from ringfence.kernel_bans import KernelBans
from ringfence.login import login_name
from ringfence.node_settings import Configuration
from ringfence.opinions import Opinions
from ringfence.overheard import Overheard, homer_of
from ringfence.peers import PeerCommands
from ringfence.phone_reports import PhoneComplaints
from ringfence.plug_ins import PlugIns
from ringfence.reload import Read, Ready, Reloading, fault_of_listener, fault_of_pbx
from ringfence.remembered import of_now
from ringfence.restart import Left, Restarting
from ringfence.rule_changes import RuleChanges, Start
from ringfence.service_log import set_level
from ringfence.stir.guarded_web import sits_here
from ringfence.stir.signing_files import SigningFault, open_signing
from ringfence.stir.verifier import Seen, Verifier, open_verifier
from ringfence.storage import Room, Storage
from ringfence.traces import Traces, Wanted
from rules.language.source import Document, RuleError
from rules.records.privacy import pseudonym
from rules.screening.screen import Screen
from rules.storage.store import DatabaseError, StoreError

RESTART_S: Final = 300.0
RELOAD_S: Final = 300.0  # what a reload may take: ten thousand rules compile in ten
FEW_HELD: Final = 8_000  # transactions that are held, up to which a full collection takes no more than 15 ms
COLLECT_S: Final = 600.0  # between two full collections while few are held
LOOK_S: Final = 1.0
# A collection of the second generation goes over all that calls hold: 170 ms at 6,000 calls a second, each ten seconds,
# and the kernel drops what comes meanwhile. Calls leave no circles behind; those of connections and commands are mostly
# young, and what is older waits for a quiet moment.
THRESHOLDS: Final = (50_000, 1_000, 1_000)
SPARE_LOOK_S: Final = 0.1
SPARED_S: Final = 120.0  # so long at most nothing is collected in overload: what fills memory by then was not calls
COLLECTED_AFTER: Final = 10  # reloads: with more, 65 ms at 48,000, as long as one of these takes anyway
STUCK_S: Final = 5.0  # a loop that stood still so long is not alive
# Settings that the desk reads when it is opened.
_OF_THE_DESK: Final = ("complaints", "country", "time_zone", "calendar", "lists", "trunks", "storage")

log = structlog.get_logger("ringfence")


class Answering(Protocol):
    """Answers questions over HTTP."""

    def end(self) -> None:
        """Answer nobody any more."""


Beside = Callable[[Opinions, Installation, AskedSettings], Awaitable[Answering]]


class Node:
    """Everything that runs, from the moment that all which calls need is open."""

    def __init__(
        self,
        start: Start,
        here: Installation,
        screen: Screen,
        phones: PhoneComplaints,
        *,
        watch: bool,
        handed: Handed | None = None,
        beside: Beside | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        """`handed` is what a supervisor, or the process before this one, handed over.

        `beside` answers over HTTP who asks about calls that others hold. `sharing` follows the record of all nodes.
        """
        self._sharing = sharing
        self._handed = handed or Handed(Sockets())
        self._start, self._here, self._screen, self._phones = start, here, screen, phones
        self._changes = RuleChanges(here.file, start, screen, watch=watch)
        self.control = Control(here.control, self._handed.control)
        self._core = proxy.app.build_core(here.configuration, here.configuration, screen.keys)
        self._ban_file = BanFile(here.database.with_suffix(".bans"), self._core)
        self._kernel_bans = KernelBans(self._core)
        self._core.bans.told = self._kernel_bans.note
        self._reloading = Reloading(
            here, screen.keys, self._prepare, lambda: self._core.topology, self._core.peers.told_unled
        )
        self._room = Room(files_of(here), here.configuration.storage.room_mib)
        self._restarting = Restarting(here.file, self._beside_calls)
        self._storage = Storage(self._without, self._room)
        self._audit = AuditRounds(self._installed)
        self._exchange = ExchangeRounds(self._installed)
        self._instruments = Instruments(self._core, lambda: screen.counters, self._ailments)
        self._signatures = Seen()
        self._plug_ins = PlugIns(self._core, screen)
        self._traces = Traces(lambda: self._reloading.configuration.home, self._note_trace)
        self._overheard = Overheard(self._traces)
        self._traces.changed = self._overheard.look
        self._spared = False  # what came in an overload was never gone over for circles
        self._reloads_kept = 0  # whose remains are still in memory
        self._server: Server | None = None
        self._pages: Pages | None = None
        self._figures = NOWHERE
        self._beside = beside
        self._answering: Answering | None = None
        self._unanswered = ""  # why nobody is answered who asks over HTTP
        self._tasks: set[asyncio.Task[Any]] = set()
        self._endless: list[asyncio.Task[None]] = []  # until the end

    async def run(self) -> None:
        """Serve until told to stop; then nothing is under way any more."""
        self.control.register("reload", self._asked_to_reload, wait_s=RELOAD_S)
        self._core.topology.places.remember(self._handed.remembered.known)
        self._core.peers.take_up(self._handed.remembered.drains, monotonic())
        PeerCommands(self._core, replaced=lambda: self._restarting.under_way).register(self.control)
        BanCommands(self._core, file=self._ban_file).register(self.control)
        self._ban_file.load(monotonic())
        self._instruments.register(self.control)
        self._plug_ins.register(self.control)
        self.control.register("listeners", self._listening)
        self.control.register("restart", self._asked_to_restart, wait_s=RESTART_S)
        if (figures := self._here.configuration.metrics) is not None:
            self._handed.sockets.reserve(SOCK_STREAM, address_of(figures), figures.port)
        self._traces.register(self.control)
        for warning in self._start.warnings:
            log.warning("check", fault=str(warning))
        try:
            if self._handed.control is None:  # else it is still answered there
                await self.control.open()
            await proxy.app.run(
                *(self._core, self._screen),
                ready=self._ready,
                desk=self._phones,
                ailments=self._ailments,
                handed=proxy.app.Handed(self._handed.sockets, self._handed.before, self._handed.remembered.names),
                heed={
                    signal.SIGHUP: lambda: self._spawn(self._reloading.reload(login_name(), "SIGHUP")),
                    signal.SIGUSR2: lambda: self._spawn(self._restart_by_signal()),
                },
            )
        finally:
            await self.control.close()
            if self._answering is not None:
                self._answering.end()
            for task in self._endless:
                task.cancel()
            await asyncio.gather(*self._tasks, *self._endless, return_exceptions=True)
            if not self.has_successor:  # which keeps them by now
                await self._ban_file.save(monotonic())
            self._figures.end()
            if (verifier := self._signatures.take(None)) is not None:
                await verifier.close()
            self._overheard.close()
            await self._end_sharing()
            await self._changes.close()
            await self._screen.close()
            self._plug_ins.close()
            await self._phones.close_all()
            if self.has_successor:
                hold_signals()
            if self._server is not None:  # what never served, does not stop either
                log.info("stopped")

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ready(self, server: Server) -> None:
        """The sockets are bound: say so, and keep the collector away from all that was made until now."""
        start, configuration = self._start, self._here.configuration
        self._server = server
        registry = server.metrics.registry
        parts = (self._changes, self._phones, self._storage, self._reloading, self._overheard, self._audit)
        for part in (*parts, self._exchange, self._signatures):
            registry.register(part)
        self._verify_by(self._verifier_of(configuration))
        self._core.signing = self._signing_of(configuration, start.document)
        self._pages = Pages(registry, self._alive, self._fit_for_calls, configuration.metrics_from)
        if configuration.metrics is not None:
            self._figures = publish(self._pages, configuration.metrics, self._handed.sockets)
        if self._handed.control is not None:
            self._spawn(self.control.open())
        if self._handed.before is not None:
            self._ban_file.load(monotonic())
            self._spawn(self._screen.remember_emergency_callers())
        if configuration.asked is not None and self._beside is not None:
            self._spawn(self._answer(self._beside, configuration.asked))
        self._instruments.begin(server.metrics)
        supervisor.tell("READY=1", "STATUS=serving", f"MAINPID={os.getpid()}")
        loop = asyncio.get_running_loop()
        self._endless = [
            loop.create_task(supervisor.feed_watchdog()),
            loop.create_task(self._ask_for_time(server)),
            loop.create_task(self._ban_file.keep()),
            loop.create_task(self._kernel_bans.keep()),
            loop.create_task(self._collect()),
            loop.create_task(self._spare_collections()),
            *(loop.create_task(rounds.run()) for rounds in (self._audit, self._exchange)),
        ]
        self._overheard.begin(server, self._first_homer())
        self._screen.polled.append(self._traces.tick)
        self._screen.polled.append(partial(self._plug_ins.tell, self._screen.journal.troubles))
        if self._sharing is not None:
            registry.register(self._sharing)
            heard = self._screen.take_emergency_callers
            self._sharing.begin(lambda calls: loop.call_soon_threadsafe(heard, calls))
        self._changes.begin()
        self._phones.begin()
        self._kernel_bans.renew()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        log.info(
            "serving",
            listen=[listener.shown for listener in configuration.listen],
            metrics=str(configuration.metrics) if configuration.metrics else None,
            rules=start.ruleset.revision,
            revision=start.number,
            rules_from="the disk: nothing was live, so it is revision 1 now" if start.first else "what is live",
            configuration=str(self._here.file),
            build=BUILD,
        )
        warn_of_risks(configuration)

    async def _collect(self) -> None:
        """Free what holds itself in circles, in moments in which that takes no time."""
        last = monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            if monotonic() - last >= COLLECT_S and self._core.load.held <= FEW_HELD:
                if self._spared:
                    gc.unfreeze()
                gc.collect()
                if self._spared:
                    gc.freeze()
                    self._spared = False
                last = monotonic()

    async def _spare_collections(self) -> None:
        """While overload lasts look for no circles: each call that is held would be gone over once, for nothing.

        That is an eighth of the loop. What was not gone over is left alone until a quiet moment; a collection of all of
        it would let the loop stand still.
        """
        since = 0.0
        while True:
            await asyncio.sleep(SPARE_LOOK_S)
            on, now = self._core.shedding.on, monotonic()
            if on and not since:
                since = now
                gc.disable()
            if not gc.isenabled() and (not on or now - since >= SPARED_S):
                gc.freeze()
                gc.enable()
                self._spared = True
            if not on:
                since = 0.0

    @staticmethod
    async def _ask_for_time(server: Server) -> None:
        """Once it stops, as much of it as its calls need."""
        await server.stopping.wait()
        if server.successor is None:  # else the service goes on
            await supervisor.ask_for_time()

    async def _answer(self, beside: Beside, settings: AskedSettings) -> None:
        """Answer who asks about calls that others hold. What prevents that stops no start."""
        try:
            opinions = Opinions(
                self._screen,
                lambda: self._reloading.configuration,
                plug=self._plug_ins.plug,
                verifier=lambda: self._signatures.verifier,
            )
            self._answering = await beside(opinions, self._here, settings)
        except (OSError, StoreError, DatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._unanswered = f"nobody is answered at {settings.listen} (asked): {reason}"
            log.error("nobody is answered who asks over HTTP", listen=str(settings.listen), reason=reason)

    # ---- another process ---------------------------------------------------------------------------------------

    @property
    def has_successor(self) -> bool:
        """Has another process taken over?"""
        return self._server is not None and self._server.successor is not None

    def _beside_calls(self) -> Left:
        names = self._server.names.known() if self._server is not None else {}
        left = [self.control.descriptor, self._figures.descriptor]
        return Left(left, of_now(self._core, names).packed(), self._let_go, self._retire)

    async def _let_go(self) -> None:
        """The other process is asked from now on; what it is to know of this one is on disk."""
        self.control.leave_to_another()
        self._traces.close()
        await self._end_sharing()
        if self._answering is not None:
            self._answering.end()
        await self._ban_file.save(monotonic())
        await self._screen.journal.flush()

    async def _end_sharing(self) -> None:
        """What is under way with the record comes to its end, or is begun again by whoever is this node next."""
        if self._sharing is not None:
            await asyncio.to_thread(self._sharing.end)

    async def _retire(self) -> None:
        """The other process keeps bans, is read, and tells the supervisor that it lives."""
        for task in self._endless:
            task.cancel()
        ended, self._figures = self._figures, NOWHERE
        await asyncio.to_thread(ended.end)

    async def _listening(self, _: Question) -> list[dict[str, str]]:
        """Where it listens now, which the file need not say any more."""
        listen = self._reloading.configuration.listen
        return [{"address": str(each.address), "transport": each.transport} for each in listen]

    async def _asked_to_restart(self, question: Question) -> dict[str, Any]:
        return await self._restarting.restart(self._server, question.actor)

    async def _restart_by_signal(self) -> None:
        with suppress(Refused):  # the log says why
            await self._restarting.restart(self._server, login_name())

    def _installed(self) -> Installation:
        """The installation by the configuration of now."""
        return Installation(self._here.file, self._reloading.configuration, self._here.document)

    def _first_homer(self) -> Homer | None:
        """Whoever gets copies of messages; that he cannot be had prevents no start."""
        configuration = self._here.configuration
        try:
            return homer_of(configuration.hep, self._here.base, self._pseudonym)
        except OSError as error:
            log.error("Homer gets no copies", fault=str(error), setting="hep")
            return None

    def _pseudonym(self, text: str) -> str:
        return pseudonym(self._screen.keys.pseudonym, text)

    async def _note_trace(self, actor: str, wanted: Wanted) -> None:
        seen = "numbers and bodies shown" if wanted.unmasked else "masked"
        detail = f"{wanted.minutes:g} minutes at most, {seen}"
        await note_trace(
            *(self._here.base, self._here.configuration, wanted.number, wanted.call_id),
            actor=actor,
            reason=wanted.reason,
            detail=detail,
        )
        log.info("a trace begins", by=actor, minutes=wanted.minutes, unmasked=wanted.unmasked)

    # ---- what it says of itself --------------------------------------------------------------------------------

    def _without(self) -> dict[str, str]:
        return {**self._screen.without, "rules": self._changes.without, "complaints": self._phones.without}

    def _ailments(self) -> list[str]:
        """What an operator should see to, a sentence each."""
        found = self._storage.ailments()
        if self.control.without:
            found.append(self.control.without)
        if self._kernel_bans.without:
            found.append(self._kernel_bans.without)
        if self._sharing is not None:
            found += self._sharing.ailments()
        if self._unanswered:
            found.append(self._unanswered)
        if self._reloading.failed:
            found.append("the last reload was refused: what was live before it stays; see the log")
        if self._server is not None:
            found += self._server.certificate_troubles()
        if self._core.signing is not None and (trouble := self._core.signing.trouble(time())):
            found.append(trouble)
        return found + self._audit.ailments() + self._exchange.ailments()

    def _alive(self) -> State:
        """Does the loop go round? Asked from a thread beside it."""
        late = monotonic() - self._server.last_tick if self._server is not None else 0.0
        return State(f"its loop has stood still for {late:.0f} s" if late > STUCK_S else "", [])

    def _fit_for_calls(self) -> State:
        """Should calls be sent here, rather than to another node?"""
        alive, core = self._alive(), self._core
        if alive.hindered:
            return alive
        if core.draining:
            return State("stopping: new calls get 503", self._ailments())
        if not core.pbx_lives(monotonic()):
            return State(core.why_no_calls(monotonic()), self._ailments())
        if lists := self._screen.lookup.absent:
            return State(f"the lists cannot be read: {lists}", self._ailments())
        return State("", self._ailments())

    # ---- another configuration ---------------------------------------------------------------------------------

    async def _asked_to_reload(self, question: Question) -> dict[str, Any]:
        reason = question.arguments.get("reason", "")
        return (await self._reloading.reload(question.actor, str(reason)))._asdict()

    async def _prepare(self, read: Read, setup: Setup) -> Ready:
        """All that can fail: sockets, the port of figures, the lists' policies."""
        server, configuration = self._server, read.configuration
        if server is None:
            raise RuleError([read.document.fault((), "the node is still starting", "reload again")])
        try:
            further = await server.open_further(setup)
        except LeadsNowhere as error:
            raise RuleError([fault_of_pbx(read.document, configuration, error.pbx, error.hosts)]) from None
        except OSError as error:
            fault = fault_of_listener(read.document, configuration, error)
            raise (RuleError([fault]) if fault is not None else error) from None
        with ExitStack() as opened:
            opened.callback(further.close)
            await self._changes.hold()
            opened.callback(self._changes.go_on)
            figures = self._figures_at(configuration, read.document, opened)
            homer = self._homer_of(configuration, read.document, opened)
            verifier = self._verifier_of(configuration)
            signing = self._signing_of(configuration, read.document)
            await self._screen.configure(configuration)
            given_back = opened.pop_all()
        return Ready(
            lambda read: self._place(read, setup, further, (figures, homer, verifier, signing)), given_back.close
        )

    def _figures_at(self, to: Configuration, document: Document, opened: ExitStack) -> Port:
        """The port of figures that is to be; the one that is goes on until then."""
        if to.metrics == self._reloading.configuration.metrics or self._pages is None:
            return self._figures
        if to.metrics is None:
            return NOWHERE
        try:
            port = publish(self._pages, to.metrics)
        except OSError as error:
            raise RuleError([document.fault(("metrics",), str(error))]) from None
        opened.callback(port.end)
        return port

    def _homer_of(self, to: Configuration, document: Document, opened: ExitStack) -> Homer | None:
        """Whoever is to get copies of messages."""
        try:
            homer = homer_of(to.hep, self._here.base, self._pseudonym)
        except OSError as error:
            raise RuleError([document.fault(("hep",), str(error))]) from None
        if homer is not None:
            opened.callback(homer.close)
        return homer

    def _verifier_of(self, configuration: Configuration) -> Verifier | None:
        """Who verifies signed callers by it; its files were read by `checks` a moment ago."""
        listeners = configuration.listen
        advertised = {each.host for one in listeners for each in (one.address, one.advertise) if each is not None}
        return open_verifier(
            configuration.identity,
            self._here.base,
            lambda host: host in advertised or sits_here(host),
            self._signatures,
            [(each.host, each.port) for each in configuration.dns.servers],
        )

    def _signing_of(self, configuration: Configuration, document: Document) -> Signing | None:
        """By what calls are signed from then on: the files are read anew by each reload."""
        try:
            found = open_signing(configuration.identity, self._here.base)
        except SigningFault as fault:
            place = ("identity", "sign", fault.setting)
            raise RuleError([document.fault(place, fault.what, fault.hint)]) from None
        sign = configuration.identity.sign
        if found is None or sign is None or not sign.lists:
            return found
        return found._replace(listed=partial(self._is_listed, frozenset(sign.lists)))

    def _is_listed(self, names: frozenset[str], number: str) -> bool:
        """Of what cannot be looked up just now nothing is attested."""
        return any(hit.list in names for hit in self._screen.lookup.look_up(number, time()) or ())

    def _verify_by(self, verifier: Verifier | None) -> None:
        before = self._signatures.take(verifier)
        if self._server is not None:
            self._server.verifier = verifier
        if before is not None:
            self._spawn(before.close())

    def _place(
        self,
        read: Read,
        setup: Setup,
        further: Further,
        made: tuple[Port, Homer | None, Verifier | None, Signing | None],
    ) -> None:
        """Go by it from the next datagram on. No await is here, and nothing that can fail."""
        configuration, server = read.configuration, self._server
        figures, homer, verifier, signing = made
        self._overheard.take(homer)
        assert server is not None
        server.take(setup, further)
        self._verify_by(verifier)
        self._core.signing = signing
        self._kernel_bans.renew()
        self._screen.take(configuration, read.ruleset, budget_ms=configuration.limits.judge_ms)
        self._changes.take(configuration, read.document, read.ruleset, read.number)
        self._room.want(configuration.storage.room_mib)
        set_level(configuration.logging.level)
        if self._pages is not None:
            self._pages.allow(configuration.metrics_from)
        if figures is not self._figures:
            ended, self._figures = self._figures, figures
            self._spawn(asyncio.to_thread(ended.end))
        was = self._reloading.configuration
        if any(getattr(was, name) != getattr(configuration, name) for name in _OF_THE_DESK):
            here = Installation(self._here.file, configuration, read.document)
            self._spawn(self._phones.reopen(here))
        warn_of_risks(configuration)
        # What was live before holds itself in circles; a collection by itself may be a thousand reloads away.
        self._reloads_kept += 1
        if self._core.load.held <= FEW_HELD or self._reloads_kept >= COLLECTED_AFTER:
            self._reloads_kept = 0
            gc.collect()


def warn_of_risks(configuration: Configuration) -> None:
    """What somebody set on purpose, and others should know."""
    if not configuration.logging.mask_numbers:
        log.warning("numbers stand unmasked in the call log", setting="logging.mask_numbers")
    if configuration.metrics_from:
        log.warning("figures are told to other machines, in clear", metrics_from=configuration.metrics_from)


def files_of(here: Installation) -> list[Path]:
    """What a running proxy writes to; databases beside that of the lists share its disk."""
    log = here.configuration.logging.file
    return [here.database, here.key_file, *([here.base / log] if log is not None else [])]
