"""`ringfence lists reviews`: qualified entries whose review is due soon, or has passed, so that they are off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command
from console.cli.answers import Answer, table
from console.cli.lists.list_commands import lists_app
from console.cli.options import seconds, shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation


@command(lists_app)
async def reviews(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    within: Annotated[str, typer.Option(metavar="TIME", help="Due within 30d, 12w.")] = "30d",
) -> Answer:
    """Show entries whose review is due soon, the first first; those whose date has passed are off already."""
    from rules.lists.reviews import due_reviews

    lists, now = await here.lists(), time.time()
    if name:
        lists.policy(name)
    rows = [
        one._asdict() | {"review": shown_time(one.review, here.zone), "off": one.review <= now}
        for one in await due_reviews(lists, now + seconds(within), name=name)
    ]
    told = [row | {"off": "off" if row["off"] else None} for row in rows]
    columns = ("list", "entry", "review", "owner", "approver", "off")
    return table(columns, told, here.zone, none=f"No review is due within {within}.")._replace(data=rows)
