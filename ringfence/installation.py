"""One installation: a ringfence.yaml and what lies where it says, each part opened when it is asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ringfence.configuration import Configuration, read_configuration
from ringfence.login import login_name, logins
from ringfence.people.actor import Actor, everybody
from rules.language.source import Document
from rules.storage.database_files import Series, database_path

if TYPE_CHECKING:  # each is imported when it is opened, which keeps short commands short
    from desk.desk import Desk
    from ringfence.exchange.exchange import Exchange
    from ringfence.exchange.giving import Giving
    from ringfence.exchange.handing import Handing
    from ringfence.people.approvals import Approvals
    from ringfence.people.people import People
    from rules.audit.entering import Entering
    from rules.audit.second import Second
    from rules.lists.editing import Lists
    from rules.lists.subscribers import SubscriberStore
    from rules.records.decisions import Decisions
    from rules.screening.revisions import Revisions
    from rules.storage.keys import Keys
    from rules.storage.store import Store

T = TypeVar("T")


class Installation:
    """Knows where everything is, who acts, and closes what was opened from it: ``async with Installation.open(file)``.

    Whatever is opened is opened once, however often it is asked for.
    """

    def __init__(self, file: Path, configuration: Configuration, document: Document) -> None:
        self.file, self.base = file, file.parent
        self.configuration, self.document = configuration, document
        self.waits: Callable[[], None] | None = None  # told when another process is writing to the lists
        self._cleanup = AsyncExitStack()
        self._parts: dict[str, Any] = {}

    @classmethod
    def open(cls, file: Path) -> Installation:
        """Read its configuration, and open nothing else yet; RuleError names everything that is wrong with it."""
        return cls(file, *read_configuration(file))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._parts.clear()
        await self._cleanup.aclose()

    def run(self, work: Callable[[Installation], Awaitable[T]]) -> T:
        """What comes of work with it, for callers that are not async."""

        async def whole() -> T:
            async with self:
                return await work(self)

        return asyncio.run(whole())

    @cached_property
    def actor(self) -> str:
        """Who acts, in everything that is recorded: the account that runs this, whatever the environment says."""
        return login_name()

    @cached_property
    def logins(self) -> tuple[str, ...]:
        """Under which logins an account may act for whoever runs this, the most telling first."""
        return logins()

    @cached_property
    def who(self) -> Actor:
        """The same with roles and rights; while nobody was asked for them, all of them."""
        return everybody(self.actor, "command line")

    @property
    def zone(self) -> str:
        """In which times are read and shown."""
        return self.configuration.time_zone

    @property
    def home(self) -> str:
        """In whose plan numbers are read that people type."""
        return self.configuration.home

    @property
    def database(self) -> Path:
        """Where the lists lie; every other database lies beside them."""
        return self.base / self.configuration.storage.database

    def database_of(self, series: Series) -> Path:
        """Where decisions, revisions, complaints, access or people lie."""
        return database_path(self.database, series)

    @property
    def control(self) -> Path:
        """The socket on which the running node is asked."""
        named = self.configuration.control
        return self.base / named if named is not None else self.database.with_suffix(".control")

    @property
    def key_file(self) -> Path:
        """Where the keys lie."""
        return self.base / self.configuration.storage.key_file

    @cached_property
    def keys(self) -> Keys:
        """The keys; they are made where there are none."""
        from rules.settings.screening import keys_of
        from rules.storage.database_files import remember_keys

        keys = keys_of(self.base, self.configuration)
        remember_keys(self.database)
        return keys

    @cached_property
    def entering(self) -> Entering:
        """How what is done is entered in the audit: under the keys, once something is."""
        from rules.audit.entering import Entering

        return Entering(lambda: self.keys)

    def lost_keys(self) -> Path | None:
        """The key file, if there was one and it is gone."""
        from rules.storage.database_files import key_file_missed

        return self.key_file if key_file_missed(self.database, self.key_file) else None

    def make_folders(self) -> None:
        """The folders of databases and keys."""
        for path in (self.database, self.key_file):
            path.parent.mkdir(parents=True, exist_ok=True)

    async def lists(self) -> Lists:
        """The lists, made where there are none."""
        from rules.lists.editing import Lists

        lists = await self._part(
            "lists", lambda: Lists.open(self.database, self.configuration.lists, entering=self.entering)
        )
        lists.store.waits = self.waits
        lists.second = _SecondPerson(self)
        lists.trunks = frozenset(trunk.name for trunk in self.configuration.trunks)
        return lists

    @property
    def exchange(self) -> Exchange:
        """What is taken from other operators."""
        from desk.appeals import granted_numbers
        from ringfence.exchange.exchange import Exchange

        return Exchange(
            self.configuration.exchange,
            self.base,
            self.exchange_folder,
            now=time.time,
            clock=time.monotonic,
            released=partial(granted_numbers, self.database_of("complaints")),
        )

    @property
    def exchange_folder(self) -> Path:
        """Where it is kept what they gave."""
        named = self.configuration.exchange.folder
        return self.base / named if named is not None else self.database.with_name(f"{self.database.name}.partners")

    @property
    def giving(self) -> Giving:
        """What is given to them."""
        from ringfence.exchange.giving import Giving

        return Giving(self.configuration.exchange, self.base, now=time.time)

    @property
    def handing(self) -> Handing:
        """Cases that are handed over to them, and by them."""
        from ringfence.exchange.handing import Handing

        return Handing(self.configuration.exchange, self.base)

    async def subscribers(self) -> SubscriberStore:
        """The lists of single subscribers."""
        from rules.lists.subscribers import SubscriberStore

        return SubscriberStore((await self.lists()).store, self.keys.pseudonym, time.time)

    async def decisions(self) -> Decisions:
        """The record of decisions, made where there is none."""
        from rules.records.decisions import Decisions

        return await self._part("decisions", lambda: Decisions.open(self.database_of("decisions")))

    async def recorded(self) -> Decisions | None:
        """The record of decisions if a call was ever recorded; asking makes no file."""
        there = await asyncio.to_thread(self.database_of("decisions").exists)
        return await self.decisions() if there else None

    async def revisions(self) -> Revisions:
        """The rules that were ever live."""
        from rules.screening.revisions import Revisions

        return await self._part(
            "revisions", lambda: Revisions.open(self.database_of("revisions"), entering=self.entering)
        )

    async def desk(self) -> Desk:
        """The complaint desk, with the latest calls counted."""
        desk = await self.open_desk()
        await desk.catch_up()
        return desk

    async def open_desk(self) -> Desk:
        """The same, whatever is not counted yet."""
        from desk.archive import Premises
        from desk.desk import Desk

        desk = await self._part("desk", lambda: Desk.open(Premises(self.base, self.configuration, self.home)))
        desk.archive.second = desk.archive.lists.second = _SecondPerson(self)
        return desk

    async def access(self, *, durable: bool = True) -> Store:
        """Who may ask over HTTP, and what was answered; `console.api.access` reads it."""
        return await self._part("access", lambda: self._store("access", durable=durable))

    async def has_people(self) -> bool:
        """Was ever an account made? Asking makes no database."""
        return await asyncio.to_thread(self.database_of("people").exists)

    @property
    def second(self) -> Second:
        """Who is asked before something is done that takes two persons."""
        return _SecondPerson(self)

    async def people(self) -> People:
        """The accounts, and who is signed in."""
        from ringfence.people.people import People

        async def opened() -> People:
            directory = None
            if self.configuration.people.directory is not None:
                from ringfence.people.directory import Directory

                directory = Directory(self.configuration.people.directory, self.base)
            people = People(await self._store("people", durable=True), self.configuration.people, lambda: self.keys)
            people.directory = directory
            return people

        return await self._part("people", opened)

    async def _store(self, series: Series, *, durable: bool) -> Store:
        """A database in which it is entered what is done."""
        from rules.storage.store import Store

        return await Store.open(self.database_of(series), series, durable=durable, taught=self.entering.into(series))

    async def _part(self, name: str, opening: Callable[[], Awaitable[T]]) -> T:
        """The part of this name, opened if it is not yet, and closed with the installation."""
        if name not in self._parts:
            await asyncio.to_thread(self.make_folders)
            self._parts[name] = part = await opening()
            self._cleanup.push_async_callback(part.close)  # type: ignore[attr-defined]
        found: T = self._parts[name]
        return found


class _SecondPerson:
    """Asks the approvals of an installation, once there are accounts: asking makes no database."""

    def __init__(self, here: Installation) -> None:
        self._here = here

    async def wanted(self) -> bool:
        """Does it take two persons here?"""
        found = await self._approvals()
        return found is not None and await found.wanted()

    async def ask(self, kind: str, about: str, arguments: Mapping[str, object], *, actor: str, reason: str = "") -> str:
        """How it is confirmed, for the record; raises where somebody else has to confirm it first."""
        found = await self._approvals()
        return "" if found is None else await found.ask(kind, about, arguments, actor=actor, reason=reason)

    async def _approvals(self) -> Approvals | None:
        if not await self._here.has_people():
            return None
        return (await self._here.people()).approvals
