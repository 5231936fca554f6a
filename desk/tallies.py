"""Sums by day, month and quarter, kept in the transaction of what they count, so that reports read little."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from desk.archive import Archive
from rules.lists.ledger import unheld_among
from rules.model import Number
from rules.numbering.intervals import digits_of, encode
from rules.records.privacy import area
from rules.records.retention import range_of
from rules.storage.store import Connection

_HELD = (
    "select j.value, c.text, c.holder, c.places from json_each(?) j "
    "join piece p on p.start = (select max(start) from piece where start <= j.value) and p.stop >= j.value "
    "join code c on c.id = p.code"
)
_ADD = (
    "insert into tally (dimension, key, period, measure, value) values (?, ?, ?, ?, ?) "
    "on conflict (dimension, period, measure, key) do update set value = value + excluded.value"
)

Sums = Counter[tuple[str, str, str, str]]  # (dimension, key, period, measure)


class CountedUnder(NamedTuple):
    """What a number is counted under."""

    kind: str
    prefix: str
    code: str
    holder: str
    unheld: str = ""  # the code, where the ledger says that nobody holds it

    def keys(self) -> list[tuple[str, str]]:
        """Dimension and key of each sum; what is unknown has none."""
        named = {"class": self.kind, "prefix": self.prefix, "code": self.code, "holder": self.holder}
        named["unheld"] = self.unheld
        return [("all", "all"), *((name, key) for name, key in named.items() if key)]


async def places_of(archive: Archive, numbers: Iterable[Number]) -> dict[str, CountedUnder]:
    """Where numbers belong by their plan and by the range ledger as it stands now; by their canonical form."""
    asked = {number.canonical: number for number in numbers}
    codes = {name: code for name in asked if (code := encode(name)) is not None}
    connection = archive.lists.store.connection
    rows = await connection.execute_fetchall(_HELD, (json.dumps(sorted(codes.values())),))
    held = {row[0]: row[1:] for row in rows}
    found = {}
    unheld = await unheld_among(connection, asked)
    for name, number in asked.items():
        kind = str(number.kind)
        text, holder, places = held.get(codes.get(name), ("", "", 0))
        if places not in (0, len(digits_of(name))):
            text = holder = ""
        found[name] = CountedUnder(kind, area(number), text, holder, range_of(name, kind) if name in unheld else "")
    return found


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
