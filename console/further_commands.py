"""Hangs the commands of lists that have files of their own into the command line."""

from __future__ import annotations

import typer

import console.held_commands
import console.import_commands
import console.statistic_commands  # noqa: F401 - all of these add their commands to lists_app
from console.api_commands import api_app
from console.appeal_commands import appeals_app
from console.case_commands import case, cases_app
from console.complaint_commands import complaints_app
from console.database_commands import db_app
from console.ladder_commands import ladder_app, owners, trunks
from console.letter_commands import letters_app
from console.range_commands import ranges_app, subscribers_app
from console.report_commands import alerts, report
from console.why import why


def register(app: typer.Typer) -> None:
    """Give the application its further groups and commands."""
    app.add_typer(ranges_app, name="ranges")
    app.add_typer(subscribers_app, name="subscribers")
    app.add_typer(db_app, name="db")
    app.command()(why)
    app.add_typer(complaints_app, name="complaints")
    app.add_typer(cases_app, name="cases")
    app.add_typer(appeals_app, name="appeals")
    app.add_typer(ladder_app, name="ladder")
    app.add_typer(letters_app, name="letters")
    app.add_typer(api_app, name="api")
    for command in (case, owners, trunks, report, alerts):
        app.command()(command)
