"""`ringfence ranges` and `ringfence subscribers`: who holds which code, and what each subscriber wants for himself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json, clear_errors, counted
from console.cli.lists.import_commands import DryRun, Encoding, Source, naming_lines, reading, source_name
from console.cli.lists.list_commands import Country, opened, show_rows, with_lists, with_open_lists
from console.cli.options import AsJson, ConfigurationFile, chosen, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists
    from rules.lists.ledger_imports import LedgerReport
    from rules.lists.subscribers import SubscriberStore

ranges_app = typer.Typer(no_args_is_help=True)
subscribers_app = typer.Typer(no_args_is_help=True)
Subscriber = Annotated[str, typer.Argument(metavar="SUBSCRIBER", help="The called number.")]
Callers = Annotated[list[str], typer.Argument(metavar="CALLER...", help="Numbers, prefixes or ranges.")]


class Kind(StrEnum):
    """Which of a subscriber's two lists."""

    ALLOW = "allow"
    BLOCK = "block"


WhichList = Annotated[Kind, typer.Argument(help="allow: these callers always ring; block: they never do.")]


@ranges_app.callback()
def ranges(context: typer.Context, config: ConfigurationFile = None) -> None:
    """The range ledger: code, holder, hosting operator, purpose, valid until."""
    if config is not None:
        context.obj = config


