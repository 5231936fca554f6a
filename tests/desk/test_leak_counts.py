"""The leak board as it is kept: never another than all complaints counted anew, and few of them read."""

import random

from tests.desk.older import laid_out_before
from tests.desk.test_leaks import TITLE, directory, named
from tests.desk.town import DAY, SPAM

OTHERS = ("ABC Bank Chaoyang", "ABC Bank Haidian", "Lake shop", "lake shop west", "Shop by the lake")


async def test_the_kept_board_is_always_what_counting_all_anew_would_be(town):
    """Whatever came, ended, was tied, moved to another office, was seen or became too old."""
    await directory(town)
    rand = random.Random(3)
    filed = []

    async def one_more():
        filed.append((await named(town, rand.randrange(20), rand.choice(OTHERS), tied=rand.random() < 0.5)).reference)

    async def withdrawn():
        if filed:
            await town.desk.complaints.withdraw(filed.pop(rand.randrange(len(filed))), actor="li")

    async def tied_late():
        person = town.subscriber(rand.randrange(20))
        await town.ring(SPAM, person, at=town.now - 300)
        await town.desk.catch_up()

    async def seen():
        if leaks := await town.desk.leaks.board():
            await town.desk.leaks.see(rand.choice(leaks).office, actor="li", reason="the bank was called")

    async def merged():
        if unknown := await town.desk.offices.unknown(9):
            await town.desk.offices.merge(rand.choice(unknown).name, TITLE, actor="li")

    async def days_later():
        town.now += rand.choice((1, 9)) * DAY

    steps = (one_more, one_more, one_more, withdrawn, tied_late, seen, merged, days_later)
    for _ in range(60):
        town.now += 60
        await rand.choice(steps)()
        if rand.random() < 0.5:
            continue  # several changes between two looks
        kept = await town.desk.leaks.board(), await town.desk.offices.unknown(9)
        await everything_changed(town)
        assert kept == (await town.desk.leaks.board(), await town.desk.offices.unknown(9))
    town.now -= 20 * DAY  # a clock that is set right
    kept = await town.desk.leaks.board()
    await everything_changed(town)
    assert kept == await town.desk.leaks.board()


async def everything_changed(town):
    async with town.desk.archive.store.transaction() as connection:
        await connection.execute("delete from leak_counted")
        await connection.execute(
            "insert or replace into leak_changed select distinct branch, 1 from complaint where branch <> ''"
        )


async def test_the_board_reads_no_complaint_of_an_office_of_which_nobody_spoke_since(town):
    for person in range(9):
        await named(town, person, f"Shop {person}")
    await town.desk.leaks.board()
    await named(town, 10, "Shop 3")
    asked = []
    connection = town.desk.archive.store.connection
    await connection.set_trace_callback(asked.append)
    await town.desk.leaks.board()
    await connection.set_trace_callback(None)
    assert {one.partition("branch = ")[2][:8] for one in asked if "from complaint" in one} == {"'Shop 3'"}


async def test_what_was_filed_before_there_was_a_kept_board_stands_on_it(town):
    for person in range(3):
        await named(town, person, "Lake shop")
    await laid_out_before(town, 16)
    await town.open()
    assert [(one.office, one.tied) for one in await town.desk.leaks.board()] == [("Lake shop", 3)]
