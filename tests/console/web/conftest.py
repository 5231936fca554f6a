"""The console of an installation without a socket: visitors of a role, and what strangers write at worst."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from console.web.application import Beside, console
from ringfence.installation import Installation
from ringfence.people import Role
from ringfence.people.accounts import Wanted
from ringfence.people.passwords import Passwords
from rules.audit.second import confirmed

# What a stranger writes into each field that he can write.
HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m{{7*7191}}' \" onload=x"
PASSWORD = "correct horse battery"


class House:
    """An installation with its console."""

    def __init__(self, file: Path) -> None:
        self.here = Installation.open(file)
        self.opened = AsyncExitStack()
        self.is_neighbour = True
        self.now: float | None = None

    async def open(self) -> None:
        await self.opened.enter_async_context(self.here)
        self.desk = await self.here.open_desk()
        self.people = await self.here.people()
        self.people.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.gate = console(self.here, self.desk, self.people, neighbours=lambda *_: self.is_neighbour)
        self.front = Beside(self.gate, _no_api, self.here.configuration.api.root_path)

    async def account(self, *roles: Role, name: str = "wang") -> None:
        """Somebody with these roles, beside an admin."""
        if not await self.people.accounts.any() and Role.ADMIN not in roles:
            await self.account(Role.ADMIN, name="root-of-all")
        with confirmed("by the test"):
            await self.people.accounts.add(Wanted(name, roles=frozenset(roles)), author="root")
            await self.people.set_password(name, PASSWORD, author="root")

    def browser(self, address: str = "127.0.0.1", **more) -> Browser:
        """Somebody who is not signed in."""
        client = Browser(
            transport=httpx.ASGITransport(self.front, client=(address, 40_000), raise_app_exceptions=False),
            base_url="http://localhost:8607",
            follow_redirects=True,
            **more,
        )
        self.opened.push_async_callback(client.aclose)
        return client

    async def visitor(self, *roles: Role) -> Browser:
        """Somebody with these roles, who is signed in."""
        name = "-".join(roles) or "nobody"
        await self.account(*roles, name=name)
        browser = self.browser()
        answer = await browser.send_form("/console/sign-in", name=name, password=PASSWORD)
        assert answer.status_code in (200, 403), answer.text
        return browser


class Browser(httpx.AsyncClient):
    """Sends forms as a page would, with the token that stands in it."""

    async def send_form(self, where: str, *, page: str = "", **fields: str) -> httpx.Response:
        shown = await self.get(page or "/console/sign-in")
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', shown.text)
        return await self.post(where, data={"form_token": token[1] if token else "", **fields})


async def until(held: Callable[[], object]) -> None:
    """Let others work until this holds."""
    async with asyncio.timeout(20):
        while not held():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.005)


async def _no_api(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def house(file) -> AsyncIterator[House]:
    """An installation with its console."""
    house = House(file)
    await house.open()
    yield house
    await house.opened.aclose()
