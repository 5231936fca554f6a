"""Four eyes: one proposes, another with the right confirms, within three days; a desk of one says so openly."""

import pytest

from ringfence.people.accounts import Wanted, read_roles
from ringfence.people.carrying_out import confirm
from ringfence.people.faults import NotAllowed, PeopleError, Waits
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import Right


@pytest.fixture
async def two(office):
    """An admin and two officers, with four eyes."""
    office.people.approvals._settings = PeopleSettings()
    await office.add("li", "admin")
    for name in ("wang", "zhao"):
        with_role = Wanted(name, read_roles(["complaint-officer"]))
        await office.accounts.add(with_role, author="li")  # a sole admin acts alone
    return office


async def as_whom(office, name):
    return (await office.accounts.named(name)).acts("page")


async def proposed(office, **more) -> Waits:
    asked = {"actor": "wang", "reason": "rings at night"} | more
    with pytest.raises(Waits) as waits:
        await office.people.approvals.ask("seal", "case 7", {"step": "seal", "case": 7}, **asked)
    return waits.value


async def test_what_takes_two_persons_waits_and_says_who_may_confirm(two):
    found = await proposed(two)
    assert found.others == ("zhao",)
    assert f"ringfence approvals confirm {found.proposal}" in found.reason
    (one,) = await two.people.approvals.listed()
    assert (one.proposer, one.about, one.reason, one.state(two.time)) == ("wang", "case 7", "rings at night", "waiting")
    assert (await proposed(two)).proposal == found.proposal, "asked again, it is the same"


async def test_neither_who_proposed_it_nor_who_has_no_right_confirms(two):
    found = await proposed(two)
    for name, told in (("wang", "another person has to confirm it"), ("li", "has not the right that it takes")):
        with pytest.raises(NotAllowed, match=told):
            await two.people.approvals.confirm(found.proposal, await as_whom(two, name))
    confirmed = await two.people.approvals.confirm(found.proposal, await as_whom(two, "zhao"))
    assert (confirmed.decision, confirmed.decider) == ("confirmed", "zhao")
    with pytest.raises(PeopleError, match="is confirmed by zhao"):
        await two.people.approvals.confirm(found.proposal, await as_whom(two, "zhao"))


async def test_it_lapses_after_three_days(two):
    found = await proposed(two)
    two.time += 72 * 3600
    assert await two.people.approvals.listed() == []
    with pytest.raises(PeopleError, match="lapsed: nobody confirmed it in time"):
        await two.people.approvals.confirm(found.proposal, await as_whom(two, "zhao"))
    assert (await proposed(two)).proposal != found.proposal


async def test_who_lost_the_right_meanwhile_gets_nothing_confirmed(two):
    found = await proposed(two)
    await two.accounts.disable("wang", author="li")
    with pytest.raises(NotAllowed, match="wang, who proposed it, may not do it any more"):
        await two.people.approvals.confirm(found.proposal, await as_whom(two, "zhao"))


async def test_it_is_refused_by_another_or_taken_back_by_its_own(two):
    for name in ("zhao", "wang"):
        found = await proposed(two)
        refused = await two.people.approvals.refuse(found.proposal, await as_whom(two, name), "no")
        assert (refused.decision, refused.decider, refused.why) == ("refused", name, "no")
        with pytest.raises(PeopleError, match=f"is refused by {name}"):
            await two.people.approvals.confirm(found.proposal, await as_whom(two, "zhao"))
    with pytest.raises(PeopleError, match="there is no proposal 99"):
        await two.people.approvals.refuse(99, await as_whom(two, "zhao"), "no")


async def test_where_nobody_else_could_confirm_it_is_refused_with_what_to_do(two):
    await two.accounts.disable("zhao", author="li")
    with pytest.raises(NotAllowed, match=r"nobody but wang may confirm it.*complaint-officer.*four_eyes: false"):
        await two.people.approvals.ask("seal", "case 7", {}, actor="wang")


async def test_a_desk_of_one_may_switch_it_off_and_the_record_says_so(two):
    two.people.approvals._settings = PeopleSettings(four_eyes=False)
    how = await two.people.approvals.ask("seal", "case 7", {}, actor="wang")
    assert how == "by one person alone: people.four_eyes is off"
    assert not await two.people.approvals.wanted()


