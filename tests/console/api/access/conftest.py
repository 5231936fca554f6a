"""A database of keys with a clock of its own."""

from collections.abc import AsyncIterator

import pytest

from console.api.access.key_book import open_access
from rules.storage.store import Store

NOON = 1_782_878_400.0


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """Open and empty."""
    store = await open_access(tmp_path / "ringfence.db", durable=False)
    yield store
    await store.close()
