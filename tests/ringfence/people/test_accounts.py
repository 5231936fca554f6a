"""Accounts: an admin is always left, a name is given once, a login acts as one, and each change is entered."""

import pytest

from ringfence.people.accounts import read_roles
from ringfence.people.faults import PeopleError


async def test_the_first_account_is_an_admins(office):
    with pytest.raises(PeopleError, match="the first account is an admin's"):
        await office.add("li", "engineer")
    assert not await office.accounts.any()
    await office.add("li", "admin, engineer")
    assert await office.accounts.any()
    assert (await office.accounts.named("LI")).roles == read_roles(["admin", "engineer"])


async def test_an_admin_is_always_left(office):
    await office.add("li", "admin")
    await office.add("wang", "engineer")
    for change in (
        office.accounts.disable("li", author="li"),
        office.accounts.remove("li", author="li"),
        office.accounts.set_roles("li", read_roles(["engineer"]), author="li"),
    ):
        with pytest.raises(PeopleError, match="without an admin nobody could make accounts"):
            await change
    assert (await office.accounts.named("li")).disabled is None
    await office.accounts.set_roles("wang", read_roles(["admin"]), author="li")
    assert (await office.accounts.disable("li", author="wang")).disabled == office.time
    with pytest.raises(PeopleError, match="nobody could make accounts"):
        await office.accounts.disable("wang", author="wang")


async def test_a_name_is_never_given_again(office):
    await office.add("li", "admin")
    await office.add("wang", "viewer", login="wang")
    await office.accounts.remove("wang", author="li", reason="left")
    with pytest.raises(PeopleError, match="there is an account Wang, or there was"):
        await office.add("Wang", "viewer")
    with pytest.raises(PeopleError, match="no account 'wang'"):
        await office.accounts.named("wang")
    await office.add("wang2", "viewer", login="wang")  # the login is free again
    told = await office.people.deeds_of("wang")
    assert [(deed.actor, deed.step, deed.reason) for deed in told] == [("root", "added", ""), ("li", "removed", "left")]


async def test_a_login_acts_as_one_account(office):
    await office.add("li", "admin", login="li")
    with pytest.raises(PeopleError, match="login: li is li's"):
        await office.add("wang", "viewer", login="li")
    await office.accounts.set_login("li", None, author="li")
    await office.add("wang", "viewer", login="li")
    assert (await office.accounts.of_login("li")).name == "wang"
    with pytest.raises(PeopleError, match="li is wang's"):
        await office.accounts.set_login("li", "li", author="li")


async def test_each_change_is_entered_with_what_was_before(office):
    await office.add("li", "admin")
    await office.add("wang", "viewer")
    await office.accounts.set_roles("wang", read_roles(["list-keeper"]), author="li")
    await office.accounts.set_login("wang", "wang", author="li")
    await office.accounts.disable("wang", author="li", reason="on leave")
    await office.accounts.enable("wang", author="li")
    alone = "by one person alone: people.four_eyes is off"  # which the record says of each
    told = [(deed.step, deed.detail.removesuffix(alone).rstrip("; ")) for deed in await office.people.deeds_of("wang")]
    assert told == [
        ("added", "roles viewer"),
        ("roles", "viewer -> list-keeper"),
        ("login", "none -> wang"),
        ("disabled", "sessions ended: 0"),
        ("enabled", ""),
    ]


@pytest.mark.parametrize(
    ("name", "roles", "more", "told"),
    [
        ("a b", ["viewer"], {}, "no blanks"),
        ("", ["viewer"], {}, "no blanks"),
        ("<script>", ["viewer"], {}, "no blanks"),
        ("ringfence", ["viewer"], {}, "what the program calls itself"),
        ("wang", [], {}, "at least one of viewer"),
        ("wang", ["king"], {}, "'king' is none; choose from"),
        ("wang", ["viewer"], {"language": "de"}, "write en or zh"),
        ("wang", ["viewer"], {"display_name": "a\u202eb"}, "in one line"),
        ("wang", ["viewer"], {"login": "a b"}, "login name of the system"),
    ],
)
async def test_what_cannot_be_an_account(office, name, roles, more, told):
    await office.add("li", "admin")
    with pytest.raises(PeopleError, match=told):
        await office.add(name, *roles, **more)
    assert len(await office.accounts.listed()) == 1
