"""`ringfence letters`: addresses are confirmed, answers leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import FAULTS, counted
from console.cli.desk.opened_desk import officer, tabulate, tell, two_lines
from console.cli.options import AsJson, ConfigurationFile, chosen

if TYPE_CHECKING:
    from desk.desk import Desk
    from desk.letters import OwnerAddress
    from ringfence.mail import Posted

letters_app = typer.Typer(no_args_is_help=True)
_COLUMNS = ("id", "kind", "about", "outcome", "created", "attempts", "state", "next_try", "waits_for")
_REFERENCE = re.compile(r"[CA][- ]?[0-9A-Z]{5}[- ]?[0-9A-Z]{5}$", re.IGNORECASE)


@letters_app.callback()
def letters(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Letters to reporters, appellants and owners: confirm an address, list and send what waits, try again."""
    if config is not None:
        context.obj = config


@letters_app.command()
def confirm(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Of the complaint or appeal; of an owner, his name.")
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code that was sent to the address.")],
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Confirm an address by the code that was sent there; only then do answers go to it."""

    async def work(desk: Desk) -> dict[str, Any]:
        if _REFERENCE.match(reference.strip()):
            await desk.letters.confirm(reference, code)
            return {"reference": reference, "confirmed": True}
        return {"reference": await desk.letters.confirm_owner(reference, code), "confirmed": True}

    tell(context, config, json, work, lambda _: "the address is confirmed.")


@letters_app.command()
def owner(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="OWNER", help="As in `ladder assign`.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Confirmed with the owner before, or see --ask.")],
    ask: Annotated[bool, typer.Option("--ask", help="Nobody confirmed it: send a code there, once.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Say where an owner is written to when a number of his is sealed or released."""

    def words(found: OwnerAddress) -> str:
        if found.confirmed:
            return f"{found.owner} is written to from now on."
        return f"{found.owner} is written to once the code came back: ringfence letters confirm {found.owner!r} CODE"

    tell(  # the address is nobody's to read here
        *(context, config, json),
        lambda desk: desk.letters.set_owner(name, address, actor=officer(), confirmed=not ask),
        words,
    )


@letters_app.command(name="list")
def list_letters(
    context: typer.Context,
    given_up: Annotated[bool, typer.Option("--given-up", help="Only what is not tried any more.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Letters at most.")] = 50,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List what has not left, and why: an address that nobody confirmed, or what the server said."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [one._asdict() for one in await desk.letters.kept(limit, given_up=given_up)]

    tabulate(context, config, json, _COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["id"], row["created"], row["kind"], row["about"], row["state"]),
        row["outcome"],
        f"tried {row['attempts']} times" if row["attempts"] != "0" else "",
        f"next {row['next_try']}" if row["next_try"] else "",
        f"waits for: {row['waits_for']}",
    )


@letters_app.command()
def send(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Hand what is due to the mail server (complaints.mail); exit 1 if a letter did not leave. Run it every minute.

    What could not leave is due again after 1, 5, 15, 30, 60 minutes, 2 and then every 4 hours: while the server is away
    for as long as it is, and where it says 4xx for complaints.mail.patience_days. What it refuses with 5xx is given up.
    """

    async def work(desk: Desk) -> Posted:
        from desk.faults import ComplaintError
        from ringfence.mail import post

        settings = desk.archive.settings.mail
        if settings is None:
            raise ComplaintError("letters", "complaints.mail is not set: write the host and sender of the server there")
        return await post(desk.letters, settings, base=chosen(context, config).parent)

    def words(posted: Posted) -> str:
        error = f" ({posted.error})" if posted.error else ""
        over = (
            f" {counted(posted.given_up, 'letter')} given up: see letters list --given-up." if posted.given_up else ""
        )
        later = " The others are tried again." if posted.failed > posted.given_up else ""
        return f"{posted.sent} sent, {posted.failed} not sent{error}.{over}{later}"

    posted = tell(context, config, json, work, words)
    raise typer.Exit(FAULTS if posted.failed else 0)


@letters_app.command()
def retry(
    context: typer.Context,
    letter: Annotated[list[int], typer.Argument(metavar="LETTER", help="Numbers of letters, from letters list.")] = [],  # noqa: B006
    everything: Annotated[bool, typer.Option("--all", help="All that have not left.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Let letters that were given up, or that pause, leave with the next `letters send`."""
    if bool(letter) == everything:
        raise typer.BadParameter("name letters, or --all")

    async def work(desk: Desk) -> dict[str, list[int]]:
        return {"letters": await desk.letters.retry(letter, actor=officer())}

    tell(
        *(context, config, json),
        work,
        lambda found: f"{counted(len(found['letters']), 'letter')} put back; `ringfence letters send` sends them.",
    )
