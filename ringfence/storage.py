"""What the running proxy has to do without because its storage cannot be used: in figures, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Storage(Collector):
    """Asks each part whether it can use its files; all parts stand in the figures from the start."""

    def __init__(self, without: Callable[[], Mapping[str, str]]) -> None:
        self._without = without

    def collect(self) -> Iterator[Metric]:
        """1 for each part that cannot be used now."""
        family = GaugeMetricFamily(
            "ringfence_storage_unusable",
            "Files that cannot be used now: calls go on by what is known without them.",
            labels=["part"],
        )
        for part, why in self._without().items():
            family.add_metric([part.replace(" ", "-")], 1 if why else 0)
        yield family

    def ailments(self) -> list[str]:
        """All that cannot be used now, a sentence each."""
        return [why for why in self._without().values() if why]
