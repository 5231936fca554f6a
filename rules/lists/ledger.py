"""The range ledger: who holds which code, read in from files; for rules it says held, expired or unheld."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NamedTuple

from cachetools import LRUCache

from rules.lists.admission import EntryError, read_beginning
from rules.lists.cache import Lookup
from rules.lists.holding import overlap
from rules.model import Call
from rules.numbering.intervals import Interval, decode, digits_of, encode
from rules.storage.store import Connection, Store

_HEAD = 5  # characters: +8640, CN:95
_QUERY = (
    "select p.stop, c.text, c.holder, c.host, c.purpose, c.valid_until, c.places from piece p "
    "left join code c on c.id = p.code where p.start <= ? order by p.start desc limit 1"
)
_CACHED = 50_000


class State(StrEnum):
    """What the ledger says of a number."""

    HELD = "held"
    EXPIRED = "expired"
    UNHELD = "unheld"


class Held(NamedTuple):
    """Who holds the code that a number lies in."""

    state: State
    code: str = ""
    holder: str = ""
    host: str = ""
    purpose: str = ""
    until: float = inf  # its validity

    def facts(self) -> dict[str, float | str | bool]:
        """As rules see it, under ``fact``."""
        named = {"code": self.code, "holder": self.holder, "host": self.host, "purpose": self.purpose}
        return {"ledger": self.state.value, **{name: value for name, value in named.items() if value}}

    def enter(self, call: Call) -> None:
        """Let rules and the record see it of the caller, beside the class, which the plan alone says."""
        call.facts = {**(call.facts or {}), **self.facts()}


class Ledger:
    """The call path's view: most callers are told apart by their first characters and never looked up."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._revision = 0
        self._heads: frozenset[str] = frozenset()
        self._widths: tuple[int, ...] = ()
        self._cache: LRUCache[str, tuple[Held | None, float]] = LRUCache(_CACHED)  # with the end of validity
        self.any = False
        self.poll()

    def poll(self) -> None:
        """See what was imported."""
        revision = self._lookup.ledger_revision
        if revision == self._revision:
            return
        rows = self._lookup.ask("select text from head")
        if rows is None:
            return  # the next poll asks again
        self._heads = frozenset(row[0] for row in rows)
        self._widths = tuple(sorted({len(head) for head in self._heads}))
        self._cache.clear()
        self._revision, self.any = revision, bool(rows)

    def look_up(self, canonical: str, now: float) -> Held | None:
        """What the ledger knows of a number; None: nothing, or it could not be read."""
        for width in self._widths:
            if canonical[:width] in self._heads:
                break
        else:
            return None
        known = self._cache.get(canonical)
        if known is None:
            known = self._read(canonical)
            if known is None:
                return None
            self._cache[canonical] = known
        held, valid_until = known
        if held is not None and held.state is State.HELD and valid_until <= now:
            return held._replace(state=State.EXPIRED)
        return held

    def _read(self, canonical: str) -> tuple[Held | None, float] | None:
        code = encode(canonical)
        rows = self._lookup.ask(_QUERY, (code,)) if code is not None else []
        if rows is None:
            return None
        if not rows or code is None or rows[0][0] < code:
            return None, inf
        _, text, holder, host, purpose, valid_until, places = rows[0]
        if text is None or (places and places != len(digits_of(canonical))):
            return Held(State.UNHELD), inf
        until = inf if valid_until is None else valid_until
        return Held(State.HELD, text, holder, host, purpose, until), until


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the ledger."""

    text: str
    holder: str
    host: str
    purpose: str
    valid_until: float | None


def read_code(text: str, country: str) -> Interval:
    """``95012`` is every number that begins with it; ``4001230000..4001239999`` is a range."""
    try:
        return read_beginning(text, country=country)
    except EntryError as error:
        if error.name != "not-a-prefix":
            raise
        raise EntryError("not-a-code", str(error)) from error


async def holders_of(store: Store, interval: Interval, now: float) -> list[Code]:
    """The codes that an entry meets and that somebody holds now: whom it would hit; the narrowest first."""
    query = (
        "select text, holder, host, purpose, valid_until, places from code where start <= ? and stop >= ? "
        "and holder <> '' and (valid_until is null or valid_until > ?) order by stop - start, start"
    )
    rows = await store.connection.execute_fetchall(query, (interval.stop, interval.start, now))
    return [Code(*row[:5]) for row in rows if not interval.places or row[5] in (0, interval.places)]


async def holders_hit(connection: Connection, codes: list[int], wides: Iterable[Interval], now: float) -> list[Code]:
    """The codes, in their order, that somebody holds now and that one of these sorted numbers or wide entries meets."""
    query = (
        "select start, stop, places, text, holder, host, purpose, valid_until from code "
        "where holder <> '' and (valid_until is null or valid_until > ?) order by start, stop"
    )
    wide = overlap(sorted((one.start, one.stop) for one in wides))
    found = []
    for start, stop, places, *code in await connection.execute_fetchall(query, (now,)):
        inside = range(bisect_left(codes, start), bisect_right(codes, stop))
        met = bool(inside) and (not places or any(len(digits_of(decode(codes[at]))) == places for at in inside))
        if met or wide(start, stop):
            found.append(Code(*code))
    return found


async def flatten(connection: Connection) -> None:
    """Write the pieces anew: disjoint, the narrowest code winning, null where a complete beginning has no code."""
    codes = await connection.execute_fetchall("select start, stop, id, text from code")
    wholes = await connection.execute_fetchall("select start, stop, null, text from complete")
    covers = [(row[0], row[1], row[2], row[3]) for row in (*codes, *wholes)]
    await connection.execute("delete from piece")
    await connection.executemany(
        "insert into piece values (?, ?, ?)", pieces([(start, stop, code) for start, stop, code, _ in covers])
    )
    await connection.execute("delete from head")
    heads = {text.partition("..")[0].rstrip("*")[:_HEAD] for *_, text in covers}
    await connection.executemany("insert into head values (?)", [(head,) for head in heads])


def pieces(covers: list[tuple[int, int, int | None]]) -> list[tuple[int, int, int | None]]:
    """Intervals with their codes, cut into disjoint ones; where several cover a number, the narrowest wins."""
    # A code wins against the complete beginning of the same extent.
    order = sorted(covers, key=lambda cover: (cover[0], -cover[1], cover[2] is not None))
    found: list[tuple[int, int, int | None]] = []
    open_: list[tuple[int, int | None]] = []  # (stop, code), the narrowest last
    at = 0

    def close(until: int) -> None:
        nonlocal at
        while open_ and at < until:
            stop, code = open_[-1]
            end = min(stop, until - 1)
            if at <= end:
                found.append((at, end, code))
                at = end + 1
            if stop < until:
                open_.pop()

    for start, stop, code in order:
        close(start)
        at = max(at, start)
        open_.append((stop, code))
        open_.sort(key=lambda one: -one[0])
    close(max((stop for _, stop, _ in covers), default=0) + 1)
    return found


async def codes(store: Store, *, limit: int = 100, expired_at: float | None = None) -> list[Code]:
    """Codes in the order of their digits; ``expired_at``: only those that were expired then."""
    query = (
        "select text, holder, host, purpose, valid_until from code where (?1 is null or valid_until <= ?1) "
        "order by start limit ?2"
    )
    return [Code(*row) for row in await store.connection.execute_fetchall(query, (expired_at, limit))]


class Beginning(NamedTuple):
    """A beginning of numbers of which every code is in the ledger, and how many these are."""

    text: str
    codes: int


async def complete_beginnings(store: Store) -> list[Beginning]:
    """The beginnings that are complete, in the order of their digits."""
    query = (
        "select w.text, (select count(*) from code c where c.start >= w.start and c.stop <= w.stop) "
        "from complete w order by w.start, w.stop"
    )
    return [Beginning(*row) for row in await store.connection.execute_fetchall(query)]


async def unheld_among(connection: Connection, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers lie in a complete beginning and in no code, as the ledger stands now."""
    codes = {code: number for number in numbers if (code := encode(number)) is not None}
    query = (
        "select j.value, coalesce(c.places, 0) from json_each(?) j "
        "join piece p on p.start = (select max(start) from piece where start <= j.value) and p.stop >= j.value "
        "left join code c on c.id = p.code where c.id is null or c.places > 0"
    )
    rows = await connection.execute_fetchall(query, (json.dumps(sorted(codes)),))
    return {codes[code] for code, places in rows if not places or places != len(digits_of(codes[code]))}


async def any_unheld(connection: Connection, interval: Interval) -> bool:
    """Is any number of the interval unheld, as the ledger stands now?"""
    query = (
        "select 1 from piece p left join code c on c.id = p.code "
        "where p.start <= ? and p.stop >= ? and (c.id is null or c.places > 0) limit 1"
    )
    return bool(list(await connection.execute_fetchall(query, (interval.stop, interval.start))))
