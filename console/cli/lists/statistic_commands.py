"""`ringfence lists top | stale | stats`: what entries do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command
from console.cli.answers import Answer, table
from console.cli.lists.list_commands import ListName, lists_app, masks
from console.cli.noted import least_callers, note_entries, sees_numbers
from console.cli.options import seconds, shown_time
from rules.lists.origins import BY_RULE
from rules.lists.suspension import untold
from rules.records.entry_hits import most_hit_told

if TYPE_CHECKING:
    from ringfence.installation import Installation

PAGE = 2_000


@command(lists_app)
async def stats(here: Installation) -> Answer:
    """Show for each list its entries, how often they covered a call, when last, and how many never did."""
    from rules.lists.editing import how_many_stand

    lists, decisions = await here.lists(), await here.decisions()
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
                "last_hit": shown_time(hit.last, here.zone) if hit else None,
                "never_hit": entries - await how_many_stand(lists, name, ever),
            }
        )
    return table(("list", "entries", "hits", "last_hit", "never_hit"), rows, here.zone)


@command(lists_app)
async def top(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 20,
) -> Answer:
    """Show the entries that covered most calls."""
    if name:
        (await here.lists()).policy(name)  # a list that nobody knows has no hits either
    least = least_callers(here)
    rows = [
        {
            "list": hit.list,
            "entry": _shown(here, hit.list, hit.entry),
            "hits": hit.hits,
            "last_hit": shown_time(hit.last, here.zone)[: 10 if least else None],
        }
        for hit in await most_hit_told(await here.decisions(), name, limit, least)
    ]
    await note_entries(here, len(rows), f"lists top {name}".rstrip())
    return table(("list", "entry", "hits", "last_hit"), rows, here.zone)


def _shown(here: Installation, name: str, entry: str) -> str:
    from desk.showing import masked

    return masked(entry) if masks(here, name) else entry


@command(lists_app)
async def stale(
    here: Installation,
    name: ListName,
    older: Annotated[str, typer.Option("--for", metavar="TIME", help="Not hit for so long: 30d, 12w.")] = "90d",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 100,
) -> Answer:
    """Show entries that have stood for a while and covered no call meanwhile, or are off."""
    before, after = time.time() - seconds(older), ""
    lists, decisions = await here.lists(), await here.decisions()
    found: list[dict[str, Any]] = []
    but = "" if masks(here, name) or sees_numbers(here) else BY_RULE
    while len(found) < limit and (page := await lists.show(name, limit=PAGE, after=after, but=but)):
        hits = await decisions.hits_of(name, [entry.text for entry in page])
        for entry in page:
            hit, off = hits.get(entry.text), (entry if sees_numbers(here) else untold(entry)).off(time.time())
            if off or (entry.created < before and (hit is None or hit.last < before)):
                found.append(
                    {
                        "entry": _shown(here, name, entry.text),
                        "created": shown_time(entry.created, here.zone),
                        "last_hit": shown_time(hit.last, here.zone) if hit else None,
                        "off": off or None,
                    }
                )
        after = page[-1].text
    return table(("entry", "created", "last_hit", "off"), found[:limit], here.zone)
