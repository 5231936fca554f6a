"""A database of keys with a clock of its own."""

from collections.abc import AsyncIterator

import pytest

from rules.storage.database_files import database_path
from rules.storage.store import Store

NOON = 1_782_878_400.0


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """Open and empty."""
    store = await Store.open(database_path(tmp_path / "ringfence.db", "access"), "access", durable=False)
    yield store
    await store.close()
