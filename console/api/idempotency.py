"""Idempotency-Key: a request that comes twice is done once, and answered the same (draft-ietf-httpapi-idempotency-key).

What is kept is written after the deed. A stop in between loses the answer, never the deed: asked again, a complaint
gets the number that it had, and a step is refused because its case has moved on.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256

from console.api.access.idempotency_keys import Given, IdempotencyKeys
from console.api.answer import Answer
from console.api.problems import Problem, field_problem
from rules.storage.store import DatabaseError, StoreError

# What shows numbers in full is kept nowhere, and asked for anew each time: each look is on record. An erasure that was
# proposed is asked for again, and done once as it is.
_NEVER_KEPT = frozenset({"/v1/numbers/unmask", "/v1/privacy/export", "/v1/privacy/erase"})
_TOKEN = re.compile(r"[\x21-\x7e]{1,255}")


class Idempotency:
    """Answers of the last day, and what is being answered now."""

    def __init__(self, given: IdempotencyKeys, pseudonym: Callable[[str], str]) -> None:
        self._given, self._pseudonym = given, pseudonym
        self._running: set[tuple[str, str]] = set()

    async def answer(
        self, source: str, token: str, request: tuple[str, str, bytes], work: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer that was given before, or that of the work; only what was done is kept."""
        if not _TOKEN.fullmatch(token):
            raise field_problem("Idempotency-Key", "write 1 to 255 printable characters without blanks", status=400)
        method, path, body = request
        if path in _NEVER_KEPT:
            return await work()
        fingerprint = self._pseudonym(f"{method} {path} {sha256(body).hexdigest()}")
        place = source, self._pseudonym(f"idempotency {token}")
        # Asked before anything is awaited: of two at once, one works and the other is told.
        if place in self._running:
            raise Problem(409, "running", "The same Idempotency-Key is being worked on; ask again in a moment.")
        self._running.add(place)
        try:
            known = await self._given.find(*place)
            if known is not None:
                return _again(known, fingerprint)
            answer = await work()
            if 200 <= answer.status < 300:
                kept = Given(fingerprint, answer.status, answer.header("location"), answer.body)
                with suppress(StoreError, DatabaseError):  # it is done: that is what the client has to hear
                    await self._given.keep(*place, kept)
            return answer
        finally:
            self._running.discard(place)


def _again(known: Given, fingerprint: str) -> Answer:
    if known.fingerprint != fingerprint:
        raise field_problem("Idempotency-Key", "it was used for another request; choose a new one")
    headers = [("idempotent-replayed", "true")]
    if known.body:
        headers.append(("content-type", "application/json"))
    if known.location:
        headers.append(("location", known.location))
    return Answer(known.status, tuple(headers), known.body)
