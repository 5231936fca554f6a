"""`ringfence log`: what was decided about which call, newest last."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from console.cli.answers import fail, print_table
from console.cli.noted import note_search
from console.cli.options import moment, shown_time

if TYPE_CHECKING:
    from rules.records.decisions import Decision


def as_data(decision: Decision, zone: str, *, masked: bool = True) -> dict[str, Any]:
    """A decision for programs: numbers masked, times readable."""
    from rules.records.privacy import mask

    return {
        "decision": decision.id,
        "at": shown_time(decision.at, zone),
        "call_id": decision.call_id,
        "source": decision.source,
        "trunk": decision.trunk,
        "caller": (mask(decision.caller) if masked else decision.caller) or decision.caller_class,
        "caller_class": decision.caller_class,
        "called": decision.called_area or decision.called_class,
        "called_class": decision.called_class,
        "verdict": str(decision.action),
        "step": str(decision.step),
        "rule": decision.rule,
        "observed": [one.name for one in decision.fired if one.effect.startswith("observe: ")],
        "reason": decision.reason,
        "suspicion": decision.suspicion,
        "destination": decision.profile if decision.action == "divert" else "",
        "status": decision.status,
        "rang": decision.rang,
        "setup_ms": decision.setup_ms,
        "revision": decision.revision,
    }


def recent(
    file: Path,
    *,
    limit: int,
    verdict: str,
    caller: str,
    trunk: str,
    rule: str,
    since: str,
    clear: bool,
    observed: str = "",
    called: str = "",
) -> list[dict[str, Any]]:
    """The decisions that fit, oldest first; ``called`` is looked up by its pseudonym, since it is not kept in clear."""
    from ringfence.configuration import load_configuration
    from rules.records.decisions import Decisions
    from rules.records.privacy import pseudonym
    from rules.screening.screen import decisions_path
    from rules.storage.keys import Keys

    configuration = load_configuration(file)
    zone = configuration.time_zone
    database = decisions_path(file.parent / configuration.storage.database)
    if not database.exists():
        return []
    begin = moment(since, now=time.time(), zone=zone, ahead=False) if since else None
    number = _typed(caller, configuration.home) if caller else ""
    if number:
        note_search(file, number, "log")

    key = ""
    if called:
        wanted = _typed(called, configuration.home)
        note_search(file, wanted, "log")
        key = pseudonym(Keys.load(file.parent / configuration.storage.key_file).pseudonym, wanted)

    async def work() -> list[Decision]:
        decisions = await Decisions.open(database)
        try:
            return await decisions.recent(
                limit,
                called_key=key,
                action=verdict,
                caller=number,
                trunk=trunk,
                rule=rule,
                since=begin,
                observed=observed,
            )
        finally:
            await decisions.close()

    return [as_data(decision, zone, masked=not clear) for decision in reversed(asyncio.run(work()))]


def _typed(number: str, home: str) -> str:
    """The canonical form of a number that somebody typed."""
    from rules.numbering.many import one_typed

    try:
        return one_typed(number, home).canonical
    except ValueError as error:
        fail(str(error))


def print_decisions(rows: list[dict[str, Any]]) -> None:
    """Decisions as a table."""
    columns = ("at", "decision", "trunk", "caller", "called", "verdict", "rule", "status", "setup_ms")
    shown = [{**row, "rule": ruled(row)} for row in rows]
    if rows:
        print_table(columns, shown, narrow=in_two_lines)
    else:
        typer.echo("No decision fits.")


def ruled(row: dict[str, Any]) -> str:
    """Which rule, list or step decided, and which rules would have, had they not only observed."""
    watching = ", ".join(row["observed"])
    return f"{row['rule'] or row['step']}{f' (observed: {watching})' if watching else ''}"


def in_two_lines(row: dict[str, str]) -> str:
    """A decision where the window is too narrow for the table."""
    end = f"{row['status']} after {row['setup_ms']} ms" if row["status"] else "not ended"
    return (
        f"{row['at']}  {row['verdict']:7}  {row['caller']} -> {row['called']}\n"
        f"  {row['decision']}  {row['rule']}; {end}; trunk {row['trunk']}"
    )


def counted(file: Path, *, verdict: str, since: str) -> list[dict[str, Any]]:
    """Calls by day, range, class and verdict, from the day of ``since`` on; of records long gone too."""
    from ringfence.configuration import load_configuration
    from rules.records.decisions import Decisions
    from rules.records.retention import DailyCount, daily_counts
    from rules.screening.screen import decisions_path

    configuration = load_configuration(file)
    zone = configuration.time_zone
    database = decisions_path(file.parent / configuration.storage.database)
    if not database.exists():
        return []
    begin = shown_time(moment(since, now=time.time(), zone=zone, ahead=False), zone)[:10] if since else "0"

    async def work() -> list[DailyCount]:
        decisions = await Decisions.open(database)
        try:
            return await daily_counts(decisions.store, since=int(begin.replace("-", "")))
        finally:
            await decisions.close()

    return [
        {
            "day": f"{one.day // 10_000:04}-{one.day // 100 % 100:02}-{one.day % 100:02}",
            "range": one.range,
            "class": one.kind,
            "verdict": one.verdict,
            "calls": one.calls,
            "rang": one.rang,
        }
        for one in asyncio.run(work())
        if verdict in ("", one.verdict)
    ]


def print_counts(rows: list[dict[str, Any]]) -> None:
    """Counts as a table."""
    if rows:
        print_table(("day", "range", "class", "verdict", "calls", "rang"), rows)
    else:
        typer.echo("No call is counted yet: the running proxy counts once a minute, a call when it has ended.")
