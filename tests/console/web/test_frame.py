"""What every page is given: addresses, times, the navigation of whoever looks."""

from collections import Counter

from console.web.pages import served
from ringfence.people import Role


def test_no_letter_leads_to_two_pages():
    letters = Counter(one.page.key for one in served() if one.page is not None and one.page.key)
    assert max(letters.values()) == 1, letters


async def test_the_navigation_shows_what_somebody_may_see(house):
    viewer = await house.visitor(Role.VIEWER)
    assert 'href="/console/calls"' in (await viewer.get("/console/calls")).text
    privacy = await house.visitor(Role.PRIVACY_OFFICER)
    assert 'href="/console/calls"' not in (await privacy.get("/console/nowhere")).text


async def test_what_is_told_once_stands_on_the_next_page_only(house):
    browser = await house.visitor(Role.VIEWER)
    told = await browser.send_form("/console/find", page="/console/calls", q="no such thing")
    assert "Nothing here has this number" in told.text
    assert "Nothing here has this number" not in (await browser.get("/console/calls")).text


async def test_a_step_that_a_page_asks_for_in_itself_leads_on_in_the_browser(house):
    browser = await house.visitor(Role.VIEWER)
    headers = {"hx-request": "true"}
    await house.people.accounts.disable("viewer", author="root")
    answer = await browser.get("/console/calls", headers=headers)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/console/sign-in")
