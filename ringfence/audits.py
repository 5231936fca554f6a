"""The audit of an installation: all chains at once, with what stands in the databases held against them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ringfence.stamping import Stamps, read_stamps
from rules.audit.anchors import Anchors, read_anchor_file
from rules.audit.chain import Break, Noted, Verified
from rules.audit.chains import MAIN, Chains, read_heads, write_heads
from rules.storage.database_files import Series
from rules.storage.store import one_value

if TYPE_CHECKING:
    from ringfence.installation import Installation

Progress = Callable[[int], None]
_VERIFIED, _WHOLE = "verified", "whole"
_LAST = (
    "select at || ' ' || detail from step where subject = 'audit' and subject_id = '' and step = 'verified' "
    "order by id desc limit 1"
)
_LAST_BROKEN = (
    "select at || ' ' || detail from step where subject = 'audit' and subject_id = '' and step = 'verified' "
    "and detail <> 'whole' order by id desc limit 1"
)


class Outcome(NamedTuple):
    """What a verification found."""

    at: float
    faults: int  # 0: whole


class Audited(NamedTuple):
    """What was seen when every chain was computed anew."""

    entries: int
    head: str  # of all chains, as it is noted and asked for again
    chains: dict[Series, Verified]
    older: dict[str, int]  # complaints, cases, appeals, accounts, keys of before it was entered that they came
    anchors: Anchors | None
    stamps: Stamps | None  # None: no authority is configured

    @property
    def broken(self) -> list[str]:
        """Wherever something is not as it was entered, in words."""
        return [_said(chain, one) for chain, found in self.chains.items() for one in found.breaks]


async def verify(
    here: Installation,
    head: str = "",
    anchor_file: Path | None = None,
    *,
    entries: Progress | None = None,
    arrivals: Progress | None = None,
    actor: str = "",
) -> Audited:
    """Compute every chain anew, held against a ``head`` and the anchors of a file, and the databases against them.

    ``actor`` is who asked for it, where that is not whoever runs this process.
    """
    from desk.arrivals import unwatched
    from desk.disclosure import note_look
    from desk.reckoning import verified
    from ringfence.people.keys_by_entries import keys_by_entries
    from ringfence.people.people_by_entries import people_by_entries
    from rules.lists.lists_by_entries import lists_by_entries

    key = here.keys.audit
    anchors = read_anchor_file(anchor_file, key) if anchor_file is not None else None
    authority = here.configuration.audit.anchors.authority
    stamps = await read_stamps(authority, here.base, key) if authority is not None else None
    noted = _all_noted(
        read_heads(head) if head else {}, anchors.heads if anchors else {}, stamps.heads if stamps else {}
    )
    archive = (await here.open_desk()).archive
    counting = _Sum(entries or unwatched)
    found = await verified(archive, noted.get(MAIN, ()), entries=counting.of_chain, arrivals=arrivals or unwatched)
    chains: dict[Series, Verified] = {MAIN: found.chain}
    async with Chains.open(here.database, key) as others:
        chains |= await others.verified(noted, counting.of_chain, without=MAIN)
        held = await others.held(
            {
                "people": partial(people_by_entries, keys=lambda: here.keys),
                "access": keys_by_entries,
                "lists": partial(lists_by_entries, hide=here.keys.hide),
            }
        )
        lost = others.lost(noted)
    older = dict(found.older)
    for chain, seen in held.items():
        chains[chain].breaks.extend(Break(0, what) for what in seen.faults)
        older |= seen.older
    for chain in lost:
        gone = Break(0, "its database is gone, although its head was noted")
        chains[chain] = Verified(0, 0, False, "", [gone])
    chains[MAIN].breaks.extend(Break(0, fault) for fault in (stamps.faults if stamps else ()))
    heads = write_heads({chain: each.head for chain, each in chains.items() if each.head})
    audited = Audited(sum(each.entries for each in chains.values()), heads, chains, older, anchors, stamps)
    outcome = f"{len(audited.broken)} faults" if audited.broken else _WHOLE
    await note_look(archive, "audit", actor=actor or here.actor, step=_VERIFIED, detail=outcome)
    return audited


async def last_verified(here: Installation) -> Outcome | None:
    """What the last verification found, whoever asked for it, as it stands in the audit; None: there was none."""
    return await _outcome(here, _LAST)


async def last_broken(here: Installation) -> Outcome | None:
    """The same of the last one that found faults."""
    return await _outcome(here, _LAST_BROKEN)


async def _outcome(here: Installation, query: str) -> Outcome | None:
    found = await asyncio.to_thread(one_value, here.database_of(MAIN), query)
    at, _, said = str(found).partition(" ")
    if found is None or not said:
        return None
    first = said.partition(" ")[0]
    return Outcome(float(at), int(first) if first.isdecimal() else 0)


def _all_noted(*several: Mapping[Series, Sequence[Noted]]) -> dict[Series, list[Noted]]:
    found: dict[Series, list[Noted]] = {}
    for heads in several:
        for chain, noted in heads.items():
            found.setdefault(chain, []).extend(noted)
    return found


class _Sum:
    """Counts entries on from chain to chain: each begins at 0."""

    def __init__(self, told: Progress) -> None:
        self._told, self._before, self._last = told, 0, 0

    def of_chain(self, count: int) -> None:
        if count < self._last:
            self._before += self._last
        self._last = count
        self._told(self._before + count)


def _said(chain: Series, one: Break) -> str:
    from desk.showing import worded

    named, what = ("", worded(one.what)) if chain == MAIN else (f"{chain}: ", one.what)
    return f"{named}entry {one.entry}: {what}" if one.entry else f"{named}{what}"
