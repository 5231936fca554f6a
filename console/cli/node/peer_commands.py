"""`ringfence peers`: which addresses of PBXes and trunks have calls and which have none, why, and draining one."""

from __future__ import annotations

from time import time
from typing import Annotated, Any

import typer

from console.cli.answers import Answer, table
from console.cli.door import entered
from console.cli.options import AsJson, ConfigurationFile

peers_app = typer.Typer(
    help="The addresses of PBXes and trunks: who has calls, who has none and why; drain one.",
    invoke_without_command=True,
)
Peer = Annotated[str, typer.Argument(metavar="PEER", help="The PBX, trunk or destination.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="As `peers` shows it, or without its port.")]


@peers_app.callback()
def peers(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show each address that the running node sends to: state, since when, why, last answer, calls now."""
    if config is not None:
        context.obj = config
    if context.invoked_subcommand is not None:
        return
    rows = entered(context, config).ask("peers")
    zone = "UTC"
    for row in rows:
        row["for"] = lasting(time() - row["since"])
        row["last"] = _last(row)
    columns = ("peer", "address", "state", "for", "why", "last", "calls")
    table(columns, rows, zone, none="The node sends to nobody.").give(zone, json=json)


@peers_app.command()
def drain(
    context: typer.Context,
    peer: Peer,
    address: Address,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if no other address of it lives.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Send no new calls to an address; those that are there go on, and emergency calls still go where nobody else is.

    It lasts until undrain, or until the node is stopped and started; reload and restart keep it.
    """
    words = {"peer": peer, "address": address, "drained": True, "anyway": anyway}
    told = entered(context, config).ask("peers-drain", words)
    left = f"{told['calls']} call{'' if told['calls'] == 1 else 's'} left there"
    Answer(told, f"{told['peer']} {told['address']} has no new calls from now on; {left}.").give(json=json)


@peers_app.command()
def undrain(
    context: typer.Context, peer: Peer, address: Address, config: ConfigurationFile = None, json: AsJson = False
) -> None:
    """Send new calls to an address again; slowly at first where `slow_start_s` says so."""
    words = {"peer": peer, "address": address, "drained": False}
    told = entered(context, config).ask("peers-drain", words)
    state = "" if told["state"] in ("up", "unknown") else f"; it is {told['state']}: {told['why']}"
    Answer(told, f"{told['peer']} {told['address']} has new calls again{state}.").give(json=json)


def _last(row: dict[str, Any]) -> str:
    """What it answered last, and how long ago."""
    if row["last_at"] is None:
        return "never"
    status = f"{row['last_status']}, " if row["last_status"] else ""
    return f"{status}{lasting(time() - row['last_at'])} ago"


def lasting(seconds: float) -> str:
    """So long, in the two greatest units."""
    whole = max(0, round(seconds))
    for name, size, smaller, unit in (("d", 86_400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // unit
            return f"{whole // size} {name} {rest} {smaller}" if rest else f"{whole // size} {name}"
    return f"{whole} s"
