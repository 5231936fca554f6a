"""The door; what it lets in and how it answers stands in tests/console/web/test_gate.py."""

import time

import pytest

from ringfence.people import Role
from ringfence.people.directory import Directory
from ringfence.people.people_settings import DirectorySettings
from tests.console.web.conftest import PASSWORD
from tests.ringfence.people.provider import CONSOLE, ISSUER, Provider


async def test_after_too_many_tries_everybody_waits(house):
    await house.account(Role.VIEWER)
    browser = house.browser()
    for _ in range(40):
        answer = await browser.send_form("/console/sign-in", name="wang", password="guess after guess")
        if "Too many tries" in answer.text:
            break
    assert "Too many tries" in answer.text
    right = await browser.send_form("/console/sign-in", name="wang", password=PASSWORD)
    assert right.status_code == 403


async def test_who_is_in_sees_no_door(house):
    browser = await house.visitor(Role.VIEWER)
    assert (await browser.get("/console/sign-in")).url.path != "/console/sign-in"


@pytest.fixture
async def directory(house, tmp_path):
    """A staff directory that knows li, and nobody else."""
    (tmp_path / "secret").write_text("it is a secret")
    settings = DirectorySettings(issuer=ISSUER, client_id="console", client_secret="secret", console=CONSOLE)
    provider = Provider(time.time)
    house.people.directory = Directory(settings, tmp_path, provider.client())
    return provider


async def by_directory(browser, provider, name="li"):
    shown = await browser.get("/console/sign-in")
    assert 'href="/console/sign-in/directory"' in shown.text
    away = await browser.get("/console/sign-in/directory", follow_redirects=False)
    assert away.status_code == 303
    assert "SameSite=Lax" in away.headers["set-cookie"]
    state, code = provider.sign_in(away.headers["location"], name)
    return await browser.get(f"/console/sign-in/directory/back?state={state}&code={code}")


async def test_who_comes_by_the_staff_directory_is_let_in_and_out_by_it(house, directory):
    await house.account(Role.ENGINEER, name="li")
    browser = house.browser()
    let = await by_directory(browser, directory)
    assert let.status_code == 200
    assert 'http-equiv="refresh"' in let.text
    assert (await browser.get("/console/calls")).status_code == 200
    wrong = await browser.post("/console/sign-in/directory/logout", data={"logout_token": "x.y.z"})
    assert wrong.status_code == 400
    assert (await browser.get("/console/calls", follow_redirects=False)).status_code == 200
    told = {"logout_token": directory.logout_token(jti="one")}
    out = await house.browser().post("/console/sign-in/directory/logout", data=told)  # itself: no form of ours
    assert out.status_code == 200
    assert (await browser.get("/console/calls", follow_redirects=False)).status_code == 303


async def test_whom_the_directory_knows_without_an_account_is_told_so(house, directory):
    await house.account(Role.ENGINEER, name="wang")
    refused = await by_directory(house.browser(), directory)
    assert refused.status_code == 403
    assert "there is no account of that name here" in refused.text


async def test_a_directory_that_is_down_or_brings_back_what_was_not_begun_lets_nobody_in(house, directory):
    await house.account(Role.ENGINEER, name="li")
    browser = house.browser()
    back = await browser.get("/console/sign-in/directory/back?state=x&code=y")
    assert (back.status_code, "let nobody in" in back.text) == (403, True)
    directory.down = True
    away = await browser.get("/console/sign-in/directory")
    assert (away.status_code, "let nobody in" in away.text) == (403, True)


async def test_without_a_directory_there_is_no_way_by_it(house):
    await house.account(Role.ENGINEER, name="li")
    browser = house.browser()
    assert "staff directory" not in (await browser.get("/console/sign-in")).text
    assert (await browser.get("/console/sign-in/directory")).status_code == 403
    assert (await browser.get("/console/sign-in/directory/back?state=x&code=y")).status_code == 403
    assert (await browser.post("/console/sign-in/directory/logout", data={"logout_token": "x"})).status_code == 400


async def test_a_browser_that_somebody_planted_fits_no_form_of_who_signs_in(house):
    """Session fixation: whoever put the cookie there knows the token of each form that is bound to it."""
    await house.account(Role.VIEWER, name="wang")
    browser = house.browser()
    shown = await browser.get("/console/sign-in")
    (planted,) = (one.value for one in browser.cookies.jar if one.name == "rf_browser")
    assert house.gate.tokens.of(planted) in shown.text
    told = await browser.send_form("/console/sign-in", name="wang", password=PASSWORD)
    assert told.status_code == 200
    (renewed,) = (one.value for one in browser.cookies.jar if one.name == "rf_browser")
    assert renewed != planted
    forged = {"form_token": house.gate.tokens.of(planted), "language": "zh"}
    assert (await browser.post("/console/preferences", data=forged)).status_code == 403
    assert house.gate.tokens.of(renewed) in (await browser.get("/console/own")).text
    left = await browser.send_form("/console/sign-in/out", page="/console/own")
    assert left.status_code == 200
    (after,) = (one.value for one in browser.cookies.jar if one.name == "rf_browser")
    assert after not in (planted, renewed), "and who sits there next has another one, too"
