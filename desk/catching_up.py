"""Keeping up with the calls for whoever asks, without keeping him waiting for a long backlog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

_COUNT_AGAIN_S = 1.0


class CatchingUp:
    """Counts the latest calls, once a second at most however many ask."""

    patience_s = 2.0

    def __init__(self, count: Callable[[], Coroutine[Any, Any, int]]) -> None:
        self._counts = count
        self._running: asyncio.Task[int] | None = None
        self._ended = float("-inf")

    async def __call__(self, patience_s: float | None = None, *, again_s: float = _COUNT_AGAIN_S) -> None:
        """What was counted until now has to do if there is much to count."""
        if self._running is None or self._running.done():
            if time.monotonic() - self._ended < again_s:
                return
            self._running = asyncio.create_task(self._count(), name="counting")
            self._running.add_done_callback(_heard)
        await asyncio.wait({self._running}, timeout=self.patience_s if patience_s is None else patience_s)
        if self._running.done():
            self._running.result()

    async def _count(self) -> int:
        try:
            return await self._counts()
        finally:
            self._ended = time.monotonic()

    async def close(self) -> None:
        """Nothing is being counted."""
        if self._running is not None:
            await asyncio.wait({self._running})


def _heard(task: asyncio.Task[int]) -> None:
    """An error is told to who waits, if anybody."""
    if not task.cancelled():
        task.exception()
