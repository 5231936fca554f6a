"""The record beside a running node: joined before rules and lists are read, then followed in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ringfence.cluster.emergency_calls import Calls, EmergencyCalls
from ringfence.cluster.follower import LOOK_S, Follower, State
from rules.storage.keys import KeyFileError
from rules.storage.replicas import opened, standing_in
from rules.storage.store import DatabaseError, Series, StoreError, migrate

if TYPE_CHECKING:
    from ringfence.installation import Installation

SERIES: Final[tuple[Series, ...]] = ("lists", "revisions")  # what calls are judged by
_ENDING_S: Final = 30.0

log = structlog.get_logger("ringfence.record")


class Sharing(Collector):
    """A follower in a thread; what is wrong with it is told once, and stands in health and figures while it lasts."""

    def __init__(self, follower: Follower, emergencies: EmergencyCalls) -> None:
        self._follower, self._stop = follower, threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""
        self._emergencies = emergencies
        follower.changed = self._say

    def join(self, first_copy_s: float, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take what there is before anything is read; a node that never had a copy waits for its first."""
        deadline = time.monotonic() + first_copy_s
        while not self._follower.attempt():
            if self._follower.held or time.monotonic() > deadline:
                break
            sleep(LOOK_S)

    def begin(self, heard: Callable[[Calls], object]) -> None:
        """Go on beside the calls; the emergency calls of other nodes are `heard`, in the thread of the follower."""
        self._emergencies.heard = heard
        self._follower.also = self._emergencies.exchange
        self._thread = threading.Thread(target=self._follower.run, args=(self._stop,), name="record", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Give and take no more; blocks until nothing is under way."""
        self._stop.set()
        if self._thread is None:
            self._follower.close()
            return
        self._thread.join(_ENDING_S)

    @property
    def state(self) -> State:
        """How it goes."""
        return self._follower.state

    def ailments(self) -> list[str]:
        """What an operator should see to."""
        return [self.state.trouble] if self.state.trouble else []

    def collect(self) -> Iterator[Metric]:
        """How far this node is behind the record, and the record behind it."""
        state = self.state
        meaning = "Versions of the record that this node has not taken yet."
        yield GaugeMetricFamily("ringfence_record_behind", meaning, state.behind)
        meaning = "Changes of this node that the record has not got yet."
        yield GaugeMetricFamily("ringfence_record_waiting", meaning, state.waiting)
        meaning = "1 while the record cannot be used: calls are judged by what this node has."
        yield GaugeMetricFamily("ringfence_record_unusable", meaning, 1 if state.trouble else 0)

    def _say(self, state: State) -> None:
        if state.trouble == self._told:
            return
        self._told = state.trouble
        if state.trouble:
            log.error("the record is not followed", fault=state.trouble)
        else:
            log.info("the record is followed", version=state.version, keeper=state.keeper)


def follower_of(here: Installation, *, alone: bool = False) -> Follower | None:
    """Who follows the record that this installation shares; None for a node that stands alone."""
    settings = here.configuration.storage.record
    if settings is None:
        return None
    from ringfence.cluster.postgres import PostgresRecord  # takes 60 ms, which only nodes with a record need

    here.make_folders()
    databases: dict[str, Path] = {}
    for series in SERIES:
        databases[series] = here.database_of(series)
        migrate(databases[series], series)
    connect = partial(PostgresRecord.open, settings, here.base, alone=alone)
    return Follower(
        settings.node, databases, connect, program=version("ringfence"), key_mark=here.keys.hide("the keys of a record")
    )


def join_record(here: Installation) -> Sharing | None:
    """Join the record that ringfence.yaml names, or leave one that it names no more; nothing of it stops a start."""
    settings = here.configuration.storage.record
    try:
        if settings is None:
            _leave({series: here.database_of(series) for series in SERIES})
            return None
        follower = follower_of(here, alone=True)
    except (StoreError, DatabaseError, KeyFileError, OSError) as error:
        log.error("the record is not followed", fault=str(error))
        return None
    assert follower is not None
    sharing = Sharing(follower, EmergencyCalls(here.database_of("decisions")))
    sharing.join(settings.first_copy_s)
    return sharing


def _leave(databases: Mapping[Series, Path]) -> None:
    for path in databases.values():
        if path.exists() and standing_in(path) is not None:
            with opened(path) as replica:
                replica.leave()
            log.warning("this node shares no record any more, and goes on with what it has", database=str(path))
