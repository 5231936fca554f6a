"""What is known of each office that was named as a leak: kept as it was counted last, counted again where it changed.

The database itself notes which offices complaints came to, left or changed at (0017_leaks.sql), whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from desk.archive import Archive
from desk.leak_people import Speaker, counted_once, people_since
from desk.states import COUNTED
from rules.storage.statements import put, sql
from rules.storage.store import StoreError

_DAY_S = 86_400.0
HEARD_DAYS = 365  # names that no office has are told for so long
_CHANGED = (
    "select office, times from leak_changed union all select office, 0 from leak_counted "
    "where (days <> ?1 or first < ?2 or heard_first < ?3 or at > ?4) "
    "and office not in (select office from leak_changed)"
)
_SPOKE = sql(
    "select reporter, line, max(decision <> '' or tie <> 'untied'), count(*), min(received), max(received) "
    "from complaint where branch = ?1 and branch <> '' and received >= ?2 and {counted} group by reporter, line",
    counted=COUNTED,
)
_CALLERS = sql(
    "select count(distinct accused) from complaint where branch = ?1 and branch <> '' and received >= ?2 and {counted}",
    counted=COUNTED,
)
_HEARD = (
    "select coalesce(min(received), 0), coalesce(max(received), 0), count(*), count(distinct reporter) from complaint "
    "where branch = ?1 and branch <> '' and received >= ?2"
)
_KEEP = put(
    "leak_counted",
    "office",
    "at days first last complaints callers tied untied fresh_tied fresh_untied heard_first heard_last heard reporters",
)
_NEVER = 1e18  # nothing counts: nothing becomes too old


class Counted(NamedTuple):
    """An office, as it was counted."""

    office: str
    at: float
    days: int
    first: float
    last: float
    complaints: int
    callers: int
    tied: int
    untied: int
    fresh_tied: int
    fresh_untied: int
    heard_first: float
    heard_last: float
    heard: int
    reporters: int


async def offices_counted(archive: Archive) -> list[Counted]:
    """Every office that somebody named within a year, as of now."""
    connection, now, days = archive.store.connection, archive.now(), archive.settings.branch_days
    since, heard_since = now - days * _DAY_S, now - HEARD_DAYS * _DAY_S
    rows = await connection.execute_fetchall(_CHANGED, (days, since, heard_since, now))
    changed = [(str(office), int(times)) for office, times in rows]
    fresh = [await _count(archive, office, since, heard_since) for office, _ in changed]
    if changed:
        with suppress(StoreError):  # a disk that is full: the board is right all the same
            await _keep(archive, changed, fresh)
    kept = [Counted(*row) for row in await connection.execute_fetchall("select * from leak_counted")]
    anew = {one.office for one in fresh}
    return [one for one in (*(one for one in kept if one.office not in anew), *fresh) if one.heard]


async def _count(archive: Archive, office: str, since: float, heard_since: float) -> Counted:
    connection, days = archive.store.connection, archive.settings.branch_days
    rows = list(await connection.execute_fetchall(_SPOKE, (office, since)))
    speakers = [Speaker(row[0], row[1], bool(row[2]), row[4]) for row in rows]
    ((seen,),) = await connection.execute_fetchall("select max(at) from leak_seen where office = ?", (office,))
    ((callers,),) = await connection.execute_fetchall(_CALLERS, (office, since))
    (heard,) = await connection.execute_fetchall(_HEARD, (office, heard_since))
    people = counted_once(speakers)
    return Counted(
        *(office, archive.now(), days),
        *(min((row[4] for row in rows), default=_NEVER), max((row[5] for row in rows), default=0.0)),
        *(sum(row[3] for row in rows), callers, *people),
        *(people if seen is None else people_since(speakers, seen)),
        *heard,
    )


async def _keep(archive: Archive, changed: Sequence[tuple[str, int]], fresh: Sequence[Counted]) -> None:
    """What changed once more meanwhile stays noted."""
    async with archive.store.transaction() as connection:
        await connection.executemany("delete from leak_changed where office = ? and times = ?", changed)
        await connection.executemany(_KEEP, [tuple(one) for one in fresh if one.heard])
        gone = json.dumps([one.office for one in fresh if not one.heard])
        await connection.execute("delete from leak_counted where office in (select value from json_each(?))", (gone,))
