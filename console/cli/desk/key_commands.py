"""`ringfence keys`: a new key for what people wrote, their words written again under it, and the old one forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer
from console.cli.lists.import_commands import progress_bar

if TYPE_CHECKING:
    from ringfence.installation import Installation

keys_app = typer.Typer(no_args_is_help=True)
group(keys_app, "Keys of what people wrote: rotate them, write words again under the newest, forget old ones.")
Reason = Annotated[str, typer.Option(help="Why; it stands in the audit, and whoever confirms it reads it.")]
_THEN = (
    "Node and API take it within a minute; then `api serve` writes all words again under it, bit by bit, and retires "
    "the old one. Without it, run `ringfence keys rewrite`."
)


@command(keys_app)
async def rotate(here: Installation, reason: Reason = "") -> Answer:
    """Make a new key for what people write; running services take what is under the old ones over to it.

    Once there are accounts, another confirms it first (`ringfence approvals`); then the same command does it.
    """
    from desk.disclosure import note_look
    from rules.storage.keys import KeyFileError, add_contents_key

    if here.configuration.keys.contents is not None:
        raise KeyFileError(
            "keys.contents: the keys lie elsewhere; put a new one before the others there, and then run "
            "`ringfence keys rewrite`"
        )
    archive = (await here.open_desk()).archive
    about = "a new key for what people wrote"
    how = await archive.second.ask("words", about, {"step": "rotate"}, actor=here.actor, reason=reason)
    await note_look(archive, "keys", actor=here.actor, step="rotated", detail=how, reason=reason)
    await asyncio.to_thread(add_contents_key, here.key_file)
    return Answer({"key_file": str(here.key_file)}, [f"{here.key_file} has a new key for contents. {_THEN}"])


@command(keys_app)
async def rewrite(here: Installation) -> Answer:
    """Write what people wrote again under the newest key, beside whatever runs; stopped, it goes on where it was."""
    from desk.disclosure import note_look
    from desk.key_rotation import rewrite as write_again

    archive = (await here.open_desk()).archive
    with progress_bar("words") as (words,):
        found = await write_again(archive, words)
    await note_look(
        archive, "keys", actor=here.actor, step="rewritten", detail=f"{found.rewritten} of {found.looked_at}"
    )
    unread = [f"{found.unread:,} are under a key that is not there"] if found.unread else []
    told = f"{found.rewritten:,} of {found.looked_at:,} were written again under the newest key."
    return Answer(found, [told], unread, FAULTS if unread else 0)


@command(keys_app)
async def forget(
    here: Installation,
    yes: Annotated[bool, typer.Option("--yes", help="Whatever is in old backups cannot be read any more.")] = False,
    reason: Reason = "",
) -> Answer:
    """Take old keys for contents out of the key file, once nothing is under them; backups of before keep theirs.

    Once there are accounts, another confirms it first (`ringfence approvals`); then the same command does it.
    """
    from desk.disclosure import note_look
    from desk.key_rotation import rewrite as write_again
    from rules.storage.keys import KeyFileError, forget_old_contents

    if not yes:
        raise KeyFileError("say --yes: what backups of before hold cannot be read with this key file any more")
    archive = (await here.open_desk()).archive
    found = await write_again(archive)
    if found.unread:
        raise KeyFileError(f"{found.unread:,} are under a key that is not there; nothing was forgotten")
    about = "the old keys of what people wrote, forgotten"
    how = await archive.second.ask("words", about, {"step": "forget"}, actor=here.actor, reason=reason)
    people = await here.people() if await asyncio.to_thread(here.database_of("people").exists) else None
    kept = await people.second_factors.rewrite(await people.accounts.listed()) if people is not None else 0
    told = f" {kept:,} second factors were written again." if kept else ""
    gone = await asyncio.to_thread(forget_old_contents, here.key_file)
    detail = f"{gone} old; {how}" if how else f"{gone} old"
    await note_look(archive, "keys", actor=here.actor, step="forgotten", detail=detail, reason=reason)
    return Answer({"forgotten": gone}, [f"{gone:,} old keys are forgotten.{told}"])
