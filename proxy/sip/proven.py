"""Who showed lately that it asks for what we send: addresses from which the ACK of a response came, and no others.

Whoever forges a source address never sees the response's To tag, so that its ACK proves nothing.
"""

from __future__ import annotations

from typing import Final

from proxy.sip.flow import Flow

MOST: Final = 20_000  # addresses; beyond it those that were quiet for longest go, and lose no more than our repeats


class Proven:
    """Addresses and when their last ACK came, the oldest first."""

    __slots__ = ("_acknowledged", "_expected", "_most", "lasts_s")

    def __init__(self, lasts_s: float = 3600.0, most: int = MOST) -> None:
        self.lasts_s = lasts_s
        self._most = most
        self._acknowledged: dict[tuple[str, int], float] = {}
        self._expected: dict[int, None] = {}  # 2xx whose ACK would prove their receiver, hashed, the oldest first

    def __len__(self) -> int:
        return len(self._acknowledged)

    @property
    def expects(self) -> bool:
        """Would the ACK of some 2xx prove anything?"""
        return len(self._expected) > 0

    def expect(self, flow: Flow, call_id: bytes, to_tag: bytes) -> None:
        """A 2xx goes there; its ACK will be a transaction of its own (RFC 3261 13.2.2.4)."""
        if len(self._expected) >= self._most:
            del self._expected[next(iter(self._expected))]
        self._expected[hash((flow.host, flow.port, call_id, to_tag))] = None

    def acknowledged(self, flow: Flow, call_id: bytes, to_tag: bytes, now: float) -> None:
        """The ACK of a 2xx came from where its responses go."""
        mark = hash((flow.host, flow.port, call_id, to_tag))
        if mark in self._expected:
            del self._expected[mark]
            self.note(flow, now)

    def note(self, flow: Flow, now: float) -> None:
        """An ACK showed that what we send there is read."""
        where = flow.host, flow.port
        self._acknowledged.pop(where, None)
        if len(self._acknowledged) >= self._most:
            del self._acknowledged[next(iter(self._acknowledged))]
        self._acknowledged[where] = now

    def is_fresh(self, flow: Flow, now: float) -> bool:
        """Did one come so lately that another changes nothing yet? So most callers' ACKs are not even read."""
        at = self._acknowledged.get((flow.host, flow.port))
        return at is not None and now - at < self.lasts_s / 60

    def holds(self, flow: Flow, now: float) -> bool:
        """Did an ACK come from there lately?"""
        at = self._acknowledged.get((flow.host, flow.port))
        return at is not None and now - at < self.lasts_s
