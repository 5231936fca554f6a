"""What `serve` does about rules: which to start with, which to swap in, what to say and to count about them."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from desk.appeals import granted_against_rules
from ringfence.configuration import Configuration
from ringfence.installation import Installation
from ringfence.live_rules import live_in, put_live, ruleset_of
from ringfence.rulebook import load_rulebook
from rules.judging.engine import RuleSet
from rules.language.source import Document, RuleError
from rules.records.false_positives import Alarm, FalsePositives, FalsePositiveWatch
from rules.screening.live import LiveRules
from rules.screening.revisions import Revision, Superseded, Texts
from rules.screening.screen import Screen
from rules.storage.store import DatabaseError, StoreError

WATCHED_EVERY_S = 0.5
COUNTED_EVERY_S = 60.0
AGAIN_S = 5.0

log = structlog.get_logger("ringfence.rules")


class Start(NamedTuple):
    """The rules to start with."""

    configuration: Configuration
    document: Document
    ruleset: RuleSet
    number: int  # 0: what is live could not be read
    first: Texts | None  # what is to be stored as revision 1, when nothing was ever live
    warnings: list[str]
    saved: dict[Path, tuple[int, int]]  # when the files were saved that were read


def starting_rules(file: Path, before: Callable[[Installation], None] = lambda here: None) -> Start:
    """The live revision; before there is one, what lies on the disk. RuleError says why neither can be used.

    `before` is done once the configuration is known, before the rules are read.
    """
    saved = stamps(file)
    here = Installation.open(file)
    before(here)
    configuration, document = here.configuration, here.document
    try:
        revision = here.run(live_in)
    except (StoreError, DatabaseError, OSError) as error:
        book = load_rulebook(file)
        warnings = [f"what is live cannot be read, so what lies on the disk judges: {error}", *map(str, book.warnings)]
        return Start(configuration, document, book.ruleset, 0, None, warnings, saved)
    if revision is None:
        book = load_rulebook(file)
        return Start(configuration, document, book.ruleset, 1, book.texts, list(map(str, book.warnings)), saved)
    ruleset = ruleset_of(configuration, document, revision)
    return Start(configuration, document, ruleset, revision.number, None, unlike(file, revision), saved)


def unlike(file: Path, revision: Revision) -> list[str]:
    """How what lies on the disk differs from what is live, in a sentence."""
    try:
        book = load_rulebook(file)
    except RuleError as error:
        return [f"the disk has {len(error.faults)} faults, see ringfence check; {revision.shown} is live"]
    if book.ruleset.revision == revision.hash:
        return [str(warning) for warning in book.warnings]
    return [f"what lies on the disk is not live, {revision.shown} is; see ringfence rules diff, then activate"]


def observing(ruleset: RuleSet) -> list[str]:
    """The rules that do not act on everybody."""
    return [rule.name for rule in ruleset.rules if rule.share < 100.0]


class RuleChanges(Collector):
    """Swaps in what is put live while the proxy runs, and raises alarms; figures for Prometheus."""

    def __init__(self, file: Path, start: Start, screen: Screen, *, watch: bool) -> None:
        self._file, self._start, self._screen, self._watch = file, start, screen, watch
        self._here = Installation(file, start.configuration, start.document)
        self._live: LiveRules | None = None
        self.without = ""  # why changes are not seen
        self._counts: FalsePositives | None = None
        self._alarms: dict[str, Alarm] = {}
        self._observing = observing(start.ruleset)
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()  # no task is cancelled: a database half opened would keep the process alive

    def begin(self) -> None:
        """Look for changes from now on; needs a running loop."""
        self._spawn(self._follow())
        self._spawn(self._count())
        if self._watch:
            self._spawn(self._watch_files())

    async def hold(self) -> None:
        """Swap no revision in until `take` or `go_on`: another configuration is on its way."""
        if self._live is not None:
            await self._live.hold()

    def go_on(self) -> None:
        """It was not taken."""
        if self._live is not None:
            self._live.go_on()

    def take(self, configuration: Configuration, document: Document, ruleset: RuleSet, number: int) -> None:
        """Compile by another configuration from now on; its rules judge already."""
        self._start = self._start._replace(
            configuration=configuration, document=document, ruleset=ruleset, number=number, first=None
        )
        self._here = Installation(self._file, configuration, document)
        self._observing = observing(ruleset)
        if self._counts is not None:
            self._counts.take(configuration.false_positives, allow_lists(configuration))
        if self._live is not None:
            self._live.go_on(number)

    async def close(self) -> None:
        """Nothing is under way any more."""
        self._closing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._live is not None:
            await self._live.close()

    def collect(self) -> Iterator[Metric]:
        """The revision that judges, those refused, and the rules that pass their budget."""
        live = self._live
        yield GaugeMetricFamily(
            "ringfence_rules_revision", "Revision of the rules that judge.", live.number if live else self._start.number
        )
        yield CounterMetricFamily(
            "ringfence_rules_refused", "Revisions that could not be loaded.", live.failures if live else 0
        )
        alarms = GaugeMetricFamily(
            "ringfence_rule_false_positives_per_thousand",
            "Rules that pass their budget: allow-listed callers and appeals granted, of a thousand calls caught.",
            labels=["rule"],
        )
        for alarm in self._alarms.values():
            alarms.add_metric([alarm.rule], alarm.per_thousand)
        yield alarms
        observed = CounterMetricFamily(
            "ringfence_rule_observed", "Calls on which a rule held that only observed them.", labels=["rule"]
        )
        counts = self._screen.journal.observed
        for name in sorted({*counts, *self._observing}):
            observed.add_metric([name], counts.get(name, 0))
        yield observed

    async def _pause(self, seconds: float) -> bool:
        """Wait so long; false when it is time to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return not self._closing.is_set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def _follow(self) -> None:
        """Follow what is live; while its database cannot be used, say so once and try again now and then."""
        number = self._start.number
        while True:
            try:
                if self._start.first is not None:
                    number = await self._store_first(self._start.first)
                live = LiveRules(
                    self._here.database_of("revisions"), number, self._load, swapped=self._swapped, refused=_refused
                )
                break
            except (StoreError, DatabaseError, OSError) as error:
                if not self.without:
                    log.error("what is live cannot be read or stored; changes will not be seen", error=str(error))
                self.without = f"changes of rules are not seen: {error}"
            if not await self._pause(AGAIN_S):
                return
        self._live, self.without = live, ""
        self._screen.polled.append(live.poll)

    async def _store_first(self, texts: Texts) -> int:
        """What was on the disk becomes revision 1, unless somebody was faster."""
        start = self._start
        reason = "first start with what was on the disk"
        try:
            async with self._here as here:
                return await put_live(here, texts, hash_=start.ruleset.revision, reason=reason, after=0)
        except Superseded:
            return 0  # what was put live meanwhile is swapped in

    def _load(self, revision: Revision) -> RuleSet:
        """Compile a revision, in a thread, under the ringfence.yaml that this proxy was started with."""
        return ruleset_of(self._start.configuration, self._start.document, revision)

    def _swapped(self, revision: Revision, ruleset: RuleSet) -> None:
        self._screen.swap(ruleset)
        self._observing = observing(ruleset)
        gc.freeze()  # or the next full collection would walk all of it, with the loop standing still
        log.info(
            "rules changed",
            revision=revision.number,
            rules=ruleset.revision,
            author=revision.author,
            reason=revision.reason,
        )

    async def _watch_files(self) -> None:
        """For laptops: whatever is saved and sound goes live."""
        seen = self._start.saved
        while await self._pause(WATCHED_EVERY_S):
            now = await asyncio.to_thread(stamps, self._file)
            if now != seen:
                seen = now
                await self._take_saved()

    async def _take_saved(self) -> None:
        try:
            book = await asyncio.to_thread(load_rulebook, self._file)
            if book.ruleset.revision != self._screen.ruleset.revision:
                reason = "saved while serve --watch ran"
                async with self._here as here:
                    await put_live(here, book.texts, hash_=book.ruleset.revision, reason=reason)
        except RuleError as error:
            for fault in error.faults:
                log.warning("what was saved is not live", fault=str(fault))
        except (StoreError, OSError) as error:
            log.error("what was saved is not live", fault=str(error))

    async def _count(self) -> None:
        configuration = self._start.configuration
        counts = self._counts = FalsePositives(configuration.false_positives, allow_lists(configuration))
        watch = await self._counting(self._here.database_of("decisions"), counts)
        if watch is None:
            return
        appeals = self._here.database_of("complaints")
        try:
            while await self._pause(COUNTED_EVERY_S):
                try:
                    now = time.time()
                    granted = await asyncio.to_thread(granted_against_rules, appeals, counts.since(now))
                    self.tell(await watch.look(now, granted))
                except Exception as error:  # the next look must come
                    log.error("false positives could not be counted", error=str(error))
        finally:
            await watch.close()

    async def _counting(self, path: Path, counts: FalsePositives) -> FalsePositiveWatch | None:
        """The records, as soon as they can be read; None when it is time to end."""
        while True:
            with suppress(StoreError, DatabaseError, OSError):  # the journal says why
                return await FalsePositiveWatch.open(path, counts)
            if not await self._pause(COUNTED_EVERY_S):
                return None

    def tell(self, alarms: list[Alarm]) -> None:
        """Say which rules began to pass their budget."""
        for alarm in alarms:
            if alarm.rule not in self._alarms:
                log.warning(
                    "a rule passes its budget of false positives",
                    rule=alarm.rule,
                    per_thousand=round(alarm.per_thousand, 1),
                    allowed=alarm.hits,
                    appeals=alarm.appeals,
                    of=alarm.caught,
                )
        self._alarms = {alarm.rule: alarm for alarm in alarms}


def allow_lists(configuration: Configuration) -> list[str]:
    """The lists whose callers must not be caught."""
    return [name for name, listed in configuration.lists.items() if listed.kind == "allow"]


def _refused(number: int, error: Exception) -> None:
    log.error("rules not changed: a revision could not be loaded", revision=number, error=str(error))


def stamps(file: Path) -> dict[Path, tuple[int, int]]:
    """When each file beside ringfence.yaml that could matter was saved last, and its size."""
    found = {}
    for path in file.parent.rglob("*.yaml"):
        try:
            status = path.stat()
        except OSError:
            continue  # an editor replaces it at this moment
        found[path] = (status.st_mtime_ns, status.st_size)
    return found