@subscribers_app.callback()
def subscribers(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Allow and block lists of single subscribers, beside the operator's."""
    if config is not None:
        context.obj = config


@ranges_app.command(name="import")
def import_ranges(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON lines; - for standard input.")],
    column: Annotated[
        str, typer.Option(help="Columns whose header is unusual or missing: Anruf, or 2, or number=2,reason=Why.")
    ] = "",
    complete: Annotated[
        list[str], typer.Option(metavar="PREFIX", help="A beginning of which every code is in the ledger: 95, 96, 400.")
    ] = [],  # noqa: B006
    replace: Annotated[bool, typer.Option("--replace", help="The file is the whole ledger.")] = False,
    encoding: Encoding = "",
    reason: Annotated[str, typer.Option(help="Why; kept in the history of its codes.")] = "",
    source: Source = "",
    dry_run: DryRun = False,
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Read codes into the ledger: all of them or none. Columns: code, holder, host, purpose, valid until."""
    configured = chosen(context, config)

    async def work(lists: Lists, configuration: Configuration) -> LedgerReport:
        from rules.lists.ledger_imports import OF_CODES, import_ledger
        from rules.lists.list_files import Seen, read_lines

        seen = Seen()
        with reading(file) as stream:
            return await import_ledger(
                lists.store,
                read_lines(stream, column=column, encoding=encoding, wanted=OF_CODES, seen=seen),
                source=source or source_name(file),
                now=time.time(),
                author=login_name(),
                reason=reason,
                country=country or configuration.home,
                zone=configuration.time_zone,
                complete=tuple(complete),
                replace_all=replace,
                dry_run=dry_run,
                seen=seen,
            )

    with clear_errors(), naming_lines(file):
        report = asyncio.run(with_open_lists(configured, work))
    as_json(asdict(report)) if json else print_ledger_report(report, dry_run=dry_run)


def print_ledger_report(report: LedgerReport, *, dry_run: bool) -> None:
    """What an import into the ledger did, or would do."""
    would = "would be " if dry_run else ""
    number = f" (import {report.import_id})" if report.import_id is not None else ""
    live = "" if dry_run or report.import_id is None else "; rules see them within a second"
    typer.echo(
        f"{counted(report.lines, 'line')}: {counted(report.added, 'code')} {would}added, {report.changed} "
        f"{would}changed, {report.removed} {would}removed{number}{live}."
    )
    if report.unchanged:
        typer.echo(f"{report.unchanged:,} unchanged: they stand there just so already.")
    if report.complete:
        typer.echo(f"Complete {'it would be' if dry_run else 'from now on'}: {', '.join(report.complete)}.")
    if report.incomplete:
        typer.echo(f"Complete no longer: {', '.join(report.incomplete)}.")
    if report.not_understood:
        typer.echo(f"Columns that are not understood, and were left out: {', '.join(report.not_understood)}.")
    if report.comments:
        typer.echo(f"Left out, since they begin with #: {counted(report.comments, 'line')}.")
    if report.repeated:
        typer.echo(f"{counted(report.repeated, 'line')} repeated by a later line, which counts.")


@ranges_app.command(name="show")
def show_ranges(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Codes at most.")] = 100,
    expired: Annotated[bool, typer.Option("--expired", help="Only codes that are valid no longer.")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="The beginnings of which every code is in the ledger, instead of codes.")
    ] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the ledger."""

    async def work(lists: Lists, configuration: Configuration) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        from rules.lists.ledger import codes, complete_beginnings

        zone = configuration.time_zone
        wholes = [one._asdict() for one in await complete_beginnings(lists.store)]
        found = await codes(lists.store, limit=limit, expired_at=time.time() if expired else None)
        return [asdict(code) | {"valid_until": shown_time(code.valid_until, zone)} for code in found], wholes

    rows, wholes = with_lists(chosen(context, config), work)
    if complete:
        show_rows(wholes, ("text", "codes"), json=json)
        return
    show_rows(rows, ("text", "holder", "host", "purpose", "valid_until"), json=json)
    if wholes and not json:
        typer.echo(f"Complete, so that what lies in no code is unheld: {', '.join(one['text'] for one in wholes)}.")


@asynccontextmanager
async def subscriber_store(file: Path) -> AsyncIterator[tuple[SubscriberStore, str, str]]:
    """The lists of subscribers, with the home that numbers are read in and the zone of times."""
    from rules.lists.subscribers import SubscriberStore
    from rules.storage.keys import Keys

    async with opened(file) as (lists, configuration):
        keys = Keys.load(file.parent / configuration.storage.key_file)
        store = SubscriberStore(lists.store, keys.pseudonym, time.time)
        yield store, configuration.home, configuration.time_zone


def _change(file: Path, change: Callable[[SubscriberStore, str], Awaitable[list[str]]], words: str) -> None:
    """Change the lists of a subscriber, and say so."""

    async def work() -> list[str]:
        async with subscriber_store(file) as (store, country, _):
            return await change(store, country)

    with clear_errors():
        for entry in asyncio.run(work()):
            typer.echo(f"{entry} is {words} of this subscriber.")


@subscribers_app.command()
def add(
    context: typer.Context, subscriber: Subscriber, kind: WhichList, callers: Callers, config: ConfigurationFile = None
) -> None:
    """Put callers on a subscriber's allow or block list, all or none: 100 of each at most."""
    _change(
        chosen(context, config),
        lambda store, country: store.add_all(subscriber, kind.value, callers, country=country),
        f"on the {kind} list",
    )


@subscribers_app.command()
def remove(
    context: typer.Context, subscriber: Subscriber, kind: WhichList, callers: Callers, config: ConfigurationFile = None
) -> None:
    """Take callers off a subscriber's allow or block list, all or none."""
    _change(
        chosen(context, config),
        lambda store, country: store.remove_all(subscriber, kind.value, callers, country=country),
        f"off the {kind} list",
    )


@subscribers_app.command(name="show")
def show_subscriber(
    context: typer.Context, subscriber: Subscriber, config: ConfigurationFile = None, json: AsJson = False
) -> None:
    """Show both lists of a subscriber."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with subscriber_store(file) as (store, country, zone):
            found = await store.show(subscriber, country=country)
            return [entry._asdict() | {"created": shown_time(entry.created, zone)} for entry in found]

    with clear_errors():
        rows = asyncio.run(work())
    show_rows(rows, ("kind", "entry", "created"), json=json)
