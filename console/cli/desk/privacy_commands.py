"""`ringfence privacy`: how long what is kept of people, and what should have gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, table

if TYPE_CHECKING:
    from ringfence.installation import Installation

privacy_app = typer.Typer(no_args_is_help=True)
group(privacy_app, "What is kept of people.")
_COLUMNS = ("data", "days", "setting", "oldest", "overdue")


@command(privacy_app)
async def retention(here: Installation) -> Answer:
    """Show how long each class of data is kept, and since when it is held; exit 1 if some of it should be gone."""
    from desk.keeping import kept

    found = await kept((await here.open_desk()).archive, here.configuration.storage)
    late = [one.data for one in found if one.overdue]
    shown = table(_COLUMNS, [one._asdict() for one in found], here.zone)
    return shown._replace(status=FAULTS if late else 0)
