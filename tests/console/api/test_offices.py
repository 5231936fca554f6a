"""The office directory over HTTP."""

CHAOYANG = {"name": "Chaoyang branch", "bank": "ABC Bank", "names": ["CY counter"]}


async def test_offices_are_added_merged_and_parted(client, town):
    for person, name in enumerate(("cy counter", "Lake shop")):
        await town.complain(reporter=town.subscriber(person), knew={"branch": name})
    made = await client.post("/v1/offices", json={"offices": [CHAOYANG]})
    assert made.json() == {"offices": ["ABC Bank / Chaoyang branch"], "complaints": 1}
    found = (await client.get("/v1/offices")).json()
    assert [one["title"] for one in found["offices"]] == ["ABC Bank", "ABC Bank / Chaoyang branch"]
    assert [(one["name"], one["reporters"]) for one in found["unknown"]] == [("Lake shop", 1)]
    naming = {"name": "lake shop", "office": "ABC Bank Chaoyang", "reason": "asked"}
    assert (await client.post("/v1/offices/merge", json=naming)).json()["complaints"] == 1
    assert (await client.post("/v1/offices/merge", json=naming)).status_code == 409
    assert (await client.post("/v1/offices/split", json=naming)).json()["complaints"] == 1
    assert (await client.post("/v1/offices/merge", json=naming | {"office": "none"})).status_code == 422
    assert (await client.post("/v1/offices", json={"offices": [{"name": "a\u202e"}]})).status_code == 422
