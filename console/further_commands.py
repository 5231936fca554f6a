"""Hangs the commands of lists that have files of their own into the command line."""

from __future__ import annotations

import typer

import console.import_commands  # noqa: F401 - adds its commands to lists_app
from console.database_commands import db_app
from console.range_commands import ranges_app, subscribers_app
from console.statistic_commands import why


def register(app: typer.Typer) -> None:
    """Give the application its further groups and commands."""
    app.add_typer(ranges_app, name="ranges")
    app.add_typer(subscribers_app, name="subscribers")
    app.add_typer(db_app, name="db")
    app.command()(why)
