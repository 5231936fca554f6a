"""`ringfence lists top | stale | stats`: what entries do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import as_json, clear_errors, print_table
from console.lists.list_commands import ListName, lists_app, opened
from console.options import AsJson, ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from console.settings import Configuration
    from rules.lists.editing import Lists
    from rules.records.decisions import Decisions

PAGE = 2_000


@asynccontextmanager
async def with_record(file: Path) -> AsyncIterator[tuple[Lists, Decisions, Configuration]]:
    """Lists, and the record of decisions, which counts their hits."""
    from rules.records.decisions import Decisions
    from rules.screen import decisions_path

    async with opened(file) as (lists, configuration):
        decisions = await Decisions.open(decisions_path(file.parent / configuration.storage.database))
        try:
            yield lists, decisions, configuration
        finally:
            await decisions.close()


@lists_app.command()
def stats(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show for each list its entries, how often they covered a call, when last, and how many never did."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with with_record(file) as (lists, decisions, configuration):
            counts, sums = await lists.counts(), await decisions.hit_sums()
            rows = []
            for name, entries in counts.items():
                hit = sums.get(name)
                rows.append(
                    {
                        "list": name,
                        "entries": entries,
                        "hits": hit.hits if hit else 0,
                        "last_hit": shown_time(hit.last, configuration.time_zone) if hit else None,
                        # entries that were hit and removed since are still counted as hit
                        "never_hit": max(entries - int(hit.entry), 0) if hit else entries,
                    }
                )
            return rows

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(("list", "entries", "hits", "last_hit", "never_hit"), rows)


@lists_app.command()
def top(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 20,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show the entries that covered most calls."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with with_record(file) as (_, decisions, configuration):
            return [
                {
                    "list": hit.list,
                    "entry": hit.entry,
                    "hits": hit.hits,
                    "last_hit": shown_time(hit.last, configuration.time_zone),
                }
                for hit in await decisions.most_hit(name, limit)
            ]

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(("list", "entry", "hits", "last_hit"), rows)


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
    file, before = chosen(context, config), time.time() - seconds(older)

    async def work() -> list[dict[str, Any]]:
        async with with_record(file) as (lists, decisions, configuration):
            zone, after = configuration.time_zone, ""
            found: list[dict[str, Any]] = []
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

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(("entry", "created", "last_hit", "off"), rows)
