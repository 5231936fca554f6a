"""Sums by day, month and quarter, kept in the transaction of what they count, so that reports read little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from rules.complaints.archive import Archive
from rules.model import Number
from rules.numbering.intervals import digits_of, encode
from rules.records.privacy import area
from rules.store import Connection

_HELD = (
    "select p.stop, c.text, c.holder, c.places from piece p left join code c on c.id = p.code "
    "where p.start <= ? order by p.start desc limit 1"
)
_ADD = (
    "insert into tally (dimension, key, period, measure, value) values (?, ?, ?, ?, ?) "
    "on conflict (dimension, period, measure, key) do update set value = value + excluded.value"
)

Sums = Counter[tuple[str, str, str, str]]  # (dimension, key, period, measure)


class Place(NamedTuple):
    """What a number is counted under."""

    kind: str
    prefix: str
    code: str
    holder: str

    def keys(self) -> list[tuple[str, str]]:
        """Dimension and key of each sum; what is unknown has none."""
        named = (("class", self.kind), ("prefix", self.prefix), ("code", self.code), ("holder", self.holder))
        return [("all", "all"), *((name, key) for name, key in named if key)]


async def place_of(archive: Archive, number: Number) -> Place:
    """Where a number belongs by its plan and by the range ledger as it stands now."""
    code = encode(number.canonical)
    text = holder = ""
    if code is not None:
        rows = list(await archive.lists.store.connection.execute_fetchall(_HELD, (code,)))
        if rows and rows[0][0] >= code and rows[0][1] and rows[0][3] in (0, len(digits_of(number.canonical))):
            text, holder = rows[0][1], rows[0][2]
    return Place(str(number.kind), area(number), text, holder)


def add(
    sums: Sums, keys: Iterable[tuple[str, str]], periods: tuple[str, str, str], measure: str, value: int = 1
) -> None:
    """Count something under each of these keys, in each of these periods."""
    for dimension, key in keys:
        for period in periods:
            sums[dimension, key, period, measure] += value


async def write(connection: Connection, sums: Sums) -> None:
    """Add to what is there."""
    await connection.executemany(_ADD, [(*key, value) for key, value in sorted(sums.items()) if value])
