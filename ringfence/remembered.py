"""What the process before this one knew and no file holds: where names lead, and which addresses are drained."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from proxy.core import Core
from proxy.next_hops import Hop, Question, Ranked
from proxy.peers import Drain
from proxy.resolver import Answers

_LONGEST: Final = 100_000  # characters: one variable of an environment has room for 131,072


class Remembered(NamedTuple):
    """As it goes from one process to the next."""

    names: Answers
    drains: set[Drain]

    def packed(self) -> str:
        """In one line; without names where these are too many, which DNS knows as well."""
        rows = [[question, servers] for question, servers in self.names.items()]
        text = json.dumps({"names": rows, "drains": sorted(self.drains)})
        return text if len(text) <= _LONGEST else Remembered({}, self.drains).packed() if rows else ""


NOTHING: Final = Remembered({}, set())  # a first process knows of nobody


def unpacked(text: str) -> Remembered:
    """The same, read again; nothing where it is of another version that wrote it otherwise."""
    try:
        told = json.loads(text)
        names = {Question(*question): tuple(map(_ranked, servers)) for question, servers in told["names"]}
        drains = {(str(kind), str(name), (str(at[0]), int(at[1]), str(at[2]))) for kind, name, at in told["drains"]}
    except (ValueError, TypeError, KeyError, IndexError):
        return NOTHING
    return Remembered(names, drains)


def of_now(core: Core, names: Answers) -> Remembered:
    """What the process after this one is to know."""
    return Remembered(names, core.peers.drains)


def _ranked(row: Any) -> Ranked:
    rank, weight, hops = row
    return Ranked(tuple(rank), weight, tuple(Hop(*hop) for hop in hops))
