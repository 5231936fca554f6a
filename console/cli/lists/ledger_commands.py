"""`ringfence ranges imports | undo | history | export | unheld`: what befell the ledger, and who calls out of it."""

from __future__ import annotations

import csv
import json
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command
from console.cli.answers import Answer, counted, table
from console.cli.lists.import_commands import import_times
from console.cli.lists.list_commands import Country
from console.cli.lists.range_commands import ranges_app
from console.cli.options import moment, shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation

EXPORTED = ("code", "holder", "host", "purpose", "valid until")


class Format(StrEnum):
    """How codes are written."""

    CSV = "csv"
    JSONL = "jsonl"


@command(ranges_app)
async def imports(
    here: Installation, limit: Annotated[int, typer.Option(min=1, help="Imports at most.")] = 20
) -> Answer:
    """Show the latest imports into the ledger: what each did, and who took it back."""
    from rules.lists.ledger_imports import ledger_imports

    found = await ledger_imports((await here.lists()).store, limit=limit)
    rows = [one._asdict() | import_times(one.created, one.undone, here.zone) for one in found]
    columns = ("id", "source", "author", "reason", "created", "added", "changed", "removed", "undone")
    return table(columns, rows, here.zone)


@command(ranges_app)
async def undo(
    here: Installation,
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Its number, from `ranges imports`.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history of its codes.")] = "",
) -> Answer:
    """Take back a whole import into the ledger; what a later one changed stays so."""
    from rules.lists.ledger_imports import undo_ledger_import

    store = (await here.lists()).store
    done = await undo_ledger_import(store, number, now=time.time(), author=here.actor, reason=reason)
    kept = f"\n{counted(done.kept, 'code')} were changed by a later import, and stay so." if done.kept else ""
    return Answer(done, f"Import {done.id} is undone: {done.off:,} off, {done.back:,} back.{kept}")


@command(ranges_app)
async def history(
    here: Installation,
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code, a beginning, or a number that lies in one.")],
    country: Country = "",
) -> Answer:
    """Tell what befell the codes that it meets: who added, changed or removed them, when, why and from which file."""
    from rules.lists.ledger import read_code
    from rules.lists.ledger_imports import ledger_history

    zone = here.zone
    found = await ledger_history((await here.lists()).store, read_code(code, country or here.home))
    rows = [
        one._asdict() | {"at": shown_time(one.at, zone), "valid_until": shown_time(one.valid_until, zone) or None}
        for one in found
    ]
    columns = ("at", "code", "what", "holder", "valid_until", "author", "reason", "source", "import_id")
    none = "No import changed it, as far back as is kept (storage.history_days)."
    return table(columns, rows, zone, none=none)


@command(ranges_app, json=False)
async def export(
    here: Installation, form: Annotated[Format, typer.Option("--format", help="How codes are written.")] = Format.CSV
) -> Answer:
    """Write the ledger, as of one moment, to standard output, in the form that `ranges import` reads.

    Complete beginnings are named on standard error, as the options that import takes.
    """
    from rules.lists.ledger import complete_beginnings
    from rules.lists.ledger_imports import every_code
    from rules.lists.list_files import harmless

    store, writer = (await here.lists()).store, csv.writer(sys.stdout, lineterminator="\n")
    if form is Format.CSV:
        writer.writerow(EXPORTED)
    async with store.one_moment():
        async for one in every_code(store):
            cells = (one.text, one.holder, one.host, one.purpose, shown_time(one.valid_until, here.zone))
            if form is Format.CSV:
                writer.writerow([one.text, *map(harmless, cells[1:])])
            else:
                named = zip(EXPORTED, cells, strict=True)
                sys.stdout.write(json.dumps({k: v for k, v in named if v}, ensure_ascii=False) + "\n")
        wholes = await complete_beginnings(store)
    return Answer(why=f"complete: {' '.join(f'--complete {one.text}' for one in wholes)}" if wholes else "")


@command(ranges_app)
async def unheld(
    here: Installation,
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "7d",
    limit: Annotated[int, typer.Option(min=1, help="Codes at most.")] = 50,
) -> Answer:
    """List codes that nobody holds and that were seen calling, by the records of calls; those with most calls first."""
    from rules.records.unheld_callers import unheld_callers

    zone = here.zone
    begin = moment(since, now=time.time(), zone=zone, ahead=False)
    lists, decisions = await here.lists(), await here.decisions()
    found = await unheld_callers(lists.store, decisions.store, since=begin, limit=limit)
    rows = [one._asdict() | {"first": shown_time(one.first, zone), "last": shown_time(one.last, zone)} for one in found]
    none = "No call came from a code that nobody holds. It takes complete beginnings: `ranges show --complete`."
    return table(("code", "calls", "rang", "numbers", "first", "last", "trunks"), rows, zone, none=none)
