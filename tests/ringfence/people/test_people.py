"""People as pages and commands ask for them: signed in by name and password, and who acts under which login."""

import pytest
from argon2 import PasswordHasher

from ringfence.people.actor import Actor
from ringfence.people.faults import NotAllowed, PeopleError
from ringfence.people.rights import Right
from tests.ringfence.people.conftest import NOON

GOOD = "four blue horses run"


async def test_who_signs_in_is_known_by_his_token(office):
    await office.add("li", "admin", password=GOOD, display_name="Li Na", language="zh")
    session = await office.people.sign_in("LI", GOOD, "", "192.0.2.1")
    assert isinstance(session.actor, Actor)
    assert (session.actor.name, session.actor.by, session.actor.language) == ("li", "page", "zh")
    assert session.ends == NOON + 12 * 3600
    assert await office.people.session_of(session.token) == session.actor
    assert (await office.accounts.named("li")).signed_in == NOON
    assert [deed.step for deed in await office.people.deeds_of("li")] == ["added", "signed in"]


async def test_a_wrong_name_a_wrong_password_and_a_disabled_account_are_answered_alike(office):
    await office.add("li", "admin", password=GOOD)
    await office.add("wang", "viewer", password=GOOD)
    await office.add("zhao", "viewer")  # has no password
    await office.accounts.disable("wang", author="li")
    found = [
        await office.people.sign_in(name, password, "", "192.0.2.1")
        for name, password in (("nobody", GOOD), ("li", "wrong"), ("wang", GOOD), ("zhao", ""), ("", ""), ("a\0", "b"))
    ]
    assert {one.kind for one in found} == {"wrong"}
    assert len(set(found)) == 1


async def test_a_hash_of_less_work_is_made_anew_when_its_password_is_known(office):
    await office.add("li", "admin", password=GOOD)
    office.people.passwords._hasher = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token
    account = await office.accounts.named("li")
    assert "t=2" in await office.accounts.kept_password(account.id)
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token


async def test_while_there_is_no_account_whoever_runs_a_command_may_everything(office):
    actor = await office.people.acting("root")
    assert (actor.name, actor.rights) == ("root", frozenset(Right))


async def test_once_there_are_accounts_a_login_without_one_may_nothing(office):
    await office.add("li", "admin", login="root")
    await office.add("wang", "viewer", login="wang")
    assert (await office.people.acting("root")).name == "li"
    with pytest.raises(NotAllowed, match=r"zhao has none.*people add NAME --login zhao"):
        await office.people.acting("zhao")
    await office.accounts.disable("wang", author="li")
    with pytest.raises(NotAllowed, match="wang, which wang acts as, is disabled"):
        await office.people.acting("wang")


async def test_who_may_not_is_told_who_could(office):
    await office.add("li", "admin", login="li")
    actor = await office.people.acting("li")
    office.people.ask(actor, Right.PEOPLE_WRITE)
    with pytest.raises(NotAllowed, match="li may not put rules live, and back: that is for rule-author"):
        office.people.ask(actor, Right.RULES_WRITE)


async def test_a_weak_password_changes_nothing(office):
    await office.add("li", "admin", password=GOOD)
    with pytest.raises(PeopleError, match="12 to 256 characters"):
        await office.people.set_password("li", "short", author="li")
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token


async def test_who_logged_in_acts_before_the_account_that_he_works_under(office):
    await office.add("li", "admin", login="li")
    await office.add("node", "engineer", login="ringfence")
    assert (await office.people.acting("li", "ringfence")).name == "li"
    assert (await office.people.acting("zhao", "ringfence")).name == "node"


async def test_a_key_may_what_both_it_and_its_account_may(office):
    everything = frozenset(Right)
    key = await office.people.with_key("li", "desk", everything)
    assert (key.name, key.rights, key.by) == ("li", everything, "api")  # as before, while there is no account
    await office.add("li.na", "admin", login="li")
    await office.add("wang", "list-keeper")
    as_wang = await office.people.with_key("wang", "desk", frozenset({Right.LISTS_WRITE, Right.CASES_WRITE}))
    assert (as_wang.name, as_wang.rights) == ("wang", {Right.LISTS_WRITE})
    assert (await office.people.with_key("li", "desk", everything)).name == "li.na", "old keys name logins"
    assert (await office.people.with_key("", "app", frozenset({Right.COMPLAINTS_WRITE}))).name == "app"
    await office.accounts.disable("wang", author="li.na")
    with pytest.raises(NotAllowed, match="wang, as whom this key acts, is disabled"):
        await office.people.with_key("wang", "desk", everything)


async def test_a_new_key_that_does_what_people_do_names_one_who_may(office):
    await office.add("li", "admin")
    await office.add("wang", "list-keeper")
    await office.people.refuse_key("", [Right.COMPLAINTS_WRITE, Right.REPORTS_READ])
    await office.people.refuse_key("wang", [Right.LISTS_WRITE])
    for named, scopes, told in (
        ("", [Right.COMPLAINTS_WRITE, Right.LISTS_WRITE], "lists:write: name the account"),
        ("zhao", [Right.LISTS_WRITE], "no account 'zhao'"),
        ("wang", [Right.SEALS_WRITE], "wang may not seals:write himself"),
    ):
        with pytest.raises(PeopleError, match=told):
            await office.people.refuse_key(named, scopes)


async def test_a_password_that_is_changed_while_somebody_signs_in_by_the_old_one_stays_changed(office):
    await office.add("li", "admin", password=GOOD)
    known = office.people.second_factors.is_right

    async def meanwhile(account, code):
        await office.people.set_password("li", "another one entirely", author="li")
        return await known(account, code)

    office.people.second_factors.is_right = meanwhile
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).kind == "wrong"
    office.people.second_factors.is_right = known
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).kind == "wrong"
    assert (await office.people.sign_in("li", "another one entirely", "", "192.0.2.1")).token
