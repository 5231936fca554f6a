"""`ringfence lists import | imports | undo`: whole files of numbers in, and back again."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from console.cli.answers import FAULTS, as_json, clear_errors, counted, fail
from console.cli.lists.list_commands import (
    HELD,
    SHOWN,
    Country,
    ListName,
    lists_app,
    print_sealed,
    show_rows,
    with_lists,
    with_open_lists,
)
from console.cli.lists.whom_it_hits import calls_of_the_last_day
from console.cli.options import AsJson, ConfigurationFile, chosen, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists, Origin
    from rules.lists.import_batch import Refusal, Report
    from rules.lists.imports import Wishes
    from rules.lists.undoing import Undone

POLLED_S = 0.25  # the proxy looks for changes so often


class OnError(StrEnum):
    """What a bad line does."""

    STOP = "stop"
    SKIP = "skip"


Reason = Annotated[str, typer.Option(help="For rows that give none.")]
Source = Annotated[str, typer.Option(help="Who says so; default: the file's name.")]
Column = Annotated[
    str, typer.Option(help="Columns whose header is unusual or missing: Anruf, or 2, or number=2,reason=Why.")
]
Encoding = Annotated[
    str,
    typer.Option(metavar="NAME", help="Of the file: gb18030, big5 ...; default: found out."),
]
Replace = Annotated[bool, typer.Option("--replace", help="The file is the whole list: what is not in it is removed.")]
Bad = Annotated[OnError, typer.Option(help="A bad row refuses the file, or is left out.")]
Skip = Annotated[bool, typer.Option("--skip", help="The same as --on-error skip.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]
Ranges = Annotated[bool, typer.Option("--range", help="Prefixes and ranges may be blocked.")]
Force = Annotated[bool, typer.Option("--force", help="Even what covers numbers of an allow list.")]
Insist = Annotated[
    bool,
    typer.Option("--yes-really", help="Even an empty version, one that changes much or stops many calls; recorded."),
]


@lists_app.command(name="import")
def import_numbers(
    context: typer.Context,
    name: ListName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or text; - for standard input.")],
    column: Column = "",
    encoding: Encoding = "",
    reason: Reason = "",
    source: Source = "",
    replace: Replace = False,
    on_error: Bad = OnError.STOP,
    skip: Skip = False,
    dry_run: DryRun = False,
    ranges: Ranges = False,
    force: Force = False,
    yes_really: Insist = False,
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Import a file of numbers in one transaction: all of it or nothing; calls go on meanwhile.

    Exit status 1: a row was refused, and the file with it; 3: it waits for a person (`lists held`).
    """
    chosen_file = chosen(context, config)
    bad: OnError = OnError.SKIP if skip else on_error
    how = {"on_error": bad.value, "replace_all": replace, "dry_run": dry_run}
    how |= {"wide": ranges, "force": force, "insist": yes_really, "encoding": encoding}

    async def work(lists: Lists, configuration: Configuration) -> tuple[Report, float]:
        from rules.lists.editing import Origin

        wishes = await wishes_for(chosen_file, configuration, country, how)
        origin = Origin(source or source_name(file), reason, login_name())
        started = time.perf_counter()
        return await run_import(lists, name, file, origin, wishes, column), time.perf_counter() - started

    with clear_errors(), naming_lines(file, "--on-error skip leaves such lines out"):
        report, took = asyncio.run(with_open_lists(chosen_file, work))
    tell(report, took, file, name, dry_run=dry_run, json=json)
    if report.refused and bad is OnError.STOP:
        raise typer.Exit(FAULTS)


async def wishes_for(file: Path, configuration: Configuration, country: str, how: dict[str, Any]) -> Wishes:
    """How an import is to be done, and which calls it is compared with."""
    from rules.lists.imports import Wishes

    calls = await calls_of_the_last_day(file.parent / configuration.storage.database)
    read_in = country or configuration.home
    return Wishes(country=read_in, zone=configuration.time_zone, calls=calls, **how)


