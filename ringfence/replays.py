"""Past calls judged by rules that are not live yet, read from the log or from a file of calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ringfence.ask import LookUps, Reader, look_ups
from ringfence.installation import Installation
from ringfence.rulebook import Rulebook, known_facts, trunks_of
from rules.judging.engine import RuleSet
from rules.language.grammar import Example
from rules.model import Trunk
from rules.records.past_calls import CallFile, LogPart, Past, PastCalls, RecordReader
from rules.records.privacy import pseudonym
from rules.records.redacted_numbers import named_called_numbers
from rules.records.replay import SAMPLES, LookUp, Replay, asked_facts, known_called
from rules.screening.findings import Findings
from rules.storage.keys import Keys

DAY_S = 86_400
CACHED = 1_000_000
Progress = Callable[[int, int], None]  # read, to read


class Replayed(NamedTuple):
    """A replay and what it read of the log."""

    replay: Replay
    span: LogPart | None  # None: a file of calls
    seconds: float


def no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


async def replay_log(
    here: Installation,
    book: Rulebook,
    live: RuleSet | None,
    *,
    since: float | None,
    most: int | None = None,
    progress: Progress = no_progress,
    samples: int = SAMPLES,
) -> Replayed:
    """Judge the calls of the log; `live` is what the candidate is compared with, None: what the record says."""
    started = time.perf_counter()
    async with look_ups(book.configuration, here.base, entries=CACHED) as known:
        replay = Replay(book.ruleset, live, by_number(known), samples=samples)
        log = here.database_of("decisions")
        if not await asyncio.to_thread(log.exists):
            return Replayed(replay, LogPart(0, 0, 0), 0.0)
        trunks = {trunk.name: trunk for trunk in trunks_of(book.configuration)}
        reader = RecordReader(trunks, recognised(here.key_file, book.ruleset, live))
        calls = await PastCalls.open(log)
        try:
            span = await calls.span(since, most)
            async for rows in calls.pages(span, since):
                for row in rows:
                    replay.add(reader.read(row))
                progress(replay.read, span.to_read)
        finally:
            await calls.close()
    return Replayed(replay, span, time.perf_counter() - started)


async def replay_file(
    here: Installation, book: Rulebook, live: RuleSet | None, calls: Path, *, samples: int = SAMPLES
) -> Replayed:
    """Judge the calls of a CSV file; RuleError names the line that can't be used."""
    started = time.perf_counter()
    configuration = book.configuration
    trunks = trunks_of(configuration)

    def trunk_of(example: Example) -> Trunk | None:
        return next((trunk for trunk in trunks if example.trunk in ("", trunk.name)), None)

    async with look_ups(configuration, here.base, entries=CACHED) as known:
        replay = Replay(book.ruleset, live, by_number(known), samples=samples)
        facts = measurable(book.ruleset, live)
        for past in CallFile(calls, trunk_of, book.ruleset.clock.zone, Reader(configuration).read, facts).read():
            if known is not None and isinstance(past, Past):
                seen_beside(past, known.findings)
            replay.add(past)
    return Replayed(replay, None, time.perf_counter() - started)


def measurable(*rulesets: RuleSet | None) -> Collection[str]:
    """The facts that a call may have: whatever somebody measures here, or one of these asks for."""
    return known_facts().union(*(asked_facts(ruleset) for ruleset in rulesets if ruleset is not None))


def recognised(key_file: Path, *rulesets: RuleSet | None) -> dict[str, str]:
    """The called numbers that these rules name, by pseudonym."""
    numbers = set[str]()
    for ruleset in rulesets:
        numbers |= named_called_numbers(ruleset.rules) if ruleset else set()
    return known_called(numbers, partial(pseudonym, Keys.load(key_file).pseudonym)) if numbers else {}


def by_number(known: LookUps | None) -> LookUp:
    """The lists as they are now."""
    if known is None:
        return lambda _number: ()
    look_up, now = known.lookup.look_up, time.time()
    return lambda number: look_up(number, now)


def seen_beside(past: Past, findings: Findings) -> None:
    """What subscribers, ladder and ledger say of a call of a file; what the file says goes first."""
    call = past.call
    given = call.facts or {}
    past.hits = findings.beside_lists(call)
    call.facts = {**(call.facts or {}), **given}
