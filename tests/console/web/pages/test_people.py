"""People: an admin makes, changes and disables accounts on a page; what takes two persons is proposed there."""

import pytest

from ringfence.people import Role
from tests.console.web.conftest import HOSTILE, PASSWORD

GOOD = "four blue horses run"


@pytest.fixture
async def admin(house):
    """The only admin there is: he goes on alone."""
    await house.account(Role.ADMIN, name="boss")
    browser = house.browser()
    await browser.send_form("/console/sign-in", name="boss", password=PASSWORD)
    return browser


async def did(browser, name, step, **fields):
    return await browser.send_form(f"/console/people/{name}/{step}", page=f"/console/people/{name}", **fields)


async def test_an_account_is_made_and_may_come_in(house, admin):
    made = await admin.send_form(
        "/console/people", page="/console/people", name="li", role=["rule-author", "engineer"], password=GOOD,
        display_name="Li Na", login="li", language="zh",
    )  # fmt: skip
    assert "The account is there." in made.text
    account = await house.people.accounts.named("li")
    assert (account.roles, account.login, account.language) == ({Role.RULE_AUTHOR, Role.ENGINEER}, "li", "zh")
    li = house.browser()
    await li.send_form("/console/sign-in", name="li", password=GOOD)
    assert (await li.get("/console/calls", follow_redirects=False)).status_code == 200
    listed = (await admin.get("/console/people")).text
    assert "Li Na" in listed
    assert PASSWORD not in listed
    assert (await li.get("/console/people")).status_code == 403, "that is for admins"


async def test_it_is_changed_disabled_and_removed(house, admin):
    await house.account(Role.VIEWER, name="li")
    await did(admin, "li", "roles", role=["auditor"])
    await did(admin, "li", "login", login="li")
    await did(admin, "li", "password", password=GOOD)
    account = await house.people.accounts.named("li")
    assert (account.roles, account.login) == ({Role.AUDITOR}, "li")
    li = house.browser()
    await li.send_form("/console/sign-in", name="li", password=GOOD)
    assert "Sign out everywhere" in (await admin.get("/console/people/li")).text
    await did(admin, "li", "sign-out")
    assert (await li.get("/console/calls", follow_redirects=False)).status_code == 303
    await did(admin, "li", "disable", reason=HOSTILE)
    shown = (await admin.get("/console/people/li")).text
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    assert (await house.people.accounts.named("li")).disabled
    await did(admin, "li", "enable")
    assert (await house.people.accounts.named("li")).disabled is None
    await did(admin, "li", "remove", reason="left")
    assert (await admin.get("/console/people/li")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "a b", "role": "viewer"}, "no blanks"),
        ({"name": "li"}, "at least one of viewer"),
        ({"name": "li", "role": "king"}, "is none; choose from"),
        ({"name": "li", "role": "viewer", "password": "short"}, "12 to 256 characters"),
    ],
)
async def test_what_cannot_be_an_account_is_told(house, admin, fields, told):
    refused = await admin.send_form("/console/people", page="/console/people", **fields)
    assert (refused.status_code, told in refused.text) == (409, True)
    assert len(await house.people.accounts.listed()) == 1


async def test_with_a_second_admin_it_is_proposed(house, admin):
    await house.account(Role.ADMIN, name="second")
    await house.account(Role.VIEWER, name="li")
    waits = await did(admin, "li", "roles", role=["engineer"])
    assert waits.url.path == "/console/approvals"
    assert "done once another person confirms it: second" in waits.text
    assert (await house.people.accounts.named("li")).roles == {Role.VIEWER}


async def test_a_second_factor_whose_telephone_is_lost_is_taken_off(house, admin):
    await house.account(Role.VIEWER, name="li")
    assert "Take the second factor off" not in (await admin.get("/console/people/li")).text
    assert (await did(admin, "li", "factor-off")).status_code == 200
    told = [deed.step for deed in await house.people.deeds_of("li")]
    assert told[-1] == "second factor removed"
