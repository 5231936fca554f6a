"""The command line: one short function a command; what a command needs is imported when it runs."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="ringfence",
    help="A SIP proxy that stops a harassing call before it rings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def ringfence() -> None:
    """A SIP proxy that stops a harassing call before it rings."""


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    typer.echo(version_of("ringfence"))
