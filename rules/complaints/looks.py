"""Looks of commands that need no desk: they stand in the same audit as everything that is done there."""

from __future__ import annotations

import time
from pathlib import Path

from rules.complaints import audit
from rules.complaints.archive import complaints_path
from rules.complaints.disclosure import SEARCHED
from rules.keys import Keys
from rules.records.privacy import pseudonym
from rules.settings import ScreeningSettings
from rules.store import Store


async def note_lookup(base: Path, screening: ScreeningSettings, number: str, *, actor: str, by: str = "why") -> None:
    """Let it stand in the audit that somebody looked a canonical number up, by its pseudonym."""
    keys = Keys.load(base / screening.storage.key_file)
    store = await Store.open(complaints_path(base / screening.storage.database), "complaints", durable=True)
    try:
        deed = audit.Deed(time.time(), actor, "number", pseudonym(keys.pseudonym, number), SEARCHED, "", by)
        async with store.transaction() as connection:
            await audit.record(connection, [deed])
    finally:
        await store.close()
