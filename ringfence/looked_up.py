"""What lists, subscribers, ladder and range ledger say now of a call that is to be explained, as if it rang."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ringfence.settings import Configuration
from rules.judging.engine import RuleSet
from rules.judging.fact_sources import FactSources, installed_sources
from rules.judging.ladder import Ladder
from rules.lists.cache import Lookup, only_single
from rules.lists.editing import Lists
from rules.lists.ledger import Ledger
from rules.lists.subscribers import SubscriberLists
from rules.model import Call, Hit
from rules.screening.screen import asked_of
from rules.storage.keys import Keys

LOOK_UP_S = 1.0  # nobody rings while we explain: a slow disk is no reason for an unknown
_Hits = tuple[Hit, ...]


async def look_up(configuration: Configuration, base: Path, ruleset: RuleSet, call: Call) -> tuple[_Hits, _Hits]:
    """The entries that cover the caller, and the called number where some rule asks; the call learns its facts."""
    database = base / configuration.storage.database
    if not await asyncio.to_thread(database.exists):
        return (), ()
    lists = await Lists.open(database, configuration.lists)
    lookup = Lookup(database, entries=16, budget_s=LOOK_UP_S, zone=configuration.time_zone)
    try:
        hits = tuple(hit for number in call.callers for hit in lookup.look_up(number.canonical, call.at) or ())
        for number in call.resembled:
            hits += only_single(lookup.look_up(number.canonical, call.at) or ())
        key_file = base / configuration.storage.key_file
        if await asyncio.to_thread(key_file.exists):  # without it no subscriber has a list
            keys = await asyncio.to_thread(Keys.load, key_file)
            hits += SubscriberLists(lookup, keys.pseudonym).look_up_call(call)
        limits = configuration.complaints
        ladder = Ladder(lookup, calls_hour=limits.limit_calls_hour, called_day=limits.limit_called_day)
        hits += ladder.look_up(call)
        if held := Ledger(lookup).look_up(call.caller.canonical, call.at):
            held.enter(call)
        called = tuple(
            hit for number in call.called_readings for hit in lookup.look_up(number.canonical, call.at) or ()
        )
        return hits, asked_of(called, call, ruleset.called_lists)
    finally:
        lookup.close()
        await lists.close()


def ask_plugins(facts: frozenset[str], call: Call) -> None:
    """Let the plug-ins whose facts the rules read say what they know of the call, as they would when it rings."""
    if not facts or call.emergency:
        return
    sources = FactSources(installed_sources(), wait_s=LOOK_UP_S)
    sources.ask(facts)
    sources.measure(call)
    sources.close()
