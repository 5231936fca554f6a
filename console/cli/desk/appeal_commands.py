"""`ringfence appeals`: filed, listed by deadline, granted or refused, with the evidence that they are judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json, print_lines
from console.cli.desk.case_commands import Reason, Version
from console.cli.desk.finished_file import finished_file
from console.cli.desk.opened_desk import (
    at_the_desk,
    clock_line,
    clock_time,
    field_lines,
    officer,
    plain,
    tabulate,
    tell,
    two_lines,
)
from console.cli.options import AsJson, ConfigurationFile
from desk.states import AppealState, Attacks

if TYPE_CHECKING:
    from desk.appeals import Appeal
    from desk.desk import Desk

appeals_app = typer.Typer(no_args_is_help=True)
Reference = Annotated[str, typer.Argument(metavar="APPEAL", help="Its number: A-7K3M9-2QF4T.")]
_COLUMNS = ("reference", "received", "number", "attacks", "target", "state", "standing", "due", "decided_by", "reason")


@appeals_app.callback()
def appeals(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Appeals of callers: file, list, show, grant, refuse, and the evidence pack."""
    if config is not None:
        context.obj = config


@appeals_app.command()
def file(
    context: typer.Context,
    number: Annotated[str, typer.Option(metavar="NUMBER", help="The caller's number.")] = "",
    decision: Annotated[str, typer.Option(help="The id that the rejection carried in Reason.")] = "",
    against: Annotated[Attacks | None, typer.Option(help="Default: whatever stands against the number.")] = None,
    target: Annotated[str, typer.Option(help="Name of the rule or list.")] = "",
    text: Annotated[str, typer.Option(help="What the caller says; kept encrypted.")] = "",
    contact: Annotated[str, typer.Option(help="Where the answer goes; kept encrypted.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take an appeal; its clock runs from now."""
    tell(
        *(context, config, json),
        lambda desk: desk.appeals.file(
            number=number, decision=decision, attacks=against, target=target, text=text, contact=contact
        ),
        lambda found: f"{found.reference} against the {found.attacks} {found.target} is {found.state}.",
    )


@appeals_app.command(name="list")
def list_appeals(
    context: typer.Context,
    state: Annotated[AppealState | None, typer.Option(help="In this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Appeals at most.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Page on: so many were shown.")] = 0,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List appeals, those that wait and are due first on top."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.disclosure import note_listing

        rows = []
        for one in await desk.appeals.listed(state=state, limit=limit, after=after):
            _, (clock, *_), _ = await desk.appeals.find(one.reference)
            rows.append(one._asdict() | {"standing": clock.standing(desk.archive.now()), "due": clock.due})
        await note_listing(desk.archive, "appeal", len(rows), actor=officer(), state=state)
        return rows

    tabulate(context, config, json, _COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["reference"], row["received"], row["number"], row["state"]),
        f"against the {row['attacks']} {row['target']}".rstrip(),
        f"{row['standing']}, due {row['due']}",
        f"by {row['decided_by']}: {row['reason']}" if row["decided_by"] else "",
    )


@appeals_app.command()
def show(context: typer.Context, reference: Reference, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show an appeal, its deadline, and what the caller says."""

    async def work(desk: Desk) -> tuple[Appeal, list[str], dict[str, str]]:
        from desk.disclosure import LOOKED, READ, note_look

        appeal, clocks, words = await desk.appeals.find(reference)
        await note_look(desk.archive, "appeal", appeal.reference, actor=officer(), step=READ if words else LOOKED)
        zone, archive = str(desk.archive.zone), desk.archive
        lines = [clock_line(clock, archive.now(), zone) for clock in clocks]
        return appeal, [*lines, *archive.deadlines.warnings(clocks, archive.appeal_spans)], words

    (appeal, clocks, words), zone = at_the_desk(context, config, work)
    if json:
        as_json(plain(appeal, zone) | {"clocks": clocks, "words": words})
        return
    times = {"received": clock_time(appeal.received, zone), "decided": clock_time(appeal.decided, zone)}
    print_lines(field_lines(appeal._asdict() | times | {"deadline": "; ".join(clocks)} | words))


@appeals_app.command()
def pack(
    context: typer.Context,
    reference: Reference,
    out: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Default: standard output.")] = None,
    config: ConfigurationFile = None,
) -> None:
    """Write the evidence pack: the call, the text of the rule, entries and cases of the number, as JSON."""

    async def work(desk: Desk) -> str:
        from desk.disclosure import EXPORTED, note_look
        from desk.exports import evidence_pack

        appeal, _, _ = await desk.appeals.find(reference)
        await note_look(desk.archive, "appeal", appeal.reference, actor=officer(), step=EXPORTED)
        if out is None:
            return await evidence_pack(desk.archive, appeal)
        with finished_file(out) as file:
            file.write(await evidence_pack(desk.archive, appeal))
        return f"{out} holds what {appeal.reference} is judged by."

    tell(context, config, False, work, str)


@appeals_app.command()
def grant(
    context: typer.Context,
    reference: Reference,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """The caller is right: a seal is released, a step of the ladder taken back."""

    def words(found: Appeal) -> str:
        left = {"rule": f"; now change rule {found.target}", "entry": f"; now change list {found.target}"}
        return f"{found.reference} is granted{left.get(found.attacks, '')}."

    tell(
        *(context, config, json),
        lambda desk: desk.appeals.grant(reference, actor=officer(), reason=reason, version=version),
        words,
    )


@appeals_app.command()
def refuse(
    context: typer.Context,
    reference: Reference,
    reason: Reason,
    version: Version = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """The caller is not right; everything stays."""
    tell(
        *(context, config, json),
        lambda desk: desk.appeals.refuse(reference, actor=officer(), reason=reason, version=version),
        lambda found: f"{found.reference} is refused.",
    )
