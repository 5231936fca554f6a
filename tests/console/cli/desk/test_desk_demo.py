"""The desk of the demonstration: leaks that alarm, cases that are late, an owner on the ladder, letters that wait."""

from console.cli.desk.desk_demo import LEAKS, Lately
from desk.alerts import alerts
from desk.queue import counts
from desk.states import AppealState
from tests.desk.town import NOON


async def test_there_is_something_to_see_on_each_page(town):
    now = [NOON]
    town.desk.archive.now = lambda: now[0]
    filed = await Lately(town.desk, now, lambda _: None).fill(NOON)
    archive = town.desk.archive
    assert filed > 1_500
    leaks = {one.office: one for one in await town.desk.leaks.board()}
    assert all(leaks[office].weight >= 5 for office, *_ in LEAKS)
    assert {"leak", "inquiry", "letters"} <= {one.kind for one in await alerts(archive)}
    waiting = await counts(archive, "li")
    assert waiting.overdue > 0
    assert waiting.mine > 0
    assert len(await town.desk.appeals.listed(state=AppealState.FILED)) == 3
    assert (await town.desk.ladder.climbers("owner"))[0].numbers
    assert await town.desk.offices.unknown()
