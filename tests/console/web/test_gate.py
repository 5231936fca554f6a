"""What every request for a page passes: sign-in, tokens of forms, safe headers, closed until the first admin."""

import re

import pytest

from ringfence.people import Role
from tests.console.web.conftest import PASSWORD


async def test_until_the_first_account_only_the_account_that_runs_it_gets_in(house):
    async with house.browser() as own:
        shown = await own.get("/console/calls")
        assert shown.status_code == 200
        assert "Nobody has an account yet" in shown.text
    house.is_neighbour = False
    async with house.browser("192.0.2.7") as other:
        closed = await other.get("/console/calls")
        assert closed.status_code == 403
        assert "ringfence people add NAME --role admin" in closed.text
        assert "<nav" not in closed.text
    await house.account(Role.ADMIN)
    async with house.browser("192.0.2.7") as other:
        assert (await other.get("/console/calls")).url.path == "/console/sign-in"


async def test_signing_in_and_out(house):
    await house.account(Role.VIEWER)
    browser = house.browser()
    wrong = await browser.send_form("/console/sign-in", name="wang", password="not this one")
    nobody = await browser.send_form("/console/sign-in", name="no-such-name", password="not this one")
    assert wrong.status_code == nobody.status_code == 403
    assert "Name, password or code is wrong." in wrong.text
    assert re.sub("[0-9a-f]{64}", "", wrong.text) == re.sub("[0-9a-f]{64}", "", nobody.text)
    inside = await browser.send_form("/console/sign-in?next=calls", name="wang", password=PASSWORD, next="calls")
    assert (inside.status_code, inside.url.path) == (200, "/console/calls")
    cookie = next(one for one in inside.history[0].headers.get_list("set-cookie") if "rf_session" in one)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    left = await browser.send_form("/console/sign-in/out", page="/console/calls")
    assert left.url.path == "/console/sign-in"
    assert (await browser.get("/console/calls")).url.path == "/console/sign-in"


async def test_where_somebody_goes_after_signing_in_is_never_another_host(house):
    await house.account(Role.VIEWER)
    browser = house.browser()
    for wanted in ("//evil.example/x", "https://evil.example", "../../x", "calls\r\nset-cookie: a=b"):
        inside = await browser.send_form("/console/sign-in", name="wang", password=PASSWORD, next=wanted)
        assert inside.url.host == "localhost"
        assert inside.url.path.startswith("/console/")
        await browser.send_form("/console/sign-in/out", page="/console/calls")


async def test_a_session_that_was_ended_opens_nothing_at_the_next_request(house):
    browser = await house.visitor(Role.VIEWER)
    assert (await browser.get("/console/calls")).url.path == "/console/calls"
    await house.people.accounts.disable("viewer", author="root", reason="left")
    assert (await browser.get("/console/calls")).url.path == "/console/sign-in"


@pytest.mark.parametrize(
    ("headers", "keep"),
    [
        ({}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"sec-fetch-site": "same-site"}, True),
    ],
)
async def test_a_form_that_was_not_sent_from_a_page_of_ours_does_nothing(house, headers, keep):
    browser = await house.visitor(Role.VIEWER)
    page = await browser.get("/console/calls")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    fields = {"form_token": token[1] if keep else "0" * 64, "theme": "dark", "back": "/calls"}
    refused = await browser.post("/console/preferences", data=fields, headers=headers)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    taken = await browser.post("/console/preferences", data={**fields, "form_token": token[1]})
    assert (taken.status_code, taken.url.path) == (200, "/console/calls")
    assert 'data-theme="dark"' in taken.text


async def test_the_headers_that_keep_a_page_safe(house):
    browser = await house.visitor(Role.VIEWER)
    for where in ("/console/calls", "/console/nowhere", "/console/sign-in", "/console/calls/0000"):
        headers = (await browser.get(where)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


async def test_no_page_holds_script_or_style_of_its_own(house):
    browser = await house.visitor(Role.VIEWER)
    for where in ("/console/calls", "/console/sign-in", "/console/nowhere"):
        text = (await browser.get(where)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text), where


async def test_static_files_are_kept_by_browsers_and_name_no_other_host(house):
    browser = house.browser()
    page = (await browser.get("/console/sign-in")).text
    for name in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page):
        found = await browser.get(name)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
    for odd in ("/console/static/x/../../frame.py", "/console/static/x/README.md", "/console/static/x/..%2fgate.py"):
        assert (await browser.get(odd)).status_code == 404
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)


async def test_a_page_that_is_not_there_and_one_that_is_not_allowed(house):
    browser = await house.visitor(Role.PRIVACY_OFFICER)
    assert (await browser.get("/console/nowhere")).status_code == 404
    refused = await browser.get("/console/calls")
    assert refused.status_code == 403
    assert "no right to this" in refused.text
    assert (await browser.request("DELETE", "/console/calls")).status_code == 413


async def test_a_body_that_is_too_large_is_not_read(house):
    browser = await house.visitor(Role.VIEWER)
    answer = await browser.post("/console/calls", content=b"x=1", headers={"content-length": "9" * 12})
    assert answer.status_code == 413


async def test_both_languages_and_which_one(house):
    await house.account(Role.VIEWER)
    browser = house.browser(headers={"accept-language": "zh-CN,zh;q=0.9"})
    page = await browser.get("/console/sign-in")
    assert 'lang="zh-CN"' in page.text
    assert "密码" in page.text


async def test_an_error_of_ours_is_told_without_its_words(house, monkeypatch):
    browser = await house.visitor(Role.VIEWER)

    async def broken(*_, **__):
        raise RuntimeError("secret +8613800138000")

    monkeypatch.setattr("console.web.pages.calls.find", broken)
    answer = await browser.get("/console/calls/0123456789abcdef0123")
    assert answer.status_code == 500
    assert "13800138000" not in answer.text
    assert "Something" in answer.text or "An error of the console" in answer.text


async def test_lost_accounts_let_nobody_in(house):
    house.gate.lost = True
    closed = await house.browser().get("/console/calls")
    assert closed.status_code == 403
    assert "Put their database back" in closed.text


async def test_a_proxy_that_tells_of_nobody_is_nobody_who_may_come_in_before_there_are_accounts(house):
    """It runs as the account of the service, in one container: all whom it lets in would be that account."""
    configuration = house.here.configuration
    api = configuration.api.model_copy(update={"behind_proxy": True})
    house.here.configuration = configuration.model_copy(update={"api": api})
    browser = house.browser()
    assert (await browser.get("/console/queue")).status_code == 403
    assert (await browser.get("/console/queue", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 200
