"""A database of keys with a clock of its own."""

from collections.abc import AsyncIterator

import pytest

from rules.audit.entering import Entering
from rules.storage.database_files import database_path
from rules.storage.store import Store

NOON = 1_782_878_400.0


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """Open and empty."""
    entering = Entering().into("access")
    path = database_path(tmp_path / "ringfence.db", "access")
    store = await Store.open(path, "access", durable=False, taught=entering)
    yield store
    await store.close()
