"""`ringfence lists top | stale | stats` and `ringfence why`: what entries do, and which of them cover a number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import as_json, clear_errors, print_table
from console.list_commands import Country, ListName, as_data, lists_app, opened
from console.options import AsJson, ConfigurationFile, chosen, seconds, shown_time

if TYPE_CHECKING:
    from console.settings import Configuration
    from rules.lists.editing import Entry, Lists
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


def why(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    country: Country = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Say how a number is read, which list entries cover it, who holds its code, and how often it was caught."""
    file = chosen(context, config)

    async def work() -> dict[str, Any]:
        from rules.lists.cache import Lookup
        from rules.lists.ledger import Ledger
        from rules.model import Trunk
        from rules.numbering.numbers import read_number

        async with with_record(file) as (lists, decisions, configuration):
            read_in, zone = country.upper() or configuration.country, configuration.time_zone
            read = read_number(number, Trunk("", country=read_in, national=bool(read_in)))
            lookup = Lookup(file.parent / configuration.storage.database, entries=16, budget_s=1.0, zone=zone)
            try:
                now = time.time()
                acting = {(hit.list, hit.entry) for hit in lookup.look_up(read.canonical, now) or ()}
                held = Ledger(lookup).look_up(read.canonical, now)
            finally:
                lookup.close()
            entries = []
            for entry in await lists.covering(read.canonical):
                hit = (await decisions.hits_of(entry.list, [entry.text])).get(entry.text)
                policy = lists.settings.get(entry.list)
                entries.append(
                    as_data(entry, zone)
                    | {
                        "kind": policy.kind if policy else None,
                        "acts": (entry.list, entry.text) in acting,
                        "off": idle(entry, now) if (entry.list, entry.text) not in acting else None,
                        "hits": hit.hits if hit else 0,
                    }
                )
            return {
                "number": read.canonical or number,
                "class": str(read.kind),
                "region": read.region,
                "ledger": held.facts() if held else None,
                "entries": entries,
            }

    with clear_errors():
        found = asyncio.run(work())
    as_json(found) if json else typer.echo("\n".join(sentences(found)))


def idle(entry: Entry, now: float) -> str:
    """Why an entry does nothing at this moment."""
    qualification = entry.origin.qualification
    hours = qualification.hours if qualification else ""
    return entry.off(now) or (f"outside its hours {hours}" if hours else "its list is not in ringfence.yaml")


def sentences(found: dict[str, Any]) -> list[str]:
    """What is known of a number, one sentence a line."""
    region = f", {found['region']}" if found["region"] else ""
    lines = [f"{found['number']} is of class {found['class']}{region}."]
    ledger = found["ledger"]
    if ledger:
        holder = f" by {ledger['holder']}" if "holder" in ledger else ""
        code = f"Its code {ledger['code']}" if "code" in ledger else "Its code"
        lines.append(f"{code} is {ledger['ledger']}{holder}.")
    for entry in found["entries"]:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        until = f", until {entry['expires']}" if entry["expires"] else ""
        state = f"; off: {entry['off']}" if entry["off"] else ""
        lines.append(
            f"{entry['entry']} on {entry['list']} ({entry['kind'] or 'asleep'}) by {entry['source']}, since "
            f"{entry['created']}{until}{reason}{state}; {entry['hits']} calls."
        )
    if not found["entries"]:
        lines.append("No list entry covers it.")
    lines.append(f"What a call would get: ringfence explain --from {found['number']} --to NUMBER")
    return lines
