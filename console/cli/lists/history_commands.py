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
    from rules.lists.history import Period

COLUMNS = ("at", "list", "entry", "what", "author", "reason", "source")


@command(lists_app)
async def history(
    here: Installation,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    country: Country = "",
) -> Answer:
    """Tell what befell the entries that cover a number or did, prefixes and ranges too: who added, changed, removed."""
    from rules.lists.admission import read_entry
    from rules.lists.history import happenings
    from rules.settings.screening import ListSettings

    anything = ListSettings(kind="plain", min_length=1)
    read = read_entry(number, anything, country=country or here.home)
    if not read.exact:
        raise typer.BadParameter(f"{number!r} covers many numbers; history is told of one")
    found = await happenings(await here.lists(), read.text)
    await note_search(here, read.text, "lists history")
    rows = [one._asdict() | {"at": shown_time(one.at, here.zone)} for one in found]
    none = "No entry covers it, and none did as far back as is kept (storage.history_days)."
    return table(COLUMNS, rows, here.zone, none=none)


def period_told(one: Period, zone: str) -> str:
    """An entry as it stood, in a sentence: ``+86170* on blocked, added on ... by li (hotline): rang at night; ...``."""
    entry, origin = one.entry, one.entry.origin
    begun = "added" if one.undone is None else f"put back by the undoing of import {one.undone}"
    by_import = f", import {entry.import_id}" if entry.import_id is not None else ""
    text = f"{entry.text} on {entry.list}, {begun} on {shown_time(one.since, zone)} by {one.begun_by or 'nobody named'}"
    text += f" ({origin.source}{by_import}){f': {origin.reason}' if origin.reason else ''}"
    text += f"; evidence: {origin.evidence}" if origin.evidence else ""
    if one.until is None:
        return f"{text}; it stands"
    ways = {"import": f"changed or removed by import {one.import_id}", "undo": f"import {one.import_id} undone"}
    how = ways.get(one.how) or {"release": "seal released"}.get(one.how, one.how)
    reason = f": {one.reason}" if one.reason else ""
    return f"{text}; {how} on {shown_time(one.until, zone)} by {one.author or 'nobody named'}{reason}"
