"""`ringfence ladder`, `owners` and `trunks`: who offends again and again, and where forged numbers come from."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.answers import as_json, clear_errors, print_table
from console.case_commands import Reason, done
from console.desk import officer, opened_desk
from console.options import AsJson, ConfigurationFile, chosen, moment, shown_time

if TYPE_CHECKING:
    from pathlib import Path

    from rules.complaints.desk import Desk

ladder_app = typer.Typer(no_args_is_help=True)
COLUMNS = ("kind", "name", "step", "offences", "since", "term_ends", "numbers", "reason", "author")


class Kind(StrEnum):
    """Who stands on the ladder."""

    NUMBER = "number"
    OWNER = "owner"
    BUSINESS = "business"


class To(StrEnum):
    """Steps that a person can choose; sealed is for cases only."""

    WATCH = "watch"
    TAG = "tag"
    LIMIT = "limit"
    REJECT = "reject"


Who = Annotated[Kind, typer.Argument(metavar="KIND", help="number, owner or business.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The number in any spelling, or the name.")]


@ladder_app.callback()
def ladder(context: typer.Context, config: ConfigurationFile = None) -> None:
    """The ladder of repeat offenders: watch, tag, limit, reject; per number, owner and business."""
    if config is not None:
        context.obj = config


@ladder_app.command()
def show(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show who stands on it, highest first."""
    _print(climbers(chosen(context, config), None), json)


def owners(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show the owners that stand on the ladder, with all their numbers."""
    _print(climbers(chosen(context, config), "owner"), json)


def climbers(file: Path, kind: Literal["number", "owner", "business"] | None) -> list[dict[str, Any]]:
    """Who stands on the ladder now."""

    async def work() -> list[dict[str, Any]]:
        async with opened_desk(file) as (desk, zone):
            return [
                {
                    "kind": one.standing.kind,
                    "name": one.standing.name,
                    "step": one.step.name.lower(),
                    "offences": one.standing.offences,
                    "since": shown_time(one.standing.since, zone),
                    "term_ends": shown_time(one.standing.term_ends, zone),
                    "numbers": " ".join(one.numbers),
                    "reason": one.standing.reason,
                    "author": one.author,
                }
                for one in await desk.ladder.climbers(kind)
            ]

    with clear_errors():
        return asyncio.run(work())


def _print(rows: list[dict[str, Any]], json: bool) -> None:
    as_json(rows) if json else print_table(COLUMNS, rows)


@ladder_app.command()
def climb(
    context: typer.Context,
    kind: Who,
    name: Name,
    reason: Reason,
    to: Annotated[To | None, typer.Option(help="Default: one step up from where it stands.")] = None,
    config: ConfigurationFile = None,
) -> None:
    """Let somebody climb, for a term that doubles with each offence."""

    async def work(desk: Desk) -> str:
        from rules.complaints.ladder import LadderStep

        step = LadderStep[to.name] if to else None
        found = await desk.ladder.climb(kind.value, name, actor=officer(), reason=reason, to=step)
        until = shown_time(found.term_ends, str(desk.archive.zone))
        return f"{found.kind} {found.name} is on step {found.step_at(found.since).name.lower()} until {until}."

    done(chosen(context, config), work)


@ladder_app.command()
def clear(context: typer.Context, kind: Who, name: Name, reason: Reason, config: ConfigurationFile = None) -> None:
    """Take somebody off the ladder; offences are forgotten."""

    async def work(desk: Desk) -> str:
        await desk.ladder.clear(kind.value, name, actor=officer(), reason=reason)
        return f"{kind} {name} is off the ladder."

    done(chosen(context, config), work)


@ladder_app.command()
def assign(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    owner: Annotated[str, typer.Option(help="Who holds it now; a new owner starts clean with it.")] = "",
    business: Annotated[str, typer.Option(help="On whose behalf it calls.")] = "",
    config: ConfigurationFile = None,
) -> None:
    """Say whose a number is: an owner, and a business, keep their step on all their numbers."""
    if not owner and not business:
        raise typer.BadParameter("name an --owner or a --business")

    async def work(desk: Desk) -> str:
        if owner:
            await desk.ladder.assign(number, "owner", owner, actor=officer())
        if business:
            await desk.ladder.assign(number, "business", business, actor=officer())
        canonical = desk.archive.read_number(number, "number").canonical
        return f"{canonical} belongs to {' and '.join(name for name in (owner, business) if name)}."

    done(chosen(context, config), work)


def trunks(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="30d, 2026-01-01; default: ever.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Rank the trunks by the forged numbers that officers found on them."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        from rules.complaints.trunk_ranking import ranked_trunks

        async with opened_desk(file) as (desk, zone):
            begin = moment(since, now=desk.archive.now(), zone=zone, ahead=False) if since else 0.0
            found = await ranked_trunks(desk.archive, since=begin)
            return [one._asdict() | {"last": shown_time(one.last, zone)} for one in found]

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(("trunk", "forged", "complaints", "numbers", "last"), rows)
