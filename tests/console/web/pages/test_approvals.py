"""Approvals: who could do it himself sees and confirms it; who proposed it takes it back."""

import pytest

from ringfence.people import Role
from ringfence.people.faults import Waits
from tests.console.web.conftest import HOSTILE


@pytest.fixture
async def proposal(house):
    """An account is to be changed, as one of two admins proposes; its reason is what a stranger would write."""
    await house.account(Role.ADMIN, name="first")
    await house.account(Role.VIEWER, name="li")
    await house.account(Role.ADMIN, name="second-admin")
    with pytest.raises(Waits) as waits:
        await house.people.accounts.remove("li", author="first", reason=HOSTILE)
    return waits.value.proposal


async def test_another_confirms_it_and_it_is_done(house, proposal):
    second = await house.visitor(Role.ADMIN)
    page = await second.get("/console/approvals")
    assert "account li" in page.text
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    done = await second.send_form(f"/console/approvals/{proposal}/confirm", page="/console/approvals")
    assert "account li: done" in done.text
    assert await house.people.accounts.maybe("li") is None
    again = await second.send_form(f"/console/approvals/{proposal}/confirm", page="/console/approvals")
    assert "notice bad" in again.text
    missing = await second.send_form("/console/approvals/99/confirm", page="/console/approvals")
    assert missing.status_code == 404


async def test_who_could_not_do_it_himself_is_not_shown_it(house, proposal):
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    assert "account li" not in (await officer.get("/console/approvals")).text
    refused = await officer.send_form(f"/console/approvals/{proposal}/confirm", page="/console/approvals")
    assert "notice bad" in refused.text
    viewer = await house.visitor(Role.VIEWER)
    assert (await viewer.get("/console/approvals")).status_code == 403
    assert "/console/approvals" not in (await viewer.get("/console/calls")).text


async def test_it_is_refused_and_nothing_is_done(house, proposal):
    second = await house.visitor(Role.ADMIN)
    told = await second.send_form(f"/console/approvals/{proposal}/refuse", page="/console/approvals", reason="no")
    assert "nothing is done" in told.text
    assert await house.people.accounts.maybe("li")


async def test_a_desk_of_one_is_told_on_each_page(house):
    viewer = await house.visitor(Role.VIEWER)
    assert "four eyes are switched off" not in (await viewer.get("/console/calls")).text
    off = house.here.configuration.people.model_copy(update={"four_eyes": False})
    house.here.configuration = house.here.configuration.model_copy(update={"people": off})
    assert "four eyes are switched off" in (await viewer.get("/console/calls")).text
