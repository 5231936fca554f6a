"""`ringfence bans`: which sources are not answered, why and until when; banning one, and letting one be heard again."""

from __future__ import annotations

from time import time
from typing import Annotated

import typer

from console.cli.answers import Answer, table
from console.cli.door import Entered, entered
from console.cli.node.peer_commands import lasting
from console.cli.options import AsJson, ConfigurationFile, seconds

bans_app = typer.Typer(
    help="Sources that are not answered: why and until when; ban one, lift a ban.", invoke_without_command=True
)
Source = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address; of IPv6 its first 64 bits count.")]


@bans_app.callback()
def bans(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show each source that the running node does not answer."""
    if config is not None:
        context.obj = config
    if context.invoked_subcommand is None:
        _show(entered(context, config), json=json)


@bans_app.command("list")
def list_(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show each source that the running node does not answer."""
    _show(entered(context, config), json=json)


@bans_app.command()
def add(
    context: typer.Context,
    source: Source,
    lasts: Annotated[str, typer.Option("--for", metavar="TIME", help="Such as 12h or 7d; default: bans.for_s.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stands in the list.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Ban a source, also one that a trunk names; its emergency calls go on. Never a PBX or this machine."""
    words = {"source": source, "seconds": seconds(lasts) if lasts else 0, "reason": reason}
    told = entered(context, config).ask("bans-add", words)
    trunk = f" It belongs to trunk {told['trunk']}, whose other addresses are heard." if told.get("trunk") else ""
    Answer(told, f"{told['source']} is banned for {lasting(told['until'] - time())}.{trunk}").give(json=json)


@bans_app.command()
def lift(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="[ADDRESS]", help="As `bans` shows it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every ban.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """End a ban before its time, or all of them."""
    if bool(source) == every:
        raise typer.BadParameter("name one address, or --all")
    rows = entered(context, config).ask("bans-lift", {"source": source, "every": every})
    said = f"{rows[0]['source']} is heard again." if source else f"{len(rows)} lifted."
    Answer(rows, said).give(json=json)


def _show(door: Entered, *, json: bool) -> None:
    rows = door.ask("bans")
    now = time()
    for row in rows:
        row["for"], row["left"] = lasting(now - row["since"]), lasting(row["until"] - now)
        row["who"] = row["by"] or "Ringfence"
    table(("source", "why", "who", "for", "left", "dropped"), rows, "UTC", none="No source is banned.").give(
        "UTC", json=json
    )
