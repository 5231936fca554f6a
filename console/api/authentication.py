"""Who is asking: the key of a request, how often its source may ask, and how often an address may guess."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from console.api.access.allowance import Allowance, Buckets
from console.api.access.key_book import AccessKey, KeyBook
from console.api.answer import Headers
from console.api.problems import Problem
from ringfence.api_settings import ApiSettings
from ringfence.people.actor import Actor
from ringfence.people.faults import NotAllowed
from ringfence.people.people import People
from rules.storage.store import Store

REALM = 'Bearer realm="ringfence"'  # RFC 6750 section 3
_MINUTE_S = 60.0


class Caller(NamedTuple):
    """Whoever holds a working key."""

    key: AccessKey
    who: Actor  # as which account, with which rights
    limits: Headers  # what is left, for the answer (draft-ietf-httpapi-ratelimit-headers)
    use: Callable[[int], Awaitable[Headers]]  # uses up further requests of the day, or raises Problem

    @property
    def actor(self) -> str:
        """In whose name steps are taken."""
        return self.who.name

    @property
    def source(self) -> str:
        """Under which name complaints are filed."""
        return self.key.name


class Authentication:
    """Lets a request in, or raises the problem that says why not."""

    def __init__(
        self,
        store: Store,
        settings: ApiSettings,
        people: People,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys = KeyBook(store, now)
        self._people = people
        self._allowance = Allowance(store, now)
        per_second = settings.requests_per_second
        self._requests = Buckets(per_second, max(2 * per_second, 1.0), monotonic)
        per_minute = settings.failures_per_minute
        self._failures = Buckets(per_minute / _MINUTE_S, max(per_minute, 1.0), monotonic)

    async def whose(self, authorization: str, address: str) -> AccessKey:
        """The key that was sent, if it works."""
        scheme, _, token = authorization.partition(" ")
        if not authorization:
            raise _unknown("Send a key: Authorization: Bearer rf_...; `ringfence api keys add` makes one.", "")
        key = await self.keys.find(token.strip()) if scheme.casefold() == "bearer" else None
        if key is None:
            # Only wrong keys wait: nobody can shut others out who share the address.
            if wait := self._failures.take(_network(address)):
                raise _too_many("Too many requests with wrong keys came from this address.", int(wait) + 1)
            raise _unknown("This key is unknown, revoked or expired.", ', error="invalid_token"')
        return key

    async def admit(self, key: AccessKey) -> Caller:
        """Who asks, if it was not too often; one request of the day is used up."""
        if wait := self._requests.take(key.name):
            limits = (self._policy(key), ("ratelimit", '"second";r=0;t=1'))
            raise _too_many("More requests a second than this source may make.", int(wait) + 1, limits)
        try:
            who = await self._people.with_key(key.acts_as, key.name, key.scopes)
        except NotAllowed as error:
            raise Problem(403, "not-allowed", f"{error}.") from None
        return Caller(key, who, await self._use(key, 1), partial(self._use, key))

    async def _use(self, key: AccessKey, requests: int) -> Headers:
        """Use up requests of the day; what is left."""
        day = await self._allowance.use(key, requests)
        now_left, day_left = int(self._requests.left(key.name)), max(day.left, 0)
        left = f'"second";r={now_left};t=1, "day";r={day_left};t={day.resets_in}'
        limits = (self._policy(key), ("ratelimit", left))
        if day.left < 0:
            raise _too_many("This source has no more requests of the day (UTC) left.", day.resets_in, limits)
        return limits

    def _policy(self, key: AccessKey) -> tuple[str, str]:
        per_second = max(int(self._requests.per_second), 1)
        return "ratelimit-policy", f'"second";q={per_second};w=1, "day";q={key.daily};w=86400'


def _unknown(detail: str, error: str) -> Problem:
    return Problem(401, "no-key", detail, headers=(("www-authenticate", REALM + error),))


def _too_many(detail: str, wait: int, limits: Headers = ()) -> Problem:
    return Problem(429, "too-many", detail, headers=(("retry-after", str(wait)), *limits))


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, which is what one customer gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address
