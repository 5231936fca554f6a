"""`ringfence lists held | release | drop`: imports that wait for a person, and what the person says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json
from console.cli.lists.import_commands import print_report, progress_bar, report_data, tell_when_live
from console.cli.lists.list_commands import lists_app, show_rows, with_lists
from console.cli.lists.whom_it_hits import calls_of_the_last_day
from console.cli.options import AsJson, ConfigurationFile, chosen, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists
    from rules.lists.held_imports import HeldImport
    from rules.lists.import_batch import Report

HeldId = Annotated[int, typer.Argument(metavar="ID", help="Its number, from `lists held`.")]


@lists_app.command()
def held(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those released or dropped, and by whom.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show imports that wait for a person, and why."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.held_imports import held_imports

        return [as_data(one, configuration.time_zone) for one in await held_imports(lists, ended=everything)]

    rows = with_lists(chosen(context, config), work)
    ended = ("ended", "ended_by", "ended_why", "import_id") if everything else ()
    if rows or json:
        show_rows(rows, ("id", "list", "source", "author", "created", "why", *ended), json=json)
    else:
        typer.echo("No import waits for a person.")


def as_data(one: HeldImport, zone: str) -> dict[str, Any]:
    """A held import for programs, with readable times."""
    times = {"created": shown_time(one.created, zone), "ended": shown_time(one.ended, zone) or None}
    return one._asdict() | times


@lists_app.command()
def release(
    context: typer.Context,
    number: HeldId,
    reason: Annotated[str, typer.Option(help="Why it may go live; it is shown by `lists imports`.")],
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Do a held import after all: every check is made again, and it is recorded who released it and why."""
    file = chosen(context, config)

    async def work(lists: Lists, configuration: Configuration) -> tuple[Report, str, float]:
        from rules.lists.held_imports import held_imports, release_import

        calls = await calls_of_the_last_day(file.parent / configuration.storage.database)
        started = time.perf_counter()
        with progress_bar("reading", "writing") as (read, written):
            report = await release_import(
                *(lists, number), author=login_name(), reason=reason, calls=calls, progress=read, writing=written
            )
        took = time.perf_counter() - started
        name = next(one.list for one in await held_imports(lists, ended=True) if one.id == number)
        return report, name, took

    report, name, took = with_lists(file, work)
    if json:
        as_json(report_data(report))
        return
    print_report(report, f"held import {number}", name, dry_run=False)
    tell_when_live(took, report.example)


@lists_app.command()
def drop(
    context: typer.Context,
    number: HeldId,
    reason: Annotated[str, typer.Option(help="Why; shown by `lists held --all`.")] = "",
    config: ConfigurationFile = None,
) -> None:
    """Forget the file of a held import; nothing changes on the list."""

    async def work(lists: Lists, _: Configuration) -> HeldImport:
        from rules.lists.held_imports import drop_import

        return await drop_import(lists, number, author=login_name(), reason=reason)

    done = with_lists(chosen(context, config), work)
    typer.echo(f"Held import {number} of {done.source} into {done.list} is dropped.")
