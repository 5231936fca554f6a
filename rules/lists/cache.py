"""The look-up of the call path: what is known in memory, then one query on SQLite; unknown rather than late."""

from __future__ import annotations

import os
from datetime import datetime
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from cachetools import LRUCache

from rules.lists.conflicts import in_holes
from rules.lists.origins import read_hours, within
from rules.lists.suspension import STANDS
from rules.lists.unlisted import Unlisted
from rules.model import Call, Hit
from rules.numbering.intervals import EXACT, PLACES, SPACE, encode, narrowness
from rules.storage.statements import sql
from rules.storage.store import HotReader, NoReader, ReadError, StoreError

# Single numbers and wide entries in one step. Ten million numbers: 5 us, p99 12 us, warm.
_QUERY: Final = sql(
    """
select e.list, o.source, o.expires, o.trunks, o.review, o.hours, 0, 0, 0, null, '', {stands}, o.created
  from exact e join origin o on o.id = e.origin
 where e.code = ?1
union all
select w.list, o.source, o.expires, o.trunks, o.review, o.hours, w.start, w.stop, w.places, w.text, w.holes,
       {stands}, o.created
  from span s join wide w on w.id = s.wide join origin o on o.id = w.origin
 where s.start = (select start from span where start <= ?1 order by start desc limit 1) and w.stop >= ?1
""",
    stands=STANDS,
)
_POLICIES = "select id, name, kind, suspicion, shared from list where configured"
_REVISION = "select revision, ledger, subscribers from change"
_STEPS: Final = 500  # a look-up takes about 60 steps of SQLite's machine: the deadline is asked for long ones only
_SLOW_S: Final = 0.001


class _Policy(NamedTuple):
    name: str
    kind: str
    suspicion: int
    shared: bool


