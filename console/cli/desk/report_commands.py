"""`ringfence report` and `ringfence alerts`: what a quarter was like, and what cannot wait for its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from console.cli.answers import FAULTS, Answer, counted, print_lines, print_table, table
from console.cli.files import finished_file

if TYPE_CHECKING:
    from desk.archive import Archive
    from desk.reports import Handling, Report
    from ringfence.installation import Installation

COLUMNS = (
    *(
        "calls",
        "rang",
        "complaints",
        "reporters",
        "per_10000",
        "verified",
        "sealed",
        "withdrawn",
        "rejected",
        "stopped",
    ),
    *("before", "growth", "year_ago", "year_growth"),
)


async def report(
    here: Installation,
    quarter: Annotated[str, typer.Option(metavar="PERIOD", help="2026Q3; also 2026-07 or 2026-07-01.")],
    by: Annotated[
        str, typer.Option(help="class, code, holder, bank, branch, prefix, category, business or all.")
    ] = "class",
    bank: Annotated[str, typer.Option(metavar="NAME", help="Only the branches of this bank; with --by branch.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Lines at most.")] = 100,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write CSV here instead; - is standard output.")
    ] = None,
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a workbook here.")] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a page to print here.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of workbook and PDF, en or zh; default: complaints.language.")] = "",
) -> Answer:
    """Report calls, complaints and what came of them, with growth on the period before and a year ago."""
    from desk.report_words import LANGUAGES
    from desk.reports import Dimension
    from desk.reports import report as figures

    dimension = next((one for one in get_args(Dimension) if one == by), None)
    if dimension is None:
        raise typer.BadParameter(f"{by!r} is none; choose from {', '.join(get_args(Dimension))}")
    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is none; choose from {', '.join(LANGUAGES)}")
    archive = (await here.desk()).archive
    found = await figures(archive, quarter, dimension, limit=limit, bank=bank)
    if csv is not None and str(csv) == "-":
        return Answer(report_data(found), lambda: typer.echo(found.as_csv(), nl=False))
    told = []
    if csv is not None:
        with finished_file(csv, encoding="utf-8-sig") as file:
            file.write(found.as_csv())
        told.append(f"{csv} holds {len(found.rows)} lines and the total of {found.period}.")
    told += await _handed_on(archive, found, {"xlsx": xlsx, "pdf": pdf}, language)
    return Answer(report_data(found), "\n".join(told) if told else lambda: print_report(found))


async def _handed_on(archive: Archive, found: Report, wanted: dict[str, Path | None], language: str) -> list[str]:
    """Write the forms that somebody wants, and say where they are."""
    from desk.report_files import KINDS, report_file
    from desk.report_words import known

    told = []
    for form in KINDS:
        if path := wanted.get(form):
            made = await report_file(archive, found, form, known(language or archive.settings.language))
            with finished_file(path) as file:
                file.buffer.write(made.content)
            told.append(f"{path} holds the report of {found.period}.")
    return told


def report_data(found: Report) -> dict[str, Any]:
    """A report for programs."""
    return {
        "period": found.period,
        "by": found.dimension,
        "bank": found.bank,
        "rows": [row._asdict() for row in found.rows],
        "total": found.total._asdict() | {"sum_of": "all"},
        "handling": found.handling._asdict(),
    }


def print_report(found: Report) -> None:
    """A report for people: its lines, the sums among them marked, and how long things took."""
    rows = [row._asdict() for row in (*found.rows, found.total._replace(key="total", sum_of="all"))]
    print_table(("key", *COLUMNS), [shown(row) for row in rows], narrow=narrow)
    lines = [f"= {row.key} is the sum of {row.sum_of}, which stand there, too" for row in found.rows if row.sum_of]
    print_lines([*lines, *handling_lines(found.handling)])


def narrow(cells: dict[str, str]) -> str:
    """A line of a report for windows that are too narrow for the table."""
    grown = [f" ({cells[name]})" if cells[name] else "" for name in ("growth", "year_growth")]
    lines = [cells["key"], f"  {cells['complaints']} complaints of {cells['reporters']} reporters"]
    if cells["calls"]:
        lines.append(f"  {cells['per_10000'] or 'none'} per 10,000 of {cells['rang']} calls that rang")
        lines.append(f"  {cells['calls']} calls in all, {cells['stopped']} stopped")
    lines.append("  " + ", ".join(f"{name} {cells[name]}" for name in ("verified", "sealed", "withdrawn", "rejected")))
    lines.append(f"  before {cells['before']}{grown[0]}, a year ago {cells['year_ago']}{grown[1]}")
    return "\n".join(lines)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A line for people: growth with its sign, sums marked; what reporters named a business or an office is no sum."""
    key = f"= {row['key']}" if row["sum_of"] else f'"{row["key"]}"' if row["key"][:1] in ("=", '"') else row["key"]
    signed = {name: f"{row[name]:+.1f} %" for name in ("growth", "year_growth") if row[name] is not None}
    return row | {"key": key} | {name: f"{row[name]:,}" for name in COLUMNS if isinstance(row[name], int)} | signed


def handling_lines(handling: Handling) -> list[str]:
    """How long things took, one sentence a line."""

    def times(median: float | None, p95: float | None) -> str:
        return f", median {median:g} h, 95 % within {p95:g} h" if median is not None and p95 is not None else ""

    def late(count: int) -> str:
        return f", {count} of them late" if count else ""

    released = f", after {handling.release_median:g} h in the median" if handling.release_median is not None else ""
    decided = times(handling.decided_median, handling.decided_p95)
    answered = times(handling.answered_median, handling.answered_p95)
    return [
        f"cases decided: {handling.decided}{decided}{late(handling.decided_late)}",
        f"cases answered: {handling.answered}{answered}{late(handling.answered_late)}",
        f"deadlines missed and still open: {handling.overdue}",
        f"false positives: {counted(handling.released, 'seal')} released{released}",
        f"appeals: {handling.appeals_granted} granted, {handling.appeals_refused} refused{late(handling.appeals_late)}",
    ]


async def alerts(here: Installation) -> Answer:
    """Say what to see to at once: jumps of complaints, leaks, unheld codes, letters, lost seals. Exit 1 if any."""
    from desk.alerts import alerts as found

    rows = [one._asdict() for one in await found((await here.desk()).archive)]
    shown = table(("kind", "subject", "reporters", "complaints", "usual"), rows, here.zone)
    return shown._replace(status=FAULTS if rows else 0)
