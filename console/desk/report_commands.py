"""`ringfence report` and `ringfence alerts`: what a quarter was like, and what cannot wait for its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from console.answers import FAULTS, as_json, clear_errors, counted, print_table
from console.desk.finished_file import finished_file
from console.desk.opened_desk import at_the_desk, tabulate
from console.options import AsJson, ConfigurationFile

if TYPE_CHECKING:
    from rules.complaints.desk import Desk
    from rules.complaints.reports import Handling, Report

COLUMNS = (
    *("calls", "rang", "complaints", "per_10000", "verified", "sealed", "withdrawn", "rejected", "stopped"),
    *("before", "growth", "year_ago", "year_growth"),
)


def report(
    context: typer.Context,
    quarter: Annotated[str, typer.Option(metavar="PERIOD", help="2026Q3; also 2026-07 or 2026-07-01.")],
    by: Annotated[str, typer.Option(help="class, code, holder, branch, prefix, category, business or all.")] = "class",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Lines at most.")] = 100,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write CSV here instead; - is standard output.")
    ] = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Report calls, complaints and what came of them, with growth on the period before and a year ago."""
    from rules.complaints.reports import Dimension
    from rules.complaints.reports import report as figures

    dimension = next((one for one in get_args(Dimension) if one == by), None)
    if dimension is None:
        raise typer.BadParameter(f"{by!r} is none; choose from {', '.join(get_args(Dimension))}")

    async def work(desk: Desk) -> Report:
        return await figures(desk.archive, quarter, dimension, limit=limit)

    found, _ = at_the_desk(context, config, work)
    if csv is not None and str(csv) == "-":
        typer.echo(found.as_csv(), nl=False)
    elif csv is not None:
        with clear_errors(), finished_file(csv, encoding="utf-8-sig") as file:
            file.write(found.as_csv())
        typer.echo(f"{csv} holds {len(found.rows)} lines and the total of {found.period}.")
    elif json:
        as_json(report_data(found))
    else:
        rows = [shown(row._asdict()) for row in (*found.rows, found.total._replace(key="total"))]
        print_table(("key", *COLUMNS), rows)
        typer.echo("\n".join(handling_lines(found.handling)))


def report_data(found: Report) -> dict[str, Any]:
    """A report for programs."""
    return {
        "period": found.period,
        "by": found.dimension,
        "rows": [row._asdict() for row in found.rows],
        "total": found.total._asdict(),
        "handling": found.handling._asdict(),
    }


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A line for people: growth with its sign."""
    signed = {name: f"{row[name]:+.1f} %" for name in ("growth", "year_growth") if row[name] is not None}
    return row | {name: f"{row[name]:,}" for name in COLUMNS if isinstance(row[name], int)} | signed


def handling_lines(handling: Handling) -> list[str]:
    """How long things took, one sentence a line."""

    def times(median: float | None, p95: float | None) -> str:
        return f", median {median:g} h, 95 % within {p95:g} h" if median is not None and p95 is not None else ""

    released = f", after {handling.release_median:g} h in the median" if handling.release_median is not None else ""
    return [
        f"cases decided: {handling.decided}{times(handling.decided_median, handling.decided_p95)}",
        f"cases answered: {handling.answered}{times(handling.answered_median, handling.answered_p95)}",
        f"deadlines missed and still open: {handling.overdue}",
        f"false positives: {counted(handling.released, 'seal')} released{released}",
        f"appeals: {handling.appeals_granted} granted, {handling.appeals_refused} refused",
    ]


def alerts(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Say what somebody must see to: complaints that jump, offices named as a leak. Exit 1 if there is any."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from rules.complaints.alerts import alerts as found

        return [one._asdict() for one in await found(desk.archive)]

    rows = tabulate(context, config, json, ("kind", "subject", "complaints", "usual"), work)
    raise typer.Exit(FAULTS if rows else 0)
