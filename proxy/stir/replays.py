"""Which PASSporTs were seen lately: one that comes again in another call was copied (RFC 8224 section 12.1)."""

from __future__ import annotations

from hashlib import sha256


class Replays:
    """Of one node, bounded: when there are too many, the oldest is forgotten first."""

    __slots__ = ("_most", "_seen", "forgotten")

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._seen: dict[bytes, tuple[bytes, float]] = {}  # in the order of their coming
        self.forgotten = 0  # before their time

    def is_replay(self, signed: bytes, call_id: bytes, now: float, lasts_s: float) -> bool:
        """Did another call have it? The same call may come twice: by two ways, or after a try in vain.

        Whoever signs the same words anew for another call (who calls again within the second) copies nothing.
        What comes without a `call_id` is a call of its own each time: nothing says that it is the same.
        """
        seen = self._seen
        for key, (_, until) in seen.items():
            if until > now and len(seen) <= self._most:
                break
            self.forgotten += until > now
            del seen[key]
            break  # one for each that comes keeps it bounded
        key = sha256(signed).digest()[:16]
        before = seen.get(key)
        if before is not None and before[1] > now:
            return not call_id or before[0] != call_id
        seen.pop(key, None)
        seen[key] = call_id, now + lasts_s
        return False
