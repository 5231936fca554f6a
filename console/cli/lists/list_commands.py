"""`ringfence lists`: numbers on lists, changed while the proxy runs; the next call within a second sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from console.cli.answers import as_json, clear_errors, fail, print_table
from console.cli.lists.whom_it_hits import hits_of
from console.cli.options import AsJson, ConfigurationFile, chosen, moment, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from console.cli.lists.whom_it_hits import Hits
    from ringfence.settings import Configuration
    from rules.lists.editing import Entry, Lists
    from rules.lists.import_batch import Report
    from rules.lists.origins import Origin, Qualification

T = TypeVar("T")
lists_app = typer.Typer(no_args_is_help=True)
SHOWN = 5  # of many, named one by one
HELD = 3  # exit status of what waits for a person
ListName = Annotated[str, typer.Argument(metavar="LIST", help="A list of ringfence.yaml.")]
Numbers = Annotated[
    list[str],
    typer.Argument(
        metavar="NUMBER...", help="A number in any spelling, a prefix (+86170*), a range (95012000..95012999)."
    ),
]


def _country(code: str) -> str:
    """The code in capitals, or what is wrong with it."""
    from rules.numbering.countries import known_country

    try:
        return known_country(code.strip().upper()) if code else ""
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Country = Annotated[
    str,
    typer.Option(
        metavar="CC", callback=_country, help="Country whose plan national numbers are read in; default: home."
    ),
]


@lists_app.callback()
def lists(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Numbers on lists: add, remove, show, import and export them, without a restart."""
    if config is not None:
        context.obj = config


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[Lists, Configuration]]:
    """The lists of a configuration, open."""
    from ringfence.configuration import load_configuration
    from rules.lists.editing import Lists

    configuration = load_configuration(file)
    database = file.parent / configuration.storage.database
    await asyncio.to_thread(database.parent.mkdir, parents=True, exist_ok=True)
    lists = await Lists.open(database, configuration.lists)
    lists.store.waits = _say_that_it_waits
    try:
        yield lists, configuration
    finally:
        await lists.close()


def _say_that_it_waits() -> None:
    typer.echo("Another process is writing to the lists; this waits for it, half a minute at most.", err=True)


def with_lists(file: Path, work: Callable[[Lists, Configuration], Awaitable[T]]) -> T:
    """What this finds, or does, with the open lists of a configuration; faults that people can mend become lines."""
    with clear_errors():
        return asyncio.run(with_open_lists(file, work))


async def with_open_lists(file: Path, work: Callable[[Lists, Configuration], Awaitable[T]]) -> T:
    """The same, where somebody else tells the faults."""
    async with opened(file) as (lists, configuration):
        return await work(lists, configuration)


def show_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], *, json: bool) -> None:
    """Rows for programs, or these columns of them for people."""
    as_json(rows) if json else print_table(columns, rows)


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
        "except": list(entry.exceptions),
        **({"sealed": list(entry.sealed)} if entry.sealed else {}),
        **({"changed": list(entry.changed)} if entry.before is not None else {}),
        **({"left_out_of": list(entry.cut)} if entry.cut else {}),
        **qualified(origin.qualification, zone),
        "off": entry.off(time.time()) or None,
    }


def qualified(qualification: Qualification | None, zone: str) -> dict[str, Any]:
    """What qualifies an allow entry; nothing for others."""
    if qualification is None:
        return {}
    return {**asdict(qualification), "review": shown_time(qualification.review, zone) or None}


