"""Going live: what was checked and compared becomes a revision, and the running proxy judges by it."""

from __future__ import annotations

import asyncio
import difflib
import json
import time
from pathlib import Path
from typing import NamedTuple

from console.cli.workbench.replay import DAY_S, Progress, Replayed, live_ruleset, no_progress, replay_log
from ringfence.configuration import Configuration, read_configuration
from ringfence.live_rules import live_revision, opened, put_live, rules_database, ruleset_of
from ringfence.rulebook import Rulebook, load_rulebook
from rules.language.source import RuleError
from rules.screening.revisions import Revision, Texts

LARGE_SHARE = 0.01  # of yesterday's calls: whoever newly catches more must say that it is meant


class Candidate(NamedTuple):
    """What may go live, beside what is."""

    book: Rulebook
    live: Revision | None
    replayed: Replayed
    again: int = 0  # the earlier revision that it is

    @property
    def is_live(self) -> bool:
        """Is it to the letter what is live already?"""
        return self.live is not None and self.live.texts == self.book.texts

    @property
    def too_much(self) -> bool:
        """Does it catch so much of yesterday's calls that somebody must insist?"""
        return self.replayed.replay.share_newly_caught > LARGE_SHARE


def on_disk(file: Path, progress: Progress = no_progress) -> Candidate:
    """What lies on the disk, compared over yesterday's calls; RuleError names what is wrong with it."""
    return _compared(file, load_rulebook(file), progress)


def earlier(file: Path, number: int | None, progress: Progress = no_progress) -> Candidate | None:
    """An earlier revision, without a number the one before the live one; None when there is none."""
    configuration, document = read_configuration(file)
    live = live_revision(file, configuration)
    wanted = number if number is not None else (live.number - 1 if live else 0)
    revision = stored(file, configuration, wanted)
    if revision is None:
        return None
    ruleset = ruleset_of(configuration, document, revision)
    book = Rulebook(configuration, ruleset, [], [], document, revision.texts)
    return _compared(file, book, progress)._replace(again=wanted)


def _compared(file: Path, book: Rulebook, progress: Progress) -> Candidate:
    try:
        live = live_ruleset(file)
    except RuleError:  # what is live no longer fits ringfence.yaml: there is nothing to compare with but the record
        live = None
    revision = live_revision(file, book.configuration)
    since = time.time() - DAY_S
    return Candidate(book, revision, replay_log(file, book, live, since=since, progress=progress))


def activate(file: Path, candidate: Candidate, reason: str) -> int:
    """Store it as the newest revision; its number. Raises Superseded when somebody else was faster."""
    book = candidate.book
    path = rules_database(file, book.configuration)
    after = candidate.live.number if candidate.live else 0
    return asyncio.run(put_live(path, book.texts, hash_=book.ruleset.revision, reason=reason, after=after))


def stored(file: Path, configuration: Configuration, number: int) -> Revision | None:
    """The revision with this number."""

    async def work() -> Revision | None:
        async with opened(rules_database(file, configuration)) as revisions:
            return await revisions.get(number)

    return asyncio.run(work())


def history(file: Path, limit: int) -> tuple[Configuration, list[Revision]]:
    """The newest revisions, newest first."""
    configuration, _ = read_configuration(file)

    async def work() -> list[Revision]:
        async with opened(rules_database(file, configuration)) as revisions:
            return await revisions.history(limit)

    return configuration, asyncio.run(work())


def difference(old: Texts, new: Texts, *, names: tuple[str, str]) -> list[str]:
    """What differs, file by file, as a unified diff."""
    before, after = _parts(old), _parts(new)
    lines: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines += difflib.unified_diff(a, b, f"{name} ({names[0]})", f"{name} ({names[1]})", lineterm="")
    return lines


def _parts(texts: Texts) -> dict[str, str]:
    parts = {f"pack {one.pack}" if one.pack else one.name: one.text for one in texts.files}
    return {**parts, "use": "\n".join(json.dumps(item, ensure_ascii=False) for item in texts.use)}
