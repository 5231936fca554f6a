"""One person who looks at far more numbers than his peers, at night, or at one office's customers, is told by name."""

import random

import pytest

from desk.conduct import conduct, is_night
from desk.disclosure import LOOKS, note_listing, note_look
from desk.unmasking import REFUSED
from tests.desk.town import DAY, HOUR, NOON

PEERS = ("wang", "zhao", "chen", "sun")


async def look(town, actor, times=1, *, at=None, listed=0, subject="number", ids=None):
    """Somebody looks so often, by a clock of his own."""
    now, town.now = town.now, town.now if at is None else at
    for turn in range(times):
        if listed:
            await note_listing(town.desk.archive, "case", listed, actor=actor)
        else:
            await note_look(town.desk.archive, subject, ids[turn] if ids else str(turn), actor=actor)
    town.now = now


async def told(town):
    return [(one.actor, one.why, one.numbers, one.usual) for one in await conduct(town.desk.archive)]


async def weeks(town, dice):
    """Four ordinary weeks: each of five looks at 5 to 40 numbers a day, in daylight."""
    for days in range(1, 28):
        for actor in (*PEERS, "li"):
            await look(town, actor, listed=dice.randint(5, 40), at=NOON - days * DAY + dice.uniform(-3, 5) * HOUR)


@pytest.mark.parametrize("seed", range(3))
async def test_ordinary_weeks_raise_nothing_and_the_one_who_reads_everything_does(town, seed):
    dice = random.Random(seed)
    await weeks(town, dice)
    for actor in PEERS:
        await look(town, actor, listed=dice.randint(5, 60))
    assert await told(town) == []
    await look(town, "li", 12, listed=50)
    (found,) = await told(town)
    assert found[:2] == ("li", "looks at far more numbers than others do")
    assert 600 <= found[2] <= 640, "and what he looked at this noon a day ago"
    assert 10 <= found[3] <= 35


async def test_who_is_alone_is_held_against_the_least(town):
    await look(town, "li", listed=99)
    assert await told(town) == []
    await look(town, "li")
    assert await told(town) == [("li", "looks at far more numbers than others do", 100, 0.0)]


async def test_at_night(town):
    await look(town, "li", listed=19, at=NOON - 12 * HOUR)
    assert await told(town) == []
    await look(town, "li", at=NOON - 6.5 * HOUR)
    assert await told(town) == [("li", "looks at numbers at night (22:00-06:00)", 20, 20.0)]
    town.now += DAY
    assert await told(town) == []


@pytest.mark.parametrize(("hours", "night"), [("22:00-06:00", False), ("11:00-13:00", True), ("", False)])
async def test_which_hours_are_night_is_a_setting(town, hours, night):
    archive = town.desk.archive
    archive.privacy = archive.privacy.model_copy(update={"night_hours": hours})
    assert is_night(archive, NOON) is night


async def test_customers_of_one_office(town):
    named = [
        (await town.complain("95014444", town.subscriber(n), knew={"branch": "Chaoyang"})).reference for n in range(20)
    ]
    other = [(await town.complain("95014444", town.subscriber(100 + n))).reference for n in range(10)]
    await look(town, "li", 19, subject="complaint", ids=named)
    await look(town, "wang", 20, subject="complaint", ids=named)
    await look(town, "wang", 10, subject="complaint", ids=other)
    assert await told(town) == []
    await look(town, "li", subject="complaint", ids=named[19:])
    assert await told(town) == [("li", "looks at customers of one office: Chaoyang", 20, 20.0)]


async def test_looks_are_found_out_of_their_index(town):
    connection = town.desk.archive.store.connection
    query = "select sql from sqlite_master where name = 'step_looked'"
    ((made,),) = await connection.execute_fetchall(query)
    assert {each for each in LOOKS | {REFUSED} if f"'{each}'" in made} == LOOKS | {REFUSED}
