"""`ringfence log`: what was decided about which call, newest last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import Answer, fail, table
from console.cli.in_full import InFull, Unmasked, Why, see_in_full
from console.cli.noted import note_search, sees_numbers
from console.cli.options import moment, shown_time
from ringfence.shown_values import decision_data
from ringfence.told_calls import calls_told
from rules.model import Action

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.records.decisions import Decision

_COLUMNS = ("at", "decision", "trunk", "caller", "called", "verdict", "rule", "status", "setup_ms")
_COUNTS = ("day", "range", "class", "verdict", "calls", "rang")


async def log(
    here: Installation,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Decisions at most.")] = 50,
    verdict: Annotated[Action | None, typer.Option(help="Calls with this verdict.")] = None,
    caller: Annotated[str, typer.Option(metavar="NUMBER", help="In any spelling.")] = "",
    called: Annotated[str, typer.Option(metavar="NUMBER", help="In any spelling; found by its pseudonym.")] = "",
    trunk: Annotated[str, typer.Option(help="Calls of this trunk.")] = "",
    rule: Annotated[str, typer.Option(help="Decided by this rule or list.")] = "",
    observed: Annotated[str, typer.Option(metavar="RULE", help="Held, but only observed; * for any rule.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "",
    unmasked: Unmasked = False,
    reason: Why = "",
    by_day: Annotated[bool, typer.Option("--by-day", help="Counts by day, range, class and verdict instead.")] = False,
) -> Answer:
    """Show what was decided about which call, newest last; called numbers are never kept in clear."""
    from rules.records.privacy import pseudonym

    if by_day:
        return await _counts(here, verdict or "", since)
    decisions = await here.recorded()
    if decisions is None:
        return table(_COLUMNS, [], here.zone, none="No decision fits.")
    begin = moment(since, now=time.time(), zone=here.zone, ahead=False) if since else None
    number, wanted = _typed(caller, here.home), _typed(called, here.home)
    for one in filter(None, (number, wanted)):
        await note_search(here, one, "log")
    found = await decisions.recent(
        limit,
        called_key=pseudonym(here.keys.pseudonym, wanted) if wanted else "",
        action=verdict or "",
        caller=number,
        trunk=trunk,
        rule=rule,
        since=begin,
        observed=observed,
    )
    if unmasked and found:
        asked = (limit, verdict, number, wanted, trunk, rule, observed, since)
        await see_in_full(here, InFull("log", asked, unmasked, reason), [one.caller for one in found])
    if not sees_numbers(here):  # what is asked for by a rule may not say of which call it held either
        found = [one for one in await calls_told(here, found, sees=False) if _fits(one, rule, observed)]
    rows = [decision_data(decision, here.zone, masked=not unmasked) for decision in reversed(found)]
    shown = table(_COLUMNS, [{**row, "rule": ruled(row)} for row in rows], here.zone, narrow=in_two_lines)
    return shown._replace(data=rows) if rows else table(_COLUMNS, [], here.zone, none="No decision fits.")


def _fits(told: Decision, rule: str, observed: str) -> bool:
    """Is it still a call of this rule, as far as it is told?"""
    watched = [one.name for one in told.fired if one.observed]
    return rule in ("", told.rule) and (not observed or (bool(watched) if observed == "*" else observed in watched))


def _typed(number: str, home: str) -> str:
    """The canonical form of a number that somebody typed; nothing where nobody did."""
    from rules.numbering.typed import one_typed
    from rules.numbering.within import no_number

    if not number:
        return ""
    try:
        read = one_typed(number, home)
    except ValueError as error:
        fail(str(error))
    if not read.canonical:  # else all calls would be shown
        fail(str(no_number(number, read.kind, home)))
    return read.canonical


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


async def _counts(here: Installation, verdict: str, since: str) -> Answer:
    """Calls by day, range, class and verdict, from the day of ``since`` on; of records long gone too."""
    from rules.records.retention import daily_counts

    begin = shown_time(moment(since, now=time.time(), zone=here.zone, ahead=False), here.zone)[:10] if since else "0"
    decisions = await here.recorded()
    found = await daily_counts(decisions.store, since=int(begin.replace("-", ""))) if decisions else []
    rows = [
        {
            "day": f"{one.day // 10_000:04}-{one.day // 100 % 100:02}-{one.day % 100:02}",
            "range": one.range,
            "class": one.kind,
            "verdict": one.verdict,
            "calls": one.calls,
            "rang": one.rang,
        }
        for one in found
        if verdict in ("", one.verdict)
    ]
    none = "No call is counted yet: the running proxy counts once a minute, a call when it has ended."
    return table(_COUNTS, rows, here.zone, none=none)
