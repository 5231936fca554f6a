"""Complaints read back: listed, paged, and as evidence."""

from rules.complaints.complaint_rows import listed, said_in
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


async def test_what_was_taken_back_is_no_evidence(town):
    filed = [await town.complain(reporter=town.subscriber(person)) for person in range(3)]
    connection = town.desk.archive.store.connection
    before = sorted(await said_in(connection, 1))
    again = await town.complain(reporter=town.subscriber(9))
    assert len(await said_in(connection, 1)) == 4
    await town.desk.complaints.withdraw(again.reference, actor="reporter")
    assert sorted(await said_in(connection, 1)) == before
    await town.desk.complaints.reject(filed[0].reference, actor="li", reason="x")
    assert len(await said_in(connection, 1)) == 2
