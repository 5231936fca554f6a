"""Policy tags what enough people who were called complain about; it seals nothing, and floods move nothing."""

import pytest

from desk.complaint_rows import Channel
from desk.reading import NewComplaint
from desk.reckoning import verified
from desk.seals import standing_seal
from desk.states import FoundBy
from rules.audit.chain import deeds_of
from rules.judging.ladder import LadderStep
from rules.storage.replicas import opened
from tests.desk.town import DAY, HOUR, SPAM


async def step(town, number=SPAM):
    standing = await town.desk.ladder.standing("number", number)
    return standing.step_at(town.now) if standing else LadderStep.NONE


async def called_and_complained(town, people, *, first=0, **more):
    for person in range(first, first + people):
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


async def test_at_a_node_with_a_copy_complaints_are_taken_and_move_nothing(town):
    await town.ring(SPAM, town.subscriber(9))  # the lists are there
    with opened(town.desk.archive.lists.store.path) as replica:
        replica.join("copy", "north", "record")
    await called_and_complained(town, 6)
    assert await step(town) is LadderStep.NONE
    assert (await town.desk.cases.pressing())[0].complaints == 6
    assert await town.desk.cases.mend() == []


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


async def sealed(town):
    """Five complain, policy tags, an officer verifies and seals."""
    await called_and_complained(town, 5)
    assert await step(town) is LadderStep.TAG
    await town.desk.cases.take(1, actor="li")
    await town.desk.cases.verify(1, actor="li", found_by=FoundBy.OWNER, reason="x")
    await town.desk.cases.seal(1, actor="li", reason="x")


async def granted(town):
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.appeals.grant(appeal.reference, actor="wang", reason="the number was forged")


async def test_a_granted_appeal_against_the_seal_takes_back_what_policy_did_for_the_same_complaints(town):
    await sealed(town)
    await granted(town)
    assert await town.desk.ladder.climbers() == [], "it rings, and without a tag"
    connection = town.desk.archive.store.connection
    deed = (await deeds_of(connection, "ladder", f"number {SPAM}"))[-1]
    assert (deed.actor, deed.step, deed.detail) == ("wang", "taken back", "5 different reporters in 240 h (case 1)")
    assert deed.reason.endswith(": the number was forged")
    assert (await verified(town.desk.archive)).breaks == []
    await called_and_complained(town, 2)
    assert await step(town) is LadderStep.NONE, "the old complaints count no more"


async def test_a_refused_appeal_leaves_it(town):
    await sealed(town)
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.appeals.refuse(appeal.reference, actor="wang", reason="x")
    assert await step(town) is LadderStep.TAG


async def test_the_step_of_a_person_stays(town):
    """One taken before policy acted stands again as it was; one taken after it was never policy's."""
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="noted")
    noted = await town.desk.ladder.standing("number", SPAM)
    town.now += HOUR
    await sealed(town)
    await granted(town)
    assert await town.desk.ladder.standing("number", SPAM) == noted
    (climber,) = await town.desk.ladder.climbers()
    assert climber.author == "li"


async def test_a_step_that_a_person_took_after_policy_stays(town):
    await sealed(town)
    await town.desk.ladder.climb("number", SPAM, actor="li", reason="worse", to=LadderStep.LIMIT)
    await granted(town)
    assert await step(town) is LadderStep.LIMIT


async def test_what_policy_did_about_other_complaints_stays(town):
    await called_and_complained(town, 5)
    await town.desk.cases.hand_over(1, actor="li", to="Other Telecom")
    second = await town.verified()
    await town.desk.cases.seal(second, actor="li", reason="x")
    await granted(town)
    assert await step(town) is LadderStep.TAG


async def test_a_step_from_before_a_new_owner_does_not_come_back(town):
    for owner in ("Loan King", "A Bank"):
        await town.desk.ladder.climb("number", SPAM, actor="li", reason="x")
        await town.desk.ladder.assign(SPAM, owner=owner, actor="li")
    await sealed(town)
    await granted(town)
    assert await step(town) is LadderStep.NONE


async def test_whoever_gets_a_number_is_not_tagged_for_what_was_said_of_its_last_owner(town):
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await called_and_complained(town, 4)
    town.now += DAY
    await town.desk.ladder.assign(SPAM, owner="A Bakery", actor="li")
    await town.desk.ladder.assign(SPAM, owner="a bakery", actor="li")
    town.now += HOUR
    await called_and_complained(town, 1, first=4)
    assert await step(town) is LadderStep.NONE
    await called_and_complained(town, 4, first=5)
    assert await step(town) is LadderStep.TAG, "five complain of the bakery"


async def test_an_owner_who_becomes_known_is_no_new_one(town):
    await called_and_complained(town, 4)
    town.now += HOUR
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await called_and_complained(town, 1, first=4)
    assert await step(town) is LadderStep.TAG


async def test_a_stop_between_the_release_and_the_ladder_is_mended_by_granting_again(town):
    await sealed(town)
    appeal = await town.desk.appeals.file(number=SPAM)
    await town.desk.cases.release_on_appeal(1, appeal.reference, actor="wang", reason="forged")
    await town.reopen()
    await town.desk.appeals.grant(appeal.reference, actor="wang", reason="forged")
    assert await step(town) is LadderStep.NONE


@pytest.mark.parametrize("end", ["close_unfounded", "close_forged"])
async def test_a_case_that_proved_nothing_takes_it_back_too(town, end):
    await called_and_complained(town, 5)
    await town.desk.cases.take(1, actor="li")
    await getattr(town.desk.cases, end)(1, actor="li", reason="nobody called")
    assert await step(town) is LadderStep.NONE
    assert (await verified(town.desk.archive)).breaks == []


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
