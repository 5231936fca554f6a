"""What the running proxy has to do without because its storage cannot be used: in figures, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ringfence.room import Room


class Storage(Collector):
    """Asks each part whether it can use its files, and the disks for room; all stand in the figures from the start."""

    def __init__(self, without: Callable[[], Mapping[str, str]], room: Room) -> None:
        self._without, self._room = without, room

    def collect(self) -> Iterator[Metric]:
        """1 for each part that cannot be used now, and how much room is left."""
        family = GaugeMetricFamily(
            "ringfence_storage_unusable",
            "Files that cannot be used now: calls go on by what is known without them.",
            labels=["part"],
        )
        for part, why in self._all().items():
            family.add_metric([part.replace(" ", "-")], 1 if why else 0)
        yield family
        if free := self._room.free:
            meaning = "Room left on the fullest disk that is written to."
            yield GaugeMetricFamily("ringfence_storage_free_bytes", meaning, min(free.values()))

    def ailments(self) -> list[str]:
        """All that cannot be used now, a sentence each."""
        return [why for why in self._all().values() if why]

    def _all(self) -> dict[str, str]:
        return {**self._without(), "disk": self._room.without}
