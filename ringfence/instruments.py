"""What the running node shows of itself, for `ringfence top`: counters since its start, and what it holds now."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from proxy.build import BUILD
from proxy.core import Core
from proxy.metrics import Metrics
from ringfence.control import Control, Question, Refused
from rules.model import Action

_STATM = Path("/proc/self/statm")


class Instruments:
    """Reads them off when somebody asks; calls pay nothing for it."""

    def __init__(
        self,
        core: Core,
        counters: Callable[[], Mapping[str, int]],
        ailments: Callable[[], Sequence[str]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`counters` are those of the judge, `ailments` what somebody should see to."""
        self._core, self._counters, self._ailments, self._clock = core, counters, ailments, clock
        self._begun = clock()
        self._metrics: Metrics | None = None

    def begin(self, metrics: Metrics) -> None:
        """The node serves, and these are its figures."""
        self._metrics = metrics

    def register(self, control: Control) -> None:
        """Let it be asked."""
        control.register("figures", self._show)

    async def _show(self, _: Question) -> dict[str, Any]:
        if self._metrics is None:
            raise Refused("the node is still starting: ask again")
        return self.shown(self._metrics)

    def shown(self, metrics: Metrics) -> dict[str, Any]:
        """All of it."""
        core, counters, now = self._core, self._counters(), self._clock()
        endpoints = metrics.endpoints
        return {
            "process": os.getpid(),
            "build": BUILD,
            "clock_s": round(now, 6),  # since whenever: the time between two answers is what counts
            "up_s": round(now - self._begun, 3),
            "stopping": core.draining,
            "verdicts": {action.value: counters.get(f"verdict_{action}", 0) for action in Action},
            "emergency": counters["emergency"],
            "unjudged": counters["judge_errors"] + counters["judge_unknown"],
            "in_setup": core.in_setup,
            "calls": sum(each.calls for each in core.peers),
            "transactions": len(core.layer.servers) + len(core.layer.clients),
            "most_transactions": core.limits.max_transactions,
            "answered": {str(status): count for status, count in sorted(core.refused.items())},
            "bans": core.bans.count,
            "no_room": core.load.refused.total(),
            "queue": sum(len(each.arrivals) for each in endpoints),
            "queue_most": core.limits.receive_queue * len(endpoints),
            "queue_lost": sum(each.arrivals.overflowed for each in endpoints),
            "stalls": metrics.stalls,
            "faults": metrics.faults,
            "added": metrics.latencies.as_data(),
            "judging": metrics.verdicts.as_data(),
            "memory_mib": memory_mib(),
            "remarks": list(self._ailments()),
        }


def memory_mib() -> float:
    """What this process holds of the machine's memory."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
