"""Which trunks bring calls with forged numbers, as officers found it."""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive


class TrunkRank(NamedTuple):
    """A trunk and what was forged on it."""

    trunk: str
    forged: int  # cases closed as forged
    complaints: int  # in these cases
    numbers: int  # different numbers that were forged
    last: float


async def ranked_trunks(archive: Archive, *, since: float = 0.0) -> list[TrunkRank]:
    """The trunks with most forged cases first."""
    query = (
        "select trunk, count(*), sum((select count(*) from complaint m where m.case_id = c.id)), "
        "count(distinct number), max(closed) from case_file c where state = 'forged' and closed >= ? "
        "group by trunk order by 2 desc, 3 desc, 1"
    )
    rows = await archive.store.connection.execute_fetchall(query, (since,))
    return [TrunkRank(*row) for row in rows]
