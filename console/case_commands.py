"""`ringfence case N` and `ringfence cases`: a case as a story, and what officers do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import as_json, clear_errors, print_table
from console.desk import case_data, clock_line, officer, opened_desk
from console.options import AsJson, ConfigurationFile, chosen, shown_time

if TYPE_CHECKING:
    from rules.complaints.desk import Desk
    from rules.complaints.story import Story

cases_app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="CASE", help="Number of the case.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded, and told to whom it concerns.")]
Version = Annotated[
    int,
    typer.Option(help="The version that you looked at: if somebody was faster, nothing is done. 0: whatever it is."),
]


class FoundBy(StrEnum):
    """How it is known that the calls truly came from the number."""

    TRUNK = "trunk"
    IDENTITY = "identity"
    OWNER = "owner"


@cases_app.callback()
def cases(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Cases of numbers that people complain about: list, take, verify, seal, release, close, hand over."""
    if config is not None:
        context.obj = config


def case(
    context: typer.Context,
    number: Number,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Tell the whole story of a case: complaints, steps, deadlines, evidence, and what its seal has stopped."""
    file = chosen(context, config)

    async def work() -> tuple[Story, str, float]:
        from rules.complaints.story import story_of

        async with opened_desk(file) as (desk, zone):
            return await story_of(desk.archive, number), zone, desk.archive.now()

    with clear_errors():
        story, zone, now = asyncio.run(work())
    if json:
        as_json(story_data(story, zone))
    else:
        typer.echo("\n".join(story_lines(story, zone, now)))


def story_data(story: Story, zone: str) -> dict[str, Any]:
    """A story for programs."""
    return {
        "case": case_data(story.case, zone),
        "owner": story.owner,
        "evidence": story.evidence._asdict(),
        "clocks": [
            clock._asdict()
            | {name: shown_time(getattr(clock, name), zone) or None for name in ("started", "due", "met")}
            for clock in story.clocks
        ],
        "events": [event._asdict() | {"at": shown_time(event.at, zone)} for event in story.events],
        "ending": story.ending,
    }


def story_lines(story: Story, zone: str, now: float) -> list[str]:
    """A story for people; its last line says where the case stands."""
    from rules.complaints.reading import shown_text

    one, evidence = story.case, story.evidence
    held = f", code {one.code} of {one.holder}" if one.code else ""
    owner = f", owner {story.owner}" if story.owner else ""
    lines = [
        f"case {one.id}: {one.number} ({one.kind}{held}{owner}), {one.state}, version {one.version}",
        f"evidence: {evidence.score:.1f} per 10,000 (w {evidence.weight:.2f} of {evidence.counted} out of "
        f"{evidence.complaints} complaints, n {evidence.subscribers:.0f}, rang {evidence.rang} subscribers)",
    ]
    if one.on_top:
        lines.append(f"on top: {one.on_top}")
    lines += [clock_line(clock, now, zone) for clock in story.clocks]
    for event in story.events:
        why = f": {event.why}" if event.why else ""
        lines.append(f"{shown_time(event.at, zone)}  {event.who}  {shown_text(event.what + why)}")
    return [*lines, story.ending]


@cases_app.command(name="list")
def list_cases(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="collecting, verifying, verified, sealed ...; default: all open.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Cases at most.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Page on: so many were shown.")] = 0,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List cases, the most pressing first: those put on top, then by the deadline that comes first."""
    file = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        from rules.complaints.states import CaseState
        from rules.complaints.weighing import evidence_of

        if state and state not in list(CaseState):
            raise typer.BadParameter(f"{state!r} is no state; choose from {', '.join(CaseState)}")
        async with opened_desk(file) as (desk, zone):
            rows = []
            wanted = CaseState(state) if state else None
            for one in await desk.cases.pressing(state=wanted, limit=limit, after=after):
                evidence = await evidence_of(desk.archive, one.case)
                due = clock_line(one.due, desk.archive.now(), zone) if one.due else ""
                row = {"complaints": one.complaints, "evidence": round(evidence.score, 1), "due": due}
                rows.append(case_data(one.case, zone) | row)
            return rows

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(
        ("id", "number", "holder", "state", "complaints", "evidence", "due", "on_top"), rows
    )


def done(file: Path, work: Callable[[Desk], Awaitable[str]]) -> None:
    """Do one step at the desk and say what came of it."""

    async def at_the_desk() -> str:
        async with opened_desk(file) as (desk, _):
            return await work(desk)

    with clear_errors():
        typer.echo(asyncio.run(at_the_desk()))


@cases_app.command()
def take(context: typer.Context, number: Number, version: Version = 0, config: ConfigurationFile = None) -> None:
    """Begin to verify a case: its complaints are accepted."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.take(number, actor=officer(), version=version or None)
        return f"case {number} is {found.state}, version {found.version}."

    done(chosen(context, config), work)


@cases_app.command()
def verify(
    context: typer.Context,
    number: Number,
    found_by: Annotated[FoundBy, typer.Option("--by", help="How it is known that the calls came from the number.")],
    reason: Reason,
    version: Version = 0,
    config: ConfigurationFile = None,
) -> None:
    """State that the calls truly came from the number; only then can it be sealed."""

    async def work(desk: Desk) -> str:
        from rules.complaints.states import FoundBy as How

        how = How(found_by.value)
        found = await desk.cases.verify(number, actor=officer(), found_by=how, reason=reason, version=version or None)
        return f"case {number} is {found.state} by {found.found_by}, version {found.version}."

    done(chosen(context, config), work)


@cases_app.command()
def seal(
    context: typer.Context, number: Number, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """Reject every call of the verified number from the next one on, and suspend what allows it."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.seal(number, actor=officer(), reason=reason, version=version or None)
        lines = [f"{found.case.number} is sealed by seal {found.seal}: its calls are rejected from now on."]
        lines += [f"suspended: {one.entry} on {one.list}; tell {one.owner}" for one in found.suspended]
        if found.never_called:
            lines.append("no call of this number is on record: look again whether a digit was lost")
        return "\n".join(lines)

    done(chosen(context, config), work)


@cases_app.command()
def release(
    context: typer.Context, number: Number, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """Take the seal off, and give back what it suspended."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.release(number, actor=officer(), reason=reason, version=version or None)
        restored = [f"restored: {one.entry} on {one.list} of {one.owner}" for one in found.restored]
        return "\n".join([f"{found.case.number} is released.", *restored])

    done(chosen(context, config), work)


@cases_app.command()
def keep(
    context: typer.Context, number: Number, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """Let the seal stand although a complaint was withdrawn; the case is no longer on top."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.keep(number, actor=officer(), reason=reason, version=version or None)
        return f"{found.number} stays sealed."

    done(chosen(context, config), work)


@cases_app.command()
def unfounded(
    context: typer.Context, number: Number, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """Close a case: there is nothing against the number."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.close_unfounded(number, actor=officer(), reason=reason, version=version or None)
        return f"case {number} is closed as {found.state}."

    done(chosen(context, config), work)


@cases_app.command()
def forged(
    context: typer.Context,
    number: Number,
    reason: Reason,
    trunk: Annotated[str, typer.Option(help="Where the calls came from; default: by the records.")] = "",
    version: Version = 0,
    config: ConfigurationFile = None,
) -> None:
    """Close a case: the number was not the true caller; it counts against the trunk (`ringfence trunks`)."""

    async def work(desk: Desk) -> str:
        found = await desk.cases.close_forged(
            number, actor=officer(), reason=reason, trunk=trunk, version=version or None
        )
        return f"case {number} is closed as {found.state}; it counts against trunk {found.trunk}."

    done(chosen(context, config), work)


@cases_app.command()
def hand_over(
    context: typer.Context,
    number: Number,
    to: Annotated[str, typer.Option(help="The operator that holds the number.")],
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Where the case is written, as CSV.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    reference: Annotated[str, typer.Option(help="Their reference, if known.")] = "",
    version: Version = 0,
    config: ConfigurationFile = None,
) -> None:
    """Give a case to the operator that holds the number; the reporters' clock runs on until it answers."""

    async def work(desk: Desk) -> str:
        from rules.complaints.exports import handover

        text = await handover(desk.archive, number)
        found = await desk.cases.hand_over(
            number, actor=officer(), to=to, reason=reason, reference=reference, version=version or None
        )
        out.write_text(text, encoding="utf-8-sig")
        return f"case {number} is {found.state} to {found.handed_to}; {out} is for them."

    done(chosen(context, config), work)


@cases_app.command()
def answer(
    context: typer.Context,
    number: Number,
    answer: Annotated[str, typer.Option(help="What the other operator answered.")],
    reference: Annotated[str, typer.Option(help="Their reference.")] = "",
    config: ConfigurationFile = None,
) -> None:
    """Record the answer of the operator that a case was handed over to: its complaints are answered."""

    async def work(desk: Desk) -> str:
        await desk.cases.their_answer(number, actor=officer(), answer=answer, reference=reference)
        return f"the complaints of case {number} are answered."

    done(chosen(context, config), work)
