"""The lists of subscribers: whom one wants to hear always, and whom never; who it is stands there as a pseudonym."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2s
from typing import Literal, NamedTuple

from cachetools import LRUCache

from rules.audit.chain import Deed, record
from rules.lists.admission import EntryError, prefix_as_shown, read_entry
from rules.lists.cache import Lookup, only_single
from rules.model import Call, Hit, Number
from rules.numbering.intervals import EXACT, Interval, digits_of, encode, narrowness
from rules.numbering.typed import one_typed
from rules.numbering.within import no_number
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys
from rules.storage.store import Connection, Store

Kind = Literal["allow", "block"]
MOST = 100  # entries of one kind
_POLICIES: dict[Kind, ListSettings] = {"allow": ListSettings(kind="allow"), "block": ListSettings(kind="block")}
_QUERY = "select kind, start, stop, places, text from subscriber_entry where subscriber = ?"
_BLOCKS = "subscriber-block"
_CACHED = 50_000

_Row = tuple[str, int, int, int, str]


def pseudonym_of(key: bytes, canonical: str) -> bytes:
    """Who the subscriber is, to nobody without the key."""
    return blake2s(canonical.encode(), digest_size=16, key=key, person=b"subscrib").digest()


class SubscriberLists:
    """The call path's view: no look-up while nobody has a list, and one for each called number after that."""

    def __init__(self, lookup: Lookup, key: bytes) -> None:
        self._lookup, self._key = lookup, key
        self._revision = 0
        self._cache: LRUCache[str, tuple[_Row, ...]] = LRUCache(_CACHED)
        self.any = False
        self.poll()

    def poll(self) -> None:
        """See what was changed."""
        revision = self._lookup.subscribers_revision
        if revision == self._revision:
            return
        rows = self._lookup.ask("select exists (select 1 from subscriber_entry)")
        if rows is None:
            return  # the next poll asks again
        self._cache.clear()
        self._revision, self.any = revision, bool(rows[0][0])

    def look_up_call(self, call: Call) -> tuple[Hit, ...]:
        """The entries of whoever the call may ring that cover whoever its caller may be."""
        hits = self.look_up(call.called.canonical, call.callers)
        for number in call.called_readings[1:]:
            hits += tuple(hit for hit in self.look_up(number.canonical, call.callers) if hit.kind == _BLOCKS)
        if call.resembled:
            for number in call.called_readings:
                hits += only_single(self.look_up(number.canonical, call.resembled))
        return hits

    def look_up(self, called: str, callers: tuple[Number, ...]) -> tuple[Hit, ...]:
        """The entries of the called subscriber that cover one of these callers."""
        rows = self._cache.get(called)
        if rows is None:
            if not called:
                return ()
            found = self._lookup.ask(_QUERY, (pseudonym_of(self._key, called),))
            if found is None:
                return ()  # counted as unknown; a subscriber's wish is no reason to stop judging
            rows = self._cache[called] = tuple(found)
        return _hits(rows, callers) if rows else ()


def _hits(rows: tuple[_Row, ...], callers: tuple[Number, ...]) -> tuple[Hit, ...]:
    found = []
    for caller in callers:
        code = encode(caller.canonical)
        if code is None:
            continue
        length = len(digits_of(caller.canonical))
        for kind, start, stop, places, text in rows:
            if start <= code <= stop and places in (0, length):
                narrow = EXACT if start == stop else narrowness(start, stop)
                name = f"subscriber-{kind}"
                found.append(Hit(name, name, text, "subscriber", caller.canonical, narrow))
    return tuple(found)


class Listed(NamedTuple):
    """One entry of a subscriber."""

    kind: str
    entry: str
    created: float


