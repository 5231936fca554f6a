"""`ringfence lists held | release | drop`: imports that wait for a person, and what the person says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command
from console.cli.answers import Answer, table
from console.cli.lists.import_commands import hide_few, progress_bar, told
from console.cli.lists.list_commands import lists_app
from console.cli.lists.whom_it_hits import calls_of_the_last_day
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.held_imports import HeldImport

HeldId = Annotated[int, typer.Argument(metavar="ID", help="Its number, from `lists held`.")]


@command(lists_app)
async def held(
    here: Installation,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those released, dropped or lapsed, and by whom.")
    ] = False,
) -> Answer:
    """Show imports that wait for a person, and why."""
    from rules.lists.held_imports import held_imports

    rows = [as_data(one, here.zone) for one in await held_imports(await here.lists(), ended=everything)]
    ended = ("ended", "ended_by", "ended_why", "import_id") if everything else ()
    columns = ("id", "list", "source", "author", "created", "lapses", "why", *ended)
    return table(columns, rows, here.zone, none="No import waits for a person.")


def as_data(one: HeldImport, zone: str) -> dict[str, Any]:
    """A held import for programs, with readable times."""
    times = {
        "created": shown_time(one.created, zone),
        "lapses": shown_time(one.lapses, zone),
        "ended": shown_time(one.ended, zone) or None,
    }
    return one._asdict() | times


@command(lists_app)
async def release(
    here: Installation,
    number: HeldId,
    reason: Annotated[str, typer.Option(help="Why it may go live; it is shown by `lists imports`.")],
) -> Answer:
    """Do a held import after all: every check is made again, and it is recorded who released it and why."""
    from rules.lists.held_imports import held_imports, release_import

    lists, calls = await here.lists(), await calls_of_the_last_day(here)
    started = time.perf_counter()
    with progress_bar("reading", "writing") as (read, written):
        report = await release_import(
            *(lists, number), author=here.actor, reason=reason, calls=calls, progress=read, writing=written
        )
    took = time.perf_counter() - started
    await hide_few(here, report, f"lists release {number}")
    name = next(one.list for one in await held_imports(lists, ended=True) if one.id == number)
    return told(report, f"held import {number}", name, took)


@command(lists_app)
async def drop(
    here: Installation,
    number: HeldId,
    reason: Annotated[str, typer.Option(help="Why; shown by `lists held --all`.")] = "",
) -> Answer:
    """Forget the file of a held import; nothing changes on the list."""
    from rules.lists.held_imports import drop_import

    done = await drop_import(await here.lists(), number, author=here.actor, reason=reason)
    said = f"Held import {number} of {done.source} into {done.list} is dropped."
    return Answer(as_data(done, here.zone), said)
