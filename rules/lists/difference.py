"""What a file changes on a list: what comes, what differs now, what goes; what stands there just so is left alone."""

# ruff: noqa: S608 - queries are put together from this file's own words only

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.lists.import_batch import MASK, SHIFT
from rules.lists.origins import AUTHOR, CONTENT, Origin
from rules.numbering.intervals import Interval
from rules.store import Connection

_PAGE = 50_000
_Wide = tuple[int, str, int]  # index of its origin, holes, line


@dataclass(slots=True)
class Difference:
    """What has to be written, and what has to go."""

    numbers: list[int] = field(default_factory=list)  # packed: new ones, and those that are different now
    wides: dict[Interval, _Wide] = field(default_factory=dict)
    changed: int = 0  # of these stood there before
    unchanged: int = 0
    gone: list[int] = field(default_factory=list)  # codes that the new version lacks
    gone_wides: list[tuple[int, int, int]] = field(default_factory=list)  # start, stop, places

    @property
    def added(self) -> int:
        """How many come."""
        return len(self.numbers) + len(self.wides) - self.changed

    @property
    def removed(self) -> int:
        """How many go."""
        return len(self.gone) + len(self.gone_wides)


class Comparison:
    """Compares the rows of a file, sorted, with what stands on a list. Who wrote an entry down makes no difference."""

    def __init__(self, connection: Connection, list_id: int, origins: Iterable[Origin]) -> None:
        self._connection, self._list = connection, list_id
        self._new = [_content(origin.row()) for origin in origins]  # by index
        self._old: dict[int, tuple[Any, ...]] = {}  # by id
        self._same: dict[tuple[int, int], bool] = {}
        self.found = Difference()

    async def numbers(self, packed: Sequence[int], *, whole: bool) -> None:
        """Compare single numbers; ``whole``: what is not among them goes."""
        if whole:
            await self._whole(packed)
            return
        query = "select code, origin from exact where list = ? and code in (select value from json_each(?))"
        for at in range(0, len(packed), _PAGE):
            some = packed[at : at + _PAGE]
            codes = await asyncio.to_thread(lambda part: json.dumps([p >> SHIFT for p in part]), some)
            rows = list(await self._connection.execute_fetchall(query, (self._list, codes)))
            await self._learn(origin for _, origin in rows)
            await asyncio.to_thread(self._sort, some, dict(map(tuple, rows)))

    def _sort(self, some: Iterable[int], standing: dict[int, int]) -> None:
        for packed in some:
            self._one(packed, standing.get(packed >> SHIFT))

    def _one(self, packed: int, origin: int | None) -> None:
        found = self.found
        if origin is None:
            found.numbers.append(packed)
        elif self._alike(origin, packed & MASK):
            found.unchanged += 1
        else:
            found.numbers.append(packed)
            found.changed += 1

    async def _whole(self, packed: Sequence[int]) -> None:
        """Both in the order of their codes, side by side."""
        query = "select code, origin from exact where list = ? and code > ? order by code limit ?"
        after, at = -1, 0
        while rows := list(await self._connection.execute_fetchall(query, (self._list, after, _PAGE))):
            await self._learn(origin for _, origin in rows)
            at = await asyncio.to_thread(self._side_by_side, packed, at, rows)
            after = rows[-1][0]
        self.found.numbers += packed[at:]

    def _side_by_side(self, packed: Sequence[int], at: int, rows: Iterable[Any]) -> int:
        end, found = len(packed), self.found
        for code, origin in rows:
            while at < end and packed[at] >> SHIFT < code:
                found.numbers.append(packed[at])
                at += 1
            if at < end and packed[at] >> SHIFT == code:
                self._one(packed[at], origin)
                at += 1
            else:
                found.gone.append(code)
        return at

    async def wides(self, wanted: dict[Interval, _Wide], *, whole: bool) -> None:
        """Compare prefixes and ranges, of which there are few."""
        if not wanted and not whole:
            return
        query = "select start, stop, places, origin, holes from wide where list = ?"
        rows = list(await self._connection.execute_fetchall(query, (self._list,)))
        await self._learn(row[3] for row in rows)
        standing = {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}
        for interval, (index, holes, line) in wanted.items():
            stands = standing.pop((interval.start, interval.stop, interval.places), None)
            if stands is not None and stands[1] == holes and self._alike(stands[0], index):
                self.found.unchanged += 1
                continue
            self.found.changed += stands is not None
            self.found.wides[interval] = index, holes, line
        if whole:
            self.found.gone_wides = sorted(standing)

    async def _learn(self, origins: Iterable[int]) -> None:
        """Read the origins that were not seen yet."""
        unseen = json.dumps(sorted({origin for origin in origins if origin not in self._old}))
        query = f"select id, {CONTENT} from origin where id in (select value from json_each(?))"
        for row in await self._connection.execute_fetchall(query, (unseen,)) if len(unseen) > 2 else ():
            self._old[row[0]] = _content(tuple(row)[1:])

    def _alike(self, origin: int, index: int) -> bool:
        key = (origin, index)
        known = self._same.get(key)
        if known is None:
            known = self._same[key] = self._old.get(origin) == self._new[index]
        return known


def _content(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[:AUTHOR] + row[AUTHOR + 1 :]
