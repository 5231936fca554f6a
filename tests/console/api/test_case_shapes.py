"""Cases as the API shows them: every time readable, every field there."""

from console.api.case_shapes import CaseShape, clock_shape, listed_case, story_shape
from desk.deadlines import Clock
from desk.story import story_of
from desk.weighing import evidence_of


async def test_a_case_and_its_story(town):
    await town.verified()
    (listed,) = await town.desk.cases.pressing()
    shown = CaseShape.of(listed.case)
    assert (shown.verified, shown.sealed, shown.found_by) == ("2026-07-01T04:00:00Z", None, "owner")
    line = listed_case(listed, await evidence_of(town.desk.archive, listed.case), town.now)
    assert (line.complaints, line.due.standing) == (1, "running")
    story = story_shape(await story_of(town.desk.archive, 1), town.now)
    assert len(story.events) == 3
    assert story.ties == {"untied": 1}
    assert [clock.name for clock in story.clocks] == ["accept", "hand over", "decide", "answer"]


def test_a_clock_that_ran_out():
    assert clock_shape(Clock("accept", 0.0, 10.0, None), 11.0).standing == "overdue"
