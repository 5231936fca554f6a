"""`ringfence db`: are the databases sound, a copy of them, and a copy put back in its place."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, fail
from console.cli.noted import note_entries

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.storage.database_files import Series

db_app = typer.Typer(no_args_is_help=True)
group(db_app, "Check, back up and restore the databases.")
All = Annotated[bool, typer.Option("--all", help="Every database of the installation; the path is a folder.")]


_SEALS_OF_THEN = (
    "Seals stand as they did when that copy was made, and cases know nothing of it: `ringfence alerts` names those "
    "that differ, `ringfence cases seal-again` and `release-again` put them right. Only all databases of one backup "
    "(--all) agree."
)
_CASES_OF_THEN = (
    "Cases stand as they did when that copy was made, and seals know nothing of it: `ringfence alerts` names those "
    "that differ, `ringfence cases seal-again` and `release-again` put them right. Only all databases of one backup "
    "(--all) agree."
)


@command(db_app)
async def check(here: Installation) -> Answer:
    """Read the databases from end to end; exit 0 if all are sound that should be there."""
    from rules.storage.database_files import OUT_OF_REACH, keys_gone, missed, restoring
    from rules.storage.store import databases, faults_of, snapshot_path

    database = here.database
    paths = [path for path in (*databases(database).values(), snapshot_path(database)) if path.exists()]
    # Lists come first in any installation: beside other databases, or a copy of theirs, they are gone.
    lost = list(dict.fromkeys([*([database] if paths and not database.exists() else []), *missed(database)]))
    reached = [path for path in paths if os.access(path, os.R_OK) and os.access(path.parent, os.W_OK)]
    keys = here.lost_keys()
    found = {str(path): ["the file is gone"] for path in (*lost, *([keys] if keys else []))}
    for path in paths:
        found[str(path)] = _faults(path, faults_of) if path in reached else [f"not read; {OUT_OF_REACH}"]
    if not found:
        return Answer(found, status=FAULTS, why=f"{database}: there is no database yet")
    lines = [f"{name}: {'; '.join(faults) if faults else 'sound'}" for name, faults in found.items()]
    for path in (*lost, *reached):
        if found[str(path)]:
            lines.append(f"{path.name} is {'gone' if path in lost else 'damaged'}: {restoring(path)}.")
    if keys is not None:
        lines.append(f"{keys_gone(keys)}.")
    return Answer(found, "\n".join(lines), status=FAULTS if any(found.values()) else 0)


def _faults(path: Path, faults_of: Callable[[Path], list[str]]) -> list[str]:
    """SQLite takes a file of no octets for a database in which nothing is."""
    return ["the file is empty"] if path.stat().st_size == 0 else faults_of(path)


@command(db_app, json=False)
async def backup(
    here: Installation,
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    force: Annotated[bool, typer.Option("--force", help="Even over a file that is there.")] = False,
    every: All = False,
) -> Answer:
    """Copy the lists as they are at this moment, checked, into one file; the proxy goes on meanwhile."""
    from ringfence.belongings import in_use, refuse_to_write
    from rules.storage.store import copy_database, databases

    known = databases(here.database).values()
    sources = [path for path in known if path.exists()] if every else [here.database]
    copies = [(path, copy / path.name if every else copy) for path in sources]
    own, theirs = {path.resolve() for path in known}, in_use(here.file)
    for _, target in copies:
        if target.resolve() in own:
            fail(f"{target} is a database that is in use; name another file")
        if target.is_dir():
            fail(f"{target} is a folder; name a file in it, or copy every database there with --all")
        if target.exists() and not force:
            fail(f"{target} is there already; --force writes over it")
        refuse_to_write(target, theirs)
    if every:
        copy.mkdir(mode=0o700, parents=True, exist_ok=True)
    await note_entries(here, len(copies), "whole databases copied: db backup")
    for path, target in copies:
        copy_database(path, target)
    if not every:
        return Answer(said=f"The lists are copied to {copy}.")
    names = ", ".join(path.name for path, _ in copies)
    told = f"{names} are copied to {copy}. Keep a copy of the key file elsewhere: both together tell names."
    return Answer(said=told)


def _name_aside(target: Path) -> Path:
    """Where the file of before goes, by the time; a second restore within one second has a name of its own."""
    name = f"{target.name}.until-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    ends = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    return next(place for end in ends if not (place := target.with_name(name + end)).exists())


@command(db_app, json=False)
async def restore(
    here: Installation,
    copy: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A backup; default: the proxy's last good snapshot.")
    ] = None,
    every: All = False,
) -> Answer:
    """Put a copy in place of the lists; a running proxy takes it within a second, the old file is kept.

    With --all every database that the folder holds; stop the proxy and the API first, they write to the others.
    """
    from rules.storage.database_files import missed
    from rules.storage.store import databases, put_in_place, refuse_foreign, snapshot_path

    if every and (copy is None or not copy.is_dir()):
        fail("name the folder that `ringfence db backup --all` made")
    copy = copy or snapshot_path(here.database)
    known = databases(here.database)
    copies = {series: copy / path.name for series, path in known.items() if (copy / path.name).exists()}
    if not every:
        copies = {"lists": copy}
    if not copies or not all(source.is_file() for source in copies.values()):
        fail(f"{copy} is no such file; name one that `ringfence db backup` made")
    for series, source in copies.items():
        refuse_foreign(source, series)
        if source.resolve() == known[series].resolve():
            fail(f"{source} is the database itself; name a copy")
    for series, source in copies.items():
        target = known[series]
        aside = _name_aside(target)
        old = target.exists()
        put_in_place(source, target, aside)
        typer.echo(f"{target} is what {source} held{f'; before it is {aside.name}' if old else ''}.")
    for series, target in known.items() if every else ():
        if series not in copies and (target.exists() or target in missed(here.database)):
            left = "stays as it is" if target.exists() else "is still gone"
            typer.echo(f"{copy} holds no {target.name}: {target} {left}.", err=True)
    if known["complaints"].exists():
        _tell_of_seals(copies)
    return Answer()


def _tell_of_seals(copies: Mapping[Series, Path]) -> None:
    """Seals are in the lists, the cases they come from among the complaints: what if only one of them was put back?"""
    if "complaints" not in copies and "lists" in copies:
        typer.echo(_SEALS_OF_THEN, err=True)
    elif "lists" not in copies and "complaints" in copies:
        typer.echo(_CASES_OF_THEN, err=True)
