"""Policy tags what enough people who were called complain about; it seals nothing, and floods move nothing."""

import pytest

from rules.complaints.complaint_rows import Channel
from rules.complaints.ladder import LadderStep
from rules.complaints.reading import NewComplaint
from rules.complaints.seals import standing_seal
from tests.rules.complaints.town import DAY, SPAM


async def step(town, number=SPAM):
    standing = await town.desk.ladder.standing("number", number)
    return standing.step_at(town.now) if standing else LadderStep.NONE


async def called_and_complained(town, people, **more):
    for person in range(people):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), **more)


async def test_five_who_were_called_suffice_to_tag(town):
    await called_and_complained(town, 4)
    assert await step(town) is LadderStep.NONE
    await called_and_complained(town, 5)
    assert await step(town) is LadderStep.TAG
    (climber,) = await town.desk.ladder.climbers()
    assert (climber.author, climber.standing.reason) == ("policy", "5 different reporters in 240 h (case 1)")
    await called_and_complained(town, 6, channel=Channel.CENTRE)
    assert (await town.desk.ladder.standing("number", SPAM)).offences == 1, "the same campaign is one offence"
    assert await standing_seal(town.desk.archive, SPAM) is None


async def test_a_thousand_who_were_never_called_move_nothing(town):
    flood = [NewComplaint(SPAM, town.subscriber(person)) for person in range(1_000)]
    assert all(one.never_called for one in await town.desk.complaints.file_many(flood))
    assert await step(town) is LadderStep.NONE


async def test_one_who_was_called_a_hundred_times_moves_nothing(town):
    for day in range(9):
        town.now += DAY
        await town.ring(SPAM, town.subscriber(1))
        await town.complain(reporter=town.subscriber(1))
        await town.complain(reporter=f"alias {day}", called=town.subscriber(1))
    assert await step(town) is LadderStep.NONE


async def test_a_number_on_an_allow_list_stays_as_it_is(town):
    await town.desk.archive.lists.add("allowed", "95012345", country="CN")
    await called_and_complained(town, 9)
    assert await step(town) is LadderStep.NONE
    assert (await town.desk.cases.pressing())[0].complaints == 9, "but a person sees it"


@pytest.mark.parametrize(("chosen", "expected"), [("limit", LadderStep.LIMIT), ("none", LadderStep.NONE)])
async def test_the_operator_chooses_what_happens(town, chosen, expected):
    await town.reopen(policy_step=chosen)
    await called_and_complained(town, 5)
    assert await step(town) is expected


async def test_old_and_withdrawn_complaints_do_not_count(town):
    await called_and_complained(town, 4)
    town.now += 11 * DAY
    await called_and_complained(town, 1)
    assert await step(town) is LadderStep.NONE


async def test_a_public_service_number_waits_for_a_person(town):
    for person in range(5):
        await town.ring("12345", town.subscriber(person))
        await town.complain("12345", reporter=town.subscriber(person))
    assert await town.desk.ladder.climbers() == []
