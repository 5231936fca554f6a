"""`ringfence replay`: past calls judged by rules that are not live yet, read from the log or from a file of calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ringfence.ask import Reader
from ringfence.configuration import Configuration
from ringfence.live_rules import live_rulebook
from ringfence.rulebook import Rulebook, trunks_of
from rules.judging.engine import RuleSet
from rules.language.grammar import Example
from rules.language.rule_paths import find
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.model import Trunk
from rules.records.hidden_digits import named_called_numbers
from rules.records.past_calls import CallFile, PastCalls, RecordReader, Span
from rules.records.privacy import pseudonym
from rules.records.replay import Group, LookUp, Replay, known_called
from rules.screening.screen import decisions_path
from rules.storage.keys import Keys

DAY_S = 86_400
LOOK_UP_S = 1.0
CACHED = 1_000_000
Progress = Callable[[int, int], None]  # read, to read


class Replayed(NamedTuple):
    """A replay and what it read of the log."""

    replay: Replay
    span: Span | None  # None: a file of calls
    seconds: float


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar on standard error, where people watch."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("past calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


def candidate_files(words: list[str]) -> list[Path] | None:
    """The rule files of a candidate: files, or folders with all their *.yaml; none: what ringfence.yaml names."""
    if not words:
        return None
    found: list[Path] = []
    for word in words:
        path = Path(word)
        found += find(path, "*.yaml").files if path.is_dir() else [path]
    return found


def replay_log(
    file: Path,
    book: Rulebook,
    live: RuleSet | None,
    *,
    since: float | None,
    most: int | None = None,
    progress: Progress = no_progress,
) -> Replayed:
    """Judge the calls of the log."""
    return asyncio.run(_replay_log(file, book, live, since, most, progress))


async def _replay_log(
    file: Path, book: Rulebook, live: RuleSet | None, since: float | None, most: int | None, progress: Progress
) -> Replayed:
    started = time.perf_counter()
    configuration = book.configuration
    database = file.parent / configuration.storage.database
    async with look_ups(database, configuration) as look_up:
        replay = Replay(book.ruleset, live, look_up)
        log = decisions_path(database)
        if not await asyncio.to_thread(log.exists):
            return Replayed(replay, Span(0, 0, 0), 0.0)
        reader = RecordReader(
            {trunk.name: trunk for trunk in trunks_of(configuration)},
            recognised(file.parent / configuration.storage.key_file, book.ruleset, live),
        )
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


def recognised(key_file: Path, *rulesets: RuleSet | None) -> dict[str, str]:
    """The called numbers that these rules name, by pseudonym."""
    numbers = set[str]()
    for ruleset in rulesets:
        numbers |= named_called_numbers(ruleset.rules) if ruleset else set()
    return known_called(numbers, partial(pseudonym, Keys.load(key_file).pseudonym)) if numbers else {}


@asynccontextmanager
async def look_ups(database: Path, configuration: Configuration) -> AsyncIterator[LookUp]:
    """The lists as they are now."""
    if not await asyncio.to_thread(database.exists):
        yield lambda _number: ()
        return
    lists = await Lists.open(database, configuration.lists)
    lookup = Lookup(database, entries=CACHED, budget_s=LOOK_UP_S, zone=configuration.time_zone)
    now = time.time()
    try:
        yield lambda number: lookup.look_up(number, now)
    finally:
        lookup.close()
        await lists.close()


def replay_file(file: Path, book: Rulebook, live: RuleSet | None, calls: Path) -> Replayed:
    """Judge the calls of a CSV file; RuleError names the line that can't be used."""
    return asyncio.run(_replay_file(file, book, live, calls))


async def _replay_file(file: Path, book: Rulebook, live: RuleSet | None, calls: Path) -> Replayed:
    started = time.perf_counter()
    configuration = book.configuration
    trunks = trunks_of(configuration)

    def trunk_of(example: Example) -> Trunk | None:
        return next((trunk for trunk in trunks if example.trunk in ("", trunk.name)), None)

    async with look_ups(file.parent / configuration.storage.database, configuration) as look_up:
        replay = Replay(book.ruleset, live, look_up)
        for past in CallFile(calls, trunk_of, book.ruleset.clock.zone, Reader(configuration).read).read():
            replay.add(past)
    return Replayed(replay, None, time.perf_counter() - started)


def as_data(replayed: Replayed) -> dict[str, Any]:
    """For programs; callers are masked."""
    replay, span, seconds = replayed
    caught, new = replay.from_allow_lists
    return {
        "candidate": replay.candidate.revision,
        "live": replay.live.revision if replay.live else None,
        "allow_lists": {"calls": caught, "new": new, "groups": _groups(replay.allowed, ("list", "to", "rule"))},
        "changed": replay.changed,
        "flips": _groups(replay.flips, ("from", "to", "rule")),
        "caught": {"before": replay.caught_before, "after": replay.caught, "newly": replay.newly},
        "newly_caught_percent": round(100 * replay.share_newly_caught, 3),
        "rules": rule_rows(replay),
        "observed": [
            {
                "rule": name,
                "calls": one.held,
                "would_change": one.changed,
                "from_allow_lists": one.from_allow_lists,
                "changes": _groups(one.would, ("from", "to", "rule")),
                "allow_lists": [
                    {"list": listed, "calls": group.calls, "samples": _samples(group)}
                    for listed, group in sorted(one.allowed.items())
                ],
            }
            for name, one in sorted(replay.watched.items())
        ],
        "dead": replay.dead,
        "lacking_facts": replay.lacking,
        "read": {
            "calls": replay.read,
            "judged": replay.judged,
            "in_log": span.in_log if span else None,
            "from": replay.first or None,
            "until": replay.last or None,
            "could_not_be_judged": dict(replay.unusable),
            "left_open": replay.left_open,
            "left_open_by_rule": dict(replay.unclear),
            "judged_otherwise_then": replay.otherwise,
            "seconds": round(seconds, 3),
        },
    }


def _groups(groups: dict[tuple[str, str, str], Any], names: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {
            **dict(zip(names, key, strict=True)),
            "calls": group.calls,
            "new": group.new,
            "samples": _samples(group),
        }
        for key, group in sorted(groups.items(), key=lambda item: -item[1].calls)
    ]


def _samples(group: Group) -> list[dict[str, str]]:
    return [{"caller": caller, "decision": decision} for caller, decision in group.samples]


def rule_rows(replay: Replay) -> list[dict[str, Any]]:
    """What each rule that held for any call did, the most telling first."""
    rows = [
        {
            "rule": rule.name,
            "held": replay.matched[rule.name],
            "acted": replay.acted[rule.name],
            "decided": replay.decided[rule.name],
            "alone": replay.alone[rule.name],
            "place": rule.place,
        }
        for rule in replay.candidate.rules
        if replay.matched[rule.name]
    ]
    return sorted(rows, key=lambda row: (-row["alone"], -row["held"], row["rule"]))


def live_ruleset(file: Path) -> RuleSet | None:
    """What a candidate is compared with: the live rules; before there are any, None: what the record says."""
    book, revision = live_rulebook(file)
    return book.ruleset if revision else None
