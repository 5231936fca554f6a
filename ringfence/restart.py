"""`ringfence restart` and SIGUSR2: a new process of the same command takes over the sockets, this one ends its calls.

The new process starts, reads and opens everything; only when it could take a call does this one let go of the sockets.
One that does not come so far is ended, and nothing has changed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from proxy.handover import Successor, new_channel
from proxy.server import Server
from ringfence import supervisor
from ringfence.control import Refused
from ringfence.handed import for_child
from ringfence.keeper import KEPT, adopt, is_kept
from ringfence.reload import REFUSED, faults_of, read_all

START_S: Final = 120.0  # within which the new process must be ready
_STOPS: Final = "this node was told to stop: no other process takes over"

log = structlog.get_logger("ringfence.restart")


class Left(NamedTuple):
    """What this process has beside the sockets of calls."""

    descriptors: list[int]
    remembered: str  # what it knows, in one line
    let_go: Callable[[], Awaitable[None]]  # just before the other process begins
    end: Callable[[], Awaitable[None]]  # afterwards


class Restarting:
    """Starts the process after this one, once."""

    def __init__(self, file: Path, left: Callable[[], Left], *, command: list[str] | None = None) -> None:
        """`command` is what is started, by default what started this process."""
        self._file, self._left = file, left
        self._command = command or [sys.executable, *sys.orig_argv[1:]]
        self._under_way = False

    async def restart(self, server: Server | None, actor: str) -> dict[str, Any]:
        """Hand over to a new process. Raises Refused, with nothing changed."""
        if server is None or server.stopping.is_set() or self._under_way:
            raise Refused("not now: this node is starting, stopping, or being replaced already")
        self._under_way = True
        try:
            await asyncio.to_thread(read_all, self._file)
            return await self._replace(server, actor)
        except Refused as error:
            stays = "this process stops" if server.stopping.is_set() else "this process goes on"
            log.error(f"not restarted: {stays}", reason=str(error), actor=actor)
            raise
        except REFUSED as error:
            if server.stopping.is_set():  # its sockets may be closed already
                log.error("not restarted: this process stops", reason=str(error), actor=actor)
                raise Refused(_STOPS) from None
            faults = faults_of(error)
            for fault in faults:
                log.error("not restarted: this process goes on", reason=fault, actor=actor)
            raise Refused("\n".join(faults)) from None
        finally:
            self._under_way = False

    async def _replace(self, server: Server, actor: str) -> dict[str, Any]:
        here, there = new_channel()
        left = self._left()
        sockets = [*server.descriptors, *(each for each in left.descriptors if each >= 0)]
        try:
            with there:
                pid = await asyncio.to_thread(self._start, sockets, there.fileno(), left.remembered)
            successor = Successor(here, pid)
            ready = await _ready(successor, server)
            if server.stopping.is_set():
                await asyncio.to_thread(_end, pid)
                raise Refused(_STOPS)
            if not ready:
                raise Refused(await asyncio.to_thread(_ended, pid))
        except BaseException:
            here.close()
            raise
        await left.let_go()
        supervisor.tell(f"MAINPID={pid}")
        await server.hand_over(successor)
        if server.stopping.is_set():  # told so in between: by now it is the other one that serves
            os.kill(pid, signal.SIGTERM)
        server.stopping.set()
        await left.end()
        log.info("restarted: another process has taken over", pid=pid, actor=actor)
        return {"done": True, "pid": pid}

    @property
    def under_way(self) -> bool:
        """Has the other process been told already what it is to know?"""
        return self._under_way

    def _start(self, sockets: list[int], channel: int, remembered: str = "") -> int:
        """Start it with these descriptors; its process id."""
        environment = for_child(os.environ, sockets, channel, remembered)
        if not supervisor.is_there():
            adopt()
            if not is_kept():  # else whoever keeps this one keeps that one as well
                environment[KEPT] = str(os.getpid())
        kept_open = [(os.POSIX_SPAWN_DUP2, number, number) for number in (*sockets, channel)]
        return os.posix_spawn(self._command[0], self._command, environment, file_actions=kept_open, setsigmask=[])


async def _ready(successor: Successor, server: Server) -> bool:
    """Wait until it could take over, or has ended, or took too long; or until this process is told to stop."""
    ready = asyncio.ensure_future(successor.ready())
    stops = asyncio.ensure_future(server.stopping.wait())
    try:
        await asyncio.wait((ready, stops), timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        return ready.done() and ready.exception() is None and ready.result()
    finally:
        for each in (ready, stops):
            each.cancel()
        await asyncio.wait((ready, stops))


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _ended(pid: int) -> str:
    """It was not ready in time, or has ended before: why."""
    for _ in range(20):  # it may be about to end
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        _end(pid)
        return f"the new process was not ready within {START_S:g} s, and was ended; this one goes on"
    number = os.waitstatus_to_exitcode(status)
    return f"the new process ended with status {number} before it was ready, see its lines in the log; this one goes on"


def told(answer: Mapping[str, Any]) -> str:
    """In words."""
    return f"Process {answer['pid']} has taken over; the one before ends the calls that it had begun."
