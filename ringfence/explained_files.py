"""What each call of a file would get now, by live or saved rules and the lists as they are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, NamedTuple

from ringfence.ask import LookUps, Reader, ask_plugins, look_ups
from ringfence.explanations import emergency_call_before
from ringfence.installation import Installation
from ringfence.live_rules import live_rulebook
from ringfence.replays import measurable
from ringfence.rulebook import Rulebook, load_rulebook, trunks_of
from rules.language.grammar import Example
from rules.model import Action, Call, Step, Trunk, Verdict
from rules.records.past_calls import CallFile, Past
from rules.storage.store import StoreError

CACHED: Final = 100_000  # entries of lists


class Explained(NamedTuple):
    """What each call of a file would get."""

    rows: list[dict[str, Any]]
    callers: list[str]  # the numbers that were looked up
    by_rules_alone: bool = False  # there were too many


async def explain_file(here: Installation, calls: Path, *, saved: bool = False, most: int | None = None) -> Explained:
    """A row for each call of a CSV file, each judged by itself; RuleError names the line that can't be used.

    Lists, ladder and seals are asked about so many callers at ``most``: who hands in all numbers that there are would
    read from it which are sealed.
    """
    book = load_rulebook(here.file) if saved else (await live_rulebook(here))[0]
    trunks = trunks_of(book.configuration)

    def trunk_of(example: Example) -> Trunk | None:
        return next((trunk for trunk in trunks if example.trunk in ("", trunk.name)), None)

    read = Reader(book.configuration).read
    pasts = list(CallFile(calls, trunk_of, book.ruleset.clock.zone, read, measurable(book.ruleset)).read())
    numbers = (number.canonical for past in pasts if isinstance(past, Past) for number in past.call.callers)
    callers = list(dict.fromkeys(filter(None, numbers)))
    alone = most is not None and len(callers) > most
    rows = []
    async with look_ups(book.configuration, here.base, entries=CACHED, facts=book.ruleset.facts) as known:
        for past in pasts:
            if not isinstance(past, Past):
                rows.append({"line": _line(past.id), "verdict": "refused", "reason": past.why, "as_wished": None})
            elif alone:
                rows.append(_row(past, book.ruleset.judge(past.call, (), ())))
            else:
                rows.append(_row(past, await _verdict(here, book, known, past.call)))
    return Explained(rows, [] if alone else callers, alone)


async def _verdict(here: Installation, book: Rulebook, known: LookUps | None, call: Call) -> Verdict:
    if await emergency_call_before(here, call) is not None:
        return Verdict(Action.FORWARD, Step.CALLBACK, reason="the subscriber made an emergency call")
    given = call.facts or {}
    found = known.findings.find(call, book.ruleset.called_lists, counts=False) if known is not None else ((), (), True)
    if found is None:
        raise StoreError("the lists could not be read in time")
    await asyncio.to_thread(ask_plugins, book.ruleset.facts, call)
    if given:
        call.facts = {**(call.facts or {}), **given}  # what the file says goes before what was found
    return book.ruleset.judge(call, found[0], found[1])


def _row(past: Past, verdict: Verdict) -> dict[str, Any]:
    call = past.call
    return {
        "line": _line(past.id),
        "from": call.caller.canonical or str(call.caller.kind),
        "to": call.called.canonical or call.called.raw,
        "trunk": call.trunk.name,
        "verdict": str(verdict.action),
        "rule": verdict.rule,
        "step": str(verdict.step),
        "suspicion": verdict.suspicion,
        "reason": verdict.reason,
        "fired": [fired.as_data() for fired in verdict.fired],
        "as_wished": None if past.action is None else past.action is verdict.action,
        "wished": None if past.action is None else str(past.action),
    }


def _line(id_: str) -> int:
    return int(id_.removeprefix("line "))
