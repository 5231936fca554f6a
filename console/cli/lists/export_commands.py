"""`ringfence lists export`: a whole list, in the form that import reads."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.lists.import_commands import progress_bar
from console.cli.lists.list_commands import ListName, lists_app, qualified, with_lists
from console.cli.options import ConfigurationFile, chosen, shown_time

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists, Origin

PAGE = 5_000


class Format(StrEnum):
    """How entries are written."""

    CSV = "csv"
    JSONL = "jsonl"
    TEXT = "text"


@lists_app.command()
def export(
    context: typer.Context,
    name: ListName,
    form: Annotated[Format, typer.Option("--format", help="How entries are written.")] = Format.CSV,
    config: ConfigurationFile = None,
) -> None:
    """Write a list, as of one moment, to standard output, in the form that `lists import` reads."""

    async def work(lists: Lists, configuration: Configuration) -> None:
        from rules.lists.list_files import harmless

        writer = csv.writer(sys.stdout, lineterminator="\n")
        if form is Format.CSV:
            writer.writerow(EXPORTED)
        count, written = 0, harmless if form is Format.CSV else str
        async with lists.store.one_moment():
            async for entry in every_entry(lists, name, configuration.time_zone, written):
                count += 1
                if not count % PAGE:
                    told(count)
                if form is Format.TEXT:
                    sys.stdout.write(f"{entry['number']}\n")
                elif form is Format.JSONL:
                    sys.stdout.write(json.dumps({k: v for k, v in entry.items() if v}, ensure_ascii=False) + "\n")
                else:
                    writer.writerow([entry.get(column, "") for column in EXPORTED])

    with progress_bar("writing") as (told,):
        with_lists(chosen(context, config), work)


EXPORTED = (
    *("number", "reason", "source", "expires", "evidence", "note", "trunks", "except"),
    *("licence", "document", "purpose", "hours", "review", "owner", "approver"),
)


async def every_entry(
    lists: Lists, name: str, zone: str, written: Callable[[str], str] = str
) -> AsyncIterator[dict[str, str]]:
    """Each entry of a list in the columns of a file, free text as ``written`` makes it.

    Numbers and prefixes, digits with a plus, stay as other programs read them.
    """

    @lru_cache(maxsize=1_000)
    def columns_of(origin: Origin) -> dict[str, str]:
        """A million imported numbers share one origin."""
        qualification = qualified(origin.qualification, zone)
        found = {column: getattr(origin, column) for column in ("reason", "source", "evidence", "note")}
        found |= {"expires": shown_time(origin.expires, zone), "trunks": " ".join(origin.trunks)}
        found |= {column: str(value or "") for column, value in qualification.items()}
        return {column: written(text) for column, text in found.items()}

    after = ""
    while page := await lists.show(name, limit=PAGE, after=after):
        for entry in page:
            yield {"number": entry.text, **columns_of(entry.origin), "except": " ".join(entry.exceptions)}
        after = page[-1].text
