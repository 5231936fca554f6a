"""What the process before this one knew and no file holds: where names lead, what is drained, and who was who."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

from proxy.core import Core
from proxy.next_hops import Hop, Question, Ranked
from proxy.peers import Drain
from proxy.places import Known
from proxy.resolver import Answers

_LONGEST: Final = 100_000  # characters: one variable of an environment has room for 131,072


class Remembered(NamedTuple):
    """As it goes from one process to the next."""

    names: Answers
    drains: set[Drain]
    known: list[Known]  # whose dialogs go on although the file may have changed meanwhile

    def packed(self) -> str:
        """In one line; where it is too long without names, which DNS knows as well, and then without who was who."""
        for each in (self, self._replace(names={}), self._replace(names={}, known=[])):
            rows = [[question, servers] for question, servers in each.names.items()]
            text = json.dumps({"names": rows, "drains": sorted(each.drains), "known": each.known})
            if len(text) <= _LONGEST:
                return text
        return ""


NOTHING: Final = Remembered({}, set(), [])  # a first process knows of nobody


def unpacked(text: str) -> Remembered:
    """The same, read again; nothing where it is of another version that wrote it otherwise."""
    try:
        told = json.loads(text)
        names = {Question(*question): tuple(map(_ranked, servers)) for question, servers in told["names"]}
        drains = {(str(kind), str(name), (str(at[0]), int(at[1]), str(at[2]))) for kind, name, at in told["drains"]}
        known = [_known(*row) for row in told.get("known", ())]
    except (ValueError, TypeError, KeyError, IndexError):
        return NOTHING
    return Remembered(names, drains, known)


def of_now(core: Core, names: Answers) -> Remembered:
    """What the process after this one is to know."""
    return Remembered(names, core.peers.drains, core.topology.places.known())


def _known(kind: str, place: str, port: int, name: str) -> Known:
    if kind == "network":
        ip_network(place)
    return Known(str(kind), str(place), int(port), str(name))


def _ranked(row: Any) -> Ranked:
    rank, weight, hops = row
    return Ranked(tuple(rank), weight, tuple(Hop(*hop) for hop in hops))
