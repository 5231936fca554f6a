"""`ringfence lists export`: a whole list, in the form that import reads."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command
from console.cli.answers import Answer
from console.cli.answers import harmless as shown
from console.cli.in_full import InFull, Unmasked, Why, see_in_full
from console.cli.lists.import_commands import left_out_told, progress_bar
from console.cli.lists.list_commands import ListName, lists_app, of_seals
from console.cli.noted import note_entries
from console.cli.options import shown_time
from ringfence.shown_values import qualified

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.editing import Lists, Origin
    from rules.lists.field_formats import Writer

PAGE = 5_000


class Format(StrEnum):
    """How entries are written."""

    CSV = "csv"
    JSONL = "jsonl"
    TEXT = "text"
    KAMAILIO = "kamailio"
    ASTERISK = "asterisk"
    PHONEBLOCK = "phoneblock"
    FCC_DNO = "fcc-dno"
    MISP = "misp"


@command(lists_app, json=False)
async def export(
    here: Installation,
    name: ListName,
    form: Annotated[Format, typer.Option("--format", help="How entries are written.")] = Format.CSV,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Write a list, as of one moment, to standard output, in a form that `lists import` reads.

    Kamailio's is that of its table globalblocklist; Asterisk's that of FreePBX. What such a form cannot say is told.

    A list of seals is exported with --unmasked and a --reason alone: people complained about its numbers.
    """
    from rules.lists.list_files import harmless

    lists, writer = await here.lists(), csv.writer(sys.stdout, lineterminator="\n")
    if of_seals(here, name):
        await _in_full(here, lists, InFull("lists export", (name, form), unmasked, reason), name)
    else:
        await here.second.ask("export", f"list {name} as a file", {"list": name}, actor=here.actor)
    await note_entries(here, (await lists.counts()).get(name, 0), f"lists export {name}")
    foreign = _foreign(form, name, here.zone)
    if form is Format.CSV:
        writer.writerow(EXPORTED)
    watched = on_terminal()  # a file gets what somebody wrote as it is; no terminal is steered by it
    count, written = 0, shown if watched else harmless if form is Format.CSV else str
    with progress_bar("writing") as (told,):
        async with lists.store.one_moment():
            async for entry in every_entry(lists, name, here.zone, written):
                count += 1
                if not count % PAGE:
                    told(count)
                if foreign is not None:
                    foreign.entry(entry)
                elif form is Format.TEXT:
                    sys.stdout.write(f"{entry['number']}\n")
                elif form is Format.JSONL:
                    sys.stdout.write(json.dumps({k: v for k, v in entry.items() if v}, ensure_ascii=watched) + "\n")
                else:
                    writer.writerow([entry.get(column, "") for column in EXPORTED])
    if foreign is None:
        return Answer()
    foreign.end()
    return Answer(faults=left_out_told(foreign.left_out))


def _foreign(form: Format, name: str, zone: str) -> Writer | None:
    """What writes the form of another program, begun."""
    from rules.lists.field_formats import FORMS, Writer

    if form.value not in FORMS:
        return None
    writer = Writer(form.value, sys.stdout.write, name=name, day=shown_time(time.time(), zone)[:10])
    writer.begin()
    return writer


async def _in_full(here: Installation, lists: Lists, wanted: InFull, name: str) -> None:
    """Raises, unless whoever asks may see every number of a list of seals."""
    from desk.faults import ComplaintError

    if not wanted.wanted:
        raise ComplaintError(
            "reason",
            f"{name} holds numbers that people complained about; say --unmasked and --reason why they have to be "
            f"seen in full, or look at them masked: ringfence lists show {name}",
        )
    numbers, after = [], ""
    while page := await lists.show(name, limit=PAGE, after=after):
        numbers += [entry.text for entry in page]
        after = page[-1].text
    if numbers:
        await see_in_full(here, wanted, numbers)


def on_terminal() -> bool:
    """Does a person see what is written?"""
    return sys.stdout.isatty()


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
