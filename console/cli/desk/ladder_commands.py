"""`ringfence ladder`, `owners` and `trunks`: who offends again and again, and where forged numbers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, clock_time, table, two_lines
from console.cli.desk.step_commands import Reason
from console.cli.in_full import InFull, Unmasked, Why, sight
from console.cli.options import moment
from desk.states import Offender
from rules.judging.ladder import StepName

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.judging.ladder import Standing

ladder_app = typer.Typer(no_args_is_help=True)
group(ladder_app, "The ladder of repeat offenders: watch, tag, limit, reject; per number, owner and business.")
COLUMNS = ("kind", "name", "step", "version", "offences", "since", "term_ends", "numbers", "reason", "author")


Who = Annotated[Offender, typer.Argument(metavar="KIND", help="number, owner or business.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The number in any spelling, or the name.")]
Version = Annotated[
    int | None,
    typer.Option(min=0, help="The version that you looked at, 0 for none: if somebody was faster, nothing is done."),
]


@command(ladder_app)
async def show(here: Installation, unmasked: Unmasked = False, reason: Why = "") -> Answer:
    """Show who stands on it, highest first."""
    return await _climbers(here, None, InFull("ladder show", "", unmasked, reason))


async def owners(here: Installation, unmasked: Unmasked = False, reason: Why = "") -> Answer:
    """Show the owners that stand on the ladder, with all their numbers."""
    return await _climbers(here, "owner", InFull("owners", "", unmasked, reason))


async def _climbers(here: Installation, kind: Offender | None, wanted: InFull) -> Answer:
    from desk.disclosure import note_listing

    desk = await here.desk()
    now, found = desk.archive.now(), await desk.ladder.climbers(kind)
    await note_listing(desk.archive, "ladder", len(found), actor=here.actor, kind=kind)
    named = [one.standing.name for one in found if one.standing.kind == "number"]
    shown = await sight(here, wanted, [*named, *(number for one in found for number in one.numbers)])
    rows = []
    for one in found:
        row = _plain_standing(one.standing, now) | {"numbers": one.numbers, "author": one.author}
        pseudonym = here.keys.hide(one.standing.name) if one.standing.kind == "number" else ""
        row = shown(row) | {"pseudonym": pseudonym, "pseudonyms": [here.keys.hide(each) for each in one.numbers]}
        rows.append(row | {"numbers": " ".join(row["numbers"])})
    return table(COLUMNS, rows, here.zone, narrow=_narrow)


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


@command(ladder_app)
async def climb(
    here: Installation,
    kind: Who,
    name: Name,
    reason: Reason,
    to: Annotated[StepName | None, typer.Option(help="Default: one step up from where it stands.")] = None,
    version: Version = None,
) -> Answer:
    """Let somebody climb, for a term that doubles with each offence."""
    from desk.showing import as_shown
    from rules.judging.ladder import LadderStep

    desk, step = await here.desk(), LadderStep.called(to) if to else None
    found = await desk.ladder.climb(kind, name, actor=here.actor, reason=reason, to=step, version=version)
    shown = as_shown(_plain_standing(found, found.since), here.home)
    until = clock_time(found.term_ends, here.zone)
    return Answer(shown, f"{found.kind} {shown['name']} is on step {shown['step']} until {until}.")


@command(ladder_app)
async def clear(here: Installation, kind: Who, name: Name, reason: Reason, version: Version = None) -> Answer:
    """Take somebody off the ladder; offences are forgotten."""
    from desk.showing import as_shown

    desk = await here.desk()
    cleared = await desk.ladder.clear(kind, name, actor=here.actor, reason=reason, version=version)
    shown = as_shown({"kind": kind, "name": cleared, "step": "none"}, here.home)
    return Answer(shown, f"{kind} {shown['name']} is off the ladder.")


@command(ladder_app)
async def assign(
    here: Installation,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any spelling.")],
    owner: Annotated[str, typer.Option(help="Who holds it now; a new owner starts clean with it.")] = "",
    business: Annotated[str, typer.Option(help="On whose behalf it calls.")] = "",
) -> Answer:
    """Say whose a number is: an owner, and a business, keep their step on all their numbers."""
    from desk.showing import as_shown

    if not owner and not business:
        raise typer.BadParameter("name an --owner or a --business")
    desk = await here.desk()
    assigned = await desk.ladder.assign(number, owner=owner, business=business, actor=here.actor)
    found = {what: value for what, value in as_shown(assigned, here.home)._asdict().items() if value}
    whose = " and ".join(found[kind] for kind in ("owner", "business") if kind in found)
    case = f" Its case {found['open_case']} is still open, whoever owns it now." if "open_case" in found else ""
    return Answer(found, f"{found['number']} belongs to {whose}.{case}")


async def trunks(
    here: Installation,
    since: Annotated[str, typer.Option(metavar="TIME", help="30d, 2026-01-01; default: ever.")] = "",
    signed: Annotated[
        bool, typer.Option("--signed", help="What signatures proved of their calls, in percent.")
    ] = False,
) -> Answer:
    """Rank the trunks by the forged numbers that officers found on them."""
    from desk.attestations import Signed, attested_trunks
    from desk.reports import ranked_trunks

    archive = (await here.desk()).archive
    begin = moment(since, now=archive.now(), zone=here.zone, ahead=False) if since else 0.0
    if signed:
        shares = [one._asdict() for one in await attested_trunks(archive, since=begin)]
        return table(Signed._fields, shares, here.zone)
    rows = [one._asdict() for one in await ranked_trunks(archive, since=begin)]
    return table(("trunk", "forged", "complaints", "numbers", "last"), rows, here.zone)
