"""Keys of the API on a page: made and shown once, renewed, revoked; of two admins the other one confirms it."""

import re

import pytest

from console.api.access.key_book import KeyBook
from desk.taking_over import TakingOver
from ringfence.people import Right, Role
from tests.console.web.conftest import PASSWORD

TOKEN = re.compile(r"rf_[0-9a-f]{8}_[\w-]{43}")
PAGE = "/console/keys"


@pytest.fixture
async def admin(house):
    await house.account(Role.ADMIN, name="boss")
    await house.account(Role.COMPLAINT_OFFICER, name="wang")
    return await signed_in(house, "boss")


async def signed_in(house, name):
    browser = house.browser()
    await browser.send_form("/console/sign-in", name=name, password=PASSWORD)
    return browser


async def make(browser, name="hotline", **fields):
    fields = {"scope": ["complaints:write"], "daily": "50", **fields}
    return await browser.send_form(PAGE, page=PAGE, name=name, **fields)


async def key_of(house, text):
    return await KeyBook(await house.here.access()).find(TOKEN.search(text)[0])


async def test_a_key_is_made_shown_once_renewed_and_revoked(house, admin):
    made = await make(admin, scope=["cases:read", "cases:write"], acts_as="wang", expires="90d")
    key = await key_of(house, made.text)
    assert (key.name, key.acts_as, key.daily, key.author) == ("hotline", "wang", 50, "boss")
    assert key.scopes == {Right.CASES_READ, Right.CASES_WRITE}
    assert round(key.expires - key.created) == 90 * 86_400
    assert "no-store" in made.headers["cache-control"]
    listed = (await admin.get(PAGE)).text
    assert "hotline" in listed
    assert not TOKEN.search(listed), "a secret is shown once"
    renewed = await admin.send_form(f"{PAGE}/{key.id}/renew", page=PAGE, overlap="1h")
    fresh = await key_of(house, renewed.text)
    assert (fresh.name, fresh.acts_as, fresh.expires) == ("hotline", "wang", None)
    gone = await admin.send_form(f"{PAGE}/{fresh.id}/revoke", page=PAGE)
    assert f"Key {fresh.id} of hotline opens nothing any more." in gone.text
    assert await key_of(house, renewed.text) is None
    again = await admin.send_form(f"{PAGE}/{fresh.id}/revoke", page=PAGE)
    assert "there is no working key" in again.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "a b"}, "name: "),
        ({"scope": []}, "give it at least one of"),
        ({"scope": ["all"]}, "is not a valid Right"),
        ({"scope": ["cases:read"]}, "name the account as which it acts"),
        ({"scope": ["people:write"], "acts_as": "wang"}, "wang may not people:write himself"),
        ({"expires": "soon"}, "is no duration"),
    ],
)
async def test_what_cannot_be_a_key_is_told(house, admin, fields, told):
    refused = await make(admin, **fields)
    assert (refused.status_code, told in refused.text) == (409, True)
    assert await KeyBook(await house.here.access()).listed() == []


async def test_with_a_second_admin_it_waits_for_him(house, admin):
    await house.account(Role.ADMIN, name="second")
    waits = await make(admin)
    assert waits.url.path == "/console/approvals"
    assert not TOKEN.search(waits.text)
    second = await signed_in(house, "second")
    await second.send_form("/console/approvals/1/confirm", page="/console/approvals")
    assert "You may do it now" not in (await second.get(PAGE)).text
    shown = (await admin.get(PAGE)).text
    assert "You may do it now, once, within a day." in shown
    section = shown[shown.index("You may do it now") :]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', section[: section.index("</form>")])
    made = await admin.post(PAGE, data=dict(fields))
    assert (await key_of(house, made.text)).daily == 50
    assert "You may do it now" not in (await admin.get(PAGE)).text
    key = await key_of(house, made.text)
    renewing = await admin.send_form(f"{PAGE}/{key.id}/renew", page=PAGE, expires="30d")
    assert renewing.url.path == "/console/approvals"


async def test_nobody_else_makes_or_revokes_one(house, admin):
    officer = await signed_in(house, "wang")
    for way in (PAGE, f"{PAGE}/hotline/renew", f"{PAGE}/hotline/revoke"):
        assert (await officer.send_form(way, page="/console/queue", name="mine")).status_code == 403


async def test_how_far_words_are_under_a_new_key(house, admin):
    archive = house.desk.archive
    assert "There is one key, and everything is under it." in (await admin.get(PAGE)).text
    new, old = b"n" * 32, b"o" * 32
    archive.keys = archive.keys._replace(contents=(new, old))
    archive.taking_over = TakingOver(words=5_000, left=1_234)
    shown = (await admin.get(PAGE)).text
    assert "1,234 of 5,000 words are left" in shown
    assert new.hex() not in shown
    archive.taking_over = TakingOver(words=5_000, unread=7)
    assert "7 words are under a key that is not there" in (await admin.get(PAGE)).text
    archive.taking_over = TakingOver(over=True)
    assert "Nothing is under an old key any more" in (await admin.get(PAGE)).text
    archive.keys = archive.keys._replace(contents=(new,), retired=(old,))
    assert "Retired ones read backups of before: 1" in (await admin.get(PAGE)).text
