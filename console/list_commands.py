"""`ringfence lists`: numbers on lists, changed while the proxy runs; the next call within a second sees it."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import FAULTS, as_json, clear_errors, fail, print_table
from console.options import AsJson, ConfigurationFile, chosen, moment, shown_time

if TYPE_CHECKING:
    from console.settings import Configuration
    from rules.import_batch import Report
    from rules.lists import Entry, Lists

lists_app = typer.Typer(no_args_is_help=True)
ListName = Annotated[str, typer.Argument(metavar="LIST", help="A list of ringfence.yaml.")]
Numbers = Annotated[
    list[str],
    typer.Argument(
        metavar="NUMBER...", help="A number in any spelling, a prefix (+86170*), a range (95012000..95012999)."
    ),
]
Country = Annotated[
    str, typer.Option(metavar="CC", help="Country whose plan national numbers are read in; default: the trunks'.")
]


@lists_app.callback()
def lists(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Add, remove, show and import numbers, without a restart."""
    if config is not None:
        context.obj = config


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[Lists, Configuration]]:
    """The lists of a configuration, open."""
    from console.configuration import load_configuration
    from rules.lists import Lists

    configuration = load_configuration(file)
    database = file.parent / configuration.storage.database
    await asyncio.to_thread(database.parent.mkdir, parents=True, exist_ok=True)
    lists = await Lists.open(database, configuration.lists)
    try:
        yield lists, configuration
    finally:
        await lists.close()


def as_data(entry: Entry, zone: str) -> dict[str, Any]:
    """An entry for programs, with readable times."""
    origin = entry.origin
    return {
        "list": entry.list,
        "entry": entry.text,
        "source": origin.source,
        "reason": origin.reason,
        "author": origin.author,
        "created": shown_time(entry.created, zone),
        "expires": shown_time(origin.expires, zone) or None,
        "evidence": origin.evidence,
        "note": origin.note,
        "trunks": list(origin.trunks),
    }


@lists_app.command()
def add(
    context: typer.Context,
    name: ListName,
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Why; shown by explain.")] = "",
    source: Annotated[str, typer.Option(help="Who says so.")] = "operator",
    expires: Annotated[str, typer.Option(metavar="TIME", help="30d, 2026-12-31; default: the list's.")] = "",
    evidence: Annotated[str, typer.Option(help="A reference to what proves it.")] = "",
    trunk: Annotated[list[str], typer.Option(help="Allow entries: the only trunks on which they pass calls.")] = [],  # noqa: B006
    country: Country = "",
    force: Annotated[bool, typer.Option(help="Even if it covers numbers of an allow list.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Put numbers on a list: on disk when this returns, in force for the next call within a second."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        from rules.lists import Origin

        async with opened(file) as (lists, configuration):
            zone = configuration.time_zone
            if unknown := set(trunk) - {known.name for known in configuration.trunks}:
                fail(f"no trunk is named {', '.join(sorted(unknown))} in {file}")
            until = moment(expires, now=time.time(), zone=zone, ahead=True) if expires else None
            origin = Origin(source, reason, getpass.getuser(), until, evidence, trunks=tuple(trunk))
            read_in = country.upper() or configuration.country
            return [
                as_data(await lists.add(name, number, origin, country=read_in, force=force), zone) for number in numbers
            ]

    with clear_errors():
        added = asyncio.run(work())
    if json:
        as_json(added)
    else:
        for entry in added:
            until = f" until {entry['expires']}" if entry["expires"] else ""
            typer.echo(f"{entry['entry']} is on {name}{until}.")


@lists_app.command()
def remove(
    context: typer.Context,
    name: ListName,
    numbers: Numbers,
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take numbers off a list."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with opened(file) as (lists, configuration):
            read_in = country.upper() or configuration.country
            return [
                as_data(await lists.remove(name, number, country=read_in), configuration.time_zone)
                for number in numbers
            ]

    with clear_errors():
        removed = asyncio.run(work())
    if json:
        as_json(removed)
    else:
        for entry in removed:
            typer.echo(f"{entry['entry']} is off {name}.")


@lists_app.command(name="import")
def import_numbers(
    context: typer.Context,
    name: ListName,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV, JSON lines or text.")],
    column: Annotated[str, typer.Option(help="The column of numbers, if its header is unusual.")] = "",
    reason: Annotated[str, typer.Option(help="For rows that give none.")] = "",
    source: Annotated[str, typer.Option(help="Who says so; default: the file's name.")] = "",
    replace: Annotated[bool, typer.Option(help="The file is the whole list: what is not in it is removed.")] = False,
    skip: Annotated[bool, typer.Option(help="Leave bad rows out instead of refusing the file.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, change nothing.")] = False,
    force: Annotated[bool, typer.Option(help="Even what covers numbers of an allow list.")] = False,
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Import a file of numbers in one transaction: all of it or nothing; calls go on meanwhile."""
    chosen_file = chosen(context, config)

    async def work() -> Report:
        from rules.imports import import_file
        from rules.lists import Origin

        async with opened(chosen_file) as (lists, configuration):
            origin = Origin(source or file.name, reason, getpass.getuser())
            with file.open("rb") as stream:
                return await import_file(
                    *(lists, name, stream, origin),
                    country=country.upper() or configuration.country,
                    column=column,
                    on_error="skip" if skip else "stop",
                    replace_all=replace,
                    dry_run=dry_run,
                    force=force,
                )

    with clear_errors():
        report = asyncio.run(work())
    if json:
        as_json({**asdict(report), "refused": dict(report.refused)})
    else:
        print_report(report, str(file), name, dry_run=dry_run)
    if report.refused and not skip:
        raise typer.Exit(FAULTS)


def print_report(report: Report, file: str, name: str, *, dry_run: bool) -> None:
    """What an import did, line by line where it refused."""
    for refusal in report.refusals:
        typer.echo(f"{file}:{refusal.line}: {refusal.text!r}: {refusal.message}", err=True)
    would = "would be " if dry_run else ""
    number = f" (import {report.import_id})" if report.import_id is not None else ""
    typer.echo(
        f"{report.lines} lines: {report.added} {would}added to {name}, {report.changed} {would}changed, "
        f"{report.removed} {would}removed, {sum(report.refused.values())} refused{number}."
    )


@lists_app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists, counted.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 100,
    after: Annotated[str, typer.Option(metavar="ENTRY", help="Go on behind this entry.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the entries of a list, or all lists with their kind and number of entries."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with opened(file) as (lists, configuration):
            if name:
                found = await lists.show(name, limit=limit, after=after)
                return [as_data(entry, configuration.time_zone) for entry in found]
            counts = await lists.counts()
            return [
                {"list": known, "kind": policy.kind, "entries": counts.get(known, 0)}
                for known, policy in sorted(configuration.lists.items())
            ]

    with clear_errors():
        rows = asyncio.run(work())
    if json:
        as_json(rows)
        return
    columns = ("entry", "reason", "source", "created", "expires") if name else ("list", "kind", "entries")
    print_table(columns, rows)
