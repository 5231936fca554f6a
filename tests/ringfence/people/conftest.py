"""People of an office, with hashes that cost little."""

import pytest
from argon2 import PasswordHasher

from ringfence.people.accounts import Wanted, read_roles
from ringfence.people.passwords import Passwords
from ringfence.people.people import People
from ringfence.people.people_settings import PeopleSettings
from rules.audit.entering import Entering
from rules.storage.keys import Keys
from rules.storage.store import Store

NOON = 1_782_878_400.0
KEYS = Keys((("now", bytes(32)),), b"p" * 32, (b"c" * 32,))
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Office:
    """Accounts, and a clock that is turned by hand."""

    def __init__(self, store: Store, **settings) -> None:
        self.store, self.time = store, NOON
        told = PeopleSettings(**({"four_eyes": False} | settings))
        self.people = People(store, told, lambda: KEYS, lambda: self.time, Passwords(QUICK))
        self.accounts, self.sessions = self.people.accounts, self.people.sessions

    async def add(self, name: str, *roles: str, password: str = "", **more):
        kept = await self.people.passwords.hash(password) if password else ""
        return await self.accounts.add(Wanted(name, read_roles(roles), password=kept, **more), author="root")


@pytest.fixture
async def office(tmp_path):
    entering = Entering().into("people")
    store = await Store.open(tmp_path / "ringfence-people.db", "people", durable=False, taught=entering)
    yield Office(store)
    await store.close()
