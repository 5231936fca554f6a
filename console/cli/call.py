"""`ringfence call`: one softphone call through any proxy, and what came back."""

from __future__ import annotations

import asyncio
import re

import typer

from console.cli.answers import harmless
from console.phones.processes import Placed, host_port, place

_FIELD_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")  # a token (RFC 3261 25.1)


def place_one(caller: str, called: str, via: str, headers: list[str]) -> Placed:
    """Place the call that was asked for on the command line."""
    try:
        proxy = host_port(via)
    except ValueError as error:
        raise typer.BadParameter(f"--via {via!r}: write HOST:PORT, or [ADDRESS]:PORT for IPv6") from error
    for option, text in (("--from", caller), ("--to", called)):
        if not text.strip():
            raise typer.BadParameter(f"{option} is empty: write a number, a name or a URI")
        if any(sign in text for sign in "\r\n\0"):
            raise typer.BadParameter(f"{option} {text!r}: write it on one line")
    extra: list[tuple[str, str]] = []  # in order, and as often as they were given
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name.strip()) or any(sign in value for sign in "\r\n\0"):
            raise typer.BadParameter(f"--header {header!r}: write NAME: VALUE")
        extra.append((name.strip(), value.strip()))
    return asyncio.run(place(caller, called, proxy, headers=extra))


def print_placed(placed: Placed) -> None:
    """What came back, in the order in which a tester asks."""
    if not placed.responses:
        typer.echo(f"nothing came back within {placed.final_ms / 1000:.0f} s; does anything take SIP there, by UDP?")
        return
    way = " -> ".join(map(str, placed.responses))
    typer.echo(f"{placed.status} {harmless(placed.phrase)}  ({way}, {placed.final_ms:.0f} ms)")
    typer.echo(f"rang: {'yes' if placed.rang else 'no'}; audio received: {placed.heard} packets")
    for name in ("reason", "warning", "retry-after", "server"):
        for value in placed.headers.get(name, []):
            typer.echo(f"{name.title()}: {harmless(value)}")
    if placed.call_id:
        typer.echo(f"Call-ID: {harmless(placed.call_id)}")
