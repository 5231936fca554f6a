"""What comes in is entered in the audit: once for all of a transaction, and over what never changes."""

from desk.arrivals import ENTERED, compared
from desk.reading import NewComplaint
from tests.desk.town import SPAM


async def test_many_complaints_of_one_transaction_are_one_entry(town):
    news = [NewComplaint(f"9501234{digit}", "13800138000") for digit in range(4)]
    await town.desk.complaints.file_many(news)
    await town.complain(SPAM, town.subscriber(1))
    await town.desk.appeals.file(number=SPAM, attacks="rule", target="night-calls")
    query = "select subject || ' ' || subject_id from step where step = ? order by id"
    rows = await town.desk.archive.store.connection.execute_fetchall(query, (ENTERED,))
    assert [row[0] for row in rows] == [
        "cases 1..4",
        "complaints 1..4",
        "cases 5..5",
        "complaints 5..5",
        "appeals 1..1",
    ]
    assert await compared(town.desk.archive.store.connection) == ([], {"complaints": 0, "cases": 0, "appeals": 0})
