"""What a process that holds a desk does all the time: file what phones said, mend, count, forget, raise alerts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from desk.alerts import Alert, alerts
from desk.desk import Desk
from rules.lists.endings import forget_endings
from rules.lists.held_imports import forget_lapsed
from rules.lists.ledger_imports import forget_ledger_changes
from rules.storage.keys import KeyFileError

_LOOK_S = 60.0
_DAY_S = 86_400.0


class Scheduler:
    """A task beside the others. The proxy's own process leaves counting to another: it takes the loop's time."""

    def __init__(
        self,
        desk: Desk,
        *,
        every_s: float = 1.0,
        counting: bool = False,
        on_alert: Callable[[Alert], None] | None = None,
        on_error: Callable[[str], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._desk, self._every_s, self._counting, self._sleep = desk, every_s, counting, sleep
        self._on_alert, self._on_error = on_alert, on_error
        self._told: set[tuple[str, str]] = set()  # an alert is raised once for as long as it holds
        self._looked = self._forgot = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self.errors = 0
        self.last_error = ""

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="complaints")

    async def close(self) -> None:
        """What phones said until now is filed, and the task has ended."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.once()

    async def once(self) -> None:
        """One round."""
        await self._desk.callee.drain()
        now = self._desk.archive.now()
        if 0.0 <= now - self._looked < _LOOK_S:
            return
        self._looked = now
        try:
            await self._desk.archive.refresh_keys()
        except KeyFileError as error:  # those of before go on
            self._say(str(error))
        await self._desk.cases.mend()
        if not await self._desk.archive.lists.store.is_copy():
            await forget_lapsed(self._desk.archive.lists)
        if self._counting:
            await self._desk.catch_up()
        await self._forget(now)
        if self._on_alert is not None:
            await self._raise_alerts(self._on_alert)

    async def _forget(self, now: float) -> None:
        """Once a day, what left the lists too long ago: it reads every entry to see which reasons are still needed."""
        if 0.0 <= now - self._forgot < _DAY_S:
            return
        archive = self._desk.archive
        if await archive.lists.store.is_copy():
            return
        await forget_endings(archive.lists.store, now - archive.history_days * _DAY_S)
        await forget_ledger_changes(archive.lists.store, now - archive.history_days * _DAY_S)
        self._forgot = now

    async def _raise_alerts(self, on_alert: Callable[[Alert], None]) -> None:
        found = {(alert.kind, alert.subject): alert for alert in await alerts(self._desk.archive)}
        for key in found.keys() - self._told:
            on_alert(found[key])
        self._told = set(found)

    @property
    def standing(self) -> Counter[str]:
        """How many alerts of each kind held when it looked last."""
        return Counter(kind for kind, _ in self._told)

    async def _run(self) -> None:
        while True:
            await self._sleep(self._every_s)
            try:
                await self.once()
            except Exception as error:  # the next round must come
                self.errors += 1
                self._say(f"{type(error).__name__}: {error}")

    def _say(self, error: str) -> None:
        """The same error again and again is said once."""
        if error != self.last_error and self._on_error is not None:
            self._on_error(error)
        self.last_error = error
