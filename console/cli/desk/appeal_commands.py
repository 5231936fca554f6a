"""`ringfence appeals`: filed, listed by deadline, granted or refused, with the evidence that they are judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, clock_time, field_lines, plain, table, two_lines
from console.cli.desk.step_commands import Reference, add_appeal_steps
from console.cli.files import finished_file
from console.cli.in_full import InFull, Unmasked, Why, sight
from desk.states import AppealState, Attacks

if TYPE_CHECKING:
    from desk.deadlines import Clock
    from ringfence.installation import Installation

appeals_app = typer.Typer(no_args_is_help=True)
group(appeals_app, "Appeals of callers: file, list, show, grant, refuse, and the evidence pack.")
_COLUMNS = ("reference", "received", "number", "attacks", "target", "state", "standing", "due", "decided_by", "reason")


@command(appeals_app)
async def file(
    here: Installation,
    number: Annotated[str, typer.Option(metavar="NUMBER", help="The caller's number.")] = "",
    decision: Annotated[str, typer.Option(help="The id that the rejection carried in Reason.")] = "",
    against: Annotated[Attacks | None, typer.Option(help="Default: whatever stands against the number.")] = None,
    target: Annotated[str, typer.Option(help="Name of the rule or list.")] = "",
    text: Annotated[str, typer.Option(help="What the caller says; kept encrypted.")] = "",
    contact: Annotated[str, typer.Option(help="Where the answer goes; kept encrypted.")] = "",
) -> Answer:
    """Take an appeal; its clock runs from now. The same one again, while it waits, keeps its number and gains words."""
    from desk.showing import as_shown

    desk = await here.desk()
    before = desk.archive.now()
    found = await desk.appeals.file(
        number=number, decision=decision, attacks=against, target=target, text=text, contact=contact
    )
    found = as_shown(found, here.home)
    again = found.received < before
    more = " already; what is said now is added to it" if again and text else " already" if again else ""
    return Answer(found, f"{found.reference} against the {found.attacks} {found.target} is {found.state}{more}.")


@command(appeals_app, "list")
async def list_appeals(
    here: Installation,
    state: Annotated[AppealState | None, typer.Option(help="In this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Appeals at most.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Page on: so many were shown.")] = 0,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """List appeals, those that wait and are due first on top."""
    from desk.disclosure import note_listing

    desk, rows = await here.desk(), []
    found = await desk.appeals.listed(state=state, limit=limit, after=after)
    wanted = InFull("appeals list", (state, limit, after), unmasked, reason)
    show = await sight(here, wanted, [one.number for one in found])
    for one in found:
        _, (clock, *_), _ = await desk.appeals.find(one.reference)
        rows.append(show(one)._asdict() | {"standing": clock.standing(desk.archive.now()), "due": clock.due})
    await note_listing(desk.archive, "appeal", len(rows), actor=here.actor, state=state)
    return table(_COLUMNS, rows, here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["reference"], row["received"], row["number"], row["state"]),
        f"against the {row['attacks']} {row['target']}".rstrip(),
        f"{row['standing']}, due {row['due']}",
        f"by {row['decided_by']}: {row['reason']}" if row["decided_by"] else "",
    )


@command(appeals_app)
async def show(here: Installation, reference: Reference, unmasked: Unmasked = False, reason: Why = "") -> Answer:
    """Show an appeal, its deadline, and what the caller says."""
    from desk.disclosure import disclose, note_look

    desk, zone = await here.desk(), here.zone
    archive = desk.archive
    appeal, clocks, words = await desk.appeals.find(reference)
    sees = await sight(here, InFull("appeals show", appeal.reference, unmasked, reason), [appeal.number])
    if words:
        words = await disclose(archive, "appeal", appeal.reference, words, actor=here.actor)
    else:
        await note_look(archive, "appeal", appeal.reference, actor=here.actor)
    appeal = sees(appeal)
    lines = [clock_line(clock, archive.now(), zone) for clock in clocks]
    lines += archive.deadlines.warnings(clocks, archive.appeal_spans)
    times = {"received": clock_time(appeal.received, zone), "decided": clock_time(appeal.decided, zone)}
    return Answer(
        plain(appeal, zone) | {"clocks": lines, "words": words},
        field_lines(appeal._asdict() | times | {"deadline": "; ".join(lines)} | words),
    )


def clock_line(clock: Clock, now: float, zone: str) -> str:
    """``answer: overdue, due 2026-07-30 00:00``."""
    standing = clock.standing(now)
    when = standing if clock.met is not None else f"{standing}, due"
    return f"{clock.name}: {when} {clock_time(clock.due if clock.met is None else clock.met, zone)}"


@command(appeals_app, json=False)
async def pack(
    here: Installation,
    reference: Reference,
    out: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Default: standard output.")] = None,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Write the evidence pack: the call, the text of the rule, entries and cases of the number, as JSON."""
    from desk.disclosure import EXPORTED, note_look
    from desk.exports import evidence_pack

    desk = await here.desk()
    appeal, _, _ = await desk.appeals.find(reference)
    wanted = InFull("appeals pack", appeal.reference, unmasked, reason)
    await sight(here, wanted, [appeal.number])
    await note_look(desk.archive, "appeal", appeal.reference, actor=here.actor, step=EXPORTED)
    if out is None:
        return Answer(said=await evidence_pack(desk.archive, appeal, clear=wanted.wanted))
    with finished_file(out) as whole:
        whole.write(await evidence_pack(desk.archive, appeal, clear=wanted.wanted))
    return Answer(said=f"{out} holds what {appeal.reference} is judged by.")


add_appeal_steps(appeals_app)
