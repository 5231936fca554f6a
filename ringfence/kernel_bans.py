"""Bans that the kernel drops by: a set of nftables that the node fills, by the program `nft`, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

import structlog

from proxy.bans import Ban
from proxy.core import Core

DEADLINE_S: Final = 5.0  # of one run
SETTLE_S: Final = 0.2  # what begins within it goes in one run
AGAIN_S: Final = 60.0  # until all is tried anew after one failed
_AT_ONCE: Final = 500  # elements in one run
_SECOND: Final = 1

log = structlog.get_logger("ringfence")


async def run_nft(script: str) -> str:
    """Give `nft` a script; what it says of a fault, else nothing."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("nft", "-f", "-"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return f"nft: {error.strerror}"
    try:
        async with asyncio.timeout(DEADLINE_S):
            _, said = await process.communicate(script.encode())
    except TimeoutError:
        return f"nft said nothing within {DEADLINE_S:g} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return "" if process.returncode == 0 else (said.decode(errors="replace").strip().splitlines() or ["nft failed"])[0]


class KernelBans:
    """Keeps the set as the bans are; the kernel ends each by itself.

    An emergency call of whom the kernel drops never gets here. So only those are in the set whose emergency calls would
    not go on: who is in no trunk, or in one that carries none.
    """

    def __init__(self, core: Core, run: Callable[[str], asyncio.Future[str]] | None = None) -> None:
        self._core = core
        self._run = run or run_nft
        self._waiting: dict[str, float] = {}  # seconds by source; 0: take it out
        self._anew = False
        self._wake = asyncio.Event()
        self.without = ""  # why the set is not as it should be

    @property
    def _set(self) -> str:
        return self._core.topology.bans.nftables

    def note(self, ban: Ban, seconds: float) -> None:
        """A ban begins, or is lifted."""
        if self._set:
            self._waiting[ban.name] = seconds
            self._wake.set()

    def renew(self) -> None:
        """Fill the set anew: at the start, and when the configuration may say something else."""
        self._anew = True
        self._wake.set()

    async def keep(self) -> None:
        """Do what waits, in runs of a few at least."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(SETTLE_S)
            self._wake.clear()
            if not self._set:
                self._waiting.clear()
                self._anew, self.without = False, ""
                continue
            if not await self.settle():
                await asyncio.sleep(AGAIN_S)
                self.renew()

    async def settle(self) -> bool:
        """Bring the set up to date; False when that fails, which is told once."""
        if self._anew:
            self._anew = False
            now = monotonic()
            self._waiting = {ban.name: ban.until - now for ban in self._core.bans.standing(now)}
            fault = await self._run("".join(f"flush set {each}\n" for each in self._sets()))
            if fault:
                return self._failed(fault)
        while self._waiting:
            names = list(self._waiting)[:_AT_ONCE]
            fault = await self._run("".join(self._line(name, self._waiting.pop(name)) for name in names))
            if fault:
                return self._failed(fault)
        self.without = ""
        return True

    def _failed(self, fault: str) -> bool:
        if not self.without:
            log.warning("the kernel does not drop by bans", set=self._set, cause=fault)
        self.without = f"the nftables set of bans cannot be filled: {fault}"
        return False

    def _sets(self) -> list[str]:
        family = self._set.split()[0]
        return [self._set + version for version in ("4", "6") if not (family == "ip" and version == "6")][
            1 if family == "ip6" else 0 :
        ]

    def _line(self, name: str, seconds: float) -> str:
        """What nft is to do: an element is deleted by adding it first, since one that is gone by itself is no fault."""
        place = self._set + ("6" if ":" in name else "4")
        places = self._core.topology.places
        if place not in self._sets() or (seconds and places.takes_emergency_calls(name.partition("/")[0])):
            return ""
        added = f"add element {place} {{ {name} timeout {max(_SECOND, round(seconds))}s }}\n"
        gone = f"add element {place} {{ {name} }}\ndelete element {place} {{ {name} }}\n"
        return gone + added if seconds else gone
