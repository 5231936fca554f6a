"""Operators in one process, each with lists, a repository and partners, on a clock that a test sets."""

from __future__ import annotations

from pathlib import Path

from ringfence.exchange.exchange import Exchange
from ringfence.exchange.exchange_settings import ExchangeSettings
from ringfence.exchange.giving import Giving
from rules.lists.editing import Lists
from rules.lists.origins import Origin
from rules.settings.screening import ListSettings

NOON = 1_796_126_400.0  # 2026-12-01 12:00 UTC
LISTS = {
    "blocked": ListSettings(kind="block"),
    "dno": ListSettings(kind="do-not-originate"),
    "allowed": ListSettings(kind="allow"),
    "own": ListSettings(kind="own"),
    "agreed": ListSettings(kind="block", shared=True),
}


class Clock:
    """The time that all of them see."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now

    def days(self, count: float) -> None:
        """It is so many days later."""
        self.now += count * 86_400


class Operator:
    """One of them; ``takes`` from others is made of their roots, so that they begin first."""

    def __init__(self, folder: Path, name: str, clock: Clock) -> None:
        self.folder, self.name, self.clock = folder / name, name, clock
        self.folder.mkdir()
        self.released: frozenset[str] = frozenset()  # by appeals
        self.settings = ExchangeSettings.model_validate(
            {"operator": f"{name}.example", "publish": {"lists": {"blocked": "fraud", "dno": "do-not-originate"}}}
        )
        self.giving.repository.begin(self.folder / "root", roots=1, root_threshold=1, targets=2, targets_threshold=2)

    @classmethod
    async def open(cls, folder: Path, name: str, clock: Clock, *partners: str) -> Operator:
        """One with lists, that of each partner among them."""
        self = cls(folder, name, clock)
        lists = LISTS | {f"from-{each}": ListSettings(kind="suspect", suspicion=3, shared=True) for each in partners}
        self.lists = await Lists.open(self.folder / "ringfence.db", lists, now=clock)
        return self

    def set(self, **more: object) -> None:
        """Change what is set of the exchange."""
        said = self.settings.model_dump(mode="json", exclude_unset=True) | more
        self.settings = ExchangeSettings.model_validate(said)

    def takes(self, other: Operator, **more: object) -> None:
        """Let another be a partner."""
        said = {
            "operator": f"{other.name}.example",
            "url": (other.folder / "share").as_uri(),
            "root": str(other.folder / "share/metadata/1.root.json"),
            "into": f"from-{other.name}",
        } | more
        partners = {name: one.model_dump(exclude_unset=True) for name, one in self.settings.partners.items()}
        self.set(partners=partners | {other.name: said})

    @property
    def giving(self) -> Giving:
        """What is given."""
        return Giving(self.settings, self.folder, now=self.clock)

    @property
    def exchange(self) -> Exchange:
        """What is taken."""
        return Exchange(
            *(self.settings, self.folder, self.folder / "partners"),
            now=self.clock,
            clock=self.clock,
            released=lambda _: self.released,
        )

    async def block(self, *numbers: str) -> None:
        """List numbers of one's own."""
        await self.lists.add_all("blocked", numbers, Origin(author="li", reason="said so"), wide=True)

    async def release(self, *numbers: str) -> None:
        """Take them off again."""
        await self.lists.remove_all("blocked", numbers, author="li", reason="appeal")

    async def publish(self):
        """Give what the lists say."""
        return await self.giving.publish(self.lists, self.exchange)

    async def poll(self, **how):
        """Look at all partners, and give on."""
        told = await self.exchange.look(self.lists, **how)
        await self.publish()
        return told

    async def listed(self, name: str) -> dict[str, str]:
        """The entries of a list with what is noted of them."""
        return {entry.text: entry.origin.note for entry in await self.lists.show(name)}

    async def believes(self, number: str) -> list[str]:
        """The lists that a number stands on."""
        return [entry.list for entry in await self.lists.covering(number)]
