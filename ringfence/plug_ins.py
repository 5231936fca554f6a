"""The plug-ins of the running node: those that answer and act are loaded here; what each of all kinds did is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.core import Core
from proxy.own_answers import plain
from proxy.screening import Screening
from ringfence.control import Control, Question
from rules.judging.plugins import ACTIONS, GROUPS, REPLIES, Worker, installed, loaded_by_method
from rules.records.troubles import Troubles
from rules.screening.screen import Screen


def _plain(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, whose answers are read here in its thread: the call path meets no code of a plug-in."""
    return lambda judged: plain(work(judged))


class PlugIns:
    """Those of `ringfence.replies` and `ringfence.actions`, each in its thread."""

    def __init__(self, core: Core, screen: Screen) -> None:
        """RuleError names those that can't be used."""
        self._screen = screen
        replies, actions = loaded_by_method(REPLIES), loaded_by_method(ACTIONS)
        self._workers: dict[tuple[str, str], Worker] = {}
        self._workers |= {(REPLIES, name): Worker(name, _plain(each.reply)) for name, each in replies.items()}
        self._workers |= {(ACTIONS, name): Worker(name, _plain(each.lines)) for name, each in actions.items()}
        self._failures = 0  # as far as was said
        screen.plugin_failures = self._failed
        self.plug(core.screening)

    def plug(self, screening: Screening) -> None:
        """Let this rendering of verdicts ask them."""
        kinds = {group: {name: each for (of, name), each in self._workers.items() if of == group} for group in GROUPS}
        screening.plug(kinds[REPLIES], kinds[ACTIONS])

    def register(self, control: Control) -> None:
        """Let `ringfence plugins` ask."""
        control.register("plugins", self._show)

    def tell(self, troubles: Troubles) -> None:
        """Say what went wrong since it was last said; asked four times a second."""
        failures = self._failed()
        if failures > self._failures:
            times, self._failures = failures - self._failures, failures
            errors = "; ".join(worker.last_error for worker in self._workers.values() if worker.last_error)
            troubles.happened("plug-ins gave nothing that could go out", errors, times)

    def _failed(self) -> int:
        return sum(worker.failures for worker in self._workers.values())

    def figures(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What each of all kinds did, by group and name."""
        own = {key: worker.figures() for key, worker in self._workers.items()}
        return self._screen.sources.figures() | own

    async def _show(self, question: Question) -> list[dict[str, Any]]:
        return rows(self.figures())

    def close(self) -> None:
        """None is asked any more."""
        for worker in self._workers.values():
            worker.close()


def rows(figures: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Every plug-in that is installed or loaded, with what it did where a node runs that loaded it."""
    found = {}
    for group in GROUPS:
        for _, told in installed(group):
            found[group, told.name] = {**told._asdict(), "installed": True}
    for group, name in figures:
        found.setdefault((group, name), {"group": group, "name": name, "where": "", "package": "", "version": ""})
        found[group, name].setdefault("installed", False)
    return [{**each, "loaded": key in figures, **figures.get(key, {})} for key, each in sorted(found.items())]
