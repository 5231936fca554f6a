"""What a node does about the record, off the call path: gives what changed here, takes what changed elsewhere.

The databases of the node are what calls are judged by; whatever is wrong with the record, they stay, and it is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from ringfence.cluster.record import Head, Record, RecordError, Telling
from rules.storage.replicas import Replica, Standing
from rules.storage.store import DatabaseError

LOOK_S: Final = 0.25  # how often it is asked whether a process of this node changed anything
TOLD_EVERY_S: Final = 5.0
AGAIN_S: Final = (0.5, 1.0, 2.0, 5.0)  # after a failure, the next attempt
OWN: Final = {
    "lists": ("exact", "wide", "seal", "standing", "step"),
    "revisions": ("revision",),
}  # what a new node has not


class State(NamedTuple):
    """How it goes, for health and figures."""

    trouble: str = ""
    keeper: str = ""
    version: int = 0  # of the record, that this node holds
    behind: int = 0  # versions that it lacks
    waiting: int = 0  # changes that the record lacks
    heard: float = 0.0  # when the record last answered (monotonic); 0: never


class Refused(Exception):
    """This node and the record do not fit; nothing was taken, and the message says what would help."""


class Follower:
    """Gives and takes; `turn` is one round of it, `run` goes on until it is told to stop."""

    def __init__(
        self,
        node: str,
        databases: Mapping[str, Path],
        connect: Callable[[], Record],
        *,
        program: str = "",
        key_mark: str = "",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.node, self.state = node, State()
        self._replicas = {series: Replica(path) for series, path in databases.items()}
        self._seen = dict.fromkeys(self._replicas, -1)
        self._compared: set[str] = set()  # databases known to lack nothing that this node gave once
        self.also: Callable[[Record], None] = lambda record: None  # what else is done in each round
        self.changed: Callable[[State], None] = lambda state: None
        self._connect, self._program, self._key_mark = connect, program, key_mark
        self._record: Record | None = None
        self._clock, self._now = clock, now
        self._told = -TOLD_EVERY_S
        self._failures = 0

    @property
    def held(self) -> int:
        """The version of the record that this node has; 0: it never had a copy."""
        return max(map(self._version_of, self._replicas.values()))

    def close(self) -> None:
        """Nothing is open any more."""
        self.close_record()
        for replica in self._replicas.values():
            replica.close()

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        while not stop.is_set():
            if self.attempt() and self._record is not None:
                with suppress(RecordError):  # the next turn meets it as well
                    self._record.wait(LOOK_S)
            else:
                stop.wait(AGAIN_S[min(self._failures, len(AGAIN_S)) - 1])
        self.close()

    def attempt(self) -> bool:
        """One round; false when it came to nothing, which the state tells."""
        try:
            self.turn()
        except (RecordError, Refused, DatabaseError) as error:
            self._failures += 1
            where = "the record" if isinstance(error, RecordError) else "the record and this node"
            said = f"{where}: {error}"
            if isinstance(error, DatabaseError):
                said = f"this node's databases: {error}"
            with suppress(DatabaseError):
                self.state = self.state._replace(waiting=self._waiting())
            self.state = self.state._replace(trouble=said)
            self.changed(self.state)
            if isinstance(error, Refused):
                self._tell_again()
            else:
                self.close_record()
            return False
        self._failures = 0
        self.state = self.state._replace(trouble="", heard=self._clock())
        self.changed(self.state)
        return True

    def turn(self) -> None:
        """Give or take what there is."""
        self._look_at_files()
        record = self.reach()
        head = record.head() or self._begin(record)
        self._compare_keys(record)
        for series, replica in self._replicas.items():
            self._fit(series, replica, head)
        if head.keeper == self.node:
            self._give(record)
            head = record.head() or head
        else:
            self._take(record, head)
        version = max(self._version_of(replica) for replica in self._replicas.values())
        version = head.version if head.keeper == self.node else max(version, self._level)
        self.state = State("", head.keeper, version, head.version - version, self._waiting(), self.state.heard)
        if self._clock() - self._told >= TOLD_EVERY_S:
            self._tell(record)
        self.also(record)

    def lead(self) -> Head:
        """Keep the record from now on; whoever kept it before becomes a copy once he hears of it."""
        self.turn()
        record = self.reach()
        head = record.head()
        assert head is not None
        if head.keeper == self.node:
            return head
        head = record.hand_to(self.node, self.state.version)
        for replica in self._replicas.values():
            self._join(replica, head)
        return head

    def refill(self) -> Head:
        """Give the record all that this node holds, as its next version: it was lost, or restored from before."""
        record, standings = self.reach(), [replica.standing() for replica in self._replicas.values()]
        known = [standing for standing in standings if standing is not None and standing.record]
        if not known:
            raise Refused("it never had a record")
        record.raise_to(known[0].record, max(one.version for one in known), self.node)
        for replica in self._replicas.values():
            self._join(replica, Head(known[0].record, 0, self.node))
            replica.give_whole()
        self.turn()
        found = record.head()
        assert found is not None
        return found

    # ---- the steps of a turn -----------------------------------------------------------------------------------

    _level = 0  # the version up to which there was nothing more for this node

    def _compare_keys(self, record: Record) -> None:
        """By other keys nobody would be found here whom others wrote down, and no proof of theirs would hold."""
        if self._key_mark and record.key_mark(self._key_mark) != self._key_mark:
            raise Refused(
                "this node's keys are not those of the others: stop it, put a copy of their key file "
                "(storage.key_file) in place of its own, and start it again"
            )

    def _look_at_files(self) -> None:
        for series, replica in self._replicas.items():
            if replica.is_replaced:
                replica.close()
                self._replicas[series] = Replica(replica.path)
                self._seen[series], self._level = -1, 0
                self._compared.discard(series)

    def _compare(self, record: Record, series: str, replica: Replica) -> None:
        """A keeper whose database is older than what he gave (a backup was put in its place) gives all of it again."""
        if series not in self._compared and record.latest(series) > self._version_of(replica):
            replica.give_whole()
        self._compared.add(series)

    def _begin(self, record: Record) -> Head:
        if held := self.held:
            raise Refused(
                f"the record is empty, and this node holds version {held} of it: `ringfence nodes refill` on the node "
                "that keeps it gives it all of that"
            )
        return record.begin(self.node)

    def reach(self) -> Record:
        """The record, connected to; raises RecordError."""
        if self._record is None:
            self._record = self._connect()
        return self._record

    def close_record(self) -> None:
        """Connect anew the next time."""
        if self._record is not None:
            self._record.close()
            self._record = None

    def _fit(self, series: str, replica: Replica, head: Head) -> None:
        """Is it the record that this database belongs to, and not an older state of it?"""
        standing = replica.standing()
        role = "keeper" if head.keeper == self.node else "copy"
        if standing is None:
            if role == "copy" and replica.holds(OWN[series]):
                raise Refused(
                    f"{replica.path} has entries of its own, which a copy of the record would lose: move it away and "
                    "start again, or make this node the one that fills an empty record"
                )
        elif standing.record != head.record:
            raise Refused(
                f"this node belongs to another record (version {standing.version}) than the one found (version "
                f"{head.version}): nothing is taken; `ringfence nodes refill` gives this one all that the node holds"
            )
        elif head.version < standing.version:
            raise Refused(
                f"the record is at version {head.version}, this node at {standing.version}: it was restored from a "
                "backup, or is a replica that lags; nothing is taken from it. If it is to stay, "
                "`ringfence nodes refill` on the node that keeps it gives it what it lacks"
            )
        if standing is None or standing.role != role or standing.keeper != head.keeper:
            self._change_role(replica, standing, head)

    def _change_role(self, replica: Replica, standing: Standing | None, head: Head) -> None:
        if standing is not None and standing.role == "keeper" and head.keeper != self.node and replica.waiting():
            raise Refused(
                f"node {head.keeper} keeps the record now, and {replica.waiting()} changes of this node never reached "
                "it: make them again there, then move this node's databases away and start it anew"
            )
        self._join(replica, head)

    def _join(self, replica: Replica, head: Head) -> None:
        replica.join("keeper" if head.keeper == self.node else "copy", head.keeper, head.record)
        self._seen = dict.fromkeys(self._replicas, -1)  # what was done by this connection is seen by none of its looks

    def _give(self, record: Record) -> None:
        for series, replica in self._replicas.items():
            self._compare(record, series, replica)
            if (seen := replica.seen()) == self._seen[series]:
                continue
            with replica.changes() as changes:
                if changes is not None:
                    version = record.put(series, self.node, changes.rows, whole=changes.whole)
            if changes is not None:
                replica.given(changes.upto, version)
            self._seen[series] = seen

    def _take(self, record: Record, head: Head) -> None:
        if head.version <= self._level:
            return
        level = head.version
        for series, replica in self._replicas.items():
            since = self._version_of(replica)
            with record.rows(series, since) as (version, rows):
                first = next(rows, None)
                if first is not None:
                    replica.take(chain((first,), rows), version, whole=not since)
                level = min(level, version)
        self._level = level

    def _tell(self, record: Record) -> None:
        state = self.state
        with suppress(RecordError):  # one that is only read
            record.tell(Telling(self.node, state.version, state.waiting, self._program, state.trouble, self._now()))
        self._told = self._clock()

    def _tell_again(self) -> None:
        if self._record is not None and self._clock() - self._told >= TOLD_EVERY_S:
            self._tell(self._record)

    def _waiting(self) -> int:
        return sum(replica.waiting() for replica in self._replicas.values() if replica.standing() is not None)

    @staticmethod
    def _version_of(replica: Replica) -> int:
        standing = replica.standing()
        return standing.version if standing is not None else 0
