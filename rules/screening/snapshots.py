"""Copies of the lists to fall back on: made beside the calls, checked, and only when something changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from rules.lists.cache import Lookup
from rules.records.journal import Journal
from rules.storage.store import StoreError, copy_database, faults_of, one_value, snapshot_path

_FIRST_S = 60.0  # after the start, when calls come first; at once where there is none yet
_MINUTE_S = 60.0
_HOUR_S = 3600.0
_REVISION = "select revision + ledger + subscribers from change"


class Snapshots:
    """Keeps the last good copy near the present; asked on every poll, it mostly does nothing."""

    def __init__(self, lookup: Lookup, journal: Journal, *, hours: int) -> None:
        self._lookup, self._journal, self.hours = lookup, journal, hours
        self._due: float | None = None
        self._looked = 0.0
        self._task: asyncio.Task[None] | None = None

    def poll(self, now: float) -> None:
        """Begin a copy if one is due and nothing is wrong; else look now and then whether all is well again."""
        if self._lookup.on_snapshot and self._task is None and abs(now - self._looked) >= _MINUTE_S:
            self._looked = now
            self._task = asyncio.get_running_loop().create_task(self._look(), name="is it sound?")
        if not self.hours:
            return
        if self._due is None or self._due > now + self.hours * _HOUR_S:  # the start, or a clock set back
            self._due = now + (_FIRST_S if snapshot_path(self._lookup.path).exists() else 0.0)
        lookup = self._lookup
        elsewhere = lookup.on_snapshot or lookup.absent or lookup.gone or lookup.replaced
        if now < self._due or elsewhere or self._task is not None:
            return
        self._due = now + self.hours * _HOUR_S
        self._task = asyncio.get_running_loop().create_task(self._take(), name="snapshot")

    async def close(self) -> None:
        """No copy is being made any more."""
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _take(self) -> None:
        try:
            await asyncio.to_thread(take_snapshot, self._lookup.path)
        except (StoreError, OSError) as error:
            self._journal.alarm(f"no snapshot of the lists: {error}")
            self._journal.troubles.happened("no snapshot of the lists could be made", error)
        finally:
            self._task = None

    async def _look(self) -> None:
        try:
            if await asyncio.to_thread(is_whole, self._lookup.path):
                self._lookup.look_again()
        finally:
            self._task = None


def is_whole(database: Path) -> bool:
    """Is the database sound, and no older than the snapshot? A damaged log is left out by whoever opens it next."""
    there, kept = (one_value(path, _REVISION) for path in (database, snapshot_path(database)))
    return isinstance(there, int) and isinstance(kept, int) and there >= kept and not faults_of(database, quick=True)


def take_snapshot(database: Path) -> bool:
    """Copy the lists if they changed since the last copy; did they?"""
    good = snapshot_path(database)
    if good.exists() and one_value(good, _REVISION) == one_value(database, _REVISION) is not None:
        return False
    copy_database(database, good)
    return True
