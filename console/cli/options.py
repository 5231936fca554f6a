"""Options that many commands share, spelt once: which configuration, JSON or text, times and durations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ringfence import times
from ringfence.times import UNITS as UNITS
from ringfence.times import day_end as day_end
from ringfence.times import shown_time as shown_time

ConfigurationFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="ringfence.yaml or its folder; default: $RINGFENCE_CONFIG, ./ringfence.yaml, the shipped one.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def chosen(context: typer.Context, config: Path | None) -> Path:
    """The configuration file of this command: named after the command, before it (nearest first), or found."""
    from ringfence.configuration import find_configuration

    return find_configuration(config if config is not None else context.obj)


def seconds(text: str) -> int:
    """A duration such as 90s, 15m, 24h, 30d or 2w, in seconds."""
    try:
        return times.seconds(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment(text: str, *, now: float, zone: str, ahead: bool) -> float:
    """A duration from now (ahead or back), or a date or time of the configured zone; seconds since the epoch.

    A day without a time means its end where something ends (ahead), else its beginning.
    """
    try:
        return times.moment(text, now=now, zone=zone, ahead=ahead)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
