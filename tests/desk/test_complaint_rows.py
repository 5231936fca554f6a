"""Complaints read back: listed and paged."""

from desk.complaint_rows import find, listed, words_of
from desk.states import ComplaintState
from tests.desk.town import DAY, SPAM


async def test_newest_first_and_paged(town):
    for person in range(5):
        await town.complain(reporter=town.subscriber(person), source="app" if person else "desk")
    connection = town.desk.archive.store.connection
    assert [one.id for one in await listed(connection, limit=2)] == [5, 4]
    assert [one.id for one in await listed(connection, limit=2, before=4)] == [3, 2]
    assert [one.id for one in await listed(connection, source="desk", accused=SPAM)] == [1]
    assert await listed(connection, state=ComplaintState.REJECTED) == []
    assert len(await listed(connection, case_id=1)) == 5


async def test_those_of_a_case_newest_first_whatever_became_of_each(town):
    filed = [await town.complain(("95012345", "95013333")[n % 3 == 2], town.subscriber(n)) for n in range(12)]
    for one in (filed[1], filed[10]):
        await town.desk.complaints.withdraw(one.reference, actor="reporter")
    await town.desk.complaints.reject(filed[6].reference, actor="li", reason="none")
    await town.desk.cases.take(1, actor="li")
    await town.complain(reporter=town.subscriber(20))
    connection, seen = town.desk.archive.store.connection, []
    while page := await listed(connection, case_id=1, limit=3, before=seen[-1] if seen else None):
        seen += [one.id for one in page]
    assert seen == [13, 11, 10, 8, 7, 5, 4, 2, 1]


async def test_what_people_wrote_is_erased_some_time_after_the_answer(town):
    """The complaint itself stays, and so does what nobody has answered yet."""
    await town.reopen(words_days=30)
    said = {"text": "he called at night", "contact": "a@example.com", "knew": {"plan": "Gold", "branch": "Chaoyang"}}
    answered = await town.complain(**said)
    waiting = await town.complain("95013333", **said)
    appeal = await town.desk.appeals.file(number=SPAM, attacks="rule", text="we are a bank")
    await town.desk.cases.close_unfounded(answered.case_id, actor="li", reason="x")
    await town.desk.appeals.refuse(appeal.reference, actor="li", reason="x")

    async def words() -> list[bool]:
        connection, secrecy = town.desk.archive.store.connection, town.desk.archive.secrecy
        found = [await find(connection, one.reference) for one in (answered, waiting)]
        return [
            *[bool(await words_of(connection, secrecy, one)) for one in found],
            bool((await town.desk.appeals.find(appeal.reference))[2]),
        ]

    for days, kept in ((29, [True, True, True]), (2, [False, True, False])):
        town.now += days * DAY
        await town.desk.counting.catch_up()
        assert await words() == kept
    found = await find(town.desk.archive.store.connection, answered.reference)
    assert (found.knew, found.branch, found.state) == (("plan", "branch"), "Chaoyang", "answered")
    letters = [letter.about for letter in await town.desk.letters.kept()]
    assert answered.reference not in letters
    assert waiting.reference in letters
