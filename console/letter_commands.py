"""`ringfence letters`: addresses are confirmed, answers leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from console.answers import FAULTS, clear_errors, fail
from console.case_commands import done
from console.desk import opened_desk
from console.options import ConfigurationFile, chosen

if TYPE_CHECKING:
    from console.mail import Posted
    from rules.complaints.desk import Desk

letters_app = typer.Typer(no_args_is_help=True)


@letters_app.callback()
def letters(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Letters to reporters, appellants and owners: confirm an address, send what waits."""
    if config is not None:
        context.obj = config


@letters_app.command()
def confirm(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Of the complaint or appeal.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code that was sent to the address.")],
    config: ConfigurationFile = None,
) -> None:
    """Confirm an address by the code that was sent there; only then do answers go to it."""

    async def work(desk: Desk) -> str:
        await desk.letters.confirm(reference, code)
        return "the address is confirmed."

    done(chosen(context, config), work)


@letters_app.command()
def owner(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="OWNER", help="As in `ladder assign`.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Confirmed with the owner before.")],
    config: ConfigurationFile = None,
) -> None:
    """Say where an owner is written to when a number of his is sealed or released."""

    async def work(desk: Desk) -> str:
        await desk.letters.set_owner(name, address)
        return f"{name} is written to from now on."

    done(chosen(context, config), work)


@letters_app.command()
def send(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Hand what waits to the mail server (complaints.mail); exit 1 if a letter did not leave."""
    from console.configuration import load_configuration
    from console.mail import post

    file = chosen(context, config)

    async def work() -> Posted:
        settings = load_configuration(file).complaints.mail
        if settings is None:
            fail("complaints.mail is not set: write host and sender of the mail server there")
        async with opened_desk(file) as (desk, _):
            return await post(desk.letters, settings)

    with clear_errors():
        posted = asyncio.run(work())
    error = f" ({posted.error})" if posted.error else ""
    typer.echo(f"{posted.sent} letters left, {posted.failed} did not{error}.")
    raise typer.Exit(FAULTS if posted.failed else 0)
