"""The ladder over HTTP: a step is set and lifted by an officer, with a reason, on what he looked at."""

import pytest

from ringfence.people.rights import Right
from rules.audit.chain import deeds_of
from rules.judging.ladder import LadderStep

CLIMB = {"kind": "number", "name": "950 12345", "reason": "again and again"}


async def test_a_step_is_set_seen_and_lifted(client, town):
    climbed = await client.post("/v1/ladder/climb", json=CLIMB | {"step": "limit"})
    assert climbed.status_code == 200, climbed.text
    rung = climbed.json()
    assert (rung["name"], rung["step"], rung["offences"], rung["reason"]) == (
        "CN:95******",
        "limit",
        1,
        CLIMB["reason"],
    )
    assert (rung["since"], rung["term_ends"]) == ("2026-07-01T04:00:00Z", "2026-07-31T04:00:00Z")
    assert climbed.headers["etag"] == f'"{rung["version"]}"'
    (shown,) = (await client.get("/v1/ladder")).json()["ladder"]
    assert shown == rung | {"numbers": [], "pseudonyms": [], "author": "li"}
    assert (await client.get("/v1/numbers/95012345")).json()["ladder"] == [rung]
    cleared = await client.post("/v1/ladder/clear", json=CLIMB, headers={"If-Match": climbed.headers["etag"]})
    assert cleared.json() == {"kind": "number", "name": "CN:95******", "step": "none"}
    assert (await client.get("/v1/ladder")).json() == {"ladder": [], "next": None}
    deeds = await deeds_of(town.desk.archive.store.connection, "ladder", "number CN:95012345")
    assert [(deed.actor, deed.step, deed.reason) for deed in deeds] == [
        ("li", "limit", CLIMB["reason"]),
        ("li", "off the ladder", CLIMB["reason"]),
    ]


async def test_without_a_step_it_is_one_up(client):
    steps = [(await client.post("/v1/ladder/climb", json=CLIMB)).json()["step"] for _ in range(5)]
    assert steps == ["watch", "tag", "limit", "reject", "reject"]


async def test_an_owner_and_a_business_stand_on_it_with_all_their_numbers(client):
    whose = {"owner": "Loans Ltd", "business": "Quick Cash"}
    for number in ("95012345", "%2B8695013333"):
        said = (await client.post(f"/v1/numbers/{number}/assign", json=whose)).json()
    assert said == {"number": "CN:95******", "open_case": None} | whose
    for kind, name in whose.items():
        await client.post("/v1/ladder/climb", json={"kind": kind, "name": name, "reason": "x"})
    owners = (await client.get("/v1/ladder", params={"kind": "owner"})).json()["ladder"]
    assert [(one["name"], one["numbers"]) for one in owners] == [("Loans Ltd", ["CN:95******", "CN:95******"])]
    assert len(set(owners[0]["pseudonyms"])) == 2, "whoever may asks for one of them in full by it"
    found = (await client.get("/v1/numbers/95012345")).json()
    assert [(one["kind"], one["name"]) for one in found["ladder"]] == [
        *(("business", "Quick Cash"), ("owner", "Loans Ltd"))
    ]


async def test_two_officers_at_once(office, client):
    wang = await office.client(name="other", acts_as="wang")
    first = (await client.post("/v1/ladder/climb", json=CLIMB | {"version": 0})).json()
    office.town.now += 60
    done = await wang.post("/v1/ladder/climb", json=CLIMB | {"version": first["version"]})
    assert done.json()["step"] == "tag"
    for step in ("climb", "clear"):
        late = await client.post(f"/v1/ladder/{step}", json=CLIMB, headers={"If-Match": f'"{first["version"]}"'})
        assert (late.status_code, late.json()["who"], late.json()["when"]) == (409, "wang", "2026-07-01T04:01:00Z")


async def test_the_same_request_twice_is_one_offence(client):
    once = {"Idempotency-Key": "7f3a"}
    first = await client.post("/v1/ladder/climb", json=CLIMB, headers=once)
    again = await client.post("/v1/ladder/climb", json=CLIMB, headers=once)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (await client.get("/v1/ladder")).json()["ladder"][0]["offences"] == 1


@pytest.mark.parametrize("number", ["110", "112", "12345", "+86110"])
async def test_emergency_and_public_service_numbers_are_refused(client, number):
    answer = await client.post("/v1/ladder/climb", json=CLIMB | {"name": number})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:ringfence:problem:refused")
    assert [one["field"] for one in answer.json()["errors"]] == ["/name"]
    answer = await client.post(f"/v1/numbers/{number.replace('+', '%2B')}/assign", json={"owner": "Loans Ltd"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "number")
    assert (await client.get("/v1/ladder")).json()["ladder"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("climb", CLIMB | {"reason": " "}, "/reason"),
        ("climb", CLIMB | {"step": "sealed"}, "/step"),
        ("climb", CLIMB | {"kind": "town"}, "/kind"),
        ("climb", CLIMB | {"name": "jane"}, "/name"),
        ("climb", CLIMB | {"kind": "owner", "name": "a\u0007b"}, "/name"),
        ("climb", CLIMB | {"version": -1}, "/version"),
        ("clear", CLIMB, "/name"),
    ],
)
async def test_what_is_wrong_is_named(client, path, body, field):
    answer = await client.post(f"/v1/ladder/{path}", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_number_is_assigned_to_somebody(client):
    assert (await client.post("/v1/numbers/95012345/assign", json={})).status_code == 422
    answer = await client.post("/v1/numbers/95012345/assign", json={"owner": "Loans Ltd", "business": "a\u0007b"})
    assert [one["field"] for one in answer.json()["errors"]] == ["/business"]
    assert (await client.get("/v1/numbers/95012345")).json()["owner"] == ""


async def test_who_may_do_what(tmp_path, office):
    await office.town.reopen(officers=["li"])
    await office.reopen()
    reader = await office.client(Right.CASES_READ, Right.CASES_WRITE, name="reader", acts_as="li")
    guest = await office.client(Right.LADDER_WRITE, name="guest")
    li = await office.client(Right.LADDER_WRITE, name="li", acts_as="li")
    lacking = await reader.post("/v1/ladder/climb", json=CLIMB)
    assert (lacking.status_code, lacking.json()["type"]) == (403, "urn:ringfence:problem:scope")
    assert (await guest.post("/v1/ladder/climb", json=CLIMB)).json()["type"] == "urn:ringfence:problem:not-allowed"
    assert (await guest.post("/v1/numbers/95012345/assign", json={"owner": "x"})).status_code == 403
    assert (await li.post("/v1/ladder/climb", json=CLIMB)).status_code == 200
    assert (await guest.post("/v1/ladder/clear", json=CLIMB)).status_code == 403
    assert (await reader.get("/v1/ladder")).json()["ladder"][0]["author"] == "li"
    assert (await li.get("/v1/ladder")).status_code == 403


async def test_page_after_page(client, town):
    for digit in range(5):
        await town.desk.ladder.climb("number", f"9501333{digit}", actor="li", reason="x", to=LadderStep.TAG)
    names, cursor = [], None
    for _ in range(3):
        page = (await client.get("/v1/ladder", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        names += [one["pseudonym"] for one in page["ladder"]]
        cursor = page["next"]
    hide = town.desk.archive.secrecy.pseudonym
    assert names == [hide(f"CN:9501333{digit}") for digit in range(5)]
    assert cursor is None
