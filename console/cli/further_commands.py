"""Hangs the commands that have files of their own into the command line, and names the parts of its help."""

from __future__ import annotations

import typer

import console.cli.lists.export_commands
import console.cli.lists.held_commands
import console.cli.lists.history_commands
import console.cli.lists.import_commands
import console.cli.lists.ledger_commands
import console.cli.lists.statistic_commands  # noqa: F401 - all of these add their commands to lists_app or ranges_app
from console.cli.api_commands import api_app
from console.cli.desk.appeal_commands import appeals_app
from console.cli.desk.audit_commands import audit_app
from console.cli.desk.case_commands import case, cases_app
from console.cli.desk.complaint_commands import complaints_app
from console.cli.desk.ladder_commands import ladder_app, owners, trunks
from console.cli.desk.letter_commands import letters_app
from console.cli.desk.report_commands import alerts, report
from console.cli.lists.range_commands import ranges_app, subscribers_app
from console.cli.node.database_commands import db_app
from console.cli.workbench.why import why

# Under these the help lists the commands.
PROXY, CALLS, RULES = "The proxy", "Calls", "Rules"
NUMBERS, COMPLAINTS = "Numbers", "Complaints"


def register(app: typer.Typer) -> None:
    """Give the application its further groups and commands."""
    app.command(rich_help_panel=NUMBERS)(why)
    app.add_typer(ranges_app, name="ranges", rich_help_panel=NUMBERS)
    app.add_typer(subscribers_app, name="subscribers", rich_help_panel=NUMBERS)
    app.add_typer(db_app, name="db", rich_help_panel=PROXY)
    for command in (case, owners, trunks, report, alerts):
        app.command(rich_help_panel=COMPLAINTS)(command)
    groups = {
        "complaints": complaints_app,
        "cases": cases_app,
        "appeals": appeals_app,
        "ladder": ladder_app,
        "letters": letters_app,
        "audit": audit_app,
        "api": api_app,
    }
    for name, group in groups.items():
        app.add_typer(group, name=name, rich_help_panel=COMPLAINTS)
