"""What a file changes on a list: what comes, what differs now, what goes; what stands there just so is left alone.

Of what stands there already a row changes what it gives, as `ringfence lists add` does: nothing else is wiped, and what
a row leaves out is left out beside what was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.lists.admission import EntryError
from rules.lists.conflicts import read_holes, with_holes, written_holes
from rules.lists.import_batch import MASK, SHIFT, line_of
from rules.lists.origins import CONTENT, Origin, differences, origin_of
from rules.numbering.intervals import Interval, interval_of
from rules.storage.statements import sql
from rules.storage.store import Connection

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
    """Compares the rows of a file, sorted, with what stands on a list. Who wrote an entry down makes no difference.

    ``origins``, by index, grow by what comes of old ones together with what the file gives; ``together`` makes these.
    ``unsaid``: the source of what names none, which alone makes no difference.
    """

    def __init__(
        self,
        connection: Connection,
        list_id: int,
        origins: list[Origin],
        together: Callable[[Origin, int], Origin],
        *,
        unsaid: str = "",
    ) -> None:
        self._connection, self._list = connection, list_id
        self._origins, self._together, self._unsaid = origins, together, unsaid
        self._indexes = {origin: index for index, origin in reversed(list(enumerate(origins)))}
        self._old: dict[int, Origin] = {}  # by id
        self._writes: dict[tuple[int, int], int | None] = {}
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
            return
        index = self._to_write(origin, packed & MASK, line_of(packed))
        if index is None:
            found.unchanged += 1
        else:
            found.numbers.append(packed & ~MASK | index)
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
            if stands is not None:
                origin, stood = stands
                holes = self._holes(interval, stood, holes, line)
                written = self._to_write(origin, index, line)
                if written is None and holes == stood:
                    self.found.unchanged += 1
                    continue
                if written is None:
                    written = self._index(self._together(self._old[origin], index))
                index = written
                self.found.changed += 1
            self.found.wides[interval] = index, holes, line
        if whole:
            self.found.gone_wides = sorted(standing)

    @staticmethod
    def _holes(interval: Interval, stood: str, holes: str, line: int) -> str:
        if not holes or not stood or holes == stood:
            return holes or stood
        try:
            return written_holes(with_holes(interval, read_holes(stood), map(interval_of, read_holes(holes))))
        except EntryError as error:
            raise EntryError(error.name, error.reason, line) from error

    async def _learn(self, origins: Iterable[int]) -> None:
        """Read the origins that were not seen yet."""
        unseen = json.dumps(sorted({origin for origin in origins if origin not in self._old}))
        query = sql("select id, {content} from origin where id in (select value from json_each(?))", content=CONTENT)
        for row in await self._connection.execute_fetchall(query, (unseen,)) if len(unseen) > 2 else ():
            self._old[row[0]] = origin_of(tuple(row)[1:])

    def _to_write(self, origin: int, index: int, line: int) -> int | None:
        """Under which index an entry that stands is written; None where nothing is different."""
        key = (origin, index)
        if key not in self._writes:
            stands = self._old[origin]
            try:
                becomes = self._together(stands, index)
            except EntryError as error:
                raise EntryError(error.name, error.reason, line) from error
            changed = set(differences(stands, becomes))
            if self._unsaid and becomes.source == self._unsaid:
                changed.discard("source")
            self._writes[key] = self._index(becomes) if changed else None
        return self._writes[key]

    def _index(self, origin: Origin) -> int:
        if origin not in self._indexes:
            if len(self._origins) > MASK:
                raise EntryError("too-many-origins", "more than 16 million different reasons, sources and notes")
            self._indexes[origin] = len(self._origins)
            self._origins.append(origin)
        return self._indexes[origin]
