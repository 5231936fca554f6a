"""`ringfence lists import | imports | undo`: whole files of numbers in, and back again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command
from console.cli.answers import FAULTS, HELD, Answer, counted, fail, table
from console.cli.files import reading
from console.cli.lists.list_commands import (
    SEALS_UNTOLD,
    SHOWN,
    Country,
    ListName,
    lists_app,
    report_data,
    sealed_lines,
    sealed_told,
)
from console.cli.lists.whom_it_hits import calls_of_the_last_day, masked
from console.cli.noted import least_callers, note_entries, note_preview, sees_numbers
from console.cli.options import shown_time
from rules.numbering.spelling import fold, without_separators

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.import_batch import ImportReport, Refusal
    from rules.lists.ledger_imports import LedgerReport

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


class Form(StrEnum):
    """Who wrote a file."""

    OWN = "own"
    KAMAILIO = "kamailio"
    ASTERISK = "asterisk"
    PHONEBLOCK = "phoneblock"
    FCC_DNO = "fcc-dno"
    MISP = "misp"


Written = Annotated[Form, typer.Option("--format", help="Who wrote it; own: any table, JSON lines or text.")]


@command(lists_app, "import")
async def import_numbers(
    here: Installation,
    name: ListName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or text; - for standard input.")],
    column: Column = "",
    encoding: Encoding = "",
    form: Written = Form.OWN,
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
) -> Answer:
    """Import a file of numbers in one transaction: all of it or nothing; calls go on meanwhile.

    Exit status 1: a row was refused, and the file with it; 3: it waits for a person (`lists held`).
    """
    from rules.lists.editing import Origin
    from rules.lists.field_formats import read_as
    from rules.lists.held_imports import import_or_hold
    from rules.lists.imports import Wishes

    lists, bad = await here.lists(), OnError.SKIP if skip else on_error
    origin = Origin(source or source_name(file), reason, here.actor)
    calls, started = await calls_of_the_last_day(here), time.perf_counter()
    with (
        naming_lines(file, "--on-error skip leaves such lines out"),
        progress_bar("reading", "writing") as (read, written),
        reading(file) as stream,
    ):
        wishes = Wishes(
            country=country or here.home,
            zone=here.zone,
            on_error=bad.value,
            replace_all=replace,
            encoding=encoding,
            dry_run=dry_run,
            wide=ranges,
            force=force,
            insist=yes_really,
            source_by_default=not source,
            calls=calls,
            progress=read,
            writing=written,
        )
        stream, left_out = read_as(form.value, stream)
        report = await import_or_hold(lists, name, stream, origin, wishes, column=column)
    took, held = time.perf_counter() - started, bool(report.held) and report.import_id is None
    how = f"lists import{' --dry-run' * dry_run} {name}, {counted(report.lines, 'line')}"
    await hide_few(here, report, how, tried=dry_run)
    answer = told(report, shown_name(file), name, took, dry_run=dry_run or held)
    answer = answer._replace(faults=[*answer.faults, *left_out_told(left_out)])
    return _ended(answer, report, bad, waits=held and not dry_run)


def _ended(answer: Answer, report: ImportReport, bad: OnError, *, waits: bool) -> Answer:
    """With the status that says whether it was done."""
    if waits:
        return answer._replace(status=HELD, why=what_to_do(report))
    return answer._replace(status=FAULTS if report.refused and bad is OnError.STOP else 0)


def left_out_told(left_out: Counter[str]) -> list[str]:
    """What a form of another program did not hold, or cannot say, as sentences."""
    return [f"{count:,} left out: each {why}." for why, count in sorted(left_out.items())]


async def hide_few(here: Installation, report: ImportReport, how: str, *, tried: bool = False) -> None:
    """Enter what somebody learns of calls and seals by what an import says; keep from him what few callers did."""
    if report.caught.of:
        await note_preview(here, report.caught.people, f"callers of the last day: {how}")
        report.keep_few_back(least_callers(here), tried=tried)
    if not sees_numbers(here):  # who tries halves of a range, or of a file, would find out which number is sealed
        report.keep_seals_back()
    elif report.sealed:
        await note_entries(here, len(report.sealed), f"seals: {how}")


def told(report: ImportReport, file: str, name: str, took: float, *, dry_run: bool = False) -> Answer:
    """What an import did and, if it did anything, from when on calls are judged by it, and how to look."""
    lines = list(report_lines(report, name, dry_run=dry_run))
    if report.import_id is not None:
        look = f"; try: ringfence why {report.example}" if report.example else ""
        lines.append(f"live after {took + POLLED_S:.1f} s{look}")
    return Answer(report_data(report), "\n".join(lines), list(refused_lines(report, file)))


def what_to_do(report: ImportReport) -> str:
    """Why an import waits, under which number, and what a person can say."""
    why = f"held, nothing was changed: {'; '.join(report.held)}."
    if report.held_id is None:
        return f"{why} The file is too large to be kept here: import it again with --yes-really, which is recorded."
    one = report.held_id
    return f"{why} `ringfence lists release {one} --reason ...` does it all the same, `lists drop {one}` forgets it."


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


def refused_lines(report: ImportReport, file: str) -> Iterator[str]:
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


def report_lines(report: ImportReport, name: str, *, dry_run: bool) -> Iterator[str]:
    """What an import did."""
    would = "would be " if dry_run else ""
    number = f" (import {report.import_id})" if report.import_id is not None else ""
    yield (
        f"{counted(report.lines, 'line')}: {report.added} {would}added to {name}, {report.changed} {would}changed, "
        f"{report.removed} {would}removed, {sum(report.refused.values())} refused{number}."
    )
    yield from file_lines(report)
    if report.extensions:
        yield (
            f"{counted(report.extensions, 'number')} of no plan, such as extensions, the first {report.extension}: "
            f"what begins with it is written {without_separators(fold(report.extension))}*."
        )
    if conflicts := report.refused.get("protected", 0):
        yield f"{counted(conflicts, 'conflict')} with an allow list or our own numbers."
    if report.returned:
        named = ", ".join(report.returning[:SHOWN]) + (", ..." if report.returned > SHOWN else "")
        would = "would be back" if dry_run else "are back"
        yield f"{report.returned:,} {would} that a person had taken off: {named}."
    if report.overrules:
        named = ", ".join(report.useless[:SHOWN]) + (", ..." if report.overrules > SHOWN else "")
        yield f"{report.overrules:,} blocks {'would become' if dry_run else 'are now'} useless: {named}."
    yield from sealed_lines(report.sealed)
    if report.seals_untold:
        yield SEALS_UNTOLD
    if report.hits:
        named = ", ".join(report.holders[:SHOWN]) + (", ..." if report.hits > SHOWN else "")
        yield f"It {'would hit' if dry_run else 'hits'} {counted(report.hits, 'held code')}: {named}."
    if report.caught.of:
        most = f"; most from {', '.join(masked(report.caught).callers)}" if report.caught.callers else ""
        yield (
            f"Of {report.caught.of:,} calls that went through in the last day it would have caught "
            f"{report.caught.calls:,}{most}."
        )
    if dry_run and report.held and report.held_id is None:
        yield f"It would be held for a person: {'; '.join(report.held)}."


def file_lines(report: ImportReport | LedgerReport) -> Iterator[str]:
    """What was the matter with a file, into a list or into the ledger."""
    if report.unchanged:
        yield f"{report.unchanged:,} unchanged: they stand there just so already."
    if report.not_understood:
        yield f"Columns that are not understood, and were left out: {', '.join(report.not_understood)}."
    if report.comments:
        yield f"Left out, since they begin with #: {counted(report.comments, 'line')}."
    if report.repeated:
        yield f"{counted(report.repeated, 'line')} repeated by a later line, which counts."


@command(lists_app)
async def imports(
    here: Installation, limit: Annotated[int, typer.Option(min=1, help="Imports at most.")] = 20
) -> Answer:
    """Show the latest imports: what each did, and by whose word it went through if it was held."""
    from rules.lists.imports import imports as latest

    rows = [
        asdict(one) | import_times(one.created, one.undone, here.zone)
        for one in await latest(await here.lists(), limit=limit)
    ]
    columns = ("id", "list", "source", "author", "created", "added", "changed", "removed", "undone", "insisted")
    return table(columns, rows, here.zone)


def import_times(created: float, undone: float | None, zone: str) -> dict[str, Any]:
    """When an import was, and when it was taken back."""
    return {"created": shown_time(created, zone), "undone": shown_time(undone, zone) or None}


@command(lists_app)
async def undo(
    here: Installation,
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Its number, from `lists imports`.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history of its numbers.")] = "",
) -> Answer:
    """Take back a whole import; what was edited or taken off since then stays so."""
    from rules.lists.undoing import undo as take_back

    done = await take_back(await here.lists(), number, author=here.actor, reason=reason)
    lines = [f"Import {done.id} into {done.list} is undone: {done.off:,} off, {done.back:,} back."]
    if done.kept:
        lines.append(f"{done.kept:,} of its entries were edited or taken off since, and stay so.")
    if done.stay_off:
        lines.append(f"Taken off or undone since, and not put back: {', '.join(done.stay_off)}.")
    if done.overrules:
        named = ", ".join(done.useless[:SHOWN]) + (", ..." if done.overrules > SHOWN else "")
        lines.append(f"{done.overrules:,} blocks are now useless: {named}.")
    if not sees_numbers(here):
        return Answer(done._replace(sealed=()), "\n".join([*lines, *([SEALS_UNTOLD] if done.passes else [])]))
    await note_entries(here, len(done.sealed), f"seals: lists undo {number}")
    shown = done._replace(sealed=sealed_told(done.sealed))
    return Answer(shown, "\n".join([*lines, *sealed_lines(done.sealed)]))
