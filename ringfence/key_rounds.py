"""After a rotation: the running desk takes what people wrote over to the new key, and retires the old one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog

from desk.disclosure import note_look
from desk.key_rotation import rewrite, words
from desk.taking_over import TakingOver
from ringfence.people.accounts import OURSELVES
from rules.storage.keys import KeyFileError, retire_old_contents
from rules.storage.store import DatabaseError, StoreError

if TYPE_CHECKING:
    from desk.archive import Archive
    from ringfence.installation import Installation

_LOOK_S: Final = 60.0
_SETTLED_S: Final = 300.0  # so long after a rotation every process that runs has taken the new key
_PIECE: Final = 100  # words, 2 ms; then calls, pages and other writers have their turn
_PAUSE_S: Final = 0.1

Log = structlog.get_logger("ringfence")


class KeyRounds:
    """A task of the process that holds the desk beside calls; killed at any moment, the next one goes on."""

    def __init__(
        self,
        here: Installation,
        archive: Archive,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._here, self._archive, self._now, self._sleep = here, archive, now, sleep
        self._known: tuple[bytes, ...] = ()  # by which everything was looked at, and nothing had to be changed
        self._told = False  # that the key file cannot be written
        self._task: asyncio.Task[None] | None = None
        archive.taking_over = self.state = TakingOver(over=True)

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="keys")

    async def close(self) -> None:
        """What was taken over stays so."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def once(self) -> None:
        """Take over whatever is under an old key; and once nothing is, let it be retired."""
        await self._archive.refresh_keys()
        keys = self._archive.keys
        if keys.contents != self._here.keys.contents or keys.retired != self._here.keys.retired:
            self._here.keys = keys  # of second factors, too
        if not keys.contents or not keys.old_contents:
            self._archive.taking_over = self.state = TakingOver(over=True)
            return
        known = (*keys.contents, *keys.retired)
        if self._known != known:
            await self._take_over(known)
        if self._known == known and len(keys.contents) > 1:
            await self._retire(keys.contents[0])

    async def _take_over(self, known: tuple[bytes, ...]) -> None:
        """Once through all; what was written under an old key meanwhile is for the next time."""
        archive = self._archive
        there = await words(archive)
        archive.taking_over = self.state = TakingOver(there, there)

        def looked_at(count: int) -> None:
            self.state.left = max(there - count, 0)

        found = await rewrite(archive, looked_at, piece=_PIECE, pause=lambda: self._sleep(_PAUSE_S))
        factors = 0
        if await self._here.has_people():
            people = await self._here.people()
            factors = await people.second_factors.rewrite(await people.accounts.listed())
        self.state.left, self.state.unread = 0, found.unread
        if found.rewritten or factors:
            detail = f"{found.rewritten} of {found.looked_at}; {factors} second factors"
            await note_look(archive, "keys", actor=OURSELVES, step="rewritten", detail=detail)
        elif archive.keys.contents[0] == known[0]:  # it may have been refreshed meanwhile
            self._known, self.state.over = known, not found.unread

    async def _retire(self, newest: bytes) -> None:
        """Let the old ones be known as retired, where the key file is ours to write and all have taken the new one."""
        path, elsewhere = self._here.key_file, self._here.configuration.keys.contents is not None
        if self.state.unread or elsewhere:
            return
        changed = (await asyncio.to_thread(path.stat)).st_mtime
        if self._now() - changed < _SETTLED_S:
            return
        try:
            count = await asyncio.to_thread(retire_old_contents, path, newest)
        except OSError as error:
            if not self._told:
                Log.warning("the old key cannot be retired: `ringfence keys forget` takes it out", fault=error.strerror)
            self._told = True
            return
        if count:
            await note_look(self._archive, "keys", actor=OURSELVES, step="retired", detail=f"{count} old")
            Log.info("keys", retired=count)

    async def _run(self) -> None:
        said = ""
        while True:
            try:
                await self.once()
                said = ""
            except (StoreError, DatabaseError, KeyFileError, OSError) as error:  # the next round must come
                if str(error) != said:
                    Log.error("words are not taken over to the new key", fault=str(error))
                said = str(error)
            await self._sleep(_LOOK_S if self.state.over or self.state.unread else _PAUSE_S)
