"""The bans of the running node as commands see them, and the file by which they outlive a restart."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic, time
from typing import Any, Final

import structlog

from proxy.bans import Ban
from proxy.core import Core
from proxy.sources import source_of
from ringfence.control import Control, Question, Refused

SAVE_S: Final = 5.0  # between two looks whether something has changed
_LONGEST: Final = 31_536_000.0  # a year
_CLOCK_MOVED_S: Final = 2.0  # more than a clock drifts between two looks
_LONGEST_REASON: Final = 200
_LONGEST_FILE: Final = 256 * 1024 * 1024

log = structlog.get_logger("ringfence")


class BanCommands:
    """What `ringfence bans` asks."""

    def __init__(
        self,
        core: Core,
        clock: Callable[[], float] = monotonic,
        wall: Callable[[], float] = time,
        file: BanFile | None = None,
    ) -> None:
        self._core = core
        self._clock = clock
        self._wall = wall
        self._file = file

    def register(self, control: Control) -> None:
        """Let it be asked."""
        control.register("bans", self.show)
        control.register("bans-add", self.add)
        control.register("bans-lift", self.lift)

    async def show(self, question: Question) -> list[dict[str, Any]]:
        """Every ban that stands; times are seconds since the epoch."""
        now = self._clock()
        return [self._row(ban, now) for ban in self._core.bans.standing(now)]

    def _row(self, ban: Ban, now: float) -> dict[str, Any]:
        ahead = self._wall() - now
        return {
            "source": ban.name,
            "why": ban.why,
            "by": ban.by or None,
            "since": round(ban.since + ahead, 3),
            "until": round(ban.until + ahead, 3),
            "dropped": ban.dropped,
        }

    async def add(self, question: Question) -> dict[str, Any]:
        """Ban a source by hand."""
        words, now = question.arguments, self._clock()
        host = _address(str(words.get("source", "")))
        topology = self._core.topology
        if topology.places.is_shielded(host, None) or any(
            topology.places.is_shielded(host, topology.places.peer_of(each, host, 5060)) for each in topology.listeners
        ):
            raise Refused(f"{host} is a PBX, a destination or this machine: nobody bans these")
        seconds = words.get("seconds")
        lasts = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 0.0
        if lasts > _LONGEST:
            raise Refused("a ban lasts a year at most")
        why = " ".join(str(words.get("reason", "")).split())[:_LONGEST_REASON] or "by hand"
        ban = self._core.bans.add(source_of(host), why, now, seconds=lasts, by=question.actor)
        log.info("source banned by hand", source=ban.name, why=why, seconds=round(ban.until - now), by=question.actor)
        trunk = next((t for t in (topology.places.trunk_at(topology.listeners[0], host, 5060),) if t is not None), None)
        named = trunk.name if trunk is not None and topology.places.is_named(trunk) else None
        await self._write_down(f"{ban.name} is banned")
        return {**self._row(ban, now), "trunk": named}

    async def lift(self, question: Question) -> list[dict[str, Any]]:
        """End one ban, or all; what was lifted."""
        words, now = question.arguments, self._clock()
        bans = self._core.bans
        standing = {ban.name: ban for ban in bans.standing(now)}
        if words.get("every") is True:
            names = list(standing)
        else:
            written = str(words.get("source", ""))
            name = written if written in standing else source_of(_address(written))
            if name not in standing:
                raise Refused(f"{name} is not banned")
            names = [name]
        rows = [self._row(standing[name], now) for name in names]
        for name in names:
            bans.lift(name)
        if names:
            log.info("bans lifted", bans=len(names), source=names[0] if len(names) == 1 else None, by=question.actor)
            await self._write_down("lifted")
        return rows

    async def _write_down(self, done: str) -> None:
        """Let what is answered outlive a crash. Raises Refused where it would not."""
        if self._file is not None and (cause := await self._file.save(self._clock())):
            raise Refused(
                f"{done}, and a crash would forget it: bans cannot be written down ({cause}); "
                "it is tried again every few seconds"
            )


def _address(text: str) -> str:
    """An address as somebody writes it, as flows have it. Raises Refused."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        raise Refused(f"{text!r} is no address; write one such as 192.0.2.9 or 2001:db8::9") from None
    if address.is_unspecified or address.is_multicast:
        raise Refused(f"nobody sends from {address}")
    return str(address)


class BanFile:
    """Where bans lie while no node runs: JSON beside the database."""

    def __init__(self, path: Path, core: Core, wall: Callable[[], float] = time) -> None:
        self._path = path
        self._core = core
        self._wall = wall
        self._saved = 0
        self._ahead = 0.0  # of the steady clock, when it was written last: another one now, and its ends are wrong
        self._writing = asyncio.Lock()
        self._prevented = ""  # what kept the last change from the disk

    def load(self, now: float) -> None:
        """Take up those that stand still. A file that can't be read is left, told, and replaced later."""
        bans, ahead = self._core.bans, self._wall() - now
        try:
            if self._path.stat().st_size > _LONGEST_FILE:
                raise ValueError("it is too long")
            for row in json.loads(self._path.read_text()):
                # A clock that was put back in between makes no ban longer than it was.
                until = min(float(row["until"]) - ahead, now + float(row.get("left", _LONGEST)))
                if until > now and until - now <= _LONGEST:
                    why, by = str(row["why"]), str(row["by"] or "")
                    name = str(ipaddress.ip_network(row["source"])).removesuffix("/32")
                    ban = bans.add(name, why, now, seconds=until - now, by=by, udp_only=row.get("udp_only") is True)
                    ban.since = min(now, float(row["since"]) - ahead)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("the bans of before cannot be read", path=str(self._path), cause=str(error))
        bans.begun.update(dict.fromkeys(bans.begun, 0))  # these began earlier
        self._saved, self._ahead = bans.version, ahead

    async def keep(self) -> None:
        """Write them down whenever something has changed."""
        while True:
            await asyncio.sleep(SAVE_S)
            await self.save(monotonic())

    async def save(self, now: float) -> str:
        """Write them down if something has changed, or the clock; what prevents it is told once, and tried again."""
        async with self._writing:
            bans = self._core.bans
            standing = bans.standing(now)
            version, ahead = bans.version, self._wall() - now
            put_right = bool(standing) and abs(ahead - self._ahead) > _CLOCK_MOVED_S
            if version == self._saved and not self._prevented and not put_right:
                return ""
            rows = [
                {
                    "source": ban.name,
                    "why": ban.why,
                    "by": ban.by,
                    "udp_only": ban.udp_only,
                    "since": ban.since + ahead,
                    "until": ban.until + ahead,
                    "left": ban.until - now,
                }
                for ban in standing
            ]
            told = self._prevented if version == self._saved else ""
            self._saved, self._ahead = version, ahead
            try:
                await asyncio.to_thread(_write, self._path, rows)
                self._prevented = ""
            except OSError as error:
                self._prevented = error.strerror or str(error)
                if self._prevented != told:  # once for each change
                    log.warning("bans cannot be written down", path=str(self._path), cause=self._prevented)
            return self._prevented


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    first = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(first, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(rows, file)
        first.replace(path)
    finally:
        first.unlink(missing_ok=True)
