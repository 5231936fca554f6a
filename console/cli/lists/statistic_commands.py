"""`ringfence lists top | stale | stats`: what entries do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import clear_errors
from console.cli.lists.list_commands import ListName, lists_app, opened, show_rows
from console.cli.options import AsJson, ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from ringfence.settings import Configuration
    from rules.lists.editing import Lists
    from rules.records.decisions import Decisions

PAGE = 2_000


Rows = list[dict[str, Any]]


@asynccontextmanager
async def with_record(file: Path) -> AsyncIterator[tuple[Lists, Decisions, Configuration]]:
    """Lists, and the record of decisions, which counts their hits."""
    from rules.records.decisions import Decisions
    from rules.screening.screen import decisions_path

    async with opened(file) as (lists, configuration):
        decisions = await Decisions.open(decisions_path(file.parent / configuration.storage.database))
        try:
            yield lists, decisions, configuration
        finally:
            await decisions.close()


def from_record(file: Path, work: Callable[[Lists, Decisions, Configuration], Awaitable[Rows]]) -> Rows:
    """What this finds in both; faults that people can mend become lines."""

    async def opened_first() -> Rows:
        async with with_record(file) as (lists, decisions, configuration):
            return await work(lists, decisions, configuration)

    with clear_errors():
        return asyncio.run(opened_first())


@lists_app.command()
def stats(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show for each list its entries, how often they covered a call, when last, and how many never did."""

    async def work(lists: Lists, decisions: Decisions, configuration: Configuration) -> Rows:
        from rules.lists.standing import how_many_stand

        counts, sums = await lists.counts(), await decisions.hit_sums()
        rows = []
        for name, entries in counts.items():
            hit = sums.get(name)
            ever = [one.entry for one in await decisions.most_hit(name, limit=-1)] if hit else []
            rows.append(
                {
                    "list": name,
                    "entries": entries,
                    "hits": hit.hits if hit else 0,
                    "last_hit": shown_time(hit.last, configuration.time_zone) if hit else None,
                    "never_hit": entries - await how_many_stand(lists, name, ever),
                }
            )
        return rows

    rows = from_record(chosen(context, config), work)
    show_rows(rows, ("list", "entries", "hits", "last_hit", "never_hit"), json=json)


@lists_app.command()
def top(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 20,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the entries that covered most calls."""

    async def work(lists: Lists, decisions: Decisions, configuration: Configuration) -> Rows:
        if name:
            lists.policy(name)  # a list that nobody knows has no hits either
        return [
            {
                "list": hit.list,
                "entry": hit.entry,
                "hits": hit.hits,
                "last_hit": shown_time(hit.last, configuration.time_zone),
            }
            for hit in await decisions.most_hit(name, limit)
        ]

    show_rows(from_record(chosen(context, config), work), ("list", "entry", "hits", "last_hit"), json=json)


@lists_app.command()
def stale(
    context: typer.Context,
    name: ListName,
    older: Annotated[str, typer.Option("--for", metavar="TIME", help="Not hit for so long: 30d, 12w.")] = "90d",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 100,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show entries that have stood for a while and covered no call meanwhile, or are off."""
    before = time.time() - seconds(older)

    async def work(lists: Lists, decisions: Decisions, configuration: Configuration) -> Rows:
        zone, after = configuration.time_zone, ""
        found: Rows = []
        while len(found) < limit and (page := await lists.show(name, limit=PAGE, after=after)):
            hits = await decisions.hits_of(name, [entry.text for entry in page])
            for entry in page:
                hit, off = hits.get(entry.text), entry.off(time.time())
                if off or (entry.created < before and (hit is None or hit.last < before)):
                    found.append(
                        {
                            "entry": entry.text,
                            "created": shown_time(entry.created, zone),
                            "last_hit": shown_time(hit.last, zone) if hit else None,
                            "off": off or None,
                        }
                    )
            after = page[-1].text
        return found[:limit]

    show_rows(from_record(chosen(context, config), work), ("entry", "created", "last_hit", "off"), json=json)
