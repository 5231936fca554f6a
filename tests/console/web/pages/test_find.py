"""The field at the top leads to what somebody wrote."""

import pytest

from ringfence.people import Role


@pytest.mark.parametrize(
    ("text", "place"), [("", "/console/calls"), ("170*", "/console/calls"), ("0123456789abcdef0123", "/console/calls")]
)
async def test_where_it_leads(house, text, place):
    browser = await house.visitor(Role.VIEWER)
    found = await browser.send_form("/console/find", page="/console/calls", q=text)
    assert found.url.path == place
    refused = await (await house.visitor(Role.PRIVACY_OFFICER)).send_form(
        "/console/find", page="/console/nowhere", q=text
    )
    assert refused.status_code == 403
