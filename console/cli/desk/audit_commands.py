"""`ringfence audit`: what was done and looked at, by whom and why; and whether the chain is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import FAULTS, as_json, print_lines
from console.cli.desk.opened_desk import at_the_desk, officer, plain, tabulate, two_lines
from console.cli.options import AsJson, ConfigurationFile, moment

if TYPE_CHECKING:
    from desk.audit import Verified
    from desk.desk import Desk

audit_app = typer.Typer(no_args_is_help=True)
_COLUMNS = ("entry", "at", "actor", "subject", "subject_id", "step", "reason", "detail")
_CANNOT = (
    "What this cannot show: whoever can write the file can compute the whole chain anew, or cut its end off together "
    "with the counter of entries. Note the head where he cannot write, and ask for it next time: "
    "ringfence audit verify --head {head}"
)


@audit_app.callback()
def audit(context: typer.Context, config: ConfigurationFile = None) -> None:
    """The audit of the complaint desk: what was done and looked at, by whom; is the chain whole?"""
    if config is not None:
        context.obj = config


@audit_app.command()
def show(
    context: typer.Context,
    about: Annotated[str, typer.Option(metavar="WHAT", help="case 1, C-7K3M9-2QF4T, A-7K3M9-2QF4T, or a number.")] = "",
    by: Annotated[str, typer.Option(metavar="LOGIN", help="Of this person.")] = "",
    step: Annotated[str, typer.Option(help="This step only: seal, looked at, words read ...")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Entries at most, the newest.")] = 50,
    before: Annotated[int, typer.Option(help="Page back: the first entry that was shown.")] = 0,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show what was done and looked at, the latest last. Numbers that were looked up stand there as pseudonyms."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.audit import entries
        from desk.disclosure import note_listing
        from desk.subjects import subject_of

        archive = desk.archive
        subject, subject_id = subject_of(archive, about)
        found = await entries(
            archive.store.connection,
            subject=subject,
            subject_id=subject_id,
            actor=by,
            step=step,
            since=moment(since, now=archive.now(), zone=str(archive.zone), ahead=False) if since else 0.0,
            before=before or None,
            limit=limit,
        )
        await note_listing(archive, "audit", len(found), actor=officer(), of=by, step=step)
        return [{"entry": one.id, **one.deed._asdict(), "hash": one.hash} for one in found]

    tabulate(context, config, json, _COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["entry"], row["at"], row["actor"], row["step"]),
        f"{row['subject']} {row['subject_id']}".rstrip(),
        row["reason"],
        row["detail"],
    )


@audit_app.command()
def verify(
    context: typer.Context,
    head: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="A head that was noted before: is it in the chain still?")
    ] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Compute the chain anew: was an entry changed, taken out, put in, swapped, or the end cut off? Exit 1 if so."""

    async def work(desk: Desk) -> Verified:
        from desk.audit import verified

        return await verified(desk.archive.store.connection, head)

    found, zone = at_the_desk(context, config, work)
    if json:
        as_json(plain(found, zone))
    else:
        broken = [f"entry {one.entry}: {one.what}" if one.entry else one.what for one in found.breaks]
        for line in broken:
            typer.echo(line, err=True)
        state = "not whole" if broken else "whole"
        print_lines(
            [
                f"{found.entries:,} entries, {state}. Head: {found.head}",
                *([f"The head {head.partition(':')[0]} that was noted is in it."] if head and not broken else []),
                _CANNOT.format(head=found.head),
            ]
        )
    raise typer.Exit(FAULTS if found.breaks else 0)
