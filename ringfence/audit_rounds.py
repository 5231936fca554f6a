"""What the running node does for its audit: it notes heads outside, lets it be verified, and says what came of both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ringfence.anchoring import NotNoted, note_heads
from ringfence.audits import Outcome, last_verified
from ringfence.verifying import verify_beside
from rules.audit.chain import AuditError
from rules.settings.screening import keys_of
from rules.storage.keys import KeyFileError
from rules.storage.store import DatabaseError, StoreError

if TYPE_CHECKING:
    from ringfence.installation import Installation

_LOOK_S: Final = 60.0
_BUSY_S: Final = 600.0  # after a start there is other work
_HOUR_S: Final = 3_600.0
_TROUBLES = (NotNoted, AuditError, StoreError, DatabaseError, KeyFileError, OSError)

Log = structlog.get_logger("ringfence")


class AuditRounds(Collector):
    """A task beside calls. A verification is a process of its own, which gives way to them."""

    def __init__(
        self,
        here: Callable[[], Installation],
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        verify: Callable[[Installation], Awaitable[Outcome]] | None = None,
    ) -> None:
        self._here, self._now, self._sleep = here, now, sleep
        self._verify = verify or _by_itself
        self.outcome: Outcome | None = None  # of the last verification, whoever asked for it
        self.noted_at: float | None = None
        self.not_noted = ""  # why heads are not noted
        self._tried = float("-inf")
        self._began = now()
        self._noting = float("-inf")

    async def run(self) -> None:
        """Round after round, until it is cancelled."""
        while True:
            await self.once()
            await self._sleep(_LOOK_S)

    async def once(self) -> None:
        """Do what is due."""
        here, now = self._here(), self._now()
        wanted = here.configuration.audit
        try:
            self.outcome = await last_verified(here) or self.outcome
            if wanted.anchors.anywhere and not 0.0 <= now - self._noting < wanted.anchors.every_minutes * 60:
                self._noting = now
                await self._note(here, now)
            last = max(self._tried, self.outcome.at if self.outcome else float("-inf"))
            if now - self._began < _BUSY_S:
                return
            if wanted.verify_hours and not 0.0 <= now - last < wanted.verify_hours * _HOUR_S:
                self._tried = now
                await self._let_verify(here)
        except _TROUBLES as error:
            self._say("the audit cannot be looked at", str(error))

    async def _note(self, here: Installation, now: float) -> None:
        try:
            keys = await asyncio.to_thread(keys_of, here.base, here.configuration, contents=False)
            await note_heads(here, keys.audit, now)
        except (NotNoted, KeyFileError) as error:
            self._say("the head of the audit is not noted", str(error))
            self.not_noted = str(error).replace("\n", "; ")
        else:
            self.noted_at, self.not_noted = now, ""

    async def _let_verify(self, here: Installation) -> None:
        self.outcome = await self._verify(here)
        if self.outcome.faults:
            self._say("the audit is not as it was written", f"{self.outcome.faults} faults")

    def _say(self, what: str, fault: str) -> None:
        Log.error(what, fault=fault)

    def ailments(self) -> list[str]:
        """What somebody should see to, a sentence each."""
        found = []
        if self.outcome is not None and self.outcome.faults:
            found.append(
                f"the audit is not as it was written: {self.outcome.faults} faults; `ringfence audit verify` names them"
            )
        if self.not_noted:
            found.append(f"the head of the audit is not noted outside: {self.not_noted}")
        return found

    def collect(self) -> Iterator[Metric]:
        """When it was verified, with what outcome, and when its head was noted; 0: never."""
        at, faults = self.outcome or (0.0, 0)
        yield GaugeMetricFamily("ringfence_audit_verified_timestamp_seconds", "Last verification.", at)
        yield GaugeMetricFamily("ringfence_audit_faults", "Faults that it found.", faults)
        yield GaugeMetricFamily("ringfence_audit_anchored_timestamp_seconds", "Head noted last.", self.noted_at or 0.0)


async def _by_itself(here: Installation) -> Outcome:
    return (await verify_beside(here)).outcome
