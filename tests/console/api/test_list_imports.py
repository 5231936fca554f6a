"""Imports into lists over HTTP: listed, taken back, held, released and dropped."""

import pytest


@pytest.fixture
async def held(client):
    """An import that waits: it changes a third of a list."""
    await client.post("/v1/lists/blocked/entries", json={"numbers": [f"170123450{n:02}" for n in range(12)]})
    rows = [{"number": f"170123460{n:02}"} for n in range(4)]
    answer = await client.post("/v1/lists/blocked/import", json={"rows": rows, "reason": "night calls"})
    assert (answer.status_code, answer.json()["import_id"]) == (202, None), answer.text
    return answer.json()["held_id"]


async def test_an_import_is_taken_back(client):
    made = (await client.post("/v1/lists/blocked/import", json={"rows": [{"number": "95588"}]})).json()["import_id"]
    done = (await client.post(f"/v1/imports/{made}/undo", json={"reason": "wrong"})).json()
    assert (done["list"], done["off"], done["back"]) == ("blocked", 1, 0)
    (shown,) = (await client.get("/v1/imports")).json()["imports"]
    assert (shown["id"], shown["author"], shown["undone"]) == (made, "li", "2026-07-01T04:00:00Z")
    again = await client.post(f"/v1/imports/{made}/undo", json={})
    assert (again.status_code, again.json()["type"]) == (409, "urn:ringfence:problem:conflict")
    assert (await client.post("/v1/imports/99/undo", json={})).status_code == 404


async def test_what_waits_is_released_by_another_person(office, client, held):
    (one,) = (await client.get("/v1/imports/held")).json()["held"]
    assert (one["id"], one["author"], one["why"]) == (held, "li", "it changes 33% of the list (4 come, 0 go)")
    assert (await client.post(f"/v1/imports/held/{held}/release", json={"reason": "mine"})).status_code == 403
    missing = await client.post(f"/v1/imports/held/{held}/release", json={})
    assert missing.json()["errors"][0]["field"] == "/reason"
    wang = await office.client(name="other", acts_as="wang")
    done = await wang.post(f"/v1/imports/held/{held}/release", json={"reason": "I rang them"})
    assert (done.json()["added"], done.json()["import_id"]) == (4, 1)
    (made,) = (await client.get("/v1/imports")).json()["imports"]
    assert made["insisted"].endswith("released by wang: I rang them")
    assert (await wang.post(f"/v1/imports/held/{held}/release", json={"reason": "x"})).status_code == 409
    assert (await client.get("/v1/imports/held")).json() == {"held": []}


async def test_what_waits_is_dropped(client, held):
    done = (await client.post(f"/v1/imports/held/{held}/drop", json={"reason": "an old file"})).json()
    assert (done["ended_by"], done["ended_why"], done["import_id"]) == ("li", "an old file", None)
    (one,) = (await client.get("/v1/imports/held", params={"ended": True})).json()["held"]
    assert one == done
    assert (await client.post("/v1/imports/held/99/drop", json={})).status_code == 404
