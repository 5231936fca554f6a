"""How many complaints there are of a caller, or of the block that his number lies in, where some rule asks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from rules.language.values import BLOCK, COMPLAINTS, read_count_name, read_rate_name
from rules.model import Call
from rules.storage.statements import sql
from rules.storage.store import HotReader, ReadError, StoreError

_COUNTED_AT_MOST: Final = 10_000
_COUNTS: Final = sql("state <> 'withdrawn' and state <> 'rejected' and received > ? limit ?)")
_OF_CALLER: Final = sql("select count(*) from (select 1 from complaint where accused = ? and {counts}", counts=_COUNTS)
_OF_BLOCK: Final = sql(
    "select count(*) from (select 1 from complaint where accused >= ? and accused < ? and {counts}", counts=_COUNTS
)
_CACHED: Final = 50_000
_KEPT_S: Final = 60.0  # so long a figure is taken as it is, if no complaint came
_SKIPPED: Final = 20  # polls between attempts to open the database: five seconds
_SHORTEST_BLOCK: Final = 4

_Wanted = tuple[str, int, int]  # name of the fact, digits that a block leaves out (0: the number), seconds


class Complained:
    """The call path's view of the desk's database, which may not be there: then the facts are lacking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: HotReader | None = None
        self._version = -1
        self._skipped = 0  # polls since it was last tried to open it
        self._wanted: list[_Wanted] = []
        self._known: LRUCache[tuple[str, int, int], tuple[int, float]] = LRUCache(_CACHED)

    @property
    def any(self) -> bool:
        """Is anything asked of it?"""
        return bool(self._wanted)

    def ask(self, names: Iterable[str]) -> None:
        """Count these from now on, as far as they are complaints."""
        self._wanted = []
        for name in sorted(names):
            rate = read_rate_name(name)
            found = read_count_name(rate[0]) if rate is not None else None
            if rate is not None and found is not None and found[0] == COMPLAINTS:
                per = found[1][0]
                self._wanted.append((name, len(per.removeprefix(BLOCK)) - 1 if per.startswith(BLOCK) else 0, rate[1]))
        self._known.clear()
        self._skipped = 0
        self.poll()

    def poll(self) -> None:
        """See whether a complaint came; called four times a second."""
        if not self._wanted:
            return
        if self._reader is None:
            self._skipped = (self._skipped + 1) % _SKIPPED
            if self._skipped != 1 or not self._path.exists():
                return
            try:
                self._reader = HotReader(self._path)
            except (StoreError, OSError):
                return
        try:
            version = self._reader.data_version()
        except ReadError:
            return
        if version != self._version:
            self._version = version
            self._known.clear()

    def measure(self, call: Call, facts: dict[str, float | str | bool]) -> None:
        """Enter the figures of a call; what cannot be read is lacking."""
        number = call.caller.canonical
        if self._reader is None or not number:
            return
        for name, left_out, seconds in self._wanted:
            of = number[:-left_out] if left_out else number
            if left_out and len(number) <= left_out + _SHORTEST_BLOCK:
                continue
            key = (of, left_out, seconds)
            known = self._known.get(key)
            if known is None or not 0.0 <= call.at - known[1] < _KEPT_S:
                count = self._count(self._reader, of, left_out, call.at - seconds)
                if count is None:
                    continue
                known = self._known[key] = (count, call.at)
            facts[name] = known[0]

    def close(self) -> None:
        """Nothing is open any more."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _count(self, reader: HotReader, of: str, left_out: int, since: float) -> int | None:
        try:
            if left_out:
                # A colon comes behind the digits: all that begin so.
                rows = reader.rows(_OF_BLOCK, (of, f"{of}:", since, _COUNTED_AT_MOST))
            else:
                rows = reader.rows(_OF_CALLER, (of, since, _COUNTED_AT_MOST))
        except ReadError:
            return None
        return int(rows[0][0])
