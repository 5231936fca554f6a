"""`ringfence ranges` and `ringfence subscribers`: who holds which code, and what each subscriber wants for himself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, counted, table
from console.cli.files import reading
from console.cli.in_full import InFull, Unmasked, Why, sight
from console.cli.lists.import_commands import (
    DryRun,
    Encoding,
    Source,
    file_lines,
    naming_lines,
    source_name,
)
from console.cli.lists.list_commands import Country
from console.cli.noted import note_question
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.ledger_imports import LedgerReport

ranges_app = typer.Typer(no_args_is_help=True)
subscribers_app = typer.Typer(no_args_is_help=True)
Subscriber = Annotated[str, typer.Argument(metavar="SUBSCRIBER", help="The called number.")]
Callers = Annotated[list[str], typer.Argument(metavar="CALLER...", help="Numbers, prefixes or ranges.")]


class Kind(StrEnum):
    """Which of a subscriber's two lists."""

    ALLOW = "allow"
    BLOCK = "block"


WhichList = Annotated[Kind, typer.Argument(help="allow: these callers always ring; block: they never do.")]


group(ranges_app, "The range ledger: code, holder, hosting operator, purpose, valid until.")
group(subscribers_app, "Allow and block lists of single subscribers, beside the operator's.")


@command(ranges_app, "import")
async def import_ranges(
    here: Installation,
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
) -> Answer:
    """Read codes into the ledger: all of them or none. Columns: code, holder, host, purpose, valid until."""
    from rules.lists.ledger_imports import OF_CODES, LedgerWishes, import_ledger
    from rules.lists.list_files import Seen, read_lines

    wishes = LedgerWishes(
        source or source_name(file),
        author=here.actor,
        reason=reason,
        country=country or here.home,
        zone=here.zone,
        complete=tuple(complete),
        replace_all=replace,
        dry_run=dry_run,
    )
    lists, seen = await here.lists(), Seen()
    with naming_lines(file), reading(file) as stream:
        report = await import_ledger(
            lists.store,
            read_lines(stream, column=column, encoding=encoding, wanted=OF_CODES, seen=seen),
            wishes,
            now=time.time(),
            seen=seen,
        )
    return Answer(asdict(report), "\n".join(ledger_lines(report, dry_run=dry_run)))


def ledger_lines(report: LedgerReport, *, dry_run: bool) -> Iterator[str]:
    """What an import into the ledger did, or would do."""
    would = "would be " if dry_run else ""
    number = f" (import {report.import_id})" if report.import_id is not None else ""
    live = "" if dry_run or report.import_id is None else "; rules see them within a second"
    yield (
        f"{counted(report.lines, 'line')}: {counted(report.added, 'code')} {would}added, {report.changed} "
        f"{would}changed, {report.removed} {would}removed{number}{live}."
    )
    if report.complete:
        yield f"Complete {'it would be' if dry_run else 'from now on'}: {', '.join(report.complete)}."
    if report.incomplete:
        yield f"Complete no longer: {', '.join(report.incomplete)}."
    yield from file_lines(report)


@command(ranges_app, "show")
async def show_ranges(
    here: Installation,
    limit: Annotated[int, typer.Option(min=1, help="Codes at most.")] = 100,
    expired: Annotated[bool, typer.Option("--expired", help="Only codes that are valid no longer.")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="The beginnings of which every code is in the ledger, instead of codes.")
    ] = False,
) -> Answer:
    """Show the ledger."""
    from rules.lists.ledger import codes, complete_beginnings

    store = (await here.lists()).store
    wholes = [one._asdict() for one in await complete_beginnings(store)]
    if complete:
        return table(("text", "codes"), wholes, here.zone)
    found = await codes(store, limit=limit, expired_at=time.time() if expired else None)
    rows = [asdict(code) | {"valid_until": shown_time(code.valid_until, here.zone)} for code in found]
    named = ", ".join(one["text"] for one in wholes)
    behind = f"Complete, so that what lies in no code is unheld: {named}." if wholes else ""
    return table(("text", "holder", "host", "purpose", "valid_until"), rows, here.zone, behind=behind)


@command(subscribers_app)
async def add(here: Installation, subscriber: Subscriber, kind: WhichList, callers: Callers) -> Answer:
    """Put callers on a subscriber's allow or block list, all or none: 100 of each at most."""
    store = await here.subscribers()
    entries = await store.add_all(subscriber, kind.value, callers, country=here.home, author=here.actor)
    return _changed(entries, f"on the {kind} list")


@command(subscribers_app)
async def remove(here: Installation, subscriber: Subscriber, kind: WhichList, callers: Callers) -> Answer:
    """Take callers off a subscriber's allow or block list, all or none."""
    store = await here.subscribers()
    entries = await store.remove_all(subscriber, kind.value, callers, country=here.home, author=here.actor)
    return _changed(entries, f"off the {kind} list")


def _changed(entries: list[str], words: str) -> Answer:
    return Answer({"entries": entries}, "\n".join(f"{entry} is {words} of this subscriber." for entry in entries))


@command(subscribers_app, "show")
async def show_subscriber(
    here: Installation, subscriber: Subscriber, unmasked: Unmasked = False, reason: Why = ""
) -> Answer:
    """Show both lists of a subscriber, single numbers masked: whom he knows, or who rings him, is his own."""
    from rules.numbering.typed import one_typed

    found = await (await here.subscribers()).show(subscriber, country=here.home)
    who = one_typed(subscriber, here.home, called=True).canonical
    await note_question(here, who, "subscribers show")
    numbers = [one.entry for one in found if "*" not in one.entry and ".." not in one.entry]
    shown = await sight(here, InFull("subscribers show", here.keys.hide(who), unmasked, reason), numbers)
    rows = [shown(entry._asdict()) | {"created": shown_time(entry.created, here.zone)} for entry in found]
    return table(("kind", "entry", "created"), rows, here.zone)
