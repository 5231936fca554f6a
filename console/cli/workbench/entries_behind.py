"""Whose entries a recorded call was judged by: as they stood then, and what became of them since."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from console.cli.lists.history_commands import period_told
from console.cli.lists.list_commands import as_data, opened
from console.cli.options import shown_time
from ringfence.settings import Configuration
from rules.judging.explain import Line
from rules.lists.history import Period, stood_behind
from rules.model import Step
from rules.records.decisions import Decision
from rules.records.privacy import mask

_OF_OPERATORS = frozenset((Step.OPERATOR_ALLOW, Step.SEALED, Step.OPERATOR_BLOCK, Step.SHARED))


class Behind(NamedTuple):
    """Sentences for people, the same for programs."""

    lines: list[Line]
    data: list[dict[str, Any]]


def callers_of(decision: Decision) -> list[str]:
    """Every number of the caller that was looked up."""
    facts = decision.facts
    return [each for each in (decision.caller, *facts.get("callers", ()), *facts.get("resembled", ())) if each]


async def entries_behind(file: Path, configuration: Configuration, decision: Decision, *, clear: bool) -> Behind:
    """The entries that took part in a recorded call; where none is known that decided, a line that says so."""
    zone, database = configuration.time_zone, file.parent / configuration.storage.database
    callers = callers_of(decision)
    if not (decision.fired and database.exists()):
        return Behind([], [])
    async with opened(file) as (lists, _):
        found = await stood_behind(lists, dict.fromkeys(callers), decision.fired, decision.at)

    def shown(text: str) -> str:
        for caller in () if clear else callers:
            text = text.replace(caller, mask(caller))
        return text

    lines = [Line("entry", shown(period_told(one, zone))) for one in found]
    decided = decision.rule in configuration.lists and decision.step in _OF_OPERATORS
    if decided and not any(one.entry.list == decision.rule for one in found):
        lines.append(
            Line("entry", f"which entry of {decision.rule} it was is not known any more (storage.history_days)")
        )
    data = [period_data(one, zone) for one in found]
    return Behind(lines, [one | {"entry": shown(one["entry"])} for one in data])


def period_data(one: Period, zone: str) -> dict[str, Any]:
    """An entry as it stood for a while, for programs."""
    entry = {name: value for name, value in as_data(one.entry, zone).items() if name not in ("off", "sealed")}
    return entry | {
        "since": shown_time(one.since, zone),
        "import": one.entry.import_id,
        "until": shown_time(one.until, zone) or None,
        "ended": one.how or None,
        "ended_by": one.author,
        "ended_why": one.reason,
        "ended_by_import": one.import_id,
    }
