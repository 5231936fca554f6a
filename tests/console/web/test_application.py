"""The console beside the API, at the root and behind a reverse proxy's own path."""

import httpx
import pytest

from console.web.application import beside
from ringfence.people import Role
from tests.console.web.conftest import House, _no_api


async def test_what_is_no_page_is_the_apis(house):
    browser = house.browser()
    assert (await browser.get("/v1/cases")).status_code == 418
    assert (await browser.get("/consoles")).status_code == 418


async def test_the_first_page_is_one_that_somebody_may_see(house):
    viewer = await house.visitor(Role.VIEWER)
    assert (await viewer.get("/console")).url.path.startswith("/console/")
    assert (await viewer.get("/console/")).status_code == 200


@pytest.mark.parametrize("stripped", [True, False])
async def test_behind_a_reverse_proxy_at_a_path_of_its_own(file, stripped):
    file.write_text(file.read_text() + "api: {root_path: /ringfence}\n")
    house = House(file)
    await house.open()
    browser = house.browser()
    shown = await browser.get("/console/calls" if stripped else "/ringfence/console/calls")
    assert shown.status_code == 200
    assert 'href="/ringfence/console/calls"' in shown.text
    assert 'href="/console' not in shown.text
    assert "Path=/ringfence/console/" in shown.headers["set-cookie"]
    await house.opened.aclose()


async def test_it_is_called_by_its_names_only(house):
    front = await beside(house.here, house.desk, _no_api, ["localhost"])
    client = httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://rebound.example")
    assert (await client.get("/console/calls")).status_code == 400
    await client.aclose()
