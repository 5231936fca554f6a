"""Whatever begins or ends a session is entered, so that one which stands there otherwise is found."""

import pytest

from ringfence.people.people_by_entries import people_by_entries
from ringfence.people.session_rows import print_of
from tests.ringfence.people.conftest import KEYS

GOOD = "four blue horses run"
HOUR = 3600.0


async def faults(office):
    return (await people_by_entries(office.store.connection, lambda: KEYS)).faults


async def signed_in(office):
    return (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token


@pytest.fixture
async def people(office):
    await office.add("zhao", "admin")
    await office.add("li", "admin", password=GOOD)
    return office


async def test_every_way_in_which_sessions_end_is_entered(people):
    li = await people.accounts.named("li")
    ends = {
        "signed out": lambda: people.people.sign_out(token),
        "revoked": lambda: people.sessions.revoke(li.id, "li", author="zhao"),
        "password": lambda: people.people.set_password("li", GOOD, author="li"),
        "disabled": lambda: people.accounts.disable("li", author="zhao"),
    }
    connection = people.store.connection
    for step, end in ends.items():
        token = await signed_in(people)
        kept = list(await connection.execute_fetchall("select * from session"))
        assert await faults(people) == []
        await end()
        assert (await faults(people), await people.people.session_of(token)) == ([], None)
        async with people.store.transaction() as changing:  # by hand
            await changing.executemany("insert into session values (?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
        found = await faults(people)
        assert ["was ended, and is there" in one for one in found] == [True], step
        async with people.store.transaction() as changing:
            await changing.execute("delete from session")


async def test_sessions_that_are_too_old_or_too_many_end_with_the_next(people):
    for _ in range(12):
        people.time += 1
        await signed_in(people)
    assert len(await people.sessions.listed()) == 10
    assert await faults(people) == []
    people.time += 13 * HOUR
    await signed_in(people)
    assert len(list(await people.store.connection.execute_fetchall("select * from session"))) == 1
    assert await faults(people) == []
    rows = await people.store.connection.execute_fetchall("select before from step where before <> ''")
    assert sum(len(row[0].split()) - 1 for row in rows) == 12


def test_a_print_tells_whose_it_is_since_when_and_by_whom():
    one = (b"\x0a", 1, 5.0, "", "")
    others = [(b"\x0b", *one[1:]), (b"\x0a", 2, 5.0, "", ""), (b"\x0a", 1, 5.5, "", ""), (b"\x0a", 1, 5.0, "li", "")]
    assert len({print_of(*each) for each in (one, *others)}) == 5
