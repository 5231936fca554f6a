"""What the proxy holds: a call goes in, a verdict comes out, in microseconds and without ever raising."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from os import urandom
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final, Protocol, TextIO

from rules.judging.callbacks import Callbacks
from rules.judging.engine import Hold, passed
from rules.judging.fact_sources import FactSources, installed_givers
from rules.judging.facts import NOWHERE, lists_of
from rules.judging.number_sources import AtOnce
from rules.judging.rates import Rates
from rules.language.values import LONGEST_SPAN
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.lists.unlisted import Renewal
from rules.model import COUNTED_SINCE, Action, Call, Hit, Outcome, Step, Verdict
from rules.records.decisions import new_decision
from rules.records.privacy import pseudonym
from rules.records.troubles import Tell, Troubles
from rules.screening.contacts import Contacts
from rules.screening.findings import Findings
from rules.screening.holding import Held, hold, keeping_of, open_lists
from rules.screening.holds import Holds
from rules.screening.snapshots import Snapshots
from rules.settings.screening import RateSettings, ScreeningSettings
from rules.storage.store import StoreError

UNWANTED: Final = 607  # the callee's own word (RFC 8197)
_AGAINST: Final = (Action.REJECT, Action.TAG)
_DRAWN_AT_ONCE: Final = 64
_AGAIN_S: Final = 5.0  # between attempts to open what could not be opened
_WHOLE: Final = "the database of lists is back"


class RuleSet(Protocol):
    """What judging needs of a compiled rule set."""

    @property
    def revision(self) -> str:
        """Names this rule set in every decision."""

    @property
    def called_lists(self) -> frozenset[str]:
        """Lists that some rule asks about the called number."""

    @property
    def rates(self) -> frozenset[tuple[str, int]]:
        """What rules ask to be counted: (name, seconds)."""

    @property
    def holds(self) -> Mapping[str, Hold]:
        """The rules that put callers on a list, by name."""

    @property
    def facts(self) -> frozenset[str]:
        """What else rules ask for, by name."""

    def judge(self, call: Call, caller_hits: tuple[Hit, ...], called_hits: tuple[Hit, ...]) -> Verdict:
        """The verdict, without a decision id."""


class Screen:
    """Lists, cache, rules and journal of one process."""

    def __init__(
        self,
        ruleset: RuleSet,
        held: Held,
        settings: ScreeningSettings,
        *,
        budget_ms: int,
        sources: FactSources | None,
        now: Callable[[], float],
    ) -> None:
        lookup, journal, keys = held.lookup, held.journal, held.keys
        self.ruleset = ruleset
        self.lookup = lookup
        self.journal = journal
        self.lists = held.lists
        self.keys = keys
        self._budget_s = budget_ms / 1000
        self._now = now
        self._steady: Callable[[], float] = monotonic  # for how long ago something was, whatever is done to the clock
        self._rates = Rates(ruleset.rates, settings.facts)
        self.sources = sources or _installed(settings.facts)
        self.sources.ask(ruleset.facts)
        self.plugin_failures: Callable[[], int] = (
            int  # of plug-ins that put something on the wire; whoever has them says
        )
        self._zone = settings.time_zone
        self._state = _WHOLE  # as far as was said
        self._failures = 0  # of facts, as far as was said
        self._snapshots = Snapshots(lookup, journal, hours=settings.storage.snapshot_hours)
        self._unlisted = Renewal(lookup)
        self._findings = Findings(lookup, keys.pseudonym, settings.complaints, count=journal.count)
        self._findings.ask(ruleset.facts, self._zone)
        self._contacts = Contacts(keys.pseudonym, settings.facts.remembered_contacts)
        self._contacts.ask(ruleset.facts)
        self._restoring: asyncio.Task[None] | None = None
        self._holds = Holds(self.journal.troubles.happened, lookup.look_up)
        self._holds.by_rule = ruleset.holds
        minutes = self._callback_minutes = settings.emergency.callback_minutes
        self._callbacks = Callbacks(minutes, pseudonym=partial(pseudonym, keys.pseudonym))
        self.polled: list[Callable[[], None]] = []  # whatever else looks for changes at each poll
        self.unwanted: Callable[[str], None] | None = None  # hears of each judged call that its callee answered 607
        self._log = held.log
        self._keyless = held.keyless
        self._open_lists: Callable[[], Awaitable[Lists]] = partial(open_lists, lookup.path, settings, now)
        self._mending: asyncio.Task[None] | None = None
        self._mended = now()
        self._verdicts = dict.fromkeys(Action, 0)
        self._emergency = 0
        self._emergency_marked = 0
        self._called_back = 0
        self._errors = 0
        self._over_budget = 0
        self._drawn: list[str] = []  # random ends of the next decisions' ids
        self.last_error = ""

    @classmethod
    async def open(
        cls,
        settings: ScreeningSettings,
        ruleset: RuleSet,
        base: Path,
        *,
        now: Callable[[], float] = time.time,
        log: TextIO | None = None,
        budget_ms: int = 50,
        sources: FactSources | None = None,
        tell: Tell | None = None,
    ) -> Screen:
        """Open keys, lists and decisions below ``base`` and begin to write; log lines go to ``log`` if given.

        ``tell`` hears what goes wrong while it runs, each cause at once and then seldom.
        """
        held = await hold(settings, base, log, Troubles(tell, now), budget_ms=budget_ms, now=now)
        screen = cls(ruleset, held, settings, budget_ms=budget_ms, sources=sources, now=now)
        try:
            await screen.remember_emergency_callers()
        except BaseException:
            await screen.close()  # an open database would keep the process alive
            raise
        screen._holds.restore(held.journal.taken_up, now())
        held.journal.taken_up.clear()
        held.journal.opened = screen.remember_emergency_callers
        held.journal.start()
        return screen

    async def remember_emergency_callers(self) -> None:
        """Records can be read, or another process has written some: who made an emergency call lately?"""
        begun = self._now()
        calls = await self.journal.emergency_callers(begun - self._callback_minutes * 60.0, begun)
        self._callbacks.restore([(pseudonym, begun - at) for pseudonym, at in calls], self._steady())

    def take_emergency_callers(self, calls: list[tuple[str, float]]) -> None:
        """Other nodes saw emergency calls: (pseudonym, seconds since the epoch), the oldest first."""
        now = self._now()
        self._callbacks.restore([(pseudonym, now - at) for pseudonym, at in calls], self._steady())
        self.journal.take_emergency_callers(calls)

    def judge(self, call: Call) -> Verdict:
        """May this call ring? The verdict carries a decision id and is on its way into the record."""
        started = perf_counter()
        decision = new_decision(call.at, self._draw())
        try:
            if call.emergency:
                self._emergency += 1
                verdict = passed(self._judged(call, decision, started))
            elif self._callbacks.until and self._callbacks.awaited(call.called.canonical, self._steady()):
                verdict = self._callback_verdict()
            else:
                verdict = self._judged(call, decision, started)
        except Exception as error:  # whatever goes wrong here, the call goes through
            self._errors += 1
            self.last_error = f"{type(error).__name__}: {error}"
            self.journal.troubles.happened("a call could not be judged", error)
            verdict = self._fail_open(call)
            if call.emergency:
                verdict = passed(verdict)
        verdict.decision = decision
        if verdict.step is Step.EMERGENCY and verdict.action is Action.TAG:
            self._emergency_marked += 1
        self._verdicts[verdict.action] += 1
        held = bool(self._holds.by_rule and verdict.fired) and self._holds.note(call, verdict)
        self.journal.record(call, verdict, held=held)
        return verdict

    def _draw(self) -> str:
        """Ten random digits to base 16. The system is asked for those of many calls at once: 0.8 us a question."""
        drawn = self._drawn
        if not drawn:
            digits = urandom(5 * _DRAWN_AT_ONCE).hex()
            drawn += [digits[at : at + 10] for at in range(0, len(digits), 10)]
        return drawn.pop()

    def secure(self) -> None:
        """What was decided is about to be told: what must outlive a kill goes to its file first."""
        self.journal.secure()

    def ended(self, decision: str, outcome: Outcome) -> None:
        """A judged call has ended."""
        if outcome.status == UNWANTED and self.unwanted is not None:
            self.unwanted(decision)
        self.journal.ended(decision, outcome)
        if self._contacts.any:
            self._contacts.ended(decision, outcome)
        if outcome.open:
            self._rates.gone(decision)
        else:
            self._rates.ended(decision, outcome)

    def ended_elsewhere(self, decision: str, outcome: Outcome) -> None:
        """Somebody says how a call ended that went on elsewhere, and counted as one whose end nobody knows."""
        if outcome.status == UNWANTED and self.unwanted is not None:
            self.unwanted(decision)
        self.journal.amend(decision, outcome)
        self._rates.ended(decision, outcome)

    def consider(self, call: Call) -> Verdict:
        """What such a call would get by lists and rules as they are; it counts nowhere, and nothing records it."""
        ruleset = self.ruleset
        found = self._findings.find(call, ruleset.called_lists, counts=False)
        return self._fail_open(call) if found is None else ruleset.judge(call, found[0], found[1])

    def hung_up(self, decision: str) -> None:
        """A judged call that was answered is over; whoever measures durations learns it here."""
        self._rates.hung_up(decision, self._now())

    def emergency_call_made(self, numbers: Sequence[str]) -> None:
        """A subscriber with these canonical numbers calls an emergency number: for a while every call to him passes."""
        self._callbacks.emergency_call_made(numbers, self._steady())
        self.journal.emergency_call_made(numbers, self._now())

    def call_made(self, numbers: Sequence[str], called: str) -> None:
        """A subscriber with these canonical numbers calls this one, who is known to him from now on."""
        self._contacts.called(numbers, called, self._now())

    @property
    def asks_calls_made(self) -> bool:
        """Does some rule ask who knows whom?"""
        return self._contacts.pairs_asked

    def swap(self, ruleset: RuleSet) -> None:
        """The next call is judged by another rule set."""
        self.ruleset = ruleset
        self._rates.ask(ruleset.rates)
        self.sources.ask(ruleset.facts)
        self._findings.ask(ruleset.facts, self._zone)
        self._holds.by_rule = ruleset.holds
        self._contacts.ask(ruleset.facts)

    def take(self, settings: ScreeningSettings, ruleset: RuleSet, *, budget_ms: int) -> None:
        """Judge by other settings and rules from the next call on; `configure` has given the lists theirs before.

        Databases, pseudonyms and the file of the log stay those of the start, and so does how much is cached.
        """
        self._zone = settings.time_zone
        self.swap(ruleset)
        self._budget_s = budget_ms / 1000
        self._rates.settings = settings.facts
        self.sources.wait(settings.facts.plugin_ms / 1000, looking_up(settings.facts))
        self._snapshots.hours = settings.storage.snapshot_hours
        self._callback_minutes = settings.emergency.callback_minutes
        self._callbacks.last(self._callback_minutes)
        limits = settings.complaints
        self._findings.limit(calls_hour=limits.limit_calls_hour, called_day=limits.limit_called_day)
        self.lookup.take(budget_s=budget_ms / 2000, zone=settings.time_zone)
        self.journal.keep(keeping_of(settings))
        self._open_lists = partial(open_lists, self.lookup.path, settings, self._now)

    async def configure(self, settings: ScreeningSettings) -> None:
        """Make the lists those of these settings. Raises StoreError or DatabaseError."""
        if self.lists is not None:
            await self.lists.configure(settings.lists)

    def poll(self) -> None:
        """See changes of the lists; called four times a second."""
        self.lookup.poll()
        self._tell_state()
        self._mend()
        self._snapshots.poll(self._now())
        self._unlisted.poll(self._now())
        self._findings.poll()
        self._holds.poll(self.lists)
        if self._contacts.any and not self._contacts.restored and self._restoring is None:
            self._restoring = asyncio.get_running_loop().create_task(self._restore_contacts(), name="contacts")
        self._callbacks.forget(self._steady())
        for poll in self.polled:
            poll()

    @property
    def without(self) -> dict[str, str]:
        """What judging has to do without now, and why, in words; empty for parts that are as they should be."""
        state = _state_of(self.lookup)
        lists = "" if state == _WHOLE else state
        if not lists and self.lists is None:
            lists = "the lists of ringfence.yaml could not be brought into their database: those of the last start hold"
        log = (self._log.closed_to_us if self._log is not None else "") or self.journal.lines_fail
        return {
            "keys": self._keyless,
            "lists": lists,
            "records": self.journal.without,
            "call log": log and f"lines of calls are lost: {log}",
        }

    async def _restore_contacts(self) -> None:
        rows = await self.journal.contacts(self._now() - LONGEST_SPAN, self._contacts.most)
        self._contacts.restore(rows)
        self._restoring = None

    def _tell_state(self) -> None:
        """Say once what became of the lists, and of facts."""
        state = _state_of(self.lookup)
        if state != self._state:
            self._state = state
            self.journal.alarm(state)
            self.journal.troubles.happened(state, self.lookup.absent or str(self.lookup.path))
        failures = self.sources.failures
        if failures > self._failures:
            times, self._failures = failures - self._failures, failures
            self.journal.troubles.happened("facts were lacking", "; ".join(self.sources.last_errors), times)

    def _mend(self) -> None:
        """Now and then try again what could not be opened."""
        now = self._now()
        if self._mending is not None or (self.lists is not None and not self.lookup.wanting):
            return
        if not 0.0 <= now - self._mended < _AGAIN_S:
            self._mended = now
            self._mending = asyncio.get_running_loop().create_task(self._open_again(), name="lists")

    async def _open_again(self) -> None:
        try:
            if self.lists is None:
                self.lists = await self._open_lists()
            self.lookup.look_again()
        except (StoreError, OSError):
            pass  # said at the start; the next time may go better
        finally:
            self._mending = None

    @property
    def counters(self) -> dict[str, int]:
        """Everything counted since the start, for metrics."""
        lookup, journal = self.lookup, self.journal
        return {
            **{f"verdict_{action}": count for action, count in self._verdicts.items()},
            "emergency": self._emergency,
            "emergency_marked": self._emergency_marked,
            "emergency_callbacks": self._called_back,
            "judge_errors": self._errors,
            "judge_over_budget": self._over_budget,
            "judge_unknown": self._findings.unknown,
            "facts_failed": self.sources.failures,
            "plugins_failed": self.plugin_failures(),
            "rates_forgotten": self._rates.forgotten,
            "rates_remembered": len(self._rates),
            "rates_octets": self._rates.octets,
            "holds_written": self._holds.written,
            "holds_dropped": self._holds.dropped,
            "lookup_hits": lookup.hits,
            "lookup_misses": lookup.misses,
            "lookup_slow": lookup.slow,
            "lookup_unknown": lookup.unknown,
            "lists_fallbacks": lookup.fallbacks,
            "decisions_written": journal.written,
            "decisions_dropped": journal.dropped,
            "decisions_waiting": journal.waiting,
            "decision_write_errors": journal.write_errors,
            "decisions_unsecured": journal.unsecured,
            "log_lines_dropped": journal.lines_dropped,
        }

    async def close(self) -> None:
        """Everything recorded is on disk; nothing is open any more."""
        await self._holds.close()
        if self._restoring is not None:
            await asyncio.gather(self._restoring, return_exceptions=True)
        self._findings.close()
        await self._snapshots.close()
        await self._unlisted.close()
        await self.journal.close()
        self.lookup.close()
        self.sources.close()
        if self._mending is not None:
            await asyncio.gather(self._mending, return_exceptions=True)
        if self.lists is not None:
            await self.lists.close()
        if self._log is not None:
            self._log.close()

    def _judged(self, call: Call, decision: str, started: float) -> Verdict:
        ruleset = self.ruleset
        found = self._findings.find(call, ruleset.called_lists)
        if found is None:
            return self._fail_open(call)
        hits, called_hits, whole = found
        counts = not (call.emergency or call.message)
        if ruleset.rates and counts and not any(hit.kind == "emergency" for hit in called_hits):
            rates = self._rates
            rates.count(call, decision, lists_of(call, hits) if rates.by_list else NOWHERE)
            if call.facts is not None and (begun := rates.begun(call.at)):
                call.facts[COUNTED_SINCE] = begun
        if self.sources.wanted and not call.emergency:
            self.sources.measure(call)
        if self._contacts.any and not call.emergency:
            self._contacts.measure(call, decision)
        verdict = ruleset.judge(call, hits, called_hits)
        if perf_counter() - started > self._budget_s:
            self._over_budget += 1  # late, and known all the same
        if not whole and not _against(verdict):  # what is unknown could only have added to these
            return self._fail_open(call)
        return verdict

    def _callback_verdict(self) -> Verdict:
        self._called_back += 1
        return Verdict(
            *(Action.FORWARD, Step.CALLBACK),
            reason="the subscriber made an emergency call",
            revision=self.ruleset.revision,
        )

    def _fail_open(self, call: Call) -> Verdict:
        trunk = call.trunk
        closed = trunk.fail_closed and not call.emergency
        action = Action.REJECT if closed else Action.FORWARD
        profile = trunk.profile if closed else ""
        return Verdict(action, Step.FAIL_OPEN, profile=profile, revision=self.ruleset.revision)


def _installed(settings: RateSettings) -> FactSources:
    """The plug-ins of this environment."""
    givers, wait_s = installed_givers(), settings.plugin_ms / 1000
    return FactSources(givers.sources, wait_s=wait_s, numbers=givers.numbers, at_once=looking_up(settings))


def looking_up(settings: RateSettings) -> AtOnce:
    """How numbers are looked up."""
    wait_s, deadline_s = settings.number_wait_ms / 1000, settings.number_deadline_ms / 1000
    return AtOnce(deadline_s, settings.number_at_once, settings.numbers_cached, settings.number_kept_s, wait_s)


def _against(verdict: Verdict) -> bool:
    """Is it a mark, or a list's or the ladder's word against the call, however that is answered?"""
    return verdict.action in _AGAINST or (verdict.action is Action.DIVERT and verdict.step is not Step.RULES)


def _state_of(lookup: Lookup) -> str:
    """Are the lists that are judged by whole? As alarms say it."""
    if lookup.absent:
        return "the lists cannot be read and there is no snapshot of them: calls go on as if no list was there"
    if lookup.replaced:
        return (
            "another database stands in place of the lists, a new one: judging by what was there; put a backup back "
            "with `ringfence db restore FILE`, or start the proxy again to begin with the new one"
        )
    if lookup.gone:
        return "the file of the lists is gone: judging by what is open of it; `ringfence db restore` puts a copy back"
    if lookup.damaged:
        return (
            "the database of lists is damaged and there is no snapshot of it: calls go on as if no list was there; "
            "run `ringfence db restore FILE`"
        )
    if lookup.on_snapshot:
        return (
            "the database of lists is damaged, gone or out of reach: judging by the last good snapshot; "
            "run `ringfence db restore`, or see to its rights and disk"
        )
    return _WHOLE
