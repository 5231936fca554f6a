"""`ringfence leaks`, `inquiries` and `offices`: who is named as a leak, what he was asked, and what he is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import Answer, clock_time, counted, print_lines, table, two_lines
from console.cli.files import reading
from console.cli.in_full import InFull, Unmasked, sight
from console.cli.in_full import Why as InFullWhy

if TYPE_CHECKING:
    from desk.leaks import Leak
    from desk.offices import Changed
    from ringfence.installation import Installation

leaks_app = typer.Typer(no_args_is_help=True)
group(
    leaks_app, "Offices that reporters name as the place where the caller had their data from: list, show, acknowledge."
)
inquiries_app = typer.Typer(no_args_is_help=True)
group(inquiries_app, "What an office is asked after a leak: list, open, answer, close.")
offices_app = typer.Typer(no_args_is_help=True)
group(offices_app, "The office directory: banks, their branches, other names; what reporters name is found in it.")

_LEAK = ("office", "weight", "tied", "untied", "complaints", "callers", "last", "standing")
_INQUIRY = ("id", "office", "state", "asked_of", "opened", "due", "late", "finding", "asked", "answer")
_OFFICE = ("title", "complaints", "answers", "names")
_TOLD = 12  # days, numbers or words in a line
_HEARD = ("name", "reporters", "complaints", "last", "like")
Office = Annotated[str, typer.Argument(metavar="OFFICE", help="In any spelling that the directory knows.")]
Number = Annotated[int, typer.Argument(metavar="INQUIRY", min=1, help="Its number, from inquiries list.")]
Why = Annotated[str, typer.Option("--reason", help="It is recorded.")]
Version = Annotated[int | None, typer.Option(min=1, help="The version that you looked at: who comes second is told.")]


@command(leaks_app, "list")
async def list_leaks(here: Installation) -> Answer:
    """List the offices named lately, those that alarm first; weight: people, those without a call on record hardly."""
    from desk.showing import as_shown

    found = as_shown(await (await here.desk()).leaks.board(), here.home)
    return table(_LEAK, [_plain(one) for one in found], here.zone, narrow=_narrow)


def _plain(leak: Leak) -> dict[str, Any]:
    """What is told of it; ``leak`` as it is shown."""
    parts = ["alarms"] if leak.alarms else []
    parts += [f"inquiry {leak.inquiry}"] if leak.inquiry else []
    parts += [f"seen by {leak.seen.who}: {leak.seen.reason}"] if leak.seen and not leak.alarms else []
    return leak._asdict() | {"seen": leak.seen and leak.seen._asdict(), "standing": ", ".join(parts)}


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["office"], row["standing"]),
        f"{row['weight']} people: {row['tied']} tied, {row['untied']} untied",
        f"{row['complaints']} complaints about {row['callers']} numbers, last {row['last']}",
    )


@command(leaks_app)
async def show(
    here: Installation,
    office: Office,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Complaints at most.")] = 50,
    unmasked: Unmasked = False,
    reason: InFullWhy = "",
) -> Answer:
    """Show what leads to it: its complaints, what was known, who called, and what the branches beside it have."""
    from desk.disclosure import note_listing

    desk = await here.desk()
    found = await desk.leaks.named(office, limit=limit)
    await note_listing(desk.archive, "leak", len(found.complaints), actor=here.actor, office=found.leak.office)
    numbers = [one.accused for one in found.complaints]
    show = await sight(here, InFull("leaks show", (found.leak.office, limit), unmasked, reason), numbers)
    found = show(found)
    rows = [one._asdict() | {"knew": " ".join(one.knew)} for one in found.complaints]
    shown = table(("reference", "received", "accused", "tie", "knew", "case_id"), rows, here.zone)
    leak = found.leak
    head = [
        f"{leak.office}: {leak.weight:g} people, {leak.tied} tied to a call and {leak.untied} not",
        *([f"{_plain(leak)['standing']}"] if _plain(leak)["standing"] else []),
        f"known: {_counts(found.knew)}; days: {_counts(found.by_day)}",
        f"callers: {_counts(found.callers)}",
        *(f"beside it: {one.office}: {one.weight:g} people{', alarms' if one.alarms else ''}" for one in found.beside),
        "",
    ]
    data = {
        **found._asdict(),
        "leak": _plain(leak),
        "complaints": rows,
        "beside": [_plain(one) for one in found.beside],
        "seen": [one._asdict() for one in found.seen],
    }

    def say() -> None:
        print_lines(head)
        shown.give(here.zone, json=False)

    return Answer(data, say)


@command(leaks_app)
async def ack(here: Installation, office: Office, reason: Why) -> Answer:
    """Acknowledge a leak: its alert rests until as many others have named the office as raised it."""
    from desk.showing import as_shown

    found = as_shown(await (await here.desk()).leaks.see(office, actor=here.actor, reason=reason), here.home)
    return Answer(_plain(found), f"{found.office} was seen; its alert comes back when as many others name it.")


@command(inquiries_app, "list")
async def list_inquiries(
    here: Installation,
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Inquiries at most.")] = 50,
) -> Answer:
    """List what was asked, what is due first."""
    from desk.showing import as_shown

    desk = await here.desk()
    found = as_shown(await desk.inquiries.listed(limit=limit), here.home)
    rows = [
        one._asdict() | {"late": "late" if one.late(desk.archive.now()) else ""}
        for one in found
        if every or one.state != "closed"
    ]
    return table(_INQUIRY, rows, here.zone)


@command(inquiries_app, "open")
async def open_inquiry(
    here: Installation,
    office: Office,
    asked: Annotated[str, typer.Option("--ask", metavar="TEXT", help="What the office is asked.")],
    of: Annotated[str, typer.Option(metavar="WHO", help="Who answers; default: as the directory says.")] = "",
) -> Answer:
    """Ask an office: its clock runs (complaints.inquiry_clock), and its alert rests."""
    from desk.showing import as_shown

    found = await (await here.desk()).inquiries.open(office, asked=asked, actor=here.actor, asked_of=of)
    found = as_shown(found, here.home)
    return Answer(found, f"inquiry {found.id} of {found.office} is open, due {clock_time(found.due, here.zone)}.")


@command(inquiries_app)
async def answer(
    here: Installation,
    inquiry: Number,
    text: Annotated[str, typer.Option("--answer", metavar="TEXT", help="What the office answered.")],
    version: Version = None,
) -> Answer:
    """Record what the office answered."""
    from desk.showing import as_shown

    desk = await here.desk()
    found = await desk.inquiries.answer(inquiry, answer=text, actor=here.actor, version=version)
    return Answer(
        as_shown(found, here.home), f"inquiry {inquiry} is answered; `ringfence inquiries close` says what was found."
    )


@command(inquiries_app)
async def close(
    here: Installation,
    inquiry: Number,
    finding: Annotated[str, typer.Option(help="confirmed, unfounded or unclear.")],
    reason: Why,
    version: Version = None,
) -> Answer:
    """Close an inquiry with what was found."""
    from desk.showing import as_shown

    desk = await here.desk()
    found = await desk.inquiries.close(inquiry, finding=finding, reason=reason, actor=here.actor, version=version)
    return Answer(as_shown(found, here.home), f"inquiry {inquiry} is closed: {finding}.")


@command(offices_app, "list")
async def list_offices(
    here: Installation,
    unknown: Annotated[bool, typer.Option("--unknown", help="Names that reporters used and no office has.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Lines at most.")] = 200,
) -> Answer:
    """List the directory, or with --unknown what a person should merge into it."""
    from desk.showing import as_shown

    offices = (await here.desk()).offices
    if unknown:
        heard = as_shown(await offices.unknown(limit), here.home)
        rows = [one._asdict() | {"like": "; ".join(one.like)} for one in heard]
        return table(_HEARD, rows, here.zone)
    found = as_shown((await offices.listed())[:limit], here.home)
    shown = [one._asdict() | {"names": "; ".join(one.names)} for one in found]
    return table(_OFFICE, shown, here.zone)


@command(offices_app)
async def add(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="OFFICE", help="A branch as its bank calls it, or a bank.")],
    bank: Annotated[str, typer.Option(help="The bank or platform that it belongs to; added if it is new.")] = "",
    alias: Annotated[list[str], typer.Option("--alias", metavar="NAME", help="Another name; again for more.")] = [],  # noqa: B006
    answers: Annotated[str, typer.Option(metavar="WHO", help="Who answers for it.")] = "",
) -> Answer:
    """Add an office, or names to one; complaints of before that mean it stand under it at once."""
    from desk.offices import NewOffice

    new = NewOffice(name, bank, tuple(alias), answers)
    return _changed(await (await here.desk()).offices.add(new, actor=here.actor), "is in the directory")


@command(offices_app)
async def merge(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As reporters write it, or another office.")],
    office: Office,
    reason: Why = "",
) -> Answer:
    """Say that a name means this office: complaints stand under it, those of before as well."""
    found = await (await here.desk()).offices.merge(name, office, actor=here.actor, reason=reason)
    return _changed(found, f"is what {name!r} means")


@command(offices_app)
async def split(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that was merged into the office.")],
    office: Office,
    reason: Why = "",
) -> Answer:
    """Say that a name does not mean this office: its complaints go back to what their reporters wrote."""
    found = await (await here.desk()).offices.split(name, office, actor=here.actor, reason=reason)
    return _changed(found, f"is not what {name!r} means")


@command(offices_app, "import")
async def import_offices(
    here: Installation,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV with a header.")],
) -> Answer:
    """Add many from CSV with columns office, and if wished bank, aliases (parted by |), answers; all or nothing."""
    from desk.office_files import read_offices
    from desk.showing import as_shown

    with reading(file) as stream:
        content = stream.read()
    found = as_shown(await (await here.desk()).offices.take(read_offices(content), actor=here.actor))
    moved = f", {counted(found.complaints, 'complaint')} of before found their office" if found.complaints else ""
    return Answer(found, f"{counted(len(found.offices), 'office')} taken{moved}.")


def _changed(found: Changed, what: str) -> Answer:
    from desk.showing import as_shown

    found = as_shown(found)
    moved = f"; {counted(found.complaints, 'complaint')} stand elsewhere now" if found.complaints else ""
    return Answer(found, f"{found.offices[0]} {what}{moved}.")


def _counts(several: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in list(several.items())[:_TOLD]) or "nothing"
