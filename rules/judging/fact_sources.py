"""Facts from elsewhere: plug-ins of the entry point `ringfence.facts`, which cost their fact and never a call.

A plug-in runs in a thread of its own, and a call waits a few milliseconds for it at most. One that raised, answered
nonsense, or is still busy leaves its facts lacking; one that was slow rests for a second before it is asked again.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import entry_points
from queue import SimpleQueue
from time import monotonic
from typing import Protocol

from rules.language.faults import Fault, RuleError
from rules.language.values import read_rate_name
from rules.model import ATTESTATION, Call

GROUP = "ringfence.facts"
# facts that Ringfence itself finds out
OURS = frozenset(("group", "ledger", "code", "holder", "host", "purpose", "readings_differ", *ATTESTATION))
REST_S = 1.0
Fact = float | str | bool


class FactSource(Protocol):
    """What a plug-in is: the entry point names a class or function that gives one, called without arguments."""

    names: Collection[str]  # the facts that it may give

    def measure(self, call: Call) -> Mapping[str, Fact] | None:
        """What it knows of this call; what it doesn't know it leaves out."""


class _Worker:
    """One plug-in in its thread."""

    def __init__(self, name: str, source: FactSource) -> None:
        self.name = name
        self.names = frozenset(source.names)
        self.failures = 0
        self.last_error = ""
        self._source = source
        self._asked: SimpleQueue[tuple[Call, list[Mapping[str, Fact] | None]] | None] = SimpleQueue()
        self._answered = threading.Semaphore(0)
        self._busy = False
        self._rests_until = 0.0
        self._thread = threading.Thread(target=self._run, name=f"facts-{name}", daemon=True)
        self._thread.start()

    def measure(self, call: Call, wait_s: float) -> None:
        """Give the call the facts that come in time."""
        if self._busy and not self._caught_up():
            self._fail("still busy with an earlier call")
            return
        if self._rests_until and monotonic() < self._rests_until:
            self._fail("was slow and rests")
            return
        box: list[Mapping[str, Fact] | None] = []
        self._busy = True
        self._asked.put((call, box))
        if not self._answered.acquire(timeout=wait_s):
            self._rests_until = monotonic() + REST_S
            self._fail(f"no answer within {wait_s * 1000:g} ms")
            return
        self._busy = False
        if box and box[0]:
            self._enter(call, box[0])

    def close(self) -> None:
        """The thread ends as soon as the plug-in lets it."""
        self._asked.put(None)
        if not self._busy or self._caught_up():
            self._thread.join()

    def _caught_up(self) -> bool:
        self._busy = not self._answered.acquire(blocking=False)
        return not self._busy

    def _enter(self, call: Call, found: Mapping[str, Fact]) -> None:
        facts = call.facts
        if facts is None:
            facts = call.facts = {}
        for name, value in found.items():
            if name in self.names and isinstance(value, bool | int | float | str):
                facts[name] = value
            else:
                self._fail(f"{name!r}: {type(value).__name__} is none of the facts that it names")

    def _fail(self, why: str) -> None:
        self.failures += 1
        self.last_error = f"{self.name}: {why}"

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            call, box = asked
            try:
                found = self._source.measure(call)
                box.append(dict(found) if found else None)
            except Exception as error:  # whatever goes wrong there, the fact is lacking
                self._fail(f"{type(error).__name__}: {error}")
            self._answered.release()


class FactSources:
    """The plug-ins that are installed; asked only for facts that some rule reads."""

    def __init__(self, sources: Mapping[str, FactSource] | None = None, *, wait_s: float = 0.005) -> None:
        self._wait_s = wait_s
        self._workers = [_Worker(name, source) for name, source in sorted((sources or {}).items())]
        self._asked: tuple[_Worker, ...] = ()
        self.wanted = False  # is there a plug-in whose facts some rule reads?

    def wait(self, seconds: float) -> None:
        """Let a call wait so long for them from now on."""
        self._wait_s = seconds

    def ask(self, names: Iterable[str]) -> None:
        """From now on, only these facts are wanted."""
        wanted = frozenset(names)
        self._asked = tuple(worker for worker in self._workers if worker.names & wanted)
        self.wanted = bool(self._asked)

    def measure(self, call: Call) -> None:
        """Give the call what the plug-ins know of it, as far as they answer in time."""
        for worker in self._asked:
            worker.measure(call, self._wait_s)

    @property
    def names(self) -> frozenset[str]:
        """Every fact that some plug-in may give."""
        return frozenset().union(*(worker.names for worker in self._workers))

    @property
    def failures(self) -> int:
        """How often a fact was lacking because its plug-in failed."""
        return sum(worker.failures for worker in self._workers)

    @property
    def last_errors(self) -> list[str]:
        """What went wrong last, by plug-in."""
        return [worker.last_error for worker in self._workers if worker.last_error]

    def close(self) -> None:
        """No plug-in is asked any more."""
        for worker in self._workers:
            worker.close()


def installed_sources() -> dict[str, FactSource]:
    """Every plug-in of the entry point; RuleError names those that can't be used."""
    found: dict[str, FactSource] = {}
    owners: dict[str, str] = {}
    faults = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        place = f"plug-in {point.name} ({point.value})"
        try:
            source: FactSource = point.load()()
            names = list(source.names)
            if isinstance(source.names, str) or not callable(source.measure):
                raise TypeError("`names` is a collection of names, and `measure` takes a call")
        except Exception as error:
            what = f"it can't be used: {type(error).__name__}: {error}"
            faults.append(Fault(place, 0, 0, what, "repair or uninstall it; docs/facts.md says what a plug-in is"))
            continue
        for name in names:
            if name in OURS or read_rate_name(name):
                what = f"fact {name!r} is measured by Ringfence itself"
                faults.append(Fault(place, 0, 0, what, "give it a name of its own"))
            elif name in owners:
                what = f"fact {name!r} comes from plug-in {owners[name]} too"
                faults.append(Fault(place, 0, 0, what, "uninstall one of the two"))
            owners.setdefault(name, point.name)
        found[point.name] = source
    if faults:
        raise RuleError(faults)
    return found
