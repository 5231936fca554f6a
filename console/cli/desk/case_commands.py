"""`ringfence case N` and `ringfence cases`: a case as a story, and what officers do with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json, print_lines
from console.cli.desk.finished_file import finished_file
from console.cli.desk.opened_desk import at_the_desk, clock_time, officer, plain, tabulate, tell, two_lines
from console.cli.options import AsJson, ConfigurationFile
from desk.states import CaseState, FoundBy

if TYPE_CHECKING:
    from desk.case_files import CaseFile
    from desk.cases import Released, Sealed
    from desk.deadlines import Clock
    from desk.desk import Desk
    from desk.story import Story

cases_app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="CASE", help="Number of the case.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded, and told to whom it concerns.")]
Version = Annotated[
    int | None,
    typer.Option(min=1, help="The version that you looked at: if somebody was faster, nothing is done."),
]
_COLUMNS = (
    "id",
    "number",
    "holder",
    "state",
    "complaints",
    "reporters",
    "evidence",
    "clock",
    "standing",
    "due",
    "on_top",
)
_COLOURS = {"overdue": "red", "met late": "yellow"}


@cases_app.callback()
def cases(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Cases of numbers that people complain about: list, take, verify, seal, release, close, hand over."""
    if config is not None:
        context.obj = config


