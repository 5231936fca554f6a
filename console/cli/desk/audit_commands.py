"""`ringfence audit`: what was done and looked at, by whom and why; and whether the chains are as they were written."""

from __future__ import annotations

import json
import time
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, table, two_lines
from console.cli.files import finished_file
from console.cli.in_full import InFull, Unmasked, Why, see_in_full
from console.cli.lists.import_commands import progress_bar
from console.cli.options import moment

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from ringfence.stamping import Stamps

audit_app = typer.Typer(no_args_is_help=True)
group(audit_app, "The audit: what was done and looked at, by whom; is the chain of it whole?")
_COLUMNS = ("chain", "entry", "at", "actor", "subject", "subject_id", "step", "reason", "detail")
_CANNOT = (
    "What this cannot show: an end that was cut off together with the counter of entries, a database of before, or a "
    "chain that somebody who has the key made anew. Let heads be noted where he cannot write (audit.anchors), and ask "
    "for them: ringfence audit verify --anchors FILE"
)


@command(audit_app)
async def show(
    here: Installation,
    about: Annotated[str, typer.Option(metavar="WHAT", help="case 1, C-7K3M9-2QF4T, A-7K3M9-2QF4T, or a number.")] = "",
    by: Annotated[str, typer.Option(metavar="LOGIN", help="Of this person.")] = "",
    step: Annotated[str, typer.Option(help="This step only: seal, looked at, words read ...")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="The same; page back with the first time shown.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Entries at most, the newest.")] = 50,
    chain: Annotated[str, typer.Option(help="Of this chain only: complaints, lists, revisions, access.")] = "",
    before: Annotated[int, typer.Option(help="Page back in one chain: the first entry that was shown.")] = 0,
) -> Answer:
    """Show what was done and looked at, the latest last. Numbers that were looked up stand there as pseudonyms."""
    from desk.disclosure import note_listing, subject_of
    from desk.showing import deed_shown
    from rules.audit.chain import AuditError
    from rules.audit.chains import CHAINS, Chains

    if chain and chain not in CHAINS:
        raise AuditError(f"--chain: there is no {chain[:20]!r}; there are {', '.join(CHAINS)}")
    if before and not chain:
        raise AuditError("--before: entries are numbered in each chain; say which by --chain, or page by --until")
    archive = (await here.desk()).archive
    subject, subject_id = subject_of(archive, about)
    now = archive.now()
    async with Chains.open(here.database, here.keys.audit) as chains:
        found = await chains.entries(
            only=chain,
            about=(subject, subject_id),
            actor=by,
            step=step,
            since=moment(since, now=now, zone=here.zone, ahead=False) if since else 0.0,
            until=moment(until, now=now, zone=here.zone, ahead=False) if until else None,
            before=before or None,
            limit=limit,
        )
    await note_listing(archive, "audit", len(found), actor=here.actor, of=by, step=step)
    rows = [
        {
            "chain": one.chain,
            "entry": one.entry.id,
            **deed_shown(one.entry.deed, archive.country)._asdict(),
            "hash": one.entry.hash,
        }
        for one in found
    ]
    return table(_COLUMNS, rows, here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (f"{row['chain']} {row['entry']}", row["at"], row["actor"], row["step"]),
        f"{row['subject']} {row['subject_id']}".rstrip(),
        row["reason"],
        row["detail"],
    )


@command(audit_app)
async def verify(
    here: Installation,
    head: Annotated[
        str, typer.Option(metavar="HEAD", help="A head that was noted before: is it in the chains still?")
    ] = "",
    anchors: Annotated[
        Path | None, typer.Option(help="The file that heads are noted in: is each of them in the chains still?")
    ] = None,
) -> Answer:
    """Compute the chains anew: was an entry changed, taken out, put in, swapped, or the end cut off? Exit 1 if so."""
    from ringfence.audits import verify as verified

    with progress_bar("entries", "complaints and cases") as (entries, arrivals):
        found = await verified(here, head, anchors, entries=entries, arrivals=arrivals)
    broken = found.broken
    lines = [f"{found.entries:,} entries, {'not whole' if broken else 'whole'}. Head: {found.head}"]
    if not broken and head:
        lines.append("The head that was noted is in it.")
    if found.anchors is not None:
        held = found.anchors
        cut = f", {held.unread} were cut short while they were written" if held.unread else ""
        lines.append(f"{held.anchors:,} anchors{cut}, the latest of {held.latest}.")
    if found.stamps is not None:
        lines.append(_stamps_told(found.stamps))
    for chain, each in found.chains.items():
        if each.unkeyed:
            bound = "all held by the first that is" if each.bound else "the next entry will hold all of them"
            lines.append(f"{each.unkeyed:,} entries of {chain} are of before there was a key, {bound}.")
    if older := ", ".join(f"{count:,} {kind}" for kind, count in found.older.items() if count):
        lines.append(f"{older} came in before arrivals were entered: of these only steps and gaps are checked.")
    if found.anchors is None and not (found.stamps and found.stamps.stamps):
        lines.append(_CANNOT)
    return Answer(found._asdict() | {"broken": broken}, lines, broken, FAULTS if broken else 0)


