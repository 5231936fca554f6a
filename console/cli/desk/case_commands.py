"""`ringfence case N` and `ringfence cases`: a case as a story, and the cases that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, clock_time, table, two_lines
from console.cli.desk.step_commands import CaseNumber, add_case_steps
from console.cli.in_full import InFull, Unmasked, Why, sight
from desk.states import CaseState

if TYPE_CHECKING:
    from desk.deadlines import Clock
    from desk.story import Story
    from ringfence.installation import Installation

cases_app = typer.Typer(no_args_is_help=True)
group(cases_app, "Cases of numbers that people complain about: list, take, verify, seal, release, close, hand over.")
_COLUMNS = (
    *("id", "number", "holder", "state", "complaints", "reporters", "evidence"),
    *("clock", "standing", "due", "on_top"),
)
_COLOURS = {"overdue": "red", "met late": "yellow"}


async def case(here: Installation, number: CaseNumber, unmasked: Unmasked = False, reason: Why = "") -> Answer:
    """Tell the whole story of a case: complaints, steps, deadlines, evidence, and what its seal has stopped."""
    from desk.disclosure import note_look
    from desk.story import story_of

    desk = await here.desk()
    story = await story_of(desk.archive, number)
    await note_look(desk.archive, "case", str(number), actor=here.actor)
    show = await sight(here, InFull("case", number, unmasked, reason), [story.case.number])
    story = story._replace(case=show(story.case))
    clocks = [clock._asdict() | {"standing": clock.standing(story.told_at)} for clock in story.clocks]
    return Answer(story._asdict() | {"clocks": clocks}, story_lines(story, here.zone))


def story_lines(story: Story, zone: str) -> list[str]:
    """A story for people; its last line says where the case stands."""
    one, evidence = story.case, story.evidence
    ties = ", ".join(f"{count:,} {tie}" for tie, count in story.ties.items())
    lines = [f"case {one.id}: {one.number} ({one.kind}), {one.state}, version {one.version}"]
    lines += [f"  code {one.code} of {one.holder or 'nobody known'}"] if one.code else []
    lines += [f"  owner {story.owner}"] if story.owner else []
    lines += [
        f"  evidence {evidence.score:.1f} per 10,000, the lower bound of w/n",
        f"    w {evidence.weight:.2f}: {evidence.counted:,} out of {evidence.complaints:,} complaints count "
        f"({ties or 'none'})",
        f"    n {evidence.subscribers:,.0f}: it rang {evidence.rang:,} subscribers lately (never below "
        "complaints.fewest_subscribers and 4w)",
    ]
    lines += [typer.style(f"  on top: {one.on_top}", bold=True)] if one.on_top else []
    lines += ["", *(_clock_line(clock, story.told_at, zone) for clock in story.clocks)]
    lines += [*(typer.style(f"  {warning}", fg="yellow") for warning in story.warnings), ""]
    width = max((len(event.who) for event in story.events), default=0)
    for event in story.events:
        why = f": {event.why}" if event.why else ""
        lines.append(f"  {clock_time(event.at, zone)}  {event.who:{width}}  {_one_line(event.what + why)}")
    return [*lines, "", typer.style(story.ending, bold=True)]


def _one_line(text: str) -> str:
    """What people wrote must not look like a line of the story."""
    from desk.reading import shown_text

    return " ".join(shown_text(text).split("\n"))


def _clock_line(clock: Clock, now: float, zone: str) -> str:
    standing = clock.standing(now)
    when = clock_time(clock.due if clock.met is None else clock.met, zone)
    line = f"  {clock.name:9}  {standing:8}  {'due ' if clock.met is None else ''}{when}"
    return typer.style(line, fg=_COLOURS.get(standing))


@command(cases_app, "list")
async def list_cases(
    here: Installation,
    state: Annotated[CaseState | None, typer.Option(help="Default: all that wait for somebody.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Cases at most.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Page on: so many were shown.")] = 0,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """List cases, the most pressing first: those put on top, then by the deadline that comes first."""
    from desk.disclosure import note_listing
    from desk.weighing import evidence_of

    desk = await here.desk()
    rows, found = [], await desk.cases.pressing(state=state, limit=limit, after=after)
    wanted = InFull("cases list", (state, limit, after), unmasked, reason)
    show = await sight(here, wanted, [one.case.number for one in found])
    for one in found:
        evidence = await evidence_of(desk.archive, one.case)
        counts = {"complaints": one.complaints, "reporters": evidence.counted}
        row = counts | {"evidence": round(evidence.score, 1)}
        clock = {
            "clock": one.due.name if one.due else "",
            "standing": one.due.standing(desk.archive.now()) if one.due else "",
            "due": one.due.due if one.due else None,
        }
        rows.append(show(one.case)._asdict() | row | clock)
    await note_listing(desk.archive, "case", len(rows), actor=here.actor, state=state)
    return table(_COLUMNS, rows, here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["id"], row["number"], row["state"], f"evidence {row['evidence']}"),
        f"{row['complaints']} complaints of {row['reporters']} reporters",
        row["holder"],
        f"{row['clock']} {row['standing']}, due {row['due']}" if row["clock"] else "",
        f"on top: {row['on_top']}" if row["on_top"] else "",
    )


add_case_steps(cases_app)
