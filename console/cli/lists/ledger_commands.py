"""`ringfence ranges imports | undo | history | export | unheld`: what befell the ledger, and who calls out of it."""

from __future__ import annotations

import csv
import json
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json, counted
from console.cli.lists.list_commands import Country, show_rows, with_lists
from console.cli.lists.range_commands import ranges_app
from console.cli.lists.statistic_commands import Rows, from_record
from console.cli.options import AsJson, ConfigurationFile, chosen, moment, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists
    from rules.lists.ledger_imports import LedgerUndone
    from rules.records.decisions import Decisions

EXPORTED = ("code", "holder", "host", "purpose", "valid until")


class Format(StrEnum):
    """How codes are written."""

    CSV = "csv"
    JSONL = "jsonl"


@ranges_app.command()
def imports(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Imports at most.")] = 20,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the latest imports into the ledger: what each did, and who took it back."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.ledger_imports import ledger_imports

        zone = configuration.time_zone
        return [
            one._asdict() | {"created": shown_time(one.created, zone), "undone": shown_time(one.undone, zone) or None}
            for one in await ledger_imports(lists.store, limit=limit)
        ]

    columns = ("id", "source", "author", "reason", "created", "added", "changed", "removed", "undone")
    show_rows(with_lists(chosen(context, config), work), columns, json=json)


@ranges_app.command()
def undo(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Its number, from `ranges imports`.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history of its codes.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take back a whole import into the ledger; what a later one changed stays so."""

    async def work(lists: Lists, _: Configuration) -> LedgerUndone:
        from rules.lists.ledger_imports import undo_ledger_import

        return await undo_ledger_import(lists.store, number, now=time.time(), author=login_name(), reason=reason)

    done = with_lists(chosen(context, config), work)
    if json:
        as_json(done._asdict())
        return
    typer.echo(f"Import {done.id} is undone: {done.off:,} off, {done.back:,} back.")
    if done.kept:
        typer.echo(f"{counted(done.kept, 'code')} were changed by a later import, and stay so.")


@ranges_app.command()
def history(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code, a beginning, or a number that lies in one.")],
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Tell what befell the codes that it meets: who added, changed or removed them, when, why and from which file."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.ledger import read_code
        from rules.lists.ledger_imports import ledger_history

        zone = configuration.time_zone
        found = await ledger_history(lists.store, read_code(code, country or configuration.home))
        return [
            one._asdict() | {"at": shown_time(one.at, zone), "valid_until": shown_time(one.valid_until, zone) or None}
            for one in found
        ]

    rows = with_lists(chosen(context, config), work)
    if rows or json:
        columns = ("at", "code", "what", "holder", "valid_until", "author", "reason", "source", "import_id")
        show_rows(rows, columns, json=json)
    else:
        typer.echo("No import changed it, as far back as is kept (storage.history_days).")


@ranges_app.command()
def export(
    context: typer.Context,
    form: Annotated[Format, typer.Option("--format", help="How codes are written.")] = Format.CSV,
    config: ConfigurationFile = None,
) -> None:
    """Write the ledger, as of one moment, to standard output, in the form that `ranges import` reads.

    Complete beginnings are named on standard error, as the options that import takes.
    """

    async def work(lists: Lists, configuration: Configuration) -> None:
        from rules.lists.ledger import complete_beginnings
        from rules.lists.ledger_imports import every_code
        from rules.lists.list_files import harmless

        writer = csv.writer(sys.stdout, lineterminator="\n")
        if form is Format.CSV:
            writer.writerow(EXPORTED)
        async with lists.store.one_moment():
            async for one in every_code(lists.store):
                until = shown_time(one.valid_until, configuration.time_zone)
                cells = (one.text, one.holder, one.host, one.purpose, until)
                if form is Format.CSV:
                    writer.writerow([one.text, *map(harmless, cells[1:])])
                else:
                    named = zip(EXPORTED, cells, strict=True)
                    sys.stdout.write(json.dumps({k: v for k, v in named if v}, ensure_ascii=False) + "\n")
            wholes = await complete_beginnings(lists.store)
        if wholes:
            typer.echo(f"complete: {' '.join(f'--complete {one.text}' for one in wholes)}", err=True)

    with_lists(chosen(context, config), work)


@ranges_app.command()
def unheld(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "7d",
    limit: Annotated[int, typer.Option(min=1, help="Codes at most.")] = 50,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List codes that nobody holds and that were seen calling, by the records of calls; those with most calls first."""

    async def work(lists: Lists, decisions: Decisions, configuration: Configuration) -> Rows:
        from rules.records.unheld_callers import unheld_callers

        zone = configuration.time_zone
        begin = moment(since, now=time.time(), zone=zone, ahead=False)
        found = await unheld_callers(lists.store, decisions.store, since=begin, limit=limit)
        times = [{"first": shown_time(one.first, zone), "last": shown_time(one.last, zone)} for one in found]
        return [one._asdict() | told for one, told in zip(found, times, strict=True)]

    rows = from_record(chosen(context, config), work)
    if rows or json:
        show_rows(rows, ("code", "calls", "rang", "numbers", "first", "last", "trunks"), json=json)
    else:
        typer.echo(
            "No call came from a code that nobody holds. It takes complete beginnings: `ranges show --complete`."
        )
