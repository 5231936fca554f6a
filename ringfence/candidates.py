"""What may go live beside what is: compared over yesterday's calls, stored as a revision, and the history of those."""

from __future__ import annotations

import difflib
import json
import time
from typing import NamedTuple

from ringfence.installation import Installation
from ringfence.live_rules import live_in, put_live, rulebook_of, ruleset_of
from ringfence.replays import DAY_S, Progress, Replayed, no_progress, replay_log
from ringfence.rulebook import Rulebook, load_rulebook
from rules.judging.engine import RuleSet
from rules.language.source import RuleError
from rules.screening.revisions import Revision, Texts

LARGE_SHARE = 0.01  # of yesterday's calls: whoever newly catches more must say that it is meant
MOST = 10_000  # of the newest calls that `standing` reads: an author waits for the answer


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


async def on_disk(here: Installation, progress: Progress = no_progress) -> Candidate:
    """What lies on the disk, compared over yesterday's calls; RuleError names what is wrong with it."""
    return await _compared(here, load_rulebook(here.file), progress)


async def earlier(here: Installation, number: int | None, progress: Progress = no_progress) -> Candidate | None:
    """An earlier revision, without a number the one before the live one; None when there is none."""
    live = await live_in(here)
    wanted = number if number is not None else (live.number - 1 if live else 0)
    revision = await stored(here, wanted)
    if revision is None:
        return None
    return (await _compared(here, rulebook_of(here, revision), progress))._replace(again=wanted)


async def _compared(here: Installation, book: Rulebook, progress: Progress) -> Candidate:
    live = await live_in(here)
    compared, _ = _fitting(here, live)
    since = time.time() - DAY_S
    return Candidate(book, live, await replay_log(here, book, compared, since=since, progress=progress))


def _fitting(here: Installation, live: Revision | None) -> tuple[RuleSet | None, bool]:
    """The live rules to compare with, and whether they no longer fit ringfence.yaml: then only the record is left."""
    if live is None:
        return None, False
    try:
        return ruleset_of(here.configuration, here.document, live), False
    except RuleError:
        return None, True


async def activate(here: Installation, candidate: Candidate, reason: str) -> int:
    """Store it as the newest revision; its number. Raises Superseded when somebody else was faster."""
    book = candidate.book
    after = candidate.live.number if candidate.live else 0
    return await put_live(here, book.texts, hash_=book.ruleset.revision, reason=reason, after=after)


async def stored(here: Installation, number: int) -> Revision | None:
    """The revision with this number."""
    return await (await here.revisions()).get(number)


async def history(here: Installation, limit: int) -> list[Revision]:
    """The newest revisions, newest first."""
    return await (await here.revisions()).history(limit)


class ComparedWithPast(NamedTuple):
    """What checked rules would have changed of the past, and whether they are live."""

    calls: int  # that were read
    cut: bool  # were there more yesterday than these?
    changed: int
    from_allow_lists: int  # callers on an allow list that it catches, who ring now
    live: int | None  # the live revision; None: nothing was ever put live
    is_live: bool
    unsound: bool = False  # what is live no longer fits ringfence.yaml
    least: int = 0  # what fewer callers did is left out
    judged: int = 0  # calls by which somebody learns of callers, of however few
    untold: str = ""  # why no past call was read: whoever asks may not know


async def compared_with_past(
    here: Installation, book: Rulebook, *, least: int = 0, untold: str = ""
) -> ComparedWithPast:
    """Judge yesterday's calls, the newest of them where they are many, by these rules and by the live ones.

    What fewer than `least` callers did is left out; ``untold`` says why whoever asks is told of no call at all.
    """
    live = await live_in(here)
    number = live.number if live else None
    if live is not None and live.hash == book.ruleset.revision:
        return ComparedWithPast(0, False, 0, 0, number, True)
    compared, unsound = _fitting(here, live)
    if untold:
        return ComparedWithPast(0, False, 0, 0, number, False, unsound, untold=untold)
    replay, span, _ = await replay_log(here, book, compared, since=time.time() - DAY_S, most=MOST)
    cut = span is not None and span.to_read == MOST < span.in_log
    judged = replay.judged
    if least:
        replay.blur(least)
    found = ComparedWithPast(replay.read, cut, replay.changed, replay.from_allow_lists[1], number, False)
    return found._replace(unsound=unsound, least=least, judged=judged)


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
