"""Passwords: what may be one, what is kept of it, and whether it was that; a wrong name costs what a wrong one does."""

from __future__ import annotations

import asyncio
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ringfence.people.faults import PeopleError

SHORTEST, LONGEST = 12, 256  # characters
_LEAST_DIFFERENT = 5
_AT_ONCE = 2  # each takes 64 MiB and a core for as long as it takes


class Passwords:
    """Makes and compares hashes, in threads and few at once: whoever signs in a thousand times fills no memory."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # RFC 9106 section 4, the second recommended choice, on one lane: no more than one core for one try.
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1, type=Type.ID)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """What is kept of it."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _as_typed(password))

    async def is_right(self, password: str, kept: str) -> bool:
        """Was it this one? Where nothing is kept the answer is no, and takes as long."""
        if not self._nobodys:
            self._nobodys = await self.hash("of nobody")
        async with self._turns:
            right = await asyncio.to_thread(self._verified, kept or self._nobodys, _as_typed(password))
        return right and bool(kept)

    def is_old(self, kept: str) -> bool:
        """Was it made with less work than is usual now?"""
        return self._hasher.check_needs_rehash(kept)

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def refuse_weak(password: str, name: str) -> None:
    """PeopleError for what is too short, too long, or easily guessed of this account (NIST SP 800-63B 3.1.1)."""
    typed = _as_typed(password)
    if not SHORTEST <= len(typed) <= LONGEST:
        raise PeopleError("password", f"write {SHORTEST} to {LONGEST} characters; several words make a good one")
    if len(set(typed)) < _LEAST_DIFFERENT:
        raise PeopleError("password", "it repeats few characters; several words make a good one")
    bare = typed.casefold()
    for word in (name.casefold(), "ringfence", "password"):
        if len(bare.replace(word, "")) < SHORTEST // 2 and word in bare:
            raise PeopleError("password", f"it is little more than {word!r}; several words make a good one")


def _as_typed(password: str) -> str:
    """One spelling, whichever keyboard or system wrote it (RFC 8265 section 4.2)."""
    return unicodedata.normalize("NFC", password)[: LONGEST + 1]