def _stamps_told(stamps: Stamps) -> str:
    if not stamps.stamps:
        return "No stamp of the time-stamp authority is in the file (audit.anchors.authority.file)."
    cut = f", {stamps.unread} were cut short while they were written" if stamps.unread else ""
    return f"{stamps.stamps:,} stamps of the time-stamp authority{cut}, the latest of {stamps.latest}."


@command(audit_app)
async def head(here: Installation) -> Answer:
    """Print the head of every chain, to be noted where nobody who can write the databases can write."""
    from rules.audit.chains import Chains, write_heads

    async with Chains.open(here.database, here.keys.audit) as chains:
        heads = await chains.heads()
    return Answer({"heads": dict(heads)}, [write_heads(heads)])


@command(audit_app)
async def anchor(here: Installation) -> Answer:
    """Note the heads wherever ringfence.yaml says (audit.anchors), as the running node does by time."""
    from ringfence.anchoring import NotNoted, note_heads
    from rules.audit.chain import AuditError

    wanted = here.configuration.audit.anchors
    if not wanted.anywhere:
        raise AuditError("audit.anchors says nothing: name a file on another mount, syslog, a command or authority")
    try:
        line = await note_heads(here, here.keys.audit, time.time())
    except NotNoted as error:
        raise AuditError(f"not noted: {error}") from error
    return Answer({"anchor": line}, ["Noted.", line])


@command(audit_app, json=False)
async def export(
    here: Installation,
    file: Annotated[Path, typer.Argument(help="Where to; JSON lines, one for each entry, the oldest first.")],
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="The same.")] = "",
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Write the audit to a file, an entry a line, numbers masked; with --unmasked each as it was chained.

    Whoever proves the chain elsewhere needs the entries as they were chained: of a masked one its line says so.
    """
    from desk.disclosure import EXPORTED, note_look
    from desk.showing import deed_shown
    from rules.audit.chains import Chains, write_heads

    archive = (await here.open_desk()).archive
    now = archive.now()
    first = moment(since, now=now, zone=here.zone, ahead=False) if since else 0.0
    last = moment(until, now=now, zone=here.zone, ahead=False) if until else inf
    wanted = InFull("audit export", (since, until), unmasked, reason)
    if wanted.wanted:
        await see_in_full(here, wanted, await _named_in(here, first, last))
    await note_look(archive, "audit", actor=here.actor, step=EXPORTED, detail=f"since {since}; until {until}")
    count = 0
    with finished_file(file) as out:
        async with Chains.open(here.database, here.keys.audit) as chains:
            async for one in chains.every(first, last):
                deed = one.entry.deed if wanted.wanted else deed_shown(one.entry.deed, archive.country)
                row = {"chain": one.chain, "entry": one.entry.id, **deed._asdict(), "hash": one.entry.hash}
                row |= {"masked": True} if deed != one.entry.deed else {}
                out.write(f"{json.dumps(row, ensure_ascii=False)}\n")
                count += 1
            heads = write_heads(await chains.heads())
    return Answer(None, [f"{count:,} entries in {file}. Head: {heads}"])


async def _named_in(here: Installation, first: float, last: float) -> list[str]:
    """The numbers that entries of this time name as they are: those of steps of the ladder."""
    from rules.audit.chains import MAIN, Chains

    found = {}
    async with Chains.open(here.database, here.keys.audit) as chains:
        async for one in chains.every(first, last):
            kind, _, number = one.entry.deed.subject_id.partition(" ")
            if one.chain == MAIN and one.entry.deed.subject == "ladder" and kind == "number":
                found[number] = True
    return list(found)
