"""`ringfence lists reviews`: qualified entries whose review is due soon, or has passed, so that they are off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.lists.list_commands import lists_app, show_rows, with_lists
from console.cli.options import AsJson, ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists


@lists_app.command()
def reviews(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    within: Annotated[str, typer.Option(metavar="TIME", help="Due within 30d, 12w.")] = "30d",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show entries whose review is due soon, the first first; those whose date has passed are off already."""

    async def work(lists: Lists, configuration: Configuration) -> list[dict[str, Any]]:
        from rules.lists.reviews import due_reviews

        if name:
            lists.policy(name)
        now = time.time()
        return [
            one._asdict() | {"review": shown_time(one.review, configuration.time_zone), "off": one.review <= now}
            for one in await due_reviews(lists, now + seconds(within), name=name)
        ]

    rows = with_lists(chosen(context, config), work)
    if rows or json:
        told = [row | {"off": "off" if row["off"] else None} for row in rows]
        show_rows(rows if json else told, ("list", "entry", "review", "owner", "approver", "off"), json=json)
    else:
        typer.echo(f"No review is due within {within}.")
