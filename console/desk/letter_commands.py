"""`ringfence letters`: addresses are confirmed, answers leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.answers import FAULTS
from console.desk.opened_desk import tabulate, tell
from console.options import AsJson, ConfigurationFile, chosen

if TYPE_CHECKING:
    from console.desk.mail import Posted
    from rules.complaints.desk import Desk

letters_app = typer.Typer(no_args_is_help=True)


@letters_app.callback()
def letters(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Letters to reporters, appellants and owners: confirm an address, list and send what waits."""
    if config is not None:
        context.obj = config


@letters_app.command()
def confirm(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Of the complaint or appeal.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code that was sent to the address.")],
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Confirm an address by the code that was sent there; only then do answers go to it."""

    async def work(desk: Desk) -> dict[str, Any]:
        await desk.letters.confirm(reference, code)
        return {"reference": reference, "confirmed": True}

    tell(context, config, json, work, lambda _: "the address is confirmed.")


@letters_app.command()
def owner(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="OWNER", help="As in `ladder assign`.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Confirmed with the owner before.")],
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Say where an owner is written to when a number of his is sealed or released."""

    async def work(desk: Desk) -> dict[str, str]:
        await desk.letters.set_owner(name, address)
        return {"owner": name}  # the address is nobody's to read here

    tell(context, config, json, work, lambda _: f"{name} is written to from now on.")


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
        return f"{posted.sent} letters left, {posted.failed} did not{error}."

    posted = tell(context, config, json, work, words)
    raise typer.Exit(FAULTS if posted.failed else 0)
