"""The door; what it lets in and how it answers stands in tests/console/web/test_gate.py."""

from ringfence.people import Role
from tests.console.web.conftest import PASSWORD


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
