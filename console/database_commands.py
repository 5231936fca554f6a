"""`ringfence db`: is the database of lists sound, a copy of it, and a copy put back in its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from console.answers import FAULTS, as_json, clear_errors, fail
from console.options import AsJson, ConfigurationFile, chosen

db_app = typer.Typer(no_args_is_help=True)


@db_app.callback()
def db(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Check, back up and restore the lists."""
    if config is not None:
        context.obj = config


def database_of(file: Path) -> Path:
    """Where the lists of a configuration lie."""
    from console.configuration import load_configuration

    return file.parent / load_configuration(file).storage.database


@db_app.command()
def check(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Read the databases from end to end; exit 0 if all that exist are sound."""
    from rules.screen import decisions_path
    from rules.snapshots import snapshot_path
    from rules.store import faults_of

    with clear_errors():
        database = database_of(chosen(context, config))
    found = {
        str(path): faults_of(path)
        for path in (database, decisions_path(database), snapshot_path(database))
        if path.exists()
    }
    if json:
        as_json(found)
    else:
        for path, faults in found.items():
            typer.echo(f"{path}: {'; '.join(faults) if faults else 'sound'}")
        if any(found.values()):
            typer.echo("`ringfence db restore` puts a sound copy in place of damaged lists.")
    if not found:
        fail(f"{database}: there is no database yet")
    raise typer.Exit(FAULTS if any(found.values()) else 0)


@db_app.command()
def backup(
    context: typer.Context,
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    force: Annotated[bool, typer.Option(help="Even over a file that is there.")] = False,
    config: ConfigurationFile = None,
) -> None:
    """Copy the lists as they are at this moment, checked, into one file; the proxy goes on meanwhile."""
    from rules.store import copy_database

    if copy.exists() and not force:
        fail(f"{copy} is there already; --force writes over it")
    with clear_errors():
        copy_database(database_of(chosen(context, config)), copy)
    typer.echo(f"The lists are copied to {copy}.")


@db_app.command()
def restore(
    context: typer.Context,
    copy: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A backup; default: the proxy's last good snapshot.")
    ] = None,
    config: ConfigurationFile = None,
) -> None:
    """Put a copy in place of the lists; a running proxy takes it within a second, the old file is kept."""
    from rules.snapshots import snapshot_path
    from rules.store import put_in_place

    with clear_errors():
        database = database_of(chosen(context, config))
        copy = copy or snapshot_path(database)
        if not copy.exists():
            fail(f"{copy} does not exist; name a file that `ringfence db backup` made")
        aside = database.with_name(f"{database.name}.until-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
        old = database.exists()
        put_in_place(copy, database, aside)
    typer.echo(f"{database} is what {copy} held{f'; before it is {aside.name}' if old else ''}.")
