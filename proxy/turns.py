"""A line in which nobody waits for a flood: each sender has his own, and they are served in turn.

Turns go round the groups (a trunk, a PBX, all strangers together), and within a group round its sources.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

Datagram = tuple[bytes, tuple[Any, ...], float]  # what came, from where, when

_OCTETS_EACH: Final = 4096  # so much a datagram may take on average
_SOURCES: Final = 10  # a source has at most this part of the room, where its group has several


class Group:
    """What waits of one group, by source."""

    __slots__ = ("count", "lines", "octets", "order")

    def __init__(self) -> None:
        self.lines: dict[str, deque[Datagram]] = {}
        self.order: deque[str] = deque()
        self.count = 0
        self.octets = 0

    def put(self, source: str, datagram: Datagram) -> None:
        """At the end of the line of its source."""
        line = self.lines.get(source)
        if line is None:
            line = self.lines[source] = deque()
            self.order.append(source)
        line.append(datagram)
        self.count += 1
        self.octets += len(datagram[0])

    def pop(self) -> Datagram:
        """The first of the source whose turn it is."""
        order = self.order
        line = self.lines[order[0]]
        datagram = line.popleft()
        if not line:
            del self.lines[order.popleft()]
        elif len(order) > 1:
            order.append(order.popleft())
        self.count -= 1
        self.octets -= len(datagram[0])
        return datagram

    def drop(self) -> None:
        """The newest of the source whose turn would come last."""
        source = self.order[-1]
        line = self.lines[source]
        datagram = line.pop()
        if not line:
            del self.lines[source]
            self.order.pop()
        self.count -= 1
        self.octets -= len(datagram[0])


class Turns:
    """All that waits, bounded; where there is no more room, whoever has most of it loses."""

    __slots__ = ("_groups", "_most", "_octets", "_order", "count", "dropped", "octets")

    def __init__(self, most: int) -> None:
        self._most = most
        self._octets = most * _OCTETS_EACH
        self._groups: dict[str, Group] = {}
        self._order: deque[str] = deque()
        self.count = 0
        self.octets = 0
        self.dropped = 0

    def put(self, owner: tuple[str, str], datagram: Datagram, room: int = 0) -> None:
        """Let it wait, if need be in the place of another; `owner` is group and source. `room` is taken elsewhere."""
        name, source = owner
        group = self._groups.get(name)
        if group is not None and source:
            line = group.lines.get(source)
            if line is not None and len(line) >= max(1, self._most // _SOURCES):
                self.dropped += 1
                return
        while self.count + room >= self._most or self.octets + len(datagram[0]) > self._octets:
            longest = self._longest()
            if longest is None or group is longest or (group is not None and group.count >= longest.count):
                self.dropped += 1
                return
            self._drop(longest)
        if group is None:
            group = self._groups[name] = Group()
            self._order.append(name)
        group.put(source, datagram)
        self.count += 1
        self.octets += len(datagram[0])

    def count_of(self, name: str) -> int:
        """How many of this group wait."""
        group = self._groups.get(name)
        return 0 if group is None else group.count

    def pop(self) -> Datagram:
        """The next; there must be one."""
        name = self._order.popleft()
        group = self._groups[name]
        datagram = group.pop()
        if group.count:
            self._order.append(name)
        else:
            del self._groups[name]
        self.count -= 1
        self.octets -= len(datagram[0])
        return datagram

    def _longest(self) -> Group | None:
        longest = None
        for group in self._groups.values():
            if longest is None or group.count > longest.count:
                longest = group
        return longest

    def _drop(self, group: Group) -> None:
        before = group.octets
        group.drop()
        self.count -= 1
        self.octets -= before - group.octets
        self.dropped += 1
        if not group.count:
            for name, other in list(self._groups.items()):
                if other is group:
                    del self._groups[name]
                    self._order.remove(name)