def tell(report: Report, took: float, file: Path, name: str, *, dry_run: bool, json: bool) -> None:
    """Say what an import did, and end with a status of its own when it waits for a person."""
    held = bool(report.held) and report.import_id is None
    if json:
        as_json(report_data(report))
    else:
        print_report(report, shown_name(file), name, dry_run=dry_run or held)
        if report.import_id is not None:
            tell_when_live(took, report.example)
    if held and not dry_run:
        fail(what_to_do(report), HELD)


def what_to_do(report: Report) -> str:
    """Why an import waits, under which number, and what a person can say."""
    why = f"held, nothing was changed: {'; '.join(report.held)}."
    if report.held_id is None:
        return f"{why} The file is too large to be kept here: import it again with --yes-really, which is recorded."
    one = report.held_id
    return f"{why} `ringfence lists release {one} --reason ...` does it all the same, `lists drop {one}` forgets it."


def tell_when_live(took: float, example: str) -> None:
    """When calls are judged by it, and how to look."""
    typer.echo(f"live after {took + POLLED_S:.1f} s{f'; try: ringfence why {example}' if example else ''}")


def report_data(report: Report) -> dict[str, Any]:
    """What an import did, for programs."""
    return {**asdict(report), "refused": dict(report.refused)}


async def run_import(lists: Lists, name: str, file: Path, origin: Origin, wishes: Wishes, column: str) -> Report:
    """Import a file or standard input, with a bar."""
    from rules.lists.held_imports import import_or_hold

    with progress_bar("reading", "writing") as (read, written), reading(file) as stream:
        wishes = replace(wishes, progress=read, writing=written)
        return await import_or_hold(lists, name, stream, origin, wishes, column=column)


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for ``-``."""
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as stream:
        yield stream


def source_name(file: Path) -> str:
    """Who says so, unless a person names another: the file."""
    return "standard input" if str(file) == "-" else file.name


@contextmanager
def progress_bar(*doing: str) -> Iterator[list[Callable[[int], None]]]:
    """A line on standard error for each thing that is done, with so many rows, on anything longer than a second."""
    from rich.console import Console
    from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn

    begun, console = time.monotonic(), Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} lines"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # a log or a script gets no empty line
    ) as progress:

        def told(task: TaskID, lines: int) -> None:
            progress.update(task, completed=lines, visible=time.monotonic() - begun > 1.0)

        yield [partial(told, progress.add_task(what, total=None, visible=False)) for what in doing]


@contextmanager
def naming_lines(file: Path, advice: str = "") -> Iterator[None]:
    """Name the file in what is said of a line that ends an import, and ``advice`` where a row is at fault."""
    from rules.lists.admission import EntryError
    from rules.lists.list_files import ListFileError

    try:
        yield
    except (EntryError, ListFileError) as error:
        if isinstance(error, EntryError) and error.name == "nothing":
            fail(f"{shown_name(file)}: {error}")
        if not error.line:
            raise
        where = f"{shown_name(file)}:{error.line}: {error.reason}; nothing was changed"
        fail(f"{where}; {advice}" if advice and isinstance(error, EntryError) else where)


def shown_name(file: Path) -> str:
    """What a file is called in messages."""
    return "<stdin>" if str(file) == "-" else str(file)


def refused_lines(report: Report, file: str) -> Iterator[str]:
    """What was refused: the first line of each code with its reason, the places of the others behind it."""
    alike: dict[str, list[Refusal]] = {}
    for refusal in sorted(report.refusals, key=lambda one: one.line):
        alike.setdefault(refusal.code, []).append(refusal)
    for first, *others in alike.values():
        where = f"{file}:{first.line}" if first.line else file
        told = "" if repr(first.text) in first.message else f"{first.text!r}: "
        yield f"{where}: {told}{first.message}"
        if others:
            places = ", ".join(str(one.line or one.text) for one in others[:SHOWN])
            yield f"  likewise {counted(len(others), 'line')} more: {places}{', ...' if len(others) > SHOWN else ''}"
    if more := sum(report.refused.values()) - len(report.refusals):
        yield f"  and {counted(more, 'line')} more, which are not told one by one"


def print_report(report: Report, file: str, name: str, *, dry_run: bool) -> None:
    """What an import did, and which lines it refused."""
    for line in refused_lines(report, file):
        typer.echo(line, err=True)
    would = "would be " if dry_run else ""
    number = f" (import {report.import_id})" if report.import_id is not None else ""
    typer.echo(
        f"{counted(report.lines, 'line')}: {report.added} {would}added to {name}, {report.changed} {would}changed, "
        f"{report.removed} {would}removed, {sum(report.refused.values())} refused{number}."
    )
    if report.unchanged:
        typer.echo(f"{report.unchanged:,} unchanged: they stand there just so already.")
    if report.not_understood:
        typer.echo(f"Columns that are not understood, and were left out: {', '.join(report.not_understood)}.")
    if report.comments:
        typer.echo(f"Left out, since they begin with #: {counted(report.comments, 'line')}.")
    if report.repeated:
        typer.echo(f"{counted(report.repeated, 'line')} repeated by a later line, which counts.")
    if conflicts := report.refused.get("protected", 0):
        typer.echo(f"{counted(conflicts, 'conflict')} with an allow list or our own numbers.")
    if report.overrules:
        named = ", ".join(report.useless[:SHOWN]) + (", ..." if report.overrules > SHOWN else "")
        typer.echo(f"{report.overrules:,} blocks {'would become' if dry_run else 'are now'} useless: {named}.")
    print_sealed(report.sealed)
    if report.hits:
        named = ", ".join(report.holders[:SHOWN]) + (", ..." if report.hits > SHOWN else "")
        typer.echo(f"It {'would hit' if dry_run else 'hits'} {counted(report.hits, 'held code')}: {named}.")
    if report.caught.of:
        most = f"; most from {', '.join(report.caught.callers)}" if report.caught.callers else ""
        typer.echo(
            f"Of {report.caught.of:,} calls that went through in the last day it would have caught "
            f"{report.caught.calls:,}{most}."
        )
    if dry_run and report.held and report.held_id is None:
        typer.echo(f"It would be held for a person: {'; '.join(report.held)}.")


@lists_app.command()
def imports(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Imports at most.")] = 20,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the latest imports: what each did, and by whose word it went through if it was held."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.imports import imports as latest

        zone = configuration.time_zone
        return [
            {**asdict(one), "created": shown_time(one.created, zone), "undone": shown_time(one.undone, zone) or None}
            for one in await latest(lists, limit=limit)
        ]

    columns = ("id", "list", "source", "author", "created", "added", "changed", "removed", "undone", "insisted")
    show_rows(with_lists(chosen(context, config), work), columns, json=json)


@lists_app.command()
def undo(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Its number, from `lists imports`.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history of its numbers.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take back a whole import; what was edited or taken off since then stays so."""

    async def work(lists: Lists, _: Configuration) -> Undone:
        from rules.lists.undoing import undo as take_back

        return await take_back(lists, number, author=login_name(), reason=reason)

    done = with_lists(chosen(context, config), work)
    as_json(done._asdict()) if json else print_undone(done)


def print_undone(done: Undone) -> None:
    """What went, what came back, and what stays because somebody acted since."""
    typer.echo(f"Import {done.id} into {done.list} is undone: {done.off:,} off, {done.back:,} back.")
    if done.kept:
        typer.echo(f"{done.kept:,} of its entries were edited or taken off since, and stay so.")
    if done.stay_off:
        typer.echo(f"Taken off or undone since, and not put back: {', '.join(done.stay_off)}.")
    print_sealed(done.sealed)