@lists_app.command()
def add(
    context: typer.Context,
    name: ListName,
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Why; shown by explain.")] = "",
    source: Annotated[str, typer.Option(help="Who says so; default: operator.")] = "",
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="30d, 2026-12-31 (its end), never; default: the list's.")
    ] = "",
    evidence: Annotated[str, typer.Option(help="A reference to what proves it.")] = "",
    note: Annotated[str, typer.Option(help="Whatever else should stand with it.")] = "",
    trunk: Annotated[list[str], typer.Option(help="Allow entries: the only trunks on which they pass calls.")] = [],  # noqa: B006
    ranges: Annotated[bool, typer.Option("--range", help="Block a prefix or range; says how many it hits.")] = False,
    leave_out: Annotated[list[str], typer.Option("--except", help="What an allow prefix leaves out.")] = [],  # noqa: B006
    licence: Annotated[str, typer.Option(help="Allow entries: number of the licence.")] = "",
    document: Annotated[str, typer.Option(help="Allow entries: hash of the document shown.")] = "",
    purpose: Annotated[str, typer.Option(help="Allow entries: what the calls are for.")] = "",
    hours: Annotated[str, typer.Option(help="Allow entries: 09:00-18:00, the hours they pass calls.")] = "",
    review: Annotated[str, typer.Option(metavar="TIME", help="Allow entries: off from then on.")] = "",
    owner: Annotated[str, typer.Option(help="Allow entries: who answers for it.")] = "",
    approver: Annotated[str, typer.Option(help="Allow entries: who agreed; not the author.")] = "",
    country: Country = "",
    force: Annotated[bool, typer.Option("--force", help="Even if it covers numbers of an allow list.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Put numbers on a list, all or none: on disk when this returns, in force for the next call within a second.

    Of what stands there already, only what is given here changes.
    """
    file = chosen(context, config)

    async def work(lists: Lists, configuration: Configuration) -> tuple[list[Entry], str, list[Hits], Report | None]:
        from rules.lists.origins import NEVER, OPERATOR, UNQUALIFIED, Origin, Qualification

        zone = configuration.time_zone
        if unknown := set(trunk) - {known.name for known in configuration.trunks}:
            fail(f"no trunk is named {', '.join(sorted(unknown))} in {file}")
        until = moment(expires, now=time.time(), zone=zone, ahead=True) if expires not in ("", "never") else None
        due = moment(review, now=time.time(), zone=zone, ahead=True) if review else None
        shown = Qualification(licence, document, purpose, hours, due, owner, approver)
        origin = Origin(
            *(source or OPERATOR.source, reason, login_name(), NEVER if expires == "never" else until),
            *(evidence, note, tuple(trunk)),
            qualification=None if shown == UNQUALIFIED else shown,
        )
        read_in, holes = country or configuration.home, tuple(leave_out)
        how = {"wide": ranges, "force": force}
        if lists.policy(name).qualified:
            from rules.lists.held_imports import propose
            from rules.lists.imports import Wishes

            wishes = Wishes(country=read_in, zone=zone, wide=ranges, force=force)
            return [], zone, [], await propose(lists, name, numbers, origin, wishes, holes)
        done = await lists.add_all(name, numbers, origin, country=read_in, exceptions=holes, **how)
        return done, zone, await hits_of(lists, configuration, file, done), None

    added, zone, hits, proposed = with_lists(file, work)
    if proposed is not None:
        print_proposed(proposed, name, json=json)
    elif json:
        as_json([as_data(entry, zone) | told.as_data() for entry, told in zip(added, hits, strict=True)])
    else:
        for entry, told in zip(added, hits, strict=True):
            print_added(entry, zone)
            for line in told.lines():
                typer.echo(line)


def print_proposed(report: Report, name: str, *, json: bool) -> None:
    """What waits for its approver, under which number; ends with the status of what waits for a person."""
    if json:
        as_json({**asdict(report), "refused": dict(report.refused)})
    elif not report.held:
        typer.echo(f"It stands on {name} just so already; nothing was changed.")
    if report.held:
        release = f"`ringfence lists release {report.held_id} --reason ...`"
        fail(f"proposed for {name}, nothing was changed: {'; '.join(report.held)}, by {release}.", HELD)


def print_added(entry: Entry, zone: str) -> None:
    """What was put on a list, how far it reaches, which blocks it makes useless; of what stood there, what changed."""
    if entry.before is not None:
        typer.echo(_changed(entry, entry.before, zone))
        _print_cut(entry)
        return
    until = f" until {shown_time(entry.origin.expires, zone)}" if entry.origin.expires else ""
    hits = f"; it hits {entry.reach:,} numbers of the plan" if entry.text[-1] == "*" or ".." in entry.text else ""
    typer.echo(f"{entry.text} is on {entry.list}{until}{hits}.")
    if entry.text.startswith("EXT:") and entry.text[-1] != "*":
        digits = entry.text.removeprefix("EXT:")
        typer.echo(f"{digits} is a number of no plan, such as an extension; what begins with it is written {digits}*.")
    for useless in entry.overrules:
        typer.echo(f"useless from now on: {useless}")
    if more := entry.overruled - len(entry.overrules):
        typer.echo(f"useless from now on: {more:,} entries more")
    _print_cut(entry)
    print_sealed(entry.sealed)


def _print_cut(entry: Entry) -> None:
    for allowing in entry.cut:
        typer.echo(f"{allowing} leaves it out from now on, so that it acts.")


def _changed(entry: Entry, before: Origin, zone: str) -> str:
    """What is different now on an entry that stood there."""
    if not entry.changed:
        return f"{entry.text} is on {entry.list} already; nothing was changed."
    old = {"expires": shown_time(before.expires, zone) or "never", "trunks": " ".join(before.trunks)}
    old |= {"review": shown_time(before.qualification.review, zone) if before.qualification else ""}
    was = []
    for column in entry.changed:
        stood = old.get(column) or getattr(before, column, "") or getattr(before.qualification, column, "")
        was.append(f"{column} (was {stood!r})" if stood else f"{column} (there was none)")
    if entry.changed == ("except",):
        was = ["except"]
    return f"{entry.text} is on {entry.list} already; changed: {', '.join(was)}. All else stays."


def print_sealed(sealed: Sequence[str]) -> None:
    """Numbers that came onto an allow list and pass nobody, by which seal; the first few by name."""
    for seal in sealed[:SHOWN]:
        typer.echo(f"not passed: {seal}")
    if len(sealed) > SHOWN:
        typer.echo(f"not passed: {len(sealed) - SHOWN:,} sealed numbers more.")


@lists_app.command()
def remove(
    context: typer.Context,
    name: ListName,
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Why; kept in their history.")] = "",
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take numbers off a list, all or none; `lists history` still knows them."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        read_in = country or configuration.home
        gone = await lists.remove_all(name, numbers, country=read_in, author=login_name(), reason=reason)
        return [as_data(entry, configuration.time_zone) for entry in gone]

    removed = with_lists(chosen(context, config), work)
    if json:
        as_json(removed)
    else:
        for entry in removed:
            typer.echo(f"{entry['entry']} is off {name}.")


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

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        if name:
            found = await lists.show(name, limit=limit, after=after)
            return [as_data(entry, configuration.time_zone) for entry in found]
        counts = await lists.counts()
        return [
            {"list": known, "kind": policy.kind, "entries": counts.get(known, 0)}
            for known, policy in sorted(configuration.lists.items())
        ]

    rows = with_lists(chosen(context, config), work)
    if json:
        as_json(rows)
        return
    columns: tuple[str, ...] = ("list", "kind", "entries")
    if name:
        qualified_by = ("owner", "approver", "review") if any("review" in row for row in rows) else ()
        columns = ("entry", "reason", "source", "created", "expires", *qualified_by, "off")
        rows = [dict.fromkeys(columns) | row for row in rows]
    print_table(columns, rows)
    if name and len(rows) == limit:
        typer.echo(f"What stands behind it: ringfence lists show {name} --after {rows[-1]['entry']}")