async def test_while_there_is_no_account_one_person_is_enough(office):
    office.people.approvals._settings = PeopleSettings()
    assert await office.people.approvals.ask("seal", "case 7", {}, actor="root") == ""
    assert not await office.people.approvals.wanted()


async def test_a_sole_admin_makes_the_second_and_from_then_on_it_takes_both(two):
    added = await two.people.deeds_of("wang")
    assert "by one person alone: nobody else may confirm" in added[0].detail
    await two.accounts.set_roles("zhao", read_roles(["admin"]), author="li")
    for change in (
        two.accounts.set_roles("wang", read_roles(["engineer"]), author="li"),
        two.accounts.disable("zhao", author="li"),
        two.accounts.set_login("wang", "li", author="li"),
        two.people.set_password("wang", "four blue horses run", author="li"),
        two.accounts.add(Wanted("chen", read_roles(["viewer"])), author="li"),
    ):
        with pytest.raises(Waits):
            await change
    assert [one.about for one in await two.people.approvals.listed()] == [
        *("account wang", "account zhao", "account wang", "account wang", "account chen")
    ]
    await two.people.set_password("li", "four blue horses run", author="li")  # one's own
    await two.accounts.disable("wang", author="li")  # whoever is no admin is kept out at once, by one


async def test_what_was_confirmed_of_an_account_is_done_and_entered_with_both(two):
    await two.accounts.set_roles("zhao", read_roles(["admin"]), author="li")
    with pytest.raises(Waits) as waits:
        await two.accounts.set_roles("wang", read_roles(["engineer"]), author="li")
    said = await confirm(waits.value.proposal, await as_whom(two, "zhao"), two.people, None)
    assert said == "account wang: done"
    assert (await two.accounts.named("wang")).roles == read_roles(["engineer"])
    last = (await two.people.deeds_of("wang"))[-1]
    assert (last.actor, last.detail) == ("li", "complaint-officer -> engineer; confirmed by zhao")
    (one,) = await two.people.approvals.listed(everything=True)
    assert one.state(two.time) == "done"


async def test_what_the_proposer_does_himself_he_does_once_within_the_day(two):
    ask = two.people.approvals.ask
    with pytest.raises(Waits) as waits:
        await ask("unmask", "callers", {"asked": "x"}, actor="wang")
    said = await confirm(waits.value.proposal, await as_whom(two, "zhao"), two.people, None)
    assert said == "wang may do it now: once, within the day"
    with pytest.raises(Waits):
        await ask("unmask", "callers", {"asked": "another"}, actor="wang")
    assert await ask("unmask", "callers", {"asked": "x"}, actor="wang") == "confirmed by zhao"
    with pytest.raises(Waits):
        await ask("unmask", "callers", {"asked": "x"}, actor="wang")


async def test_a_key_that_acts_as_nobody_is_neither_the_first_person_nor_the_second(two):
    with pytest.raises(NotAllowed, match="app is no account that may do it"):
        await two.people.approvals.ask("seal", "case 7", {}, actor="app")
    with pytest.raises(NotAllowed, match="li is no account that may do it"):
        await two.people.approvals.ask("seal", "case 7", {}, actor="li")
    found = await proposed(two)
    app = await two.people.with_key("", "app", frozenset(Right))
    with pytest.raises(NotAllowed, match="app has not the right that it takes"):
        await two.people.approvals.confirm(found.proposal, app)
    less = await two.people.with_key("zhao", "desk", frozenset({Right.CASES_READ}))
    with pytest.raises(NotAllowed, match="zhao has not the right that it takes"):
        await two.people.approvals.confirm(found.proposal, less)


async def test_what_was_confirmed_for_a_reason_is_not_done_for_another(two):
    ask = two.people.approvals.ask
    with pytest.raises(Waits) as waits:
        await ask("unmask", "callers", {"asked": "x"}, actor="wang", reason="he asked")
    await confirm(waits.value.proposal, await as_whom(two, "zhao"), two.people, None)
    with pytest.raises(Waits):
        await ask("unmask", "callers", {"asked": "x"}, actor="wang", reason="another reason")
    assert await ask("unmask", "callers", {"asked": "x"}, actor="wang", reason="he asked") == "confirmed by zhao"
