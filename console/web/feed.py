"""What is seen live, looked at once a second for all who watch: new decisions, the node's figures, its peers.

However many pages are open, one reader asks the record and the node; a page that is slow misses what it did not take.
Where nobody watches, nothing is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import structlog

from ringfence.control import ControlError
from ringfence.installation import Installation
from ringfence.told_calls import calls_told
from ringfence.watching import Moment, Seen, Watching, look
from rules.records.decisions import Decision, Decisions, first_decision
from rules.storage.store import DatabaseError, StoreError

EVERY_S = 1.0
MOST_WATCHERS = 200
_SHOWN = 20  # calls of one look
_LEFT_WAITING = 5  # looks that a slow page may be behind
_LOOKED_BACK_S = 900.0  # of the curve that a page begins with
BIN_S = 10


class Node(NamedTuple):
    """How the node is."""

    seen: Seen | None  # None: none answers
    moment: Moment | None
    without: str  # why none answers


class Look(NamedTuple):
    """What one look showed."""

    at: float
    decisions: list[Decision]  # the newest of those that were made since the look before, oldest first
    told: list[Decision]  # the same as they are told to who may not see numbers
    verdicts: dict[str, int]  # of all of these
    node: Node


class Feed:
    """Looks, and tells whoever watches."""

    def __init__(self, here: Installation, clock: Callable[[], float] = time.time) -> None:
        self._here, self._clock = here, clock
        self._watchers: set[asyncio.Queue[Look | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._watching = Watching()
        self._behind: str | None = None  # the last decision that was told
        self._asked, self._node = float("-inf"), Node(None, None, "")

    @property
    def full(self) -> bool:
        """Do as many watch as may?"""
        return len(self._watchers) >= MOST_WATCHERS

    async def looks(self) -> AsyncIterator[Look]:
        """Each look from now on, until the process stops."""
        queue: asyncio.Queue[Look | None] = asyncio.Queue(_LEFT_WAITING)
        self._watchers.add(queue)
        if self._task is None or self._task.done():
            self._behind = None
            self._task = asyncio.create_task(self._go_on(), name="live")
        try:
            while (look := await queue.get()) is not None:
                yield look
        finally:
            self._watchers.discard(queue)

    def stop(self) -> None:
        """Nobody watches any more: the process is about to end."""
        if self._task is not None:
            self._task.cancel()
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def wait(self) -> None:
        """Until nobody looks any more: a database that is being opened is closed again."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _go_on(self) -> None:
        while self._watchers:
            try:
                look = await self.look()
            except (StoreError, DatabaseError) as error:
                structlog.get_logger("ringfence.console").warning("live", error=type(error).__name__)
            else:
                for queue in self._watchers:
                    with suppress(asyncio.QueueFull):
                        queue.put_nowait(look)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> Look:
        """One look, at what happened since the one before."""
        now = self._clock()
        decisions = await self._here.recorded()
        fresh: list[Decision] = []
        verdicts: dict[str, int] = {}
        if decisions is not None:
            behind = self._behind or first_decision(now - EVERY_S)
            verdicts, newest = await _counted(decisions, behind)
            fresh = (await decisions.newer(behind, _SHOWN))[::-1] if verdicts else []
            self._behind = newest or behind
        told = await calls_told(self._here, fresh, sees=False)
        return Look(now, fresh, told, verdicts, await self.node())

    async def node(self) -> Node:
        """How the node is; asked at most once a second, however many want to know."""
        if self._clock() - self._asked >= EVERY_S * 0.9:
            self._asked = self._clock()
            try:
                seen = await asyncio.to_thread(look, self._here.control)
            except (ControlError, OSError) as error:
                self._node = Node(None, None, str(error))
            else:
                self._node = Node(seen, self._watching.saw(seen), "")
        return self._node

    async def past(self) -> list[tuple[int, dict[str, int]]]:
        """Verdicts of the last minutes, by the beginning of each ten seconds."""
        decisions = await self._here.recorded()
        if decisions is None:
            return []
        query = (
            "select cast(at / ?1 as integer) * ?1, action, count(*) from "
            "(select at, action from decision where id >= ?2 order by id desc limit 200000) group by 1, 2 order by 1"
        )
        begin = first_decision(self._clock() - _LOOKED_BACK_S)
        found: dict[int, dict[str, int]] = {}
        for at, action, count in await decisions.store.connection.execute_fetchall(query, (BIN_S, begin)):
            found.setdefault(int(at), {})[action] = count
        return sorted(found.items())


async def _counted(decisions: Decisions, behind: str) -> tuple[dict[str, int], str]:
    """How many of each verdict came behind this decision, and the newest."""
    query = "select action, count(*), max(id) from decision where id > ? group by action"
    rows: list[Any] = list(await decisions.store.connection.execute_fetchall(query, (behind,)))
    return {row[0]: row[1] for row in rows}, max((row[2] for row in rows), default="")
