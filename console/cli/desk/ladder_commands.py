"""`ringfence ladder`, `owners` and `trunks`: who offends again and again, and where forged numbers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json
from console.cli.desk.case_commands import Reason
from console.cli.desk.opened_desk import at_the_desk, clock_time, officer, plain, tabulate, tell, two_lines
from console.cli.options import AsJson, ConfigurationFile, moment
from desk.states import Offender
from rules.judging.ladder import StepName

if TYPE_CHECKING:
    from pathlib import Path

    from desk.desk import Desk
    from rules.judging.ladder import Standing

ladder_app = typer.Typer(no_args_is_help=True)
COLUMNS = ("kind", "name", "step", "version", "offences", "since", "term_ends", "numbers", "reason", "author")


Who = Annotated[Offender, typer.Argument(metavar="KIND", help="number, owner or business.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The number in any spelling, or the name.")]
Version = Annotated[
    int | None,
    typer.Option(min=0, help="The version that you looked at, 0 for none: if somebody was faster, nothing is done."),
]


@ladder_app.callback()
def ladder(context: typer.Context, config: ConfigurationFile = None) -> None:
    """The ladder of repeat offenders: watch, tag, limit, reject; per number, owner and business."""
    if config is not None:
        context.obj = config


@ladder_app.command()
def show(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show who stands on it, highest first."""
    _climbers(context, config, json, None)


def owners(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show the owners that stand on the ladder, with all their numbers."""
    _climbers(context, config, json, "owner")


def _climbers(context: typer.Context, config: Path | None, json: bool, kind: Offender | None) -> None:
    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.disclosure import note_listing

        now, found = desk.archive.now(), await desk.ladder.climbers(kind)
        await note_listing(desk.archive, "ladder", len(found), actor=officer(), kind=kind)
        return [
            {**_plain_standing(one.standing, now), "numbers": " ".join(one.numbers), "author": one.author}
            for one in found
        ]

    tabulate(context, config, json, COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["kind"], row["name"], row["step"], f"until {row['term_ends']}"),
        f"offences {row['offences']}",
        f"since {row['since']} by {row['author']}: {row['reason']}",
        row["numbers"],
        f"version {row['version']}",
    )


def _plain_standing(standing: Standing, now: float) -> dict[str, Any]:
    """What is shown of it at a moment; somebody must stand there."""
    from desk.ladder_book import version_of

    return {
        "kind": standing.kind,
        "name": standing.name,
        "step": standing.step_at(now).said,
        "version": version_of(standing, now),
        "offences": standing.offences,
        "since": standing.since,
        "term_ends": standing.term_ends,
        "reason": standing.reason,
    }


@ladder_app.command()
def climb(
    context: typer.Context,
    kind: Who,
    name: Name,
    reason: Reason,
    to: Annotated[StepName | None, typer.Option(help="Default: one step up from where it stands.")] = None,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Let somebody climb, for a term that doubles with each offence."""

    async def work(desk: Desk) -> Standing:
        from rules.judging.ladder import LadderStep

        step = LadderStep.called(to) if to else None
        return await desk.ladder.climb(kind, name, actor=officer(), reason=reason, to=step, version=version)

    found, zone = at_the_desk(context, config, work)
    shown = _plain_standing(found, found.since)
    if json:
        as_json(plain(shown, zone))
    else:
        typer.echo(f"{found.kind} {found.name} is on step {shown['step']} until {clock_time(found.term_ends, zone)}.")


@ladder_app.command()
def clear(
    context: typer.Context,
    kind: Who,
    name: Name,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take somebody off the ladder; offences are forgotten."""

    async def work(desk: Desk) -> dict[str, str]:
        cleared = await desk.ladder.clear(kind, name, actor=officer(), reason=reason, version=version)
        return {"kind": kind, "name": cleared, "step": "none"}

    tell(*(context, config, json), work, lambda found: f"{kind} {found['name']} is off the ladder.")


@ladder_app.command()
def assign(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    owner: Annotated[str, typer.Option(help="Who holds it now; a new owner starts clean with it.")] = "",
    business: Annotated[str, typer.Option(help="On whose behalf it calls.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Say whose a number is: an owner, and a business, keep their step on all their numbers."""
    if not owner and not business:
        raise typer.BadParameter("name an --owner or a --business")

    async def work(desk: Desk) -> dict[str, Any]:
        found = await desk.ladder.assign(number, owner=owner, business=business, actor=officer())
        return {what: value for what, value in found._asdict().items() if value}

    def words(found: dict[str, Any]) -> str:
        whose = " and ".join(found[kind] for kind in ("owner", "business") if kind in found)
        case = f" Its case {found['open_case']} is still open, whoever owns it now." if "open_case" in found else ""
        return f"{found['number']} belongs to {whose}.{case}"

    tell(context, config, json, work, words)


def trunks(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="30d, 2026-01-01; default: ever.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Rank the trunks by the forged numbers that officers found on them."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.trunk_ranking import ranked_trunks

        now, zone = desk.archive.now(), str(desk.archive.zone)
        begin = moment(since, now=now, zone=zone, ahead=False) if since else 0.0
        return [one._asdict() for one in await ranked_trunks(desk.archive, since=begin)]

    tabulate(context, config, json, ("trunk", "forged", "complaints", "numbers", "last"), work)
