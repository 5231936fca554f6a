"""Complaints read back: listed and paged."""

from rules.complaints.complaint_rows import listed
from rules.complaints.states import ComplaintState
from tests.rules.complaints.town import SPAM


async def test_newest_first_and_paged(town):
    for person in range(5):
        await town.complain(reporter=town.subscriber(person), source="app" if person else "desk")
    connection = town.desk.archive.store.connection
    assert [one.id for one in await listed(connection, limit=2)] == [5, 4]
    assert [one.id for one in await listed(connection, limit=2, before=4)] == [3, 2]
    assert [one.id for one in await listed(connection, source="desk", accused=SPAM)] == [1]
    assert await listed(connection, state=ComplaintState.REJECTED) == []
    assert len(await listed(connection, case_id=1)) == 5
