"""Looks of commands that open no desk: they stand in the audit, and where that cannot be written, it is said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ringfence.installation import Installation


async def note_search(here: Installation, number: str, by: str) -> None:
    """Somebody looks this canonical number up."""
    from desk.disclosure import note_lookup

    await _noted(note_lookup(here.base, here.configuration, number, actor=here.actor, by=by))


async def note_entries(here: Installation, shown: int, by: str) -> None:
    """So many entries of lists are shown with their numbers in full; ``by`` says which command, and of what."""
    from desk.disclosure import note_listed

    if shown and await _has_audit(here):
        await _noted(note_listed(here.base, here.configuration, shown, actor=here.actor, by=by))


async def note_preview(here: Installation, people: int, by: str) -> None:
    """Somebody learns how often callers of the last day rang whom an entry would hit, were they none."""
    from desk.disclosure import note_listed

    if await _has_audit(here):
        await _noted(note_listed(here.base, here.configuration, people, actor=here.actor, by=by, of="call"))


def least_callers(here: Installation) -> int:
    """Of how many callers a count is told exactly to whoever runs the command; 0: of one, since he may see numbers."""
    return 0 if sees_numbers(here) else here.configuration.privacy.least_callers


def sees_numbers(here: Installation) -> bool:
    """May whoever runs the command see numbers in full? While nobody has an account, the one who is there may."""
    from ringfence.people.rights import Right

    return not here.who.roles or Right.NUMBERS_UNMASK in here.who.rights


async def note_question(here: Installation, number: str, by: str) -> None:
    """A number is looked up by a command that makes no file: where nobody ever opened a desk, there is no audit."""
    if number and await _has_audit(here):
        await note_search(here, number, by)


async def _has_audit(here: Installation) -> bool:
    """Whoever has an account stands in it, were he the first; without accounts, once somebody opened a desk."""
    return bool(here.who.roles) or await asyncio.to_thread(here.database_of("complaints").exists)


async def note_unmasking(here: Installation, subject: str, ids: Sequence[str], *, by: str, reason: str) -> None:
    """Somebody is shown callers in full: for a reason, and so many in an hour; else nothing is shown."""
    from desk.unmasking import Unmasking, unmask_apart

    await unmask_apart(here.base, here.configuration, Unmasking(subject, ids, here.actor, reason, by))


async def _noted(note: Awaitable[None]) -> None:
    from rules.storage.store import DatabaseError, StoreError

    try:
        await note
    except (StoreError, DatabaseError) as error:
        typer.echo(f"this look is not in the audit: {error}", err=True)
