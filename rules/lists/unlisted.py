"""Which numbers no list covers, told from memory: a bitmap of all entries, made anew when they have changed."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Final

from rules.storage.store import HotReader, ReadError, StoreError

if TYPE_CHECKING:
    from rules.lists.cache import Lookup

_REVISION: Final = "select revision from change"
# As one text, since each row that SQLite gives takes the interpreter from the loop once more.
_CODES: Final = (
    "select group_concat(code), max(code) from (select code from exact where code > ? order by code limit ?)"
)
_WIDE: Final = "select start, stop from wide limit ?"
_COUNT: Final = "select count(*) from (select 1 from exact limit ?)"
_AT_ONCE: Final = 100  # codes read before the loop gets its turn: 50 us
_REST_S: Final = 0.0002  # after each: calls come first, and nobody waits for this; a million take three seconds
_MOST_WIDE: Final = 50_000  # prefixes and ranges that are kept; of more, each look-up asks the database
# Of more, each look-up asks the database, too: ten million take half a minute to read after each change, and calls cost
# more meanwhile than the bitmap saves.
_MOST_SINGLE: Final = 2_000_000
_ROOM: Final = 16  # bits an entry, and up to twice as many: one number in twenty is asked for in vain
_LEAST: Final = 1 << 16  # bits; the most are 8 MiB
_QUIET_S: Final = 1.0  # without a change, before it is made anew: an import changes the lists many times
_SHARE: Final = 5.0  # of the time it may be in the making for a sixth, most of which is rest
_LONGEST_S: Final = 3600.0


class Unlisted:
    """Every entry of one revision of the lists. It errs on one side only: what it calls free, no entry covers."""

    __slots__ = ("_bits", "_mask", "_starts", "_stops", "revision")

    def __init__(self, revision: int, entries: int, wide: Sequence[tuple[int, int]]) -> None:
        """`entries` are to be added; `wide` are the first and last codes of prefixes and ranges, in any order."""
        size = _LEAST
        while size < entries * _ROOM:
            size *= 2
        self.revision = revision
        self._bits = bytearray(size // 8)
        self._mask = size - 1  # codes are to base 11: all digits of a number reach their lowest bits
        self._starts: list[int] = []  # intervals that neither touch nor overlap, in order
        self._stops: list[int] = []
        for start, stop in sorted(wide):
            if self._stops and start <= self._stops[-1] + 1:
                self._stops[-1] = max(self._stops[-1], stop)
            else:
                self._starts.append(start)
                self._stops.append(stop)

    def add(self, code: int) -> None:
        """A single number is listed."""
        at = code & self._mask
        self._bits[at >> 3] |= 1 << (at & 7)

    def is_free(self, code: int) -> bool:
        """Is it certain that no entry covers the number of this code (`rules.numbering.intervals.encode`)?"""
        at = code & self._mask
        if self._bits[at >> 3] >> (at & 7) & 1:
            return False
        before = bisect_right(self._starts, code) if self._starts else 0
        return before == 0 or self._stops[before - 1] < code


def read_unlisted(
    path: Path,
    stopped: Callable[[], bool],
    *,
    at_once: int = _AT_ONCE,
    most_wide: int = _MOST_WIDE,
    most_single: int = _MOST_SINGLE,
) -> Unlisted | None:
    """Read all entries, in a thread; None where there are too many, or something changed meanwhile.

    Raises ReadError and StoreError.
    """
    reader = HotReader(path)
    try:
        revision = reader.rows(_REVISION)[0][0]
        wide = reader.rows(_WIDE, (most_wide + 1,))
        single = reader.rows(_COUNT, (most_single + 1,))[0][0]
        if len(wide) > most_wide or single > most_single:
            return None
        unlisted = Unlisted(revision, single, wide)
        codes, last = reader.rows(_CODES, (-1, at_once))[0]
        while last is not None:
            if stopped():
                return None
            for code in codes.split(","):
                unlisted.add(int(code))
            sleep(_REST_S)
            codes, last = reader.rows(_CODES, (last, at_once))[0]
        # Each change of an entry raises the revision in its own transaction, so that no long one is needed here.
        return unlisted if reader.rows(_REVISION)[0][0] == revision else None
    finally:
        reader.close()


class Renewal:
    """Keeps the bitmap of a look-up near its revision; asked on every poll, it mostly does nothing."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._revision = -1
        self._tried = (-1, -1)  # of which file and revision it was made, or can't be
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def poll(self, now: float) -> None:
        """Begin to make it anew if the lists have changed, and have been quiet since."""
        lookup = self._lookup
        if lookup.revision != self._revision:
            self._revision = lookup.revision
            self._due = max(self._due, now + _QUIET_S)
        if self._due > now + _LONGEST_S:  # a clock set back
            self._due = now + _QUIET_S
        known = lookup.unlisted
        there = known is not None and known.revision == lookup.revision
        if now >= self._due and self._task is None and not there and self._tried != (lookup.opened, lookup.revision):
            self._task = asyncio.get_running_loop().create_task(self._renew(now), name="unlisted numbers")

    async def close(self) -> None:
        """Nothing is read any more."""
        self._closed = True
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _renew(self, now: float) -> None:
        lookup, begun = self._lookup, perf_counter()
        tried = opened, _ = lookup.opened, lookup.revision
        try:
            made = await asyncio.to_thread(read_unlisted, lookup.reading, self._is_closed)
            self._tried = tried
            if opened == lookup.opened:  # else another file stands there now
                lookup.unlisted = made
        except (ReadError, StoreError):
            pass  # the database is asked, as before; whoever looks up finds out what is wrong with it
        finally:
            self._due = now + _QUIET_S + min((perf_counter() - begun) * _SHARE, _LONGEST_S / 2)
            self._task = None

    def _is_closed(self) -> bool:
        return self._closed
