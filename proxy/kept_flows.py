"""Connections that telephones keep (RFC 5626): who registers anew with his instance is found by the new one.

A token names the very connection that a call or a registration came by. When it breaks, the telephone opens another and
registers again under the same instance and reg-id; its registrar has seen his password when it accepts that. From
then on what was for the old connection goes by the new one, as long as this node runs.
"""

from __future__ import annotations

from proxy.sip.flow import CameBy, Flow


class KeptFlows:
    """The latest connection of each instance, and whose an earlier one was; the oldest go first."""

    __slots__ = ("_at", "_most", "_whose")

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._at: dict[int, CameBy] = {}
        self._whose: dict[CameBy, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def registered(self, who: int, flow: Flow) -> None:
        """Whoever this number stands for has registered by that connection."""
        here = CameBy(flow.listener.number & 0xFF, flow.host, flow.port, flow.serial)
        self._at.pop(who, None)
        self._whose.pop(here, None)
        if len(self._at) >= self._most:
            del self._at[next(iter(self._at))]
        if len(self._whose) >= self._most:
            del self._whose[next(iter(self._whose))]
        self._at[who] = here
        self._whose[here] = who

    def latest(self, came_by: CameBy) -> CameBy:
        """The connection that stands for this one now; itself where no other is known."""
        who = self._whose.get(came_by)
        return came_by if who is None else self._at.get(who, came_by)
