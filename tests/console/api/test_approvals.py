"""Four eyes over HTTP: 202 with the number of the proposal, and another account's key confirms it."""

from ringfence.people.accounts import Wanted
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import Role
from tests.console.api.conftest import COMPLAINT, Office


async def hired(office: Office) -> None:
    office.people.approvals._settings = PeopleSettings(four_eyes=False)
    await office.people.accounts.add(Wanted("root", frozenset({Role.ADMIN})), author="root")
    for name in ("li", "wang"):
        await office.people.accounts.add(Wanted(name, frozenset({Role.COMPLAINT_OFFICER})), author="root")
    office.people.approvals._settings = PeopleSettings()
    office.town.desk.archive.second = office.people.approvals
    office.gate._application.state.people = office.people


async def test_a_seal_takes_two_accounts(office):
    await hired(office)
    li = await office.client(name="one", acts_as="li")
    wang = await office.client(name="two", acts_as="wang")
    root = await office.client(name="three", acts_as="root")
    await li.post("/v1/complaints", json=COMPLAINT)
    await li.post("/v1/cases/1/take", json={})
    assert (await li.post("/v1/cases/1/verify", json={"found_by": "owner", "reason": "he said so"})).status_code == 200
    waits = await li.post("/v1/cases/1/seal", json={"reason": "rings at night"})
    assert (waits.status_code, waits.json()["proposal"]) == (202, 1)
    (one,) = (await wang.get("/v1/approvals")).json()["approvals"]
    assert (one["about"], one["proposer"], one["state"]) == ("case 1", "li", "waiting")
    assert (await root.get("/v1/approvals")).json()["approvals"] == []
    for client in (li, root):
        assert (await client.post("/v1/approvals/1/confirm", json={})).status_code == 403
    done = await wang.post("/v1/approvals/1/confirm", json={})
    assert (done.status_code, done.json()) == (200, {"done": "case 1 is sealed"})
    assert (await wang.post("/v1/approvals/1/confirm", json={})).status_code == 409
    assert (await wang.post("/v1/approvals/9/confirm", json={})).status_code == 404
    waits = await wang.post("/v1/cases/1/release", json={"reason": "moved out"})
    refused = await li.post(f"/v1/approvals/{waits.json()['proposal']}/refuse", json={"reason": "no"})
    assert (refused.status_code, refused.json()["state"]) == (200, "refused")


async def test_without_accounts_one_is_enough_and_nothing_waits(client):
    assert (await client.get("/v1/approvals")).status_code == 404
