"""Who made an emergency call, told from node to node: the rescuers may call back by any of them.

Subscribers go over as their pseudonyms, as they lie in each node's record of decisions; all nodes have the same keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from ringfence.cluster.record import Record
from rules.storage.store import HotReader, ReadError, StoreError

Calls = list[tuple[str, float]]  # pseudonym, seconds since the epoch
KEPT_S: Final = 7 * 86_400.0  # emergency.callback_minutes is at most so long
_EVERY_S: Final = 0.5
_NEWEST: Final = "select number_key, at from call_for_help where at > ? order by at desc limit 10000"


class EmergencyCalls:
    """Gives what this node saw, and hands on what others saw: each once."""

    def __init__(
        self,
        decisions: Path,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._now, self._clock = decisions, now, clock
        self._known: dict[str, float] = {}
        self._heard = 0.0  # as of which moment of the record
        self._last = -_EVERY_S
        self.heard: Callable[[Calls], object] = lambda calls: None

    def exchange(self, record: Record) -> None:
        """Give and take what is new."""
        if self._clock() - self._last < _EVERY_S:
            return
        since = self._now() - KEPT_S
        own = [(key, at) for key, at in self._own(since) if at > self._known.get(key, since)]
        if own:
            record.give_emergency_calls(own, since)
        moment, calls = record.emergency_calls(self._heard)
        self._learn(own, since)
        new = [(key, at) for key, at in calls if at > self._known.get(key, since)]
        self._learn(new, since)
        if new:
            self.heard(new)
        self._heard, self._last = moment, self._clock()

    def _own(self, since: float) -> Calls:
        """What this node's record says; nothing while it cannot be read, of which others speak."""
        try:
            with closing(HotReader(self._path)) as reader:
                return [(str(key), float(at)) for key, at in reversed(reader.rows(_NEWEST, (since,)))]
        except (ReadError, StoreError):
            return []

    def _learn(self, calls: Iterable[tuple[str, float]], since: float) -> None:
        self._known.update(calls)
        if len(self._known) > 20_000:
            self._known = {key: at for key, at in self._known.items() if at > since}
