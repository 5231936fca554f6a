"""Which rules are live: the newest revision, whatever lies on the disk; and how another one becomes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ringfence.configuration import Configuration, read_configuration
from ringfence.login import login_name
from ringfence.rulebook import Rulebook, compiled, load_rulebook
from rules.judging.engine import RuleSet
from rules.language.source import Document, RuleError
from rules.screening.revisions import Revision, Revisions, Texts, revisions_path


def rules_database(file: Path, configuration: Configuration) -> Path:
    """Where the revisions of a ringfence.yaml lie."""
    return revisions_path(file.parent / configuration.storage.database)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Revisions]:
    """The revisions, open."""
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    revisions = await Revisions.open(path)
    try:
        yield revisions
    finally:
        await revisions.close()


async def newest(path: Path) -> Revision | None:
    """The live revision; asking makes no file."""
    if not await asyncio.to_thread(path.exists):
        return None
    async with opened(path) as revisions:
        return await revisions.live()


def live_revision(file: Path, configuration: Configuration) -> Revision | None:
    """The revision that is live; None before the first."""
    return asyncio.run(newest(rules_database(file, configuration)))


def ruleset_of(configuration: Configuration, document: Document, revision: Revision) -> RuleSet:
    """A stored revision under the ringfence.yaml of today; RuleError says what no longer fits."""
    found = compiled(configuration, document, revision.texts.as_files())
    if found.ruleset is None:
        name = f"{revision.shown}:"
        raise RuleError([fault._replace(file=f"{name}{fault.file}") for fault in found.faults if not fault.warning])
    return found.ruleset


def live_rulebook(file: Path) -> tuple[Rulebook, Revision | None]:
    """The rules that judge, with their texts; the revision is None when they are those on the disk."""
    configuration, document = read_configuration(file)
    revision = live_revision(file, configuration)
    if revision is None:
        return load_rulebook(file), None
    ruleset = ruleset_of(configuration, document, revision)
    return Rulebook(configuration, ruleset, [], [], document, revision.texts), revision


async def put_live(path: Path, texts: Texts, *, hash_: str, reason: str, after: int | None = None) -> int:
    """Store these texts as the newest revision, which a running proxy swaps in within a second."""
    async with opened(path) as revisions:
        return await revisions.add(texts, hash_=hash_, author=login_name(), reason=reason, after=after)
