"""The running proxy's eye on revisions: a new one is compiled in a thread and swapped in whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from rules.judging.engine import RuleSet
from rules.screening.revisions import NEWEST, Revision, read_revision
from rules.storage.store import HotReader, ReadError

Load = Callable[[Revision], RuleSet]


class LiveRules:
    """Notices within a poll that another revision is live. A revision that can't be loaded leaves the old one."""

    def __init__(
        self,
        path: Path,
        number: int,
        load: Load,
        *,
        swapped: Callable[[Revision, RuleSet], None],
        refused: Callable[[int, Exception], None],
    ) -> None:
        self.number = number
        self.failures = 0
        self._path, self._load = path, load
        self._swapped, self._refused = swapped, refused
        self._failed = 0  # the revision that could not be loaded: tried once
        self._reader = HotReader(path)
        self._data_version = -1
        self._task: asyncio.Task[None] | None = None
        self._held = False

    async def hold(self) -> None:
        """Swap nothing in from now on: whoever asks for it is about to."""
        self._held = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def go_on(self, number: int = 0) -> None:
        """Look again, from the revision that was put in its place meanwhile, if one was."""
        self._held = False
        self.number = number or self.number
        self._data_version = -1

    def poll(self) -> None:
        """See whether another revision is live; called four times a second, costs 4 us."""
        if self._task is not None or self._held:
            return
        try:
            version = self._reader.data_version()
            if version == self._data_version:
                return
            number = self._reader.rows(NEWEST)[0][0] or 0
        except ReadError:
            return  # the next poll asks again
        self._data_version = version
        if number not in (self.number, self._failed):
            self._task = asyncio.get_running_loop().create_task(self._change(number), name="rules")

    async def _change(self, number: int) -> None:
        try:
            revision, ruleset = await asyncio.to_thread(self._compiled, number)
        except Exception as error:  # whatever is wrong with it, calls go on being judged
            self.failures += 1
            self._failed = number
            self._refused(number, error)
        else:
            self.number = number
            self._swapped(revision, ruleset)
        finally:
            self._data_version = -1  # one more may have come while this one was compiled
            self._task = None

    def _compiled(self, number: int) -> tuple[Revision, RuleSet]:
        revision = read_revision(self._path, number)
        return revision, self._load(revision)

    async def close(self) -> None:
        """Nothing is open any more."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._reader.close()
