"""Facts from elsewhere: plug-ins of the entry points `ringfence.facts` and `ringfence.numbers`.

They cost their fact and never a call: one that fails or is too slow leaves its facts lacking (see plugins.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from rules.judging.number_sources import AtOnce, NumberSource, NumberWorker, installed_numbers
from rules.judging.own_facts import NAMES, is_own
from rules.judging.plugins import FACTS, NUMBERS, Worker, Wrong, loaded, read_mapping
from rules.language.values import read_rate_name
from rules.model import ATTESTATION, Call

# facts that Ringfence itself finds out
OURS = frozenset(("group", "ledger", "code", "holder", "host", "purpose", "readings_differ", *ATTESTATION, *NAMES))
Fact = float | str | bool


class FactSource(Protocol):
    """What a plug-in is: the entry point names a class or function that gives one, called without arguments."""

    names: Collection[str]  # the facts that it may give

    def measure(self, call: Call) -> Mapping[str, Fact] | None:
        """What it knows of this call; what it doesn't know it leaves out."""


class _Worker(Worker):
    """One plug-in in its thread."""

    def __init__(self, name: str, source: FactSource) -> None:
        self.names = frozenset(source.names)
        self._source = source
        super().__init__(name, self._measured)

    def _measured(self, call: Call) -> dict[str, Any] | None:
        return read_mapping(self._source.measure(call.apart()))

    def measure(self, call: Call, wait_s: float) -> None:
        """Give the call the facts that come in time."""
        if found := self.ask(call, wait_s):
            self._enter(call, found)

    def _enter(self, call: Call, found: Mapping[str, Fact]) -> None:
        facts = call.facts
        if facts is None:
            facts = call.facts = {}
        for name, value in found.items():
            if name in self.names and isinstance(value, bool | int | float | str):
                facts[name] = value
            else:
                self.fail(f"{name!r}: {type(value).__name__} is none of the facts that it names")


class FactSources:
    """The plug-ins that are installed; asked only for facts that some rule reads."""

    def __init__(
        self,
        sources: Mapping[str, FactSource] | None = None,
        *,
        wait_s: float = 0.005,
        numbers: Mapping[str, NumberSource] | None = None,
        at_once: AtOnce | None = None,
    ) -> None:
        self._wait_s = wait_s
        self._workers = [_Worker(name, source) for name, source in sorted((sources or {}).items())]
        bounds = at_once or AtOnce()
        self._numbers = [NumberWorker(name, source, bounds) for name, source in sorted((numbers or {}).items())]
        self._all: tuple[_Worker | NumberWorker, ...] = (*self._workers, *self._numbers)
        self._asked: tuple[_Worker, ...] = ()
        self._looked_up: tuple[NumberWorker, ...] = ()
        self.wanted = False  # is there a plug-in whose facts some rule reads?

    def wait(self, seconds: float, at_once: AtOnce | None = None) -> None:
        """Let a call wait so long for them from now on, and look numbers up within these bounds."""
        self._wait_s = seconds
        for worker in self._numbers:
            worker.bounds = at_once or worker.bounds

    def ask(self, names: Iterable[str]) -> None:
        """From now on, only these facts are wanted."""
        wanted = frozenset(names)
        self._asked = tuple(worker for worker in self._workers if worker.names & wanted)
        self._looked_up = tuple(worker for worker in self._numbers if worker.names & wanted)
        self.wanted = bool(self._asked or self._looked_up)

    def measure(self, call: Call) -> None:
        """Give the call what the plug-ins know of it, as far as they answer in time."""
        for source in self._looked_up:
            source.measure(call)
        for worker in self._asked:
            worker.measure(call, self._wait_s)

    @property
    def names(self) -> frozenset[str]:
        """Every fact that some plug-in may give."""
        return frozenset().union(*(worker.names for worker in self._all))

    @property
    def failures(self) -> int:
        """How often a fact was lacking because its plug-in failed."""
        return sum(worker.failures for worker in self._all)

    @property
    def last_errors(self) -> list[str]:
        """What went wrong last, by plug-in."""
        return [worker.last_error for worker in self._all if worker.last_error]

    def figures(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What each did so far, by its group and name."""
        return {
            **{(FACTS, worker.name): worker.figures() for worker in self._workers},
            **{(NUMBERS, worker.name): worker.figures() for worker in self._numbers},
        }

    def close(self) -> None:
        """No plug-in is asked any more."""
        for worker in self._all:
            worker.close()


def installed_sources(owners: dict[str, str] | None = None) -> dict[str, FactSource]:
    """Every plug-in of `ringfence.facts`; RuleError names those that can't be used. `owners` are facts given before."""
    known = {} if owners is None else owners

    def wrong(name: str, source: FactSource) -> list[Wrong]:
        given = list(source.names)
        if isinstance(source.names, str) or not callable(source.measure):
            raise TypeError("`names` is a collection of names, and `measure` takes a call")
        return claimed(known, name, given)

    found: dict[str, FactSource] = loaded(FACTS, wrong, "docs/facts.md")
    return found


def claimed(owners: dict[str, str], name: str, facts: Collection[str]) -> list[Wrong]:
    """Enter the facts that a plug-in gives; what is wrong with them."""
    found = []
    for fact in facts:
        if fact in OURS or read_rate_name(fact) or is_own(fact):
            found.append(Wrong(f"fact {fact!r} is measured by Ringfence itself", "give it a name of its own"))
        elif fact in owners:
            found.append(Wrong(f"fact {fact!r} comes from plug-in {owners[fact]} too", "uninstall one of the two"))
        owners.setdefault(fact, name)
    return found


class Givers(NamedTuple):
    """Who gives facts here."""

    sources: dict[str, FactSource]
    numbers: dict[str, NumberSource]

    @property
    def names(self) -> frozenset[str]:
        """The facts that they may give."""
        given = [each.names for each in self.sources.values()] + [each.names for each in self.numbers.values()]
        return frozenset().union(*given)


def installed_givers() -> Givers:
    """The plug-ins of both kinds, of which no two give the same fact; RuleError names those that can't be used."""
    owners: dict[str, str] = {}
    return Givers(installed_sources(owners), installed_numbers(partial(claimed, owners)))
