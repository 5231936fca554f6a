"""What we give, ready to be asked for by the beginnings of hashes: made anew when another version is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rules.sharing.hashes import Shelves

if TYPE_CHECKING:
    from ringfence.exchange.repository import Repository

_LOOK_S: Final = 5.0


class Shelving:
    """Holds the shelves of one installation; whoever asks while they are made anew waits for that."""

    def __init__(self, repository: Repository, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._repository, self._clock = repository, clock
        self._shelves: Shelves | None = None
        self._looked = float("-inf")
        self._making = asyncio.Lock()

    async def shelves(self) -> Shelves:
        """Those of the version that is given now."""
        async with self._making:
            if self._shelves is None or self._clock() - self._looked > _LOOK_S:
                version = await asyncio.to_thread(lambda: self._repository.version)
                if self._shelves is None or version != self._shelves.version:
                    self._shelves = await asyncio.to_thread(self._made, version)
                self._looked = self._clock()
            return self._shelves

    def _made(self, version: int) -> Shelves:
        return Shelves(version, self._repository.state().values())