def case(context: typer.Context, number: Number, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Tell the whole story of a case: complaints, steps, deadlines, evidence, and what its seal has stopped."""

    async def work(desk: Desk) -> Story:
        from desk.disclosure import note_look
        from desk.story import story_of

        story = await story_of(desk.archive, number)
        await note_look(desk.archive, "case", str(number), actor=officer())
        return story

    story, zone = at_the_desk(context, config, work)
    as_json(story_data(story, zone)) if json else print_lines(story_lines(story, zone))


def story_data(story: Story, zone: str) -> dict[str, Any]:
    """A story for programs."""
    clocks = [clock._asdict() | {"standing": clock.standing(story.told_at)} for clock in story.clocks]
    found: dict[str, Any] = plain(story._asdict() | {"clocks": clocks}, zone)
    return found


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


@cases_app.command(name="list")
def list_cases(
    context: typer.Context,
    state: Annotated[CaseState | None, typer.Option(help="Default: all that wait for somebody.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Cases at most.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Page on: so many were shown.")] = 0,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List cases, the most pressing first: those put on top, then by the deadline that comes first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.disclosure import note_listing
        from desk.weighing import evidence_of

        rows = []
        for one in await desk.cases.pressing(state=state, limit=limit, after=after):
            evidence = await evidence_of(desk.archive, one.case)
            counts = {"complaints": one.complaints, "reporters": evidence.counted}
            row = counts | {"evidence": round(evidence.score, 1)}
            clock = {
                "clock": one.due.name if one.due else "",
                "standing": one.due.standing(desk.archive.now()) if one.due else "",
                "due": one.due.due if one.due else None,
            }
            rows.append(one.case._asdict() | row | clock)
        await note_listing(desk.archive, "case", len(rows), actor=officer(), state=state)
        return rows

    tabulate(context, config, json, _COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["id"], row["number"], row["state"], f"evidence {row['evidence']}"),
        f"{row['complaints']} complaints of {row['reporters']} reporters",
        row["holder"],
        f"{row['clock']} {row['standing']}, due {row['due']}" if row["clock"] else "",
        f"on top: {row['on_top']}" if row["on_top"] else "",
    )


@cases_app.command()
def take(
    context: typer.Context,
    number: Number,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Begin to verify a case: its complaints are accepted."""

    def words(found: CaseFile) -> str:
        return f"case {number} is {found.state}, version {found.version}."

    tell(context, config, json, lambda desk: desk.cases.take(number, actor=officer(), version=version), words)


@cases_app.command()
def verify(
    context: typer.Context,
    number: Number,
    found_by: Annotated[FoundBy, typer.Option("--by", help="How it is known that the calls came from the number.")],
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """State that the calls truly came from the number; only then can it be sealed."""
    tell(
        *(context, config, json),
        lambda desk: desk.cases.verify(number, actor=officer(), found_by=found_by, reason=reason, version=version),
        lambda found: f"case {number} is {found.state} by {found.found_by}, version {found.version}.",
    )


@cases_app.command()
def seal(
    context: typer.Context,
    number: Number,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Reject every call of the verified number from the next one on, and suspend what allows it."""

    def words(found: Sealed) -> str:
        lines = [f"{found.case.number} is sealed by seal {found.seal}: its calls are rejected from now on."]
        lines += [f"suspended: {one.entry} on {one.list}; tell {one.owner}" for one in found.suspended]
        if found.never_called:
            lines.append("no call of this number is on record: look again whether a digit was lost")
        return "\n".join(lines)

    tell(
        *(context, config, json),
        lambda desk: desk.cases.seal(number, actor=officer(), reason=reason, version=version),
        words,
    )


@cases_app.command()
def release(
    context: typer.Context,
    number: Number,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take the seal off, and give back what it suspended."""

    def words(found: Released) -> str:
        restored = [f"restored: {one.entry} on {one.list} of {one.owner}" for one in found.restored]
        return "\n".join([f"{found.case.number} is released.", *restored])

    tell(
        *(context, config, json),
        lambda desk: desk.cases.release(number, actor=officer(), reason=reason, version=version),
        words,
    )


@cases_app.command()
def keep(
    context: typer.Context,
    number: Number,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Let the seal stand although a complaint was withdrawn; the case is no longer on top."""
    tell(
        *(context, config, json),
        lambda desk: desk.cases.keep(number, actor=officer(), reason=reason, version=version),
        lambda found: f"{found.number} stays sealed.",
    )


@cases_app.command()
def unfounded(
    context: typer.Context,
    number: Number,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Close a case: there is nothing against the number."""
    tell(
        *(context, config, json),
        lambda desk: desk.cases.close_unfounded(number, actor=officer(), reason=reason, version=version),
        lambda found: f"case {number} is closed as {found.state}.",
    )


@cases_app.command()
def forged(
    context: typer.Context,
    number: Number,
    reason: Reason,
    trunk: Annotated[str, typer.Option(help="Where the calls came from; default: by the records.")] = "",
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Close a case: the number was not the true caller; it counts against the trunk (`ringfence trunks`)."""
    tell(
        *(context, config, json),
        lambda desk: desk.cases.close_forged(number, actor=officer(), reason=reason, trunk=trunk, version=version),
        lambda found: f"case {number} is closed as {found.state}; it counts against trunk {found.trunk}.",
    )


@cases_app.command()
def hand_over(
    context: typer.Context,
    number: Number,
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Where the case is written, as CSV.")],
    to: Annotated[str, typer.Option(help="The operator that holds the number; default: the ledger's holder.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    reference: Annotated[str, typer.Option(help="Their reference, if known.")] = "",
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Give a case to the operator that holds the number; the reporters' clock runs on until it answers."""

    async def work(desk: Desk) -> CaseFile:
        from desk.exports import handover

        # Whoever is refused the step has no file to send either; where no file can lie, the step isn't taken.
        with finished_file(out, encoding="utf-8-sig") as file:
            file.write(await handover(desk.archive, number))
            return await desk.cases.hand_over(
                number, actor=officer(), to=to, reason=reason, reference=reference, version=version
            )

    def words(found: CaseFile) -> str:
        return f"case {number} is {found.state} to {found.handed_to}; {out} is for them."

    tell(context, config, json, work, words)


@cases_app.command()
def answer(
    context: typer.Context,
    number: Number,
    answer: Annotated[str, typer.Option(help="What the other operator answered.")],
    reference: Annotated[str, typer.Option(help="Their reference.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Record the answer of the operator that a case was handed over to: its complaints are answered."""
    tell(
        *(context, config, json),
        lambda desk: desk.cases.their_answer(number, actor=officer(), answer=answer, reference=reference),
        lambda _: f"the complaints of case {number} are answered.",
    )
