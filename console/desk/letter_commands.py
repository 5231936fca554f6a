"""`ringfence letters`: addresses are confirmed, answers leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import FAULTS
from console.desk.opened_desk import officer, tabulate, tell
from console.options import AsJson, ConfigurationFile, chosen

if TYPE_CHECKING:
    from console.desk.mail import Posted
    from rules.complaints.desk import Desk
    from rules.complaints.letters import OwnerAddress

letters_app = typer.Typer(no_args_is_help=True)
_REFERENCE = re.compile(r"[CA][- ]?[0-9A-Z]{5}[- ]?[0-9A-Z]{5}$", re.IGNORECASE)


@letters_app.callback()
def letters(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Letters to reporters, appellants and owners: confirm an address, list and send what waits."""
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
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Letters at most.")] = 50,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List what has not left, and why: an address that nobody confirmed, or what the server said."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [one._asdict() for one in await desk.letters.kept(limit)]

    tabulate(context, config, json, ("id", "kind", "about", "outcome", "created", "attempts", "waits_for"), work)


@letters_app.command()
def send(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Hand what waits to the mail server (complaints.mail); exit 1 if a letter did not leave."""

    async def work(desk: Desk) -> Posted:
        from console.desk.mail import post
        from rules.complaints.faults import ComplaintError

        settings = desk.archive.settings.mail
        if settings is None:
            raise ComplaintError("letters", "complaints.mail is not set: write the host and sender of the server there")
        return await post(desk.letters, settings, base=chosen(context, config).parent)

    def words(posted: Posted) -> str:
        error = f" ({posted.error})" if posted.error else ""
        return f"{posted.sent} sent, {posted.failed} not sent{error}."

    posted = tell(context, config, json, work, words)
    raise typer.Exit(FAULTS if posted.failed else 0)
