"""`ringfence privacy`: what is kept of people and how long; a subscriber's own data, told to him or erased."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, table
from console.cli.files import finished_file

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


Number = Annotated[str, typer.Argument(help="The subscriber's number, in any spelling.")]


@command(privacy_app, json=False)
async def export(
    here: Installation,
    number: Number,
    file: Annotated[Path, typer.Argument(help="Where to, as JSON.")],
    reason: Annotated[str, typer.Option(help="Who asked for it; it stands in the audit.")],
) -> Answer:
    """Write all that is held of a subscriber to a file, his own words among it; it stands in the audit."""
    from desk.subscriber import held_of

    held = await held_of((await here.open_desk()).archive, number, actor=here.actor, reason=reason)
    with finished_file(file) as out:
        json.dump(held._asdict(), out, ensure_ascii=False, indent=1)
        out.write("\n")
    counts = f"{len(held.complaints)} complaints, {len(held.calls)} calls, {len(held.own_lists)} entries of own lists"
    return Answer(None, [f"{counts} in {file}."])


@command(privacy_app)
async def erase(
    here: Installation,
    number: Number,
    reason: Annotated[str, typer.Option(help="Who asked for it; it stands in the audit.")],
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be taken back.")] = False,
) -> Answer:
    """Erase a subscriber's words, address, own lists, and what leads from calls to him; that he complained stays."""
    from desk.faults import ComplaintError
    from desk.subscriber import erase as erased

    if not yes:
        raise ComplaintError("yes", "say --yes: what is erased cannot be brought back")
    found = await erased((await here.open_desk()).archive, number, actor=here.actor, reason=reason)
    told = f"Erased: words of {found.words} complaints, the way to him from {found.calls} calls, "
    told += f"{found.own_lists} entries of his own lists, {found.rang} callers that rang him."
    return Answer(found, [told])
