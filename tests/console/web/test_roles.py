"""Each page and each role: who has its right sees it and its name in the navigation, nobody else does either."""

import pytest

from console.web.pages import served
from ringfence.people import Role
from ringfence.people.rights import RIGHTS_OF

PAGES = [one.page for one in served() if one.page is not None]


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_sees_its_pages_and_no_others(house, role):
    browser = await house.visitor(role)
    shown = (await browser.get("/console/nowhere")).text
    for page in PAGES:
        allowed = not RIGHTS_OF[role].isdisjoint({page.right, *page.others})
        answer = await browser.get(f"/console/{page.name}")
        assert answer.status_code == (200 if allowed else 403), page.name
        assert (f'href="/console/{page.name}"' in shown) is allowed, page.name


async def test_nobody_sees_anything_without_signing_in(house):
    await house.account(Role.VIEWER)
    browser = house.browser()
    for page in PAGES:
        assert (await browser.get(f"/console/{page.name}")).url.path == "/console/sign-in"
