"""`ringfence approvals`: what waits for a second person, and what that person says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, table, two_lines
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from ringfence.people.approvals import Proposal

approvals_app = typer.Typer(no_args_is_help=True)
group(approvals_app, "What one person proposed and another confirms or refuses: seals, releases, accounts, keys ...")

Which = Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` shows it: 17, or held-4 of an import.")]
_HELD = "held-"  # how held imports are called among the proposals
_SECRETS = frozenset({"kept", "password"})
_COLUMNS = ("id", "kind", "about", "proposer", "proposed", "lapses", "reason")
_DECIDED = ("state", "decider", "decided", "why")


@command(approvals_app, "list")
async def list_approvals(
    here: Installation,
    everything: Annotated[bool, typer.Option("--all", help="Also what was confirmed, refused or lapsed.")] = False,
) -> Answer:
    """Show what waits for a second person, held imports of lists among it; what one may not do is not shown."""
    from ringfence.people.rights import TAKES_TWO

    rows = []
    if await here.has_people():
        found = await (await here.people()).approvals.listed(everything=everything)
        rows = [_row(one, here.zone) for one in found if not here.who.rights.isdisjoint(TAKES_TWO[one.kind])]
    rows += await _held(here, everything)
    columns = (*_COLUMNS, *(_DECIDED if everything else ()))
    return table(columns, rows, here.zone, narrow=_narrow, none="Nothing waits for a second person.")


@command(approvals_app)
async def confirm(
    here: Installation,
    number: Which,
    reason: Annotated[str, typer.Option(help="Held imports: why it may go live.")] = "",
) -> Answer:
    """Say yes to what another person proposed: it is done, in the name of who proposed it."""
    from ringfence.people.carrying_out import confirm as say_yes

    if number.startswith(_HELD):
        from console.cli.lists.held_commands import release
        from ringfence.people.door import ask_one_of
        from ringfence.people.rights import Right

        ask_one_of(here.who, [Right.LISTS_RELEASE])
        return await release(here, _number(number.removeprefix(_HELD)), reason)
    said = await say_yes(_number(number), here.who, await here.people(), here.desk)
    return Answer({"id": _number(number), "done": said}, f"{said}.")


@command(approvals_app)
async def refuse(
    here: Installation, number: Which, reason: Annotated[str, typer.Option(help="Why; it is recorded.")]
) -> Answer:
    """Say no to what another person proposed, or take one's own back."""
    if number.startswith(_HELD):
        from console.cli.lists.held_commands import drop
        from ringfence.people.door import ask_one_of
        from ringfence.people.rights import Right

        ask_one_of(here.who, [Right.LISTS_RELEASE])
        return await drop(here, _number(number.removeprefix(_HELD)), reason)
    found = await (await here.people()).approvals.refuse(_number(number), here.who, reason)
    return Answer(_row(found, here.zone), f"{found.about}: nothing is done.")


def _number(text: str) -> int:
    if not text.isdecimal():
        raise typer.BadParameter(f"{text[:40]!r} is none; `ringfence approvals list` shows them", param_hint="ID")
    return int(text)


async def _held(here: Installation, everything: bool) -> list[dict[str, Any]]:
    """Imports of lists that wait for a person, for whom may release them."""
    from ringfence.people.rights import Right
    from rules.lists.held_imports import held_imports

    if Right.LISTS_RELEASE not in here.who.rights or not here.database.exists():
        return []
    rows = []
    for one in await held_imports(await here.lists(), ended=everything):
        state = "waiting" if one.ended is None else "done" if one.import_id is not None else "refused"
        rows.append(
            {
                "id": f"{_HELD}{one.id}",
                "kind": "import",
                "about": f"list {one.list}: {one.why}",
                "proposer": one.author,
                "proposed": shown_time(one.created, here.zone),
                "lapses": shown_time(one.lapses, here.zone),
                "reason": one.source,
                "state": state,
                "decider": one.ended_by,
                "decided": shown_time(one.ended, here.zone) or None,
                "why": one.ended_why,
            }
        )
    return rows


def _row(one: Proposal, zone: str) -> dict[str, Any]:
    from desk.showing import worded

    times = {name: shown_time(getattr(one, name), zone) or None for name in ("proposed", "lapses", "decided", "used")}
    asked = {name: value for name, value in one.arguments.items() if name not in _SECRETS}
    told = {name: worded(getattr(one, name)) for name in ("reason", "why")}
    return one._asdict() | times | told | {"arguments": asked, "state": one.state(time.time())}


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["id"], row["kind"], row["about"]), f"by {row['proposer']}", f"until {row['lapses']}", row["reason"]
    )
