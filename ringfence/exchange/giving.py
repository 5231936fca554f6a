"""`ringfence share publish`: what our lists say, and what partners said if it is passed on, as the next version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.exchange.exchange_settings import ExchangeSettings, PublishSettings
from ringfence.exchange.refused import ExchangeError
from ringfence.exchange.repository import Published, Repository
from ringfence.people.accounts import OURSELVES
from rules.audit.chain import Deed, record
from rules.sharing.entries import SharedEntry, day_of
from rules.sharing.giving import Own, ended_by_itself, passed_on
from rules.sharing.versions import Key

if TYPE_CHECKING:
    from ringfence.exchange.exchange import Exchange
    from rules.lists.editing import Lists


class Giving:
    """What one installation gives."""

    def __init__(self, settings: ExchangeSettings, base: Path, *, now: Callable[[], float]) -> None:
        self._settings, self._base, self._now = settings, base, now

    @property
    def settings(self) -> PublishSettings:
        """What is given; ExchangeError where nothing is."""
        if self._settings.publish is None:
            raise ExchangeError("nothing is given to others here", "say what in `exchange.publish` of ringfence.yaml")
        return self._settings.publish

    @property
    def repository(self) -> Repository:
        """Where it is written."""
        settings = self.settings
        return Repository(self._base / settings.folder, self._base / settings.keys, self._now)

    async def publish(
        self, lists: Lists, exchange: Exchange, *, author: str = OURSELVES, at_least: int = 0
    ) -> Published:
        """Give what the lists say now; it stands in the audit what left the house, and by whom."""
        settings, repository, ours = self.settings, self.repository, self._settings.operator
        given = await asyncio.to_thread(repository.state)
        own = Own(ours, settings.days, given, self._now())
        state = await own.state(lists.store, dict(settings.lists))
        if settings.pass_on:
            taken: dict[Key, SharedEntry] = {}
            for one in await exchange.counting(lists):
                other = taken.get(one.key)
                if other is None or (one.hop, -one.version) < (other.hop, -other.version):
                    taken[one.key] = one
            state = passed_on(taken, ours, settings.most_hops) | state
        today, released = day_of(self._now()), await exchange.released()

        def why(one: SharedEntry) -> str:
            if ended_by_itself(one, today):
                return ""
            return "appeal" if one.number in released else "removed"

        done = await asyncio.to_thread(repository.publish, state, why, ours, at_least=at_least)
        if done.added or done.changed or done.removed or done.withdrawn:
            told = f"version {done.version}: {done.added} added, {done.changed} changed, {done.removed} gone"
            deeds = [Deed(self._now(), author, "list", name, "shared: given", "", told) for name in settings.lists]
            async with lists.store.transaction() as connection:
                await record(connection, deeds)
        return done._replace(left_out=own.left_out)
