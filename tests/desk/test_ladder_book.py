"""Who climbs and why: for a while, on the record, and never an emergency or public service number."""

import pytest

from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.ladder_book import version_of
from rules.audit.chain import deeds_of
from rules.judging.ladder import LadderStep
from tests.desk.town import DAY, SPAM


async def test_steps_follow_each_other_and_are_recorded(town):
    book = town.desk.ladder
    for step in (LadderStep.WATCH, LadderStep.TAG, LadderStep.LIMIT, LadderStep.REJECT, LadderStep.REJECT):
        standing = await book.climb("number", "950 12345", actor="li", reason="again")
        assert standing.step_at(town.now) is step
    (climber,) = await book.climbers()
    assert (climber.step, climber.standing.offences, climber.author) == (LadderStep.REJECT, 5, "li")
    deeds = await deeds_of(town.desk.archive.store.connection, "ladder", f"number {SPAM}")
    assert [deed.step for deed in deeds] == ["watch", "tag", "limit", "reject", "reject"]
    await book.clear("number", SPAM, actor="li", reason="appeal")
    assert await book.climbers() == []
    with pytest.raises(NotFound):
        await book.clear("number", SPAM, actor="li", reason="appeal")


async def test_a_number_given_to_a_new_owner_starts_clean(town):
    book = town.desk.ladder
    await book.assign(SPAM, owner="Loan King", actor="li")
    await book.assign(SPAM, business="Quick Cash", actor="li")
    await book.climb("number", SPAM, actor="li", reason="x", to=LadderStep.REJECT)
    await book.assign(SPAM, owner="Loan King", actor="li")
    assert await book.standing("number", SPAM), "the same owner does not wash it"
    await book.assign(SPAM, owner="A Bakery", actor="li")
    assert await book.standing("number", SPAM) is None
    assert await book.owner_of(SPAM) == "A Bakery"
    assert await book.owner_of("CN:95013333") == ""


async def test_owners_are_shown_with_their_numbers(town):
    book = town.desk.ladder
    await book.assign(SPAM, owner="Loan King", actor="li")
    await book.assign("95013333", owner="Loan King", actor="li")
    await book.climb("owner", "Loan King", actor="li", reason="x")
    await book.climb("number", SPAM, actor="li", reason="x", to=LadderStep.TAG)
    (owner,) = await book.climbers("owner")
    assert sorted(owner.numbers) == [SPAM, "CN:95013333"]
    assert [one.standing.kind for one in await book.climbers()] == ["number", "owner"]


@pytest.mark.parametrize("number", ["110", "112", "12345"])
async def test_emergency_and_service_numbers_never_stand_on_it(town, number):
    with pytest.raises(Refused):
        await town.desk.ladder.climb("number", number, actor="li", reason="x")
    with pytest.raises(Refused):
        await town.desk.ladder.assign(number, owner="Loan King", actor="li")


async def test_what_must_be_said(town):
    with pytest.raises(ComplaintError, match="reason"):
        await town.desk.ladder.climb("owner", "Loan King", actor="li", reason="")
    with pytest.raises(ComplaintError, match="which owner"):
        await town.desk.ladder.climb("owner", " ", actor="li", reason="x")
    with pytest.raises(ComplaintError, match="an owner, a business or both"):
        await town.desk.ladder.assign(SPAM, business="", actor="li")


async def test_whoever_looked_at_another_version_is_told_who_was_faster(town):
    book = town.desk.ladder
    seen = version_of(await book.climb("number", SPAM, actor="li", reason="x", version=0), town.now)
    town.now += 1
    faster = await book.climb("number", SPAM, actor="wang", reason="x", version=seen)
    for late in (seen, 0):
        with pytest.raises(Conflict) as told:
            await book.climb("number", SPAM, actor="li", reason="x", version=late)
        assert (told.value.who, told.value.when) == ("wang", town.now)
    with pytest.raises(Conflict):
        await book.clear("number", SPAM, actor="li", reason="x", version=seen)
    assert await book.standing("number", SPAM) == faster
    await book.clear("number", SPAM, actor="zhao", reason="x", version=version_of(faster, town.now))
    with pytest.raises(Conflict) as told:
        await book.climb("number", SPAM, actor="li", reason="x", version=version_of(faster, town.now))
    assert told.value.who == "zhao"


async def test_who_came_down_by_good_conduct_is_looked_at_as_nobody(town):
    book = town.desk.ladder
    await book.climb("owner", "Loan King", actor="li", reason="x")
    town.now += 100 * DAY
    assert await book.climbers() == []
    assert (await book.climb("owner", "Loan King", actor="li", reason="x", version=0)).offences == 2


async def test_owner_and_business_are_said_together_or_not_at_all(town):
    book = town.desk.ladder
    with pytest.raises(ComplaintError, match="business"):
        await book.assign(SPAM, owner="Loan King", business="Quick\x07Cash", actor="li")
    assert await book.owner_of(SPAM) == ""
