"""`ringfence appeals`: filed, listed by deadline, granted or refused, with the evidence that they are judged by."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import as_json, clear_errors, print_table
from console.case_commands import Reason, Version, done
from console.desk import clock_line, officer, opened_desk
from console.options import AsJson, ConfigurationFile, chosen, shown_time

if TYPE_CHECKING:
    from rules.complaints.appeals import Appeal
    from rules.complaints.desk import Desk

appeals_app = typer.Typer(no_args_is_help=True)
Reference = Annotated[str, typer.Argument(metavar="APPEAL", help="Its number: A-7K3M9-2QF4T.")]


class Against(StrEnum):
    """What an appeal attacks."""

    RULE = "rule"
    ENTRY = "entry"
    LADDER = "ladder"
    SEAL = "seal"


@appeals_app.callback()
def appeals(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Appeals of callers: file, list, show, grant, refuse, and the evidence pack."""
    if config is not None:
        context.obj = config


def appeal_data(appeal: Appeal, zone: str) -> dict[str, Any]:
    """An appeal for programs, with readable times."""
    times = ("received", "decided")
    return appeal._asdict() | {name: shown_time(getattr(appeal, name), zone) or None for name in times}


@appeals_app.command()
def file(
    context: typer.Context,
    number: Annotated[str, typer.Option(metavar="NUMBER", help="The caller's number.")] = "",
    decision: Annotated[str, typer.Option(help="The id that the rejection carried in Reason.")] = "",
    against: Annotated[Against | None, typer.Option(help="Default: whatever stands against the number.")] = None,
    target: Annotated[str, typer.Option(help="Name of the rule or list.")] = "",
    text: Annotated[str, typer.Option(help="What the caller says; kept encrypted.")] = "",
    contact: Annotated[str, typer.Option(help="Where the answer goes; kept encrypted.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take an appeal; its clock runs from now."""
    configured = chosen(context, config)

    async def work() -> dict[str, Any]:
        from rules.complaints.states import Attacks

        async with opened_desk(configured) as (desk, zone):
            attacks = Attacks(against.value) if against else None
            found = await desk.appeals.file(
                number=number, decision=decision, attacks=attacks, target=target, text=text, contact=contact
            )
            return appeal_data(found, zone)

    with clear_errors():
        found = asyncio.run(work())
    if json:
        as_json(found)
    else:
        typer.echo(f"{found['reference']} against the {found['attacks']} {found['target']} is {found['state']}.")


@appeals_app.command(name="list")
def list_appeals(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Appeals at most.")] = 50,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List appeals, those that wait and are due first on top."""
    configured = chosen(context, config)

    async def work() -> list[dict[str, Any]]:
        async with opened_desk(configured) as (desk, zone):
            return [appeal_data(one, zone) for one in await desk.appeals.listed(limit=limit)]

    with clear_errors():
        rows = asyncio.run(work())
    as_json(rows) if json else print_table(
        ("reference", "received", "number", "attacks", "target", "state", "decided_by", "reason"), rows
    )


@appeals_app.command()
def show(context: typer.Context, reference: Reference, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show an appeal, its deadline, and what the caller says."""
    configured = chosen(context, config)

    async def work() -> dict[str, Any]:
        async with opened_desk(configured) as (desk, zone):
            appeal, clocks, words = await desk.appeals.find(reference)
            lines = [clock_line(clock, desk.archive.now(), zone) for clock in clocks]
            return appeal_data(appeal, zone) | {"clocks": lines, "words": words}

    with clear_errors():
        found = asyncio.run(work())
    if json:
        as_json(found)
        return
    from rules.complaints.reading import shown_text

    for name, value in (found | found.pop("words")).items():
        if value not in (None, "", []):
            shown = "; ".join(value) if isinstance(value, list) else str(value)
            typer.echo(f"{name.replace('_', ' ')}: {shown_text(shown)}")


@appeals_app.command()
def pack(
    context: typer.Context,
    reference: Reference,
    out: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Default: standard output.")] = None,
    config: ConfigurationFile = None,
) -> None:
    """Write the evidence pack: the call, the text of the rule, entries and cases of the number, as JSON."""

    async def work(desk: Desk) -> str:
        from rules.complaints.exports import evidence_pack

        appeal, _, _ = await desk.appeals.find(reference)
        text = await evidence_pack(desk.archive, appeal)
        if out is None:
            return text
        out.write_text(text, encoding="utf-8")
        return f"{out} holds what {appeal.reference} is judged by."

    done(chosen(context, config), work)


@appeals_app.command()
def grant(
    context: typer.Context, reference: Reference, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """The caller is right: a seal is released, a step of the ladder taken back."""

    async def work(desk: Desk) -> str:
        found = await desk.appeals.grant(reference, actor=officer(), reason=reason, version=version or None)
        left = {"rule": f"; now change rule {found.target}", "entry": f"; now change list {found.target}"}
        return f"{found.reference} is granted{left.get(found.attacks, '')}."

    done(chosen(context, config), work)


@appeals_app.command()
def refuse(
    context: typer.Context, reference: Reference, reason: Reason, version: Version = 0, config: ConfigurationFile = None
) -> None:
    """The caller is not right; everything stays."""

    async def work(desk: Desk) -> str:
        found = await desk.appeals.refuse(reference, actor=officer(), reason=reason, version=version or None)
        return f"{found.reference} is refused."

    done(chosen(context, config), work)
