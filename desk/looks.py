"""Looks of commands that need no desk: they stand in the same audit as everything that is done there."""

from __future__ import annotations

import time
from pathlib import Path

from desk import audit
from desk.archive import complaints_path
from desk.desk_settings import DeskSettings
from desk.disclosure import SEARCHED, UNMASKED
from rules.records.privacy import pseudonym
from rules.storage.keys import Keys
from rules.storage.store import Store


async def note_lookup(base: Path, screening: DeskSettings, number: str, *, actor: str, by: str = "why") -> None:
    """Let it stand in the audit that somebody looked a canonical number up, by its pseudonym."""
    keys = Keys.load(base / screening.storage.key_file)
    hidden = pseudonym(keys.pseudonym, number)
    await _note(base, screening, audit.Deed(time.time(), actor, "number", hidden, SEARCHED, "", by))


async def note_unmasked(base: Path, screening: DeskSettings, subject_id: str, *, actor: str, by: str) -> None:
    """Let it stand in the audit that somebody is shown callers in full; ``subject_id`` is a decision, or nothing."""
    await _note(base, screening, audit.Deed(time.time(), actor, "call", subject_id, UNMASKED, "", by))


async def _note(base: Path, screening: DeskSettings, deed: audit.Deed) -> None:
    store = await Store.open(complaints_path(base / screening.storage.database), "complaints", durable=True)
    try:
        async with store.transaction() as connection:
            await audit.record(connection, [deed])
    finally:
        await store.close()
