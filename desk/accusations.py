"""The complaints about one number: how many by state, and the latest of them."""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive
from desk.complaint_rows import COLUMNS, Complaint, complaint_of
from rules.storage.statements import sql

# What was withdrawn says nothing. Each complaint belongs to a case of its number, whose index holds all that is asked.
_ABOUT = sql(
    "from complaint indexed by complaint_case "
    "where case_id in (select id from case_file where number = ?) and state <> 'withdrawn'"
)


class Accusations(NamedTuple):
    """Complaints about a number, without those that were withdrawn."""

    by_state: dict[str, int]
    latest: list[Complaint]  # the newest first

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_state.values())


async def accusations(archive: Archive, number: str, limit: int = 10) -> Accusations:
    """What was complained of about this canonical number."""
    connection = archive.store.connection
    counts = await connection.execute_fetchall(
        sql("select state, count(*) {about} group by state order by state", about=_ABOUT), (number,)
    )
    query = sql(
        "select {columns} from complaint where id in (select id {about} order by id desc limit ?) order by id desc",
        columns=COLUMNS,
        about=_ABOUT,
    )
    rows = await connection.execute_fetchall(query, (number, limit))
    return Accusations({row[0]: row[1] for row in counts}, [complaint_of(row) for row in rows])
