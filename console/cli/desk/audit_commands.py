"""`ringfence audit`: what was done and looked at, by whom and why; and whether the chain is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, table, two_lines
from console.cli.lists.import_commands import progress_bar
from console.cli.options import moment

if TYPE_CHECKING:
    from ringfence.installation import Installation

audit_app = typer.Typer(no_args_is_help=True)
group(audit_app, "The audit of the complaint desk: what was done and looked at, by whom; is the chain whole?")
_COLUMNS = ("entry", "at", "actor", "subject", "subject_id", "step", "reason", "detail")
_CANNOT = (
    "What this cannot show: whoever can write the file can compute the whole chain anew, or cut its end off together "
    "with the counter of entries. Note the head where he cannot write, and ask for it next time: "
    "ringfence audit verify --head {head}"
)


@command(audit_app)
async def show(
    here: Installation,
    about: Annotated[str, typer.Option(metavar="WHAT", help="case 1, C-7K3M9-2QF4T, A-7K3M9-2QF4T, or a number.")] = "",
    by: Annotated[str, typer.Option(metavar="LOGIN", help="Of this person.")] = "",
    step: Annotated[str, typer.Option(help="This step only: seal, looked at, words read ...")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Entries at most, the newest.")] = 50,
    before: Annotated[int, typer.Option(help="Page back: the first entry that was shown.")] = 0,
) -> Answer:
    """Show what was done and looked at, the latest last. Numbers that were looked up stand there as pseudonyms."""
    from desk.audit import entries
    from desk.disclosure import note_listing, subject_of, without_numbers

    archive = (await here.desk()).archive
    subject, subject_id = subject_of(archive, about)
    found = await entries(
        archive.store.connection,
        subject=subject,
        subject_id=subject_id,
        actor=by,
        step=step,
        since=moment(since, now=archive.now(), zone=here.zone, ahead=False) if since else 0.0,
        before=before or None,
        limit=limit,
    )
    await note_listing(archive, "audit", len(found), actor=here.actor, of=by, step=step)
    rows = [
        {"entry": one.id, **one.deed._asdict(), "reason": without_numbers(one.deed.reason), "hash": one.hash}
        for one in found
    ]
    return table(_COLUMNS, rows, here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["entry"], row["at"], row["actor"], row["step"]),
        f"{row['subject']} {row['subject_id']}".rstrip(),
        row["reason"],
        row["detail"],
    )


@command(audit_app)
async def verify(
    here: Installation,
    head: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="A head that was noted before: is it in the chain still?")
    ] = "",
) -> Answer:
    """Compute the chain anew: was an entry changed, taken out, put in, swapped, or the end cut off? Exit 1 if so."""
    from desk.reckoning import verified

    archive = (await here.desk()).archive
    with progress_bar("entries", "complaints and cases") as (entries, arrivals):
        found = await verified(archive, head, entries=entries, arrivals=arrivals)
    broken = [f"entry {one.entry}: {one.what}" if one.entry else one.what for one in found.breaks]
    noted = [f"The head {head.partition(':')[0]} that was noted is in it."] if head and not broken else []
    state = "not whole" if broken else "whole"
    lines = [f"{found.entries:,} entries, {state}. Head: {found.head}", *noted]
    if older := ", ".join(f"{count:,} {kind}" for kind, count in found.older.items() if count):
        lines.append(f"{older} came in before arrivals were entered: of these only steps and gaps are checked.")
    lines.append(_CANNOT.format(head=found.head))
    return Answer(found, lines, broken, FAULTS if broken else 0)
