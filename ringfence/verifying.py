"""A verification of the audit as a process of its own, which gives way to calls and pages and tells how far it is."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog

from ringfence.audits import Outcome, verify
from ringfence.installation import Installation
from rules.audit.doors import through

if TYPE_CHECKING:
    from ringfence.people import Actor

LONGEST_S: Final = 3_600.0  # ten million entries take three minutes
_MOST_TOLD: Final = 100  # faults
_MOST: Final = 4_000_000  # octets of a line of what it says
_LEAST: Final = 19  # nice(2): whatever else runs goes first

Log = structlog.get_logger("ringfence")


class Found(NamedTuple):
    """What a verification found, with the first of its faults in words."""

    outcome: Outcome
    entries: int
    broken: tuple[str, ...]


class Progress:
    """How far a verification is."""

    def __init__(self) -> None:
        self.entries = self.arrivals = 0


async def verify_beside(
    here: Installation, *, by: Actor | None = None, progress: Progress | None = None, longest_s: float = LONGEST_S
) -> Found:
    """Let the audit be verified, for somebody or by the node itself; OSError when it cannot be, with why."""
    asked = [str(here.file), *((by.name, by.role, by.by) if by is not None else ())]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringfence.verifying", *asked),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_MOST,
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _LEAST)
    try:
        async with asyncio.timeout(longest_s):
            return await _listen(process, progress or Progress())
    except TimeoutError:
        raise OSError(None, f"the verification took longer than {longest_s:.0f} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _listen(process: asyncio.subprocess.Process, progress: Progress) -> Found:
    assert process.stdout is not None
    found: Found | None = None
    async for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        progress.entries = told.get("entries", progress.entries)
        progress.arrivals = told.get("arrivals", progress.arrivals)
        if "fault" in told:
            raise OSError(None, told["fault"])
        if "faults" in told:
            found = Found(Outcome(time.time(), told["faults"]), told["entries"], tuple(told["broken"]))
    if found is None:
        raise OSError(None, f"the verification ended with {await process.wait()}")
    return found


class Verification:
    """The one that somebody asked for on a page; whoever else asks meanwhile watches the same."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.found: Found | None = None  # by the last one
        self.wrong = ""  # why the last one came to no end
        self._running: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Is one on its way?"""
        return self._running is not None and not self._running.done()

    def begin(self, here: Installation, by: Actor, longest_s: float = LONGEST_S) -> bool:
        """Begin one, unless one is on its way."""
        if self.running:
            return False
        self.progress, self.found, self.wrong = Progress(), None, ""
        self._running = asyncio.create_task(self._run(here, by, longest_s))
        return True

    async def wait(self) -> None:
        """Until it has ended."""
        if self._running is not None:
            with suppress(asyncio.CancelledError):
                await self._running

    def stop(self) -> None:
        """Let it end, and its process."""
        if self._running is not None:
            self._running.cancel()

    async def _run(self, here: Installation, by: Actor, longest_s: float) -> None:
        try:
            self.found = await verify_beside(here, by=by, progress=self.progress, longest_s=longest_s)
        except (OSError, ValueError) as error:
            self.wrong = str(error)
            Log.error("the audit cannot be looked at", fault=self.wrong)


async def _work(file: Path, actor: str, role: str, door: str) -> None:
    """What the process does: it says how far it is, and at last what it found."""
    async with Installation.open(file) as here:
        wanted = here.configuration.audit.anchors.file
        anchors = here.base / wanted if wanted is not None else None
        with through(door, role):
            found = await verify(
                here,
                anchor_file=anchors if anchors is not None and anchors.exists() else None,
                entries=lambda count: _say(entries=count),
                arrivals=lambda count: _say(arrivals=count),
                actor=actor,
            )
    broken = found.broken
    _say(faults=len(broken), entries=found.entries, broken=broken[:_MOST_TOLD])


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main(words: list[str]) -> int:
    """`python -m ringfence.verifying FILE [ACTOR ROLE DOOR]`."""
    file, actor, role, door = [*words, "", "", ""][:4]
    try:
        asyncio.run(_work(Path(file), actor, role, door))
    except Exception as error:
        _say(fault=f"{error}"[:1_000] or type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