class Lookup:
    """Which list entries cover a number. It lives in the event loop and never waits for anybody."""

    def __init__(
        self, path: Path, *, entries: int, budget_s: float = 0.02, zone: str = "UTC", fallback: Path | None = None
    ) -> None:
        self.path, self._fallback = path, fallback
        self.fallbacks = 0  # times that the database was found damaged
        self.on_snapshot = False
        self.damaged = False  # and there is nothing to fall back on
        self.absent = ""  # why nothing is open at all
        self.gone = False  # the file has no name any more: what is open of it stays in use
        self.replaced = False  # by another database, which is no copy of it: the same
        self._zone = ZoneInfo(zone)
        # number -> (hits, since, until, revision): true from the last expiry passed to the next one to come
        self._cache: LRUCache[str, tuple[tuple[Hit, ...], float, float, int]] = LRUCache(entries)
        self.unlisted: Unlisted | None = None  # counts while its revision is ours
        self.opened = 0  # times that another file was opened
        self._budget_s = budget_s
        self._deadline = inf
        self._policies: dict[int, _Policy] = {}
        self.revision = -1  # of the lists, as far as was seen
        self.ledger_revision = 0  # of the range ledger, and of the subscribers' lists: 0 when there is none
        self.subscribers_revision = 0
        self._data_version = -1
        self.hits = 0
        self.misses = 0
        self.slow = 0
        self.unknown = 0
        self.reading = path  # the file that is open: the database, or the last good copy of it
        self._inode = _inode(path)
        self._lineage = -1  # of the database that is open, as far as it could be read
        self._reader = self._first()
        self.poll()

    def take(self, *, budget_s: float, zone: str) -> None:
        """Give a look-up so long, and read days in this zone, from now on."""
        self._budget_s, self._zone = budget_s, ZoneInfo(zone)

    def look_up(self, canonical: str, now: float) -> tuple[Hit, ...] | None:
        """Every entry that covers the number at this moment, the narrowest first; None: unknown."""
        known = self._cache.get(canonical)  # by key it would raise for each number that it lacks: 1 us
        if known is not None and known[1] <= now < known[2] and known[3] == self.revision:
            self.hits += 1
            return known[0]
        return self._read(canonical, now)

    def poll(self) -> None:
        """See what other connections and processes have changed; called four times a second."""
        if _inode(self.path) != self._inode:
            self._reopen()
        self._deadline = perf_counter() + self._budget_s
        try:
            version = self._reader.data_version()
            if version == self._data_version:
                return
            revision, self.ledger_revision, self.subscribers_revision = self._reader.rows(_REVISION)[0]
            if revision != self.revision:
                rows = self._reader.rows(_POLICIES)
                self._policies = {row[0]: _Policy(row[1], row[2], row[3], bool(row[4])) for row in rows}
                self.revision = revision
                self._lineage = self._reader.lineage
            self._data_version = version
        except ReadError as error:
            self.unknown += 1  # the next poll asks again
            if error.corrupt:
                self._fall_back()

    def ask(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]] | None:
        """The rows of a query that reads little, within the budget; None: unknown, and counted."""
        started = perf_counter()
        self._deadline = started + self._budget_s
        try:
            rows = self._reader.rows(query, parameters)
        except ReadError as error:
            if not (error.corrupt and self._fall_back()):
                self.unknown += 1
                return None
            return self.ask(query, parameters)
        if perf_counter() - started > _SLOW_S:
            self.slow += 1
        return rows

    @property
    def wanting(self) -> bool:
        """Should the database be opened again soon, since it could not be opened as it should be?"""
        return bool(self.absent) or self._reader.frozen

    def look_again(self) -> None:
        """The database is found sound after all: the next poll judges by it."""
        self._inode = None

    def close(self) -> None:
        """Nothing is open any more."""
        self._reader.close()

    def _first(self) -> HotReader:
        """The database, else its last good copy; else nothing, where there could be a copy: calls must go on."""
        try:
            return self._open(self.path)
        except StoreError as error:
            if self._fallback is None:
                raise
            why = str(error)
        try:
            reader = self._open(self._fallback)
        except StoreError:
            self.absent = why
            return NoReader()
        self.on_snapshot, self.fallbacks = True, 1
        return reader

    def _open(self, path: Path) -> HotReader:
        reader = HotReader(path, anyhow=True)
        reader.abort_when(self._overdue, steps=_STEPS)
        self.reading, self.unlisted, self.opened = path, None, self.opened + 1
        return reader

    def _fall_back(self) -> bool:
        """Judge by the last good snapshot from now on; false when there is none, or it is in use already."""
        if self.on_snapshot or self._fallback is None or not self._fallback.exists():
            self.damaged = True
            return False
        self.on_snapshot, self.fallbacks = True, self.fallbacks + 1
        self._change_reader(self._fallback)
        return True

    def _reopen(self) -> None:
        """Another file stands where the database stood: it was restored."""
        inode = _inode(self.path)
        self.gone = inode is None
        if inode is None:
            return  # what is open stays readable
        self._inode = inode
        try:
            self.replaced = not self._is_ours()
            if not self.replaced:
                self._change_reader(self.path)
                self.on_snapshot = False
        except (StoreError, ReadError):
            self.unknown += 1  # what is open stays in use

    def _is_ours(self) -> bool:
        """Is it the database that was open, a copy of it, or one that was put in its place by `ringfence db restore`?

        Whoever adds an entry to lists that were deleted makes a new database: it must not empty all others.
        """
        if self.absent or self._lineage < 0:
            return True
        reader = HotReader(self.path)
        try:
            return reader.lineage in (0, self._lineage)
        finally:
            reader.close()

    def _change_reader(self, path: Path) -> None:
        reader = self._open(path)
        self._reader.close()
        self._reader, self.damaged, self.absent = reader, False, ""
        self._cache.clear()
        self.revision = self._data_version = -1
        self.poll()

    def _minute(self, now: float) -> int:
        local = datetime.fromtimestamp(now, self._zone)
        return local.hour * 60 + local.minute

    def _overdue(self) -> bool:
        return perf_counter() > self._deadline

    def _read(self, canonical: str, now: float) -> tuple[Hit, ...] | None:
        code = encode(canonical)
        if code is None:
            return ()  # no list can hold it
        unlisted = self.unlisted
        if unlisted is not None and unlisted.revision == self.revision and unlisted.is_free(code):
            self.hits += 1
            return ()
        self.misses += 1
        rows = self.ask(_QUERY, (code,))
        if rows is None:
            return None
        answer = self._answer(canonical, code, rows, now) if rows else ((), -inf, inf, self.revision)
        self._cache[canonical] = answer
        return answer[0]

    def _answer(
        self, canonical: str, code: int, rows: list[tuple[Any, ...]], now: float
    ) -> tuple[tuple[Hit, ...], float, float, int]:
        since, until = -inf, inf
        found = []
        for list_id, source, expires, trunks, review, hours, start, stop, places, text, holes, sealed, added in rows:
            policy = self._policies.get(list_id)
            if policy is None or (places and _length(code) != places) or (holes and in_holes(holes, code)):
                continue
            if sealed is not None and policy.kind == "allow" and not policy.shared:
                continue  # suspended
            of_seal = sealed is not None and policy.kind == "sealed" and text is None
            if ends := [end for end in (expires, review) if end is not None]:
                end = min(ends)
                if end <= now:
                    since = max(since, end)
                    continue
                until = min(until, end)
            if hours and policy.kind == "allow":
                # Asked again each minute: such entries are few, and no rule of summer time needs to be known here.
                since, until = max(since, now // 60 * 60), min(until, now // 60 * 60 + 60)
                if not within(read_hours(hours), self._minute(now)):
                    continue
            found.append(
                Hit(
                    list=policy.name,
                    kind=policy.kind,
                    entry=canonical if text is None else text,
                    source=str(sealed) if of_seal else source,
                    number=canonical,
                    narrowness=EXACT if text is None else narrowness(start, stop),
                    suspicion=policy.suspicion if policy.kind == "suspect" else 0,
                    shared=policy.shared,
                    trunks=tuple(trunks.split()),
                    of="seal" if of_seal else "",
                    added=added,
                )
            )
        found.sort(key=lambda hit: (-hit.narrowness, hit.list, hit.entry))
        return tuple(found), since, until, self.revision


def asked_of(hits: tuple[Hit, ...], call: Call, lists: frozenset[str]) -> tuple[Hit, ...]:
    """The entries for a called number on lists that rules ask about.

    One that lets every caller through counts where nobody can read another number: the PBX might ring that one.
    """
    single = len(call.called_readings) == 1
    return tuple(hit for hit in hits if hit.list in lists and (single or hit.kind != "emergency"))


def only_single(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Of the entries that cover a number which a caller's spelling only looks like, those that are this number.

    A prefix would hit too many whom nobody meant: +86170* each caller of +1 70x who is spelt 00170x.
    """
    return tuple(hit for hit in hits if hit.narrowness == EXACT and hit.kind not in ("allow", "subscriber-allow"))


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _length(code: int) -> int:
    """How many digits an encoded number has."""
    rest, length = code % SPACE, PLACES
    while rest and rest % 11 == 0:
        rest //= 11
        length -= 1
    return length
