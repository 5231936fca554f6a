"""`ringfence lists history NUMBER`: what befell the entries that cover it or did, and when, by whom and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command
from console.cli.answers import Answer, table
from console.cli.lists.list_commands import Country, lists_app
from console.cli.noted import note_search
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation

COLUMNS = ("at", "list", "entry", "what", "author", "reason", "source")


@command(lists_app)
async def history(
    here: Installation,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    country: Country = "",
) -> Answer:
    """Tell what befell the entries that cover a number or did, prefixes and ranges too: who added, changed, removed."""
    from desk.showing import worded
    from rules.lists.admission import read_entry
    from rules.lists.history import happenings
    from rules.settings.screening import ListSettings

    anything = ListSettings(kind="plain", min_length=1)
    read = read_entry(number, anything, country=country or here.home)
    if not read.exact:
        raise typer.BadParameter(f"{number!r} covers many numbers; history is told of one")
    found = await happenings(await here.lists(), read.text)
    await note_search(here, read.text, "lists history")
    rows = [
        one._asdict() | {"at": shown_time(one.at, here.zone), "reason": worded(one.reason, here.home)} for one in found
    ]
    none = "No entry covers it, and none did as far back as is kept (storage.history_days)."
    return table(COLUMNS, rows, here.zone, none=none)
