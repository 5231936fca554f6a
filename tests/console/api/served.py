"""`ringfence api serve` as a process of its own, on an address that no other run uses."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx

from console.api.access.key_book import KeyBook
from ringfence.people.rights import Right
from rules.audit.entering import Entering
from rules.storage.database_files import database_path
from rules.storage.store import Store
from tests.peers.loopback import new_host
from tests.peers.process import Peer, whole_lines

ROOT = Path(__file__).resolve().parents[3]


def new_key(file: Path, name: str = "desk", *scopes: Right) -> str:
    """A key of these scopes, or of all."""

    async def work() -> str:
        store = await Store.open(
            database_path(file.parent / "ringfence.db", "access"),
            "access",
            durable=False,
            taught=Entering().into("access"),
        )
        try:
            return (await KeyBook(store).add(name, scopes or tuple(Right), author="root", daily=1_000_000))[1]
        finally:
            await store.close()

    return asyncio.run(work())


class Served(Peer):
    """The API, once it listens."""

    def __init__(self, file: Path, *, host: str = "", scheme: str = "http") -> None:
        self.address = f"{host or new_host()}:8607"
        self.url = f"{scheme}://{self.address}"
        words = ["api", "serve", "--config", str(file), "--listen", self.address]
        super().__init__(
            [sys.executable, "-W", "error", "-m", "ringfence", *words], output=file.parent / "api.log", folder=ROOT
        )
        self.ready(lambda: f'"{self.address}"' in self.said and '"serving"' in self.said, "listening")

    def client(self, token: str = "", **more) -> httpx.Client:
        """Somebody who asks it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, **more)

    def lines(self) -> list[dict]:
        """Its log."""
        return whole_lines(self.said)
