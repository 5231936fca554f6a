"""Looks of commands that open no desk: they stand in the audit, and where that cannot be written, it is said."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ringfence.installation import Installation


async def note_search(here: Installation, number: str, by: str) -> None:
    """Somebody looks this canonical number up."""
    from desk.disclosure import note_lookup

    await _noted(note_lookup(here.base, here.configuration, number, actor=here.actor, by=by))


async def note_unmasking(here: Installation, by: str, decision: str = "") -> None:
    """Somebody is shown callers in full."""
    from desk.disclosure import note_unmasked

    await _noted(note_unmasked(here.base, here.configuration, decision, actor=here.actor, by=by))


async def _noted(note: Awaitable[None]) -> None:
    from rules.storage.store import DatabaseError, StoreError

    try:
        await note
    except (StoreError, DatabaseError) as error:
        typer.echo(f"this look is not in the audit: {error}", err=True)
