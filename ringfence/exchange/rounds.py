"""What the running node does for the exchange: a round every minute, its figures, and what somebody should see to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ringfence.exchange.partner_files import PartnerFiles, Standing
from ringfence.exchange.round import Round, beside

if TYPE_CHECKING:
    from ringfence.installation import Installation

_HANDED: Final = " "
_WHAT: Final = {"": "nothing is given to other operators", _HANDED: "not all is handed over"}
_FEWEST_S: Final = 10.0
Log = structlog.get_logger("ringfence")


class ExchangeRounds(Collector):
    """A task beside calls, which lets others work."""

    def __init__(
        self,
        here: Callable[[], Installation],
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        work: Callable[[Installation], Awaitable[Round]] = beside,
    ) -> None:
        self._here, self._now, self._sleep, self._work = here, now, sleep, work
        self._said: dict[str, str] = {}  # by partner; of what is given under no name
        self.standings: dict[str, Standing] = {}

    async def run(self) -> None:
        """Round after round, until it is cancelled."""
        while True:
            await self._sleep(max(self._here().configuration.exchange.poll_s, _FEWEST_S))
            await self.once()

    async def once(self) -> None:
        """One round, where there is anything to give or to take."""
        here = self._here()
        wanted = here.configuration.exchange
        if not wanted.partners and (wanted.publish is None or not wanted.publish.by_itself):
            self._said, self.standings = {}, {}
            return
        try:
            done = await self._work(here)
        except OSError as error:
            done = Round({}, error.strerror or str(error))
        said = done.faults | ({"": done.given} if done.given else {}) | ({_HANDED: done.handed} if done.handed else {})
        for name, fault in said.items():
            if self._said.get(name) != fault:
                Log.error("exchange", partner=name, fault=fault)
        self._said = said
        folder = here.exchange_folder
        self.standings = await asyncio.to_thread(
            lambda: {name: PartnerFiles(folder / name).standing() for name in wanted.givers}
        )

    def ailments(self) -> list[str]:
        """What somebody should see to, a sentence each."""
        return [
            f"{_WHAT.get(name, f'nothing is taken from partner {name}')}: {fault}"
            for name, fault in sorted(self._said.items())
        ] + [
            f"partner {name} lost weight, {one.left_of_weight} is left: appeals released {len(one.released)} of his"
            for name, one in sorted(self.standings.items())
            if one.left_of_weight < 1.0
        ]

    def collect(self) -> Iterator[Metric]:
        """How it stands with each partner."""
        told = (
            ("ringfence_partner_version", "Version that counts.", lambda one: one.version),
            ("ringfence_partner_entries", "Entries that count.", lambda one: one.entries),
            ("ringfence_partner_waiting", "Entries that wait for a person.", lambda one: len(one.waiting)),
            ("ringfence_partner_weight", "What is left of his weight.", lambda one: one.left_of_weight),
            ("ringfence_partner_refused", "Is what he offers refused?", lambda one: int(bool(one.fault))),
            (
                "ringfence_partner_looked_timestamp_seconds",
                "His files were last in order.",
                lambda one: one.looked or 0.0,
            ),
        )
        for name, meaning, value in told:
            family = GaugeMetricFamily(name, meaning, labels=("partner",))
            for partner, standing in self.standings.items():
                family.add_metric((partner,), value(standing))
            yield family
