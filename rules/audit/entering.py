"""By which keys is entered what is done in a database: they are asked for when something is, and not before."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property

from rules.audit.chain import ChainKey, Deed
from rules.storage.database_files import Series
from rules.storage.keys import Keys
from rules.storage.store import Connection, Teaching

NO_KEYS = Keys((), b"", (), b"")  # what is entered under these, `audit verify` calls no entry of ours


class Entering:
    """Lets connections add to their chains; nothing that holds a connection sees the key."""

    def __init__(self, keys: Callable[[], Keys] = lambda: NO_KEYS) -> None:
        self._load = keys

    def into(self, chain: Series) -> Teaching:
        """What a connection to this database is taught when it is opened."""

        async def teach(connection: Connection) -> None:
            await connection.create_function("chained", 2, chained)

        def chained(before: str, deeds: str) -> str:
            """The hashes of these deeds, one behind another, as JSON."""
            key, hashes = ChainKey(chain, self.keys.audit), []
            for deed in json.loads(deeds):
                before = key.hash(before, Deed(*deed))
                hashes.append(before)
            return json.dumps(hashes)

        return teach

    @cached_property
    def keys(self) -> Keys:
        """Those of the installation."""
        return self._load()

    def pseudonym(self, canonical: str) -> str:
        """Under which a number stands in the audit."""
        return self.keys.hide(canonical)
