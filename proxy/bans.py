"""Who is not heard for a while: sources that are banned, why and until when, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxy.proxy_settings import BanSettings

BY_NAME: Final = "calls itself a scanner"
BY_TRIES: Final = "tried what was refused"
REASONS: Final = (BY_NAME, BY_TRIES)


class Ban:
    """One of them."""

    __slots__ = ("by", "dropped", "name", "since", "udp_only", "until", "why")

    def __init__(self, name: str, why: str, by: str, since: float, until: float, *, udp_only: bool) -> None:
        self.name = name  # by `proxy.sources.source_of`
        self.why = why
        self.by = by  # who said so; empty: its behaviour
        self.since = since
        self.until = until
        self.udp_only = udp_only  # earned by datagrams, in which anybody can write this source
        self.dropped = 0  # messages of it since


class Bans:
    """All that stand. `told` hears of each that begins, with its seconds, and of each that is lifted, with 0."""

    __slots__ = ("_bans", "_settings", "begun", "by_hand", "count", "told", "version")

    def __init__(self, settings: BanSettings) -> None:
        self._settings = settings
        self._bans: dict[str, Ban] = {}  # the oldest first
        self.count = 0
        self.by_hand = 0  # of them: they may be of a source that a trunk names
        self.version = 0  # grows with each change
        self.begun: dict[str, int] = dict.fromkeys(REASONS, 0)  # by why; by hand none
        self.told: Callable[[Ban, float], None] | None = None

    def bound(self, settings: BanSettings) -> None:
        """Go by other settings; those that stand stay for as long as was said."""
        self._settings = settings

    def holds(self, name: str, now: float, *, by_behaviour: bool, stream: bool = False) -> bool:
        """Is this source banned, by hand or by behaviour, if that counts? What it sent is counted.

        `stream`: it came on a connection, which proves the source's address.
        """
        ban = self._bans.get(name)
        if ban is None or not (by_behaviour or ban.by) or (stream and ban.udp_only):
            return False
        if now >= ban.until:
            self._end(ban)
            return False
        ban.dropped += 1
        return True

    def add(
        self, name: str, why: str, now: float, *, seconds: float = 0.0, by: str = "", udp_only: bool = False
    ) -> Ban:
        """Ban a source from now on; where there is no more room, the oldest ban of the same kind goes first."""
        before = self._bans.get(name)
        if before is not None:
            self._end(before)
        while self.count >= self._settings.most:
            self._end(next((each for each in self._bans.values() if not each.by), next(iter(self._bans.values()))))
        lasts = seconds or self._settings.for_s
        ban = self._bans[name] = Ban(name, why, by, now, now + lasts, udp_only=udp_only)
        self.count += 1
        self.by_hand += bool(by)
        if not by:
            self.begun[why] = self.begun.get(why, 0) + 1
        self.version += 1
        if self.told is not None:
            self.told(ban, lasts)
        return ban

    def lift(self, name: str) -> Ban | None:
        """End a ban before its time; None: there is none."""
        ban = self._bans.get(name)
        if ban is not None:
            self._end(ban)
            if self.told is not None:
                self.told(ban, 0.0)
        return ban

    def _end(self, ban: Ban) -> None:
        del self._bans[ban.name]
        self.count -= 1
        self.by_hand -= bool(ban.by)
        self.version += 1

    def standing(self, now: float) -> list[Ban]:
        """All that are not over, the oldest first."""
        for ban in [each for each in self._bans.values() if now >= each.until]:
            self._end(ban)
        return list(self._bans.values())
