"""A desk behind the API's gate, without a socket: clients with keys of the scopes that a test needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.authentication import Authentication
from console.api.idempotency import Idempotency
from console.api.middleware import Middleware
from ringfence.api_settings import ApiSettings
from ringfence.people.passwords import Passwords
from ringfence.people.people import People
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import Right
from rules.audit.entering import Entering
from rules.storage.database_files import database_path
from rules.storage.store import Store
from tests.console.built import serving
from tests.desk.town import SCREENING, Town
from tests.ringfence.people.conftest import KEYS, QUICK

EVERYTHING = tuple(Right)
COMPLAINT = {"accused": "95012345", "reporter": "13800138000", "category": "loan"}


class Office:
    """The desk of a town, its keys, and clients that ask."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.clock = 0.0  # of the token buckets
        self.gate: Middleware = None  # type: ignore[assignment]
        self.door: Authentication = None  # type: ignore[assignment]
        self._opened = AsyncExitStack()

    async def open(self, **settings) -> None:
        self.settings = ApiSettings(**settings)
        self.store = await Store.open(
            database_path(self.town.folder / SCREENING.storage.database, "access"),
            "access",
            durable=False,
            taught=Entering().into("access"),
        )
        self._opened.push_async_callback(self.store.close)
        where = database_path(self.town.folder / SCREENING.storage.database, "people")
        accounts = await Store.open(where, "people", durable=False, taught=Entering().into("people"))
        self._opened.push_async_callback(accounts.close)
        self.people = People(accounts, PeopleSettings(), lambda: KEYS, lambda: self.town.now, Passwords(QUICK))
        self.door = Authentication(
            self.store, self.settings, self.people, now=lambda: self.town.now, monotonic=lambda: self.clock
        )
        replays = Idempotency(
            IdempotencyKeys(self.store, lambda: self.town.now), self.town.desk.archive.secrecy.pseudonym
        )
        self.gate = Middleware(serving(self.town.desk), self.door, replays, self.settings)

    async def close(self) -> None:
        await self._opened.aclose()

    async def reopen(self, **settings) -> None:
        """As after a restart of the API."""
        await self.close()
        await self.open(**settings)

    async def key(self, *scopes: Right, name: str = "app", **more) -> str:
        return (await self.door.keys.add(name, scopes or EVERYTHING, author="root", **more))[1]

    async def client(self, *scopes: Right, name: str = "app", **more) -> httpx.AsyncClient:
        """A client with a key of its own; all scopes, unless some are named."""
        return self.asking(await self.key(*scopes, name=name, **more))

    def asking(self, token: str = "", address: str = "127.0.0.1") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.gate, client=(address, 40_000)),
            base_url="http://localhost:8607",
            headers=headers,
        )
        self._opened.push_async_callback(client.aclose)
        return client


@pytest.fixture
async def town(tmp_path) -> AsyncIterator[Town]:
    """A town whose desk is open."""
    town = Town(tmp_path)
    await town.open()
    yield town
    await town.desk.close()


@pytest.fixture
async def office(town) -> AsyncIterator[Office]:
    """The API of its desk."""
    office = Office(town)
    await office.open()
    yield office
    await office.close()


@pytest.fixture
async def client(office) -> httpx.AsyncClient:
    """A client that may do everything, in the name of officer li."""
    return await office.client(acts_as="li")
