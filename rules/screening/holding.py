"""What a screen holds open: keys, lists, look-up and record, all of them or nothing.

Not among the compiled files: compiled (mypy 2.4), the process fell with SIGSEGV when the body of this AsyncExitStack
raised.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.model import Action
from rules.records.decisions import Decisions, decisions_path
from rules.records.journal import Journal
from rules.records.outlet import CallLog, Outlet, standard_output
from rules.records.retention import Keeping
from rules.records.spool import Spool
from rules.records.troubles import Troubles
from rules.records.would_change import Thresholds
from rules.settings.screening import ScreeningSettings
from rules.storage.database_files import key_file_missed, keys_made_anew, remember_keys
from rules.storage.keys import KeyFileOutOfReach, Keys
from rules.storage.store import CorruptDatabase, StoreError, snapshot_path, warm


class Held(NamedTuple):
    """What a screen holds open."""

    lookup: Lookup
    journal: Journal
    lists: Lists | None  # None: they could not be opened to be written to
    keys: Keys
    keyless: str  # why the keys are not those of before
    log: CallLog | None  # of calls, where it is a file of ours


async def hold(
    settings: ScreeningSettings,
    base: Path,
    log: TextIO | None,
    troubles: Troubles,
    *,
    budget_ms: int,
    now: Callable[[], float],
) -> Held:
    """Open all of it, or nothing."""
    storage = settings.storage
    database = base / storage.database
    keys, keyless = _keys(database, base / storage.key_file, troubles)
    async with AsyncExitStack() as opened:
        lists = await _lists_or_none(database, settings, now, troubles)
        if lists is not None:
            opened.push_async_callback(lists.close)
        fallback, zone = snapshot_path(database), settings.time_zone
        budget_s = budget_ms / 2000
        lookup = Lookup(database, entries=storage.cache_entries, budget_s=budget_s, zone=zone, fallback=fallback)
        opened.callback(lookup.close)
        await asyncio.to_thread(warm, database)
        own = None
        if log is None and settings.logging.file is not None:
            own = CallLog(base / settings.logging.file)
            opened.callback(own.close)
        lines = own or log or standard_output(sys.stdout)
        journal = await _open_journal(database, settings, keys, log=lines, now=now, troubles=troubles)
        opened.pop_all()
    return Held(lookup, journal, lists, keys, keyless, own)


def _keys(database: Path, file: Path, troubles: Troubles) -> tuple[Keys, str]:
    """The keys, and why they are not those of before; a file with something wrong in it stops the start."""
    missed = key_file_missed(database, file)
    try:
        keys = Keys.load(file)
    except KeyFileOutOfReach as error:
        troubles.happened("keys are of this run only: pseudonyms match nothing of before", error)
        return Keys.for_now(), f"keys are of this run only: {error}"
    remember_keys(database)
    return keys, keys_made_anew(file) if missed else ""


async def _lists_or_none(
    database: Path, settings: ScreeningSettings, now: Callable[[], float], troubles: Troubles
) -> Lists | None:
    """The lists to write to; None while their database cannot be opened: judging reads what it can."""
    try:
        return await open_lists(database, settings, now)
    except (StoreError, OSError) as error:
        troubles.happened("the database of lists cannot be written to", error)
        return None


async def open_lists(database: Path, settings: ScreeningSettings, now: Callable[[], float]) -> Lists:
    """The lists, or the last good copy of them when the database is damaged; the first poll raises the alarm.

    Nothing is written to the copy: it would be lost when a copy is put in place of the database.
    """
    try:
        return await Lists.open(database, settings.lists, now=now)
    except CorruptDatabase:
        good = snapshot_path(database)
        if not good.exists():
            raise
        lists = await Lists.open(good, settings.lists, now=now)
        lists.store.follow(database)
        return lists


def keeping_of(settings: ScreeningSettings) -> Keeping:
    """What these settings keep of records."""
    return Keeping(
        settings.storage.decision_days,
        settings.storage.decision_mib,
        short_days=settings.complaints.ring_days,
        zone=settings.time_zone,
        masked=settings.logging.mask_numbers,
        thresholds=thresholds_of(settings),
    )


def thresholds_of(settings: ScreeningSettings) -> Thresholds:
    """The suspicion from which calls are tagged and rejected, by trunk, and whether a destination hears these."""
    usual = settings.thresholds
    rejecting = Action.DIVERT if usual.divert else Action.REJECT
    return Thresholds(usual.tag, usual.reject, settings.thresholds_by_trunk, str(rejecting))


async def _open_journal(
    database: Path,
    settings: ScreeningSettings,
    keys: Keys,
    *,
    log: TextIO | CallLog | Outlet,
    now: Callable[[], float],
    troubles: Troubles,
) -> Journal:
    """The record of decisions beside the lists; it writes as soon as it is started, or can open its database."""
    path = decisions_path(database)
    opening = partial(Decisions.open, path, durable=True)
    decisions: Decisions | None = None
    try:
        decisions = await opening()
    except (StoreError, OSError) as error:
        troubles.happened("the database of decisions cannot be opened: records wait in memory", error)
    return Journal(
        decisions,
        keys.pseudonym,
        keeping_of(settings),
        log=log,
        now=now,
        spool=partial(Spool.open, path),
        again=opening,
        troubles=troubles,
    )
