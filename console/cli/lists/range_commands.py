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
from console.cli.lists.import_commands import naming_lines, reading, source_name
from console.cli.lists.list_commands import Country, opened, show_rows, with_lists, with_open_lists
from console.cli.options import AsJson, ConfigurationFile, chosen, shown_time

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists
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
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Read codes into the ledger: all of them or none. Columns: code, holder, host, purpose, valid until."""
    configured = chosen(context, config)

    async def work(lists: Lists, configuration: Configuration) -> dict[str, int]:
        from rules.lists.ledger import import_ledger
        from rules.lists.list_files import read_lines

        with reading(file) as stream:
            report = await import_ledger(
                *(lists.store, read_lines(stream, column=column)),
                source=source_name(file),
                now=time.time(),
                country=country or configuration.home,
                zone=configuration.time_zone,
                complete=tuple(complete),
                replace_all=replace,
            )
        return asdict(report)

    with clear_errors(), naming_lines(file):
        report = asyncio.run(with_open_lists(configured, work))
    if json:
        as_json(report)
    else:
        typer.echo(
            f"{counted(report['lines'], 'line')}: {counted(report['added'], 'code')} added, "
            f"{report['changed']} changed, {report['removed']} removed; rules see them within a second."
        )


@ranges_app.command(name="show")
def show_ranges(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Codes at most.")] = 100,
    expired: Annotated[bool, typer.Option("--expired", help="Only codes that are valid no longer.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the ledger."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.ledger import codes

        zone = configuration.time_zone
        found = await codes(lists.store, limit=limit, expired_at=time.time() if expired else None)
        return [asdict(code) | {"valid_until": shown_time(code.valid_until, zone)} for code in found]

    rows = with_lists(chosen(context, config), work)
    show_rows(rows, ("text", "holder", "host", "purpose", "valid_until"), json=json)


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
