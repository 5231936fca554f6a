"""Subscribers who made an emergency call: for a while all calls to them pass, since the rescuers may call back.

The call back comes from no number that anybody could know before (RFC 7090 section 1), so no caller is asked who he is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

MOST = 10_000  # subscribers remembered; the one whose emergency call is oldest is forgotten first


class Callbacks:
    """Who made an emergency call lately; those of before a restart are known by pseudonym only.

    `now` is the time of a clock that nobody sets: one that jumps and comes back would have forgotten them all.
    """

    __slots__ = ("_most", "_pseudonym", "_restored_until", "_seconds", "until")

    def __init__(self, minutes: int, *, most: int = MOST, pseudonym: Callable[[str], str] = str) -> None:
        """`minutes` is how long calls pass; 0: not at all."""
        self._seconds = minutes * 60.0
        self._most = most
        self._pseudonym = pseudonym
        self._restored_until = 0.0  # so long somebody may be in the table by his pseudonym
        # Canonical number, or its pseudonym -> when it is over; who called last stands last.
        self.until: dict[str, float] = {}

    def last(self, minutes: int) -> None:
        """So long calls pass after the emergency calls that come; those that were made keep their time."""
        self._seconds = minutes * 60.0

    def restore(self, calls: Iterable[tuple[str, float]], now: float) -> None:
        """Those who did before this start, or at another node: (pseudonym, seconds ago), the oldest first.

        Where it would be in the future the clock was set back: nobody knows how long ago it was.
        """
        for pseudonym, ago in calls:
            until = now + self._seconds - max(ago, 0.0)
            if until > now:
                self.until[pseudonym] = until
                self._restored_until = max(self._restored_until, until)
        self.forget(now)

    def emergency_call_made(self, numbers: Iterable[str], now: float) -> None:
        """A subscriber with these canonical numbers calls an emergency number."""
        if not self._seconds:
            return
        for number in numbers:
            self.until.pop(number, None)
            self.until[number] = now + self._seconds
        self.forget(now)

    def awaited(self, number: str, now: float) -> bool:
        """May a call to this number be the rescuers'?"""
        if self.until.get(number, 0.0) > now:
            return True
        return self._restored_until > now and self.until.get(self._pseudonym(number), 0.0) > now

    def forget(self, now: float) -> None:
        """Drop whose time is over, so that the table is empty again when nobody needs it."""
        until = self.until
        while until and (len(until) > self._most or next(iter(until.values())) <= now):
            del until[next(iter(until))]
