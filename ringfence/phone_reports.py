"""The complaint desk beside the running proxy: what callees' phones say is filed, and never costs a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from desk.alerts import KINDS, Alert
from desk.clock_profiles import TimeLimit
from desk.desk import Desk
from desk.faults import ComplaintError, NotFound
from desk.scheduler import Scheduler
from proxy.effects import Filing, Receipt
from proxy.outgoing import NOT_TAKEN
from rules.storage.keys import KeyFileError
from rules.storage.store import DatabaseError, StoreError

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.screening.screen import Screen


class PhoneComplaints(Collector):
    """Hears of each 607 and feature code; without a usable database of complaints the proxy runs on, and says so."""

    def __init__(self, desk: Desk | None, screen: Screen) -> None:
        self.desk = desk
        self.without = ""  # why nothing is filed
        self._screen = screen
        self._rounds: Scheduler | None = None
        self._further: Installation | None = None  # of another configuration than that of the start
        if desk is not None:
            screen.unwanted = desk.callee.unwanted
            self._rounds = Scheduler(desk, on_error=_warn, on_alert=_alert)

    @classmethod
    async def open(cls, here: Installation, screen: Screen) -> PhoneComplaints:
        """With the desk of an installation, which closes it."""
        try:
            desk = await here.open_desk()
        except (StoreError, DatabaseError, ComplaintError, KeyFileError, OSError) as error:
            _warn(str(error))
            phones = cls(None, screen)
            phones.without = f"complaints of phones are not filed: {error}"
            return phones
        # Now, before there are calls: loading the calendar with the first complaint stops the loop for 0.2 s.
        desk.archive.deadlines.due(desk.archive.now(), TimeLimit(working_days=20))
        return cls(desk, screen)

    async def reopen(self, here: Installation) -> None:
        """Go by another configuration; `here` is its installation, and closed with this. What was said is filed."""
        another = await PhoneComplaints.open(here, self._screen)
        await self.close()
        if self._further is not None:
            await self._further.__aexit__()
        self.desk, self.without, self._rounds, self._further = another.desk, another.without, another._rounds, here
        self.begin()

    async def report(self, numbers: Sequence[str]) -> Receipt:
        """File a complaint about the last call to one of these canonical numbers of a subscriber."""
        if self.desk is None:
            return NOT_TAKEN
        await self._screen.journal.flush()  # the record of the call that ended a moment ago
        try:
            for number in numbers:
                with suppress(NotFound):
                    return Receipt(Filing.TAKEN, (await self.desk.callee.report_last_call(number)).reference)
        except ComplaintError:
            return Receipt(Filing.REFUSED)
        except (StoreError, DatabaseError) as error:
            _warn(str(error))
            return NOT_TAKEN
        return Receipt(Filing.NOTHING)

    def begin(self) -> None:
        """Begin to file; needs a running loop."""
        if self._rounds is not None:
            self._rounds.start()

    def collect(self) -> Iterator[Metric]:
        """Alerts that hold now, and what phones said in vain."""
        held = GaugeMetricFamily("ringfence_complaint_alerts", "Alerts that hold now.", labels=["kind"])
        standing = self._rounds.standing if self._rounds is not None else Counter[str]()
        for kind in KINDS:
            held.add_metric([kind], standing[kind])
        yield held
        yield CounterMetricFamily(
            "ringfence_unwanted_dropped",
            "607s that could not be filed.",
            self.desk.callee.dropped if self.desk is not None else 0,
        )

    async def close(self) -> None:
        """Whatever phones said is filed. The screen is closed before, so that the records are on disk."""
        if self._rounds is not None and self.desk is not None:
            try:
                await self._rounds.close()
            except (StoreError, DatabaseError) as error:
                _warn(str(error))
        self._rounds = None

    async def close_all(self) -> None:
        """The same, and no desk is open that was opened here."""
        await self.close()
        if self._further is not None:
            await self._further.__aexit__()


def _warn(error: str) -> None:
    structlog.get_logger("ringfence").warning("complaints of phones are not filed", fault=error)


def _alert(alert: Alert) -> None:
    """Say it once. What somebody wrote is left out; `ringfence alerts` shows it."""
    told = {"subject": alert.subject.partition(": ")[0]}
    if alert.kind in ("leak", "inquiry"):
        told = {"office": "see `ringfence alerts`"}
    structlog.get_logger("ringfence").warning(
        "complaints alert",
        kind=alert.kind,
        reporters=alert.reporters,
        complaints=alert.complaints,
        usual=alert.usual,
        **told,
    )