class SubscriberStore:
    """Changes and shows the lists of subscribers."""

    def __init__(self, store: Store, key: bytes, now: Callable[[], float]) -> None:
        self._store, self._key, self._now = store, key, now

    async def add(self, subscriber: str, kind: Kind, text: str, *, country: str = "", author: str = "") -> str:
        """Put a caller on a subscriber's list; how the entry reads."""
        return (await self.add_all(subscriber, kind, (text,), country=country, author=author))[0]

    async def add_all(
        self, subscriber: str, kind: Kind, texts: Iterable[str], *, country: str = "", author: str = ""
    ) -> list[str]:
        """Put callers on a subscriber's list, all or none; how the entries read."""
        who = self._who(subscriber, country)
        intervals = [read_entry(text, _POLICIES[kind], country=country) for text in texts]
        async with self._store.transaction() as connection:
            await connection.executemany(
                "insert into subscriber_entry values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                [(who, kind, one.start, one.stop, one.places, one.text, self._now()) for one in intervals],
            )
            query = "select count(*) from subscriber_entry where subscriber = ? and kind = ?"
            ((entries,),) = await connection.execute_fetchall(query, (who, kind))
            if entries > MOST:
                raise EntryError(
                    "full", f"this subscriber would have {entries} entries of kind {kind}; {MOST} is the most"
                )
            await connection.execute("update change set subscribers = subscribers + 1")
            await self._enter(connection, subscriber, country, f"put on own {kind} list", intervals, author)
        return [one.text for one in intervals]

    async def remove(self, subscriber: str, kind: Kind, text: str, *, country: str = "", author: str = "") -> str:
        """Take a caller off a subscriber's list; how the entry read."""
        return (await self.remove_all(subscriber, kind, (text,), country=country, author=author))[0]

    async def remove_all(
        self, subscriber: str, kind: Kind, texts: Iterable[str], *, country: str = "", author: str = ""
    ) -> list[str]:
        """Take callers off a subscriber's list, all or none; how the entries read."""
        who = self._who(subscriber, country)
        stand = {each.entry for each in await self.show(subscriber, country=country) if each.kind == kind}
        intervals = [
            (prefix_as_shown(text) if text in stand else None) or read_entry(text, _POLICIES["allow"], country=country)
            for text in texts
        ]
        async with self._store.transaction() as connection:
            for interval in intervals:
                done = await connection.execute(
                    "delete from subscriber_entry where subscriber = ? and kind = ? "
                    "and start = ? and stop = ? and places = ?",
                    (who, kind, interval.start, interval.stop, interval.places),
                )
                if not done.rowcount:
                    raise EntryError("not-listed", f"{interval.text} is not on this subscriber's {kind} list")
            await connection.execute("update change set subscribers = subscribers + 1")
            await self._enter(connection, subscriber, country, f"taken off own {kind} list", intervals, author)
        return [one.text for one in intervals]

    async def show(self, subscriber: str, *, country: str = "") -> list[Listed]:
        """The entries of a subscriber."""
        query = "select kind, text, created from subscriber_entry where subscriber = ? order by kind, start"
        who = self._who(subscriber, country)
        return [Listed(*row) for row in await self._store.connection.execute_fetchall(query, (who,))]

    async def _enter(
        self, connection: Connection, subscriber: str, country: str, step: str, callers: list[Interval], author: str
    ) -> None:
        """Enter it in the audit: the subscriber and single callers by their pseudonyms."""
        keys = Keys((), self._key)
        who = keys.hide(_number_of(subscriber, country))
        named = ", ".join(keys.hide(one.text) if one.exact else one.text for one in callers)
        await record(connection, [Deed(self._now(), author, "number", who, step, "", named)])

    def _who(self, subscriber: str, country: str) -> bytes:
        return pseudonym_of(self._key, _number_of(subscriber, country))


def _number_of(subscriber: str, country: str) -> str:
    try:
        number = one_typed(subscriber, country, called=True)
    except ValueError as error:
        raise EntryError("not-a-number", str(error)) from error
    if not number.canonical:
        why = no_number(subscriber, number.kind, country)
        raise EntryError("not-a-number", str(why) if why.hint else f"{subscriber!r} is no number of a subscriber")
    return number.canonical
