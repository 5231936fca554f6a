"""Which numbers an owner or a business had one after another, and what became of each: who is stopped takes another."""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive
from desk.case_files import CaseFile, cases_of
from desk.holders import Holder
from desk.seals import standing_seal


class Held(NamedTuple):
    """A number of somebody's."""

    number: str
    since: float
    case: CaseFile | None  # the latest
    sealed: bool


class Holding(NamedTuple):
    """Somebody with his numbers, the oldest first."""

    kind: Holder
    name: str
    numbers: list[Held]


async def rotations(archive: Archive, *, limit: int = 50) -> list[Holding]:
    """Whoever has several numbers, or one with a case; those with most numbers first."""
    connection = archive.lists.store.connection
    query = "select kind, name, count(*) from belongs group by kind, name order by count(*) desc, name limit ?"
    found = []
    for kind, name, _ in list(await connection.execute_fetchall(query, (limit,))):
        rows = await connection.execute_fetchall(
            "select number, since from belongs where kind = ? and name = ? order by since, number limit 200",
            (kind, name),
        )
        numbers = [await _held(archive, number, since) for number, since in list(rows)]
        found.append(Holding(kind, name, numbers))
    owners = {(one.name, tuple(one.numbers)) for one in found if one.kind == "owner"}
    # Who calls for himself is told once.
    return [one for one in found if one.kind == "owner" or (one.name, tuple(one.numbers)) not in owners]


async def _held(archive: Archive, number: str, since: float) -> Held:
    cases = await cases_of(archive.store.connection, number)
    return Held(number, since, cases[-1] if cases else None, await standing_seal(archive, number) is not None)
