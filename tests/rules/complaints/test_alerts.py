"""Alerts: a code whose complaints jump, and an office that five people name."""

from rules.complaints.alerts import Alert, alerts
from rules.complaints.reading import NewComplaint
from tests.rules.complaints.town import DAY, SPAM


async def people(town, count, first=0):
    news = [NewComplaint(SPAM, town.subscriber(first + person)) for person in range(count)]
    await town.desk.complaints.file_many(news)


async def test_a_jump_against_the_usual_day(town):
    for _ in range(28):
        await people(town, 10)
        town.now += DAY
    await people(town, 29)
    assert await alerts(town.desk.archive) == []
    await people(town, 30)
    assert await alerts(town.desk.archive) == [Alert("jump", "CN:950", 30, 10.0)]


async def test_five_reporters_name_one_branch(town):
    for person in range(5):
        assert await alerts(town.desk.archive) == []
        await town.complain(reporter=town.subscriber(person), knew={"plan": "199", "branch": "Chaoyang"})
        await town.complain(reporter=town.subscriber(person), accused="95013333", knew={"branch": "Chaoyang"})
    assert await alerts(town.desk.archive) == [Alert("leak", "Chaoyang", 5, 5.0)]
    town.now += 31 * DAY
    assert await alerts(town.desk.archive) == []
