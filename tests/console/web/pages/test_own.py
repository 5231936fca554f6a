"""One's own account: changed by who knows its password, and not by a page that was left open."""

import re

import pyotp

from ringfence.people import Role
from tests.console.web.conftest import PASSWORD, House
from tests.ringfence.people.authenticator import Authenticator

PLACE = "http://localhost:8607"
GOOD = "four blue horses run"


async def did(browser, step, **fields):
    return await browser.send_form(f"/console/own/{step}", page="/console/own", **fields)


async def test_another_password_takes_the_one_before(house):
    viewer = await house.visitor(Role.VIEWER)
    assert "The password is wrong." in (await did(viewer, "password", old="guess", new=GOOD)).text
    weak = await did(viewer, "password", old=PASSWORD, new="short")
    assert (weak.status_code, "12 to 256 characters" in weak.text) == (409, True)
    changed = await did(viewer, "password", old=PASSWORD, new=GOOD)
    assert changed.url.path == "/console/sign-in"
    assert (await viewer.get("/console/calls", follow_redirects=False)).status_code == 303
    await viewer.send_form("/console/sign-in", name="viewer", password=GOOD)
    assert (await viewer.get("/console/calls", follow_redirects=False)).status_code == 200


async def test_guessing_it_has_to_wait(house):
    viewer = await house.visitor(Role.VIEWER)
    told = [(await did(viewer, "password", old="guess", new=GOOD)).text for _ in range(6)]
    assert ["Too many tries" in one for one in told] == [False] * 5 + [True]


async def test_a_second_factor_counts_once_the_telephone_has_shown_a_code(house):
    viewer = await house.visitor(Role.VIEWER)
    begun = (await did(viewer, "second-factor", old=PASSWORD)).text
    telephone = pyotp.parse_uri(re.search(r'href="(otpauth:[^"]+)"', begun)[1].replace("&amp;", "&"))
    wrong = await did(viewer, "second-factor/confirm", code="000000")
    assert "clock of the telephone" in wrong.text
    done = (await did(viewer, "second-factor/confirm", code=telephone.now())).text
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", done)
    assert len(codes) == 10
    assert (await viewer.get("/console/calls", follow_redirects=False)).status_code == 303
    await viewer.send_form("/console/sign-in", name="viewer", password=PASSWORD)
    assert (await viewer.get("/console/calls", follow_redirects=False)).status_code == 303
    await viewer.send_form("/console/sign-in", name="viewer", password=PASSWORD, code=codes[0])
    assert (await viewer.get("/console/calls", follow_redirects=False)).status_code == 200


async def test_a_passkey_is_made_lets_in_and_is_removed(file):
    file.write_text(f"{file.read_text()}people: {{console: {PLACE}/console}}\n")
    house = House(file)
    await house.open()
    admin, viewer, telephone = await house.visitor(Role.ADMIN), await house.visitor(Role.VIEWER), Authenticator(PLACE)
    assert "passkey.js" in (await viewer.get("/console/own")).text
    refused = await did(viewer, "passkeys/begin", old="guess")
    assert (refused.status_code, refused.json()) == (403, {"said": "The password is wrong."})
    asked = await did(viewer, "passkeys/begin", old=PASSWORD)
    assert "begin again" in (await did(viewer, "passkeys", passkey="{}", name="mine")).text
    made = await did(viewer, "passkeys", passkey=telephone.make(asked.text), name="my <b>telephone")
    assert "my &lt;b&gt;telephone" in made.text
    browser = house.browser()
    assert "passkey.js" in (await browser.get("/console/sign-in")).text
    wrong = await browser.send_form("/console/sign-in", name="viewer", password=PASSWORD)
    assert "Name, password or code is wrong." in wrong.text
    asked = (await browser.send_form("/console/sign-in/passkey/begin")).text
    assert await signed_in(browser, passkey=telephone.sign(asked)) == 200
    assert await signed_in(house.browser(), passkey=telephone.sign(asked)) == 303, "it was asked of another browser"
    assert "Remove the passkey my &lt;b&gt;telephone" in (await admin.get("/console/people/viewer")).text
    (number,) = re.findall(r"passkeys/(\d+)/remove", (await viewer.get("/console/own")).text)
    assert "The password is wrong." in (await did(viewer, f"passkeys/{number}/remove", old="guess")).text
    await admin.send_form("/console/people/viewer/passkey-off", page="/console/people", passkey=number)
    assert (await did(viewer, f"passkeys/{number}/remove", old=PASSWORD)).status_code == 409
    await house.opened.aclose()


async def signed_in(browser, **fields):
    await browser.send_form("/console/sign-in/passkey", **fields)
    return (await browser.get("/console/calls", follow_redirects=False)).status_code


async def test_where_no_address_is_configured_no_passkey_is_offered(house):
    viewer = await house.visitor(Role.VIEWER)
    assert "people.console" in (shown := (await viewer.get("/console/own")).text)
    assert "passkey.js" not in shown
    assert "passkey" not in (await house.browser().get("/console/sign-in")).text
    assert (await did(viewer, "passkeys/begin", old=PASSWORD)).status_code == 409


async def test_while_nobody_has_an_account_there_is_none_of_ones_own(house):
    assert (await house.browser().get("/console/own")).status_code == 404
