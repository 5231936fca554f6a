"""Who searches for a way in: he says so in User-Agent, or tries many different things that are all refused."""

from __future__ import annotations

import re
from typing import Final

from proxy.proxy_settings import BanSettings
from proxy.sources import Source, Sources

_AGENTS: Final = 1000


class Scanners:
    """Looks at what sources do that no trunk names."""

    __slots__ = ("_agents", "_names", "_settings", "_sources")

    def __init__(self, settings: BanSettings, sources: Sources) -> None:
        self._sources = sources
        self._agents: dict[bytes, bool] = {}  # looked at before
        self.bound(settings)

    def bound(self, settings: BanSettings) -> None:
        """Go by other settings."""
        self._settings = settings
        pattern = b"|".join(re.escape(name.encode()) for name in settings.names)
        self._agents.clear()
        self._names = re.compile(pattern, re.IGNORECASE) if pattern else None

    def names_itself(self, agent: bytes) -> bool:
        """Is this User-Agent that of a tool for scanning?"""
        if self._names is None:
            return False
        known = self._agents.get(agent)
        if known is None:
            if len(self._agents) >= _AGENTS:
                self._agents.clear()
            known = self._agents[agent] = self._names.search(agent) is not None
        return known

    def tried(self, name: str, what: int, now: float) -> bool:
        """Something that was refused, as a number that stands for it: is that one different thing too many?

        The same again says nothing: whoever has dialled one wrong number dials it more than once.
        """
        most = self._settings.tries
        if not most:
            return False
        source: Source = self._sources.at(name)
        if now - source.began >= self._settings.within_s:
            source.began = now
            source.tries = set()
        source.tries.add(what)
        if len(source.tries) < most:
            return False
        source.tries = set()
        return True

    def is_welcome(self, name: str) -> None:
        """Somebody's telephone rang for a call of it: whoever calls many, misses some."""
        self._sources.at(name).began = float("-inf")
