"""Which rules are live: the newest revision, whatever lies on the disk; and how another one becomes it."""

from __future__ import annotations

import asyncio

from ringfence.configuration import Configuration
from ringfence.installation import Installation
from ringfence.rulebook import Rulebook, compiled, load_rulebook
from rules.judging.engine import RuleSet
from rules.language.source import Document, RuleError
from rules.screening.revisions import Revision, Texts


async def live_in(here: Installation) -> Revision | None:
    """The revision that is live; None before the first. Asking makes no file."""
    there = await asyncio.to_thread(here.database_of("revisions").exists)
    return await (await here.revisions()).live() if there else None


def ruleset_of(configuration: Configuration, document: Document, revision: Revision) -> RuleSet:
    """A stored revision under the ringfence.yaml of today; RuleError says what no longer fits."""
    found = compiled(configuration, document, revision.texts.as_files())
    if found.ruleset is None:
        name = f"{revision.shown}:"
        raise RuleError([fault._replace(file=f"{name}{fault.file}") for fault in found.faults if not fault.warning])
    return found.ruleset


async def live_rulebook(here: Installation) -> tuple[Rulebook, Revision | None]:
    """The rules that judge, with their texts; the revision is None when they are those on the disk."""
    revision = await live_in(here)
    if revision is None:
        return load_rulebook(here.file), None
    return rulebook_of(here, revision), revision


def rulebook_of(here: Installation, revision: Revision) -> Rulebook:
    """A stored revision as a rule book; RuleError says what no longer fits."""
    ruleset = ruleset_of(here.configuration, here.document, revision)
    return Rulebook(here.configuration, ruleset, [], [], here.document, revision.texts)


async def put_live(here: Installation, texts: Texts, *, hash_: str, reason: str, after: int | None = None) -> int:
    """Store these texts as the newest revision, which a running proxy swaps in within a second."""
    return await (await here.revisions()).add(texts, hash_=hash_, author=here.actor, reason=reason, after=after)
