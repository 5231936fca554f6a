"""`ringfence letters`: addresses are confirmed, answers leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, counted, table, two_lines

if TYPE_CHECKING:
    from ringfence.installation import Installation

letters_app = typer.Typer(no_args_is_help=True)
group(
    letters_app, "Letters to reporters, appellants and owners: confirm an address, list and send what waits, try again."
)
_COLUMNS = ("id", "kind", "about", "outcome", "created", "attempts", "state", "next_try", "waits_for")


@command(letters_app)
async def confirm(
    here: Installation,
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Of the complaint or appeal; of an owner, his name.")
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code that was sent to the address.")],
) -> Answer:
    """Confirm an address by the code that was sent there; only then do answers go to it."""
    from desk.secrecy import is_reference

    letters = (await here.desk()).letters
    if is_reference(reference):
        await letters.confirm(reference, code)
    else:
        reference = await letters.confirm_owner(reference, code)
    return Answer({"reference": reference, "confirmed": True}, "the address is confirmed.")


@command(letters_app)
async def owner(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="OWNER", help="As in `ladder assign`.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Confirmed with the owner before, or see --ask.")],
    ask: Annotated[bool, typer.Option("--ask", help="Nobody confirmed it: send a code there, once.")] = False,
) -> Answer:
    """Say where an owner is written to when a number of his is sealed or released."""
    desk = await here.desk()
    found = await desk.letters.set_owner(name, address, actor=here.actor, confirmed=not ask)
    if found.confirmed:  # the address is nobody's to read here
        return Answer(found, f"{found.owner} is written to from now on.")
    how = f"ringfence letters confirm {found.owner!r} CODE"
    return Answer(found, f"{found.owner} is written to once the code came back: {how}")


@command(letters_app)
async def ask(
    here: Installation,
    about: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Of the complaint or appeal; of an owner, his name.")
    ],
) -> Answer:
    """Send the request to confirm an address once more: its code ran out, or the letter was lost."""
    asked = await (await here.desk()).letters.ask(about, actor=here.actor)
    said = (
        "another code leaves with the next `ringfence letters send`." if asked else "the address is confirmed already."
    )
    return Answer({"about": about, "asked": asked}, said)


@command(letters_app, "list")
async def list_letters(
    here: Installation,
    given_up: Annotated[bool, typer.Option("--given-up", help="Only what is not tried any more.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Letters at most.")] = 50,
) -> Answer:
    """List what has not left, and why: an address that nobody confirmed, or what the server said."""
    desk = await here.desk()
    rows = [one._asdict() for one in await desk.letters.kept(limit, given_up=given_up)]
    return table(_COLUMNS, rows, here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["id"], row["created"], row["kind"], row["about"], row["state"]),
        row["outcome"],
        f"tried {row['attempts']} times" if row["attempts"] != "0" else "",
        f"next {row['next_try']}" if row["next_try"] else "",
        f"waits for: {row['waits_for']}",
    )


@command(letters_app)
async def send(here: Installation) -> Answer:
    """Hand what is due to the mail server (complaints.mail); exit 1 if a letter did not leave. Run it every minute.

    What could not leave is due again after 1, 5, 15, 30, 60 minutes, 2 and then every 4 hours: while the server is away
    for as long as it is, and where it says 4xx for complaints.mail.patience_days. What it refuses with 5xx is given up.
    """
    from desk.disclosure import note_look
    from desk.faults import ComplaintError
    from ringfence.mail import post

    desk = await here.desk()
    settings = desk.archive.settings.mail
    if settings is None:
        raise ComplaintError("letters", "complaints.mail is not set: write the host and sender of the server there")
    posted = await post(desk.letters, settings, base=here.base)
    if posted.sent:
        told = f"{counted(posted.sent, 'letter')} to {settings.host}:{settings.port}"
        await note_look(desk.archive, "letters", actor=here.actor, step="sent", detail=told)
    error = f" ({posted.error})" if posted.error else ""
    over = f" {counted(posted.given_up, 'letter')} given up: see letters list --given-up." if posted.given_up else ""
    later = " The others are tried again." if posted.failed > posted.given_up else ""
    said = f"{posted.sent} sent, {posted.failed} not sent{error}.{over}{later}"
    return Answer(posted, said, status=FAULTS if posted.failed else 0)


@command(letters_app)
async def retry(
    here: Installation,
    letter: Annotated[list[int], typer.Argument(metavar="LETTER", help="Numbers of letters, from letters list.")] = [],  # noqa: B006
    everything: Annotated[bool, typer.Option("--all", help="All that have not left.")] = False,
) -> Answer:
    """Let letters that were given up, or that pause, leave with the next `letters send`."""
    if bool(letter) == everything:
        raise typer.BadParameter("name letters, or --all")
    found = await (await here.desk()).letters.retry(letter, actor=here.actor)
    back = f"{counted(len(found), 'letter')} put back; `ringfence letters send` sends them."
    return Answer({"letters": found}, back)
