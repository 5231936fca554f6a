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


async def test_several_numbers_in_full_take_two_accounts_and_are_shown_to_who_asked_once(office):
    await hired(office)
    li = await office.client(name="one", acts_as="li")
    wang = await office.client(name="two", acts_as="wang")
    for number in ("95012345", "95013333"):
        await li.post("/v1/complaints", json=COMPLAINT | {"accused": number})
    asked = {"of": ["case 1", "case 2"], "reason": "a court asks"}
    waits = await li.post("/v1/numbers/unmask", json=asked)
    assert (waits.status_code, "CN:9501" in waits.text) == (202, False)
    (one,) = (await wang.get("/v1/approvals")).json()["approvals"]
    assert (one["about"], one["reason"]) == ("numbers of case 1, case 2 in full", "a court asks")
    number = waits.json()["proposal"]
    assert (await li.post(f"/v1/approvals/{number}/confirm", json={})).status_code == 403
    assert (await wang.post(f"/v1/approvals/{number}/confirm", json={})).status_code == 200
    others = await wang.post("/v1/numbers/unmask", json=asked)
    assert others.status_code == 202, "it was confirmed for who asked"
    shown = await li.post("/v1/numbers/unmask", json=asked)
    assert [one["number"] for one in shown.json()["numbers"]] == ["CN:95012345", "CN:95013333"]
    assert (await li.post("/v1/numbers/unmask", json=asked)).status_code == 202, "once"
    one_alone = await li.post("/v1/numbers/unmask", json=asked | {"of": ["case 1"]})
    assert one_alone.json()["numbers"] == [{"of": "case 1", "number": "CN:95012345"}]


async def test_an_erasure_takes_two_privacy_officers(office):
    await hired(office)
    office.people.approvals._settings = PeopleSettings(four_eyes=False)
    for name in ("chen", "sun"):
        await office.people.accounts.add(Wanted(name, frozenset({Role.PRIVACY_OFFICER})), author="root")
    office.people.approvals._settings = PeopleSettings()
    li, chen, sun = [await office.client(name=name, acts_as=name) for name in ("li", "chen", "sun")]
    await li.post("/v1/complaints", json=COMPLAINT | {"text": "at night"})
    asked = {"number": COMPLAINT["reporter"], "reason": "he wrote"}
    waits = await chen.post("/v1/privacy/erase", json=asked)
    assert (waits.status_code, COMPLAINT["reporter"] in waits.text) == (202, False)
    number = waits.json()["proposal"]
    assert (await li.post(f"/v1/approvals/{number}/confirm", json={})).status_code == 403, "it is for privacy officers"
    assert (await sun.post(f"/v1/approvals/{number}/confirm", json={})).status_code == 200
    assert (await chen.post("/v1/privacy/erase", json=asked)).json()["words"] == 1
