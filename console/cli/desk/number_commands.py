"""`ringfence numbers show`: numbers in full by what names them, for who may and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer

if TYPE_CHECKING:
    from ringfence.installation import Installation

numbers_app = typer.Typer(no_args_is_help=True)
group(numbers_app, "Numbers in full that are masked elsewhere.")


@command(numbers_app)
async def show(
    here: Installation,
    named: Annotated[
        list[str],
        typer.Argument(metavar="WHAT...", help="'case 1', C-7K3M9-2QF4T, A-7K3M9-2QF4T, a call's id, a pseudonym."),
    ],
    reason: Annotated[str, typer.Option(help="Why they have to be seen in full; it stands in the audit.")],
) -> Answer:
    """Show a number in full: so many in an hour, on record before; several at once take two persons."""
    from desk.in_full import in_full

    archive = (await here.open_desk()).archive
    found = await in_full(archive, named, actor=here.actor, reason=reason, by="numbers show")
    return Answer([one._asdict() for one in found], "\n".join(f"{one.of}: {one.number}" for one in found))
