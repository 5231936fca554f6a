"""What is known against a number, over HTTP."""

from rules.judging.ladder import LadderStep


async def test_evidence_case_step_and_owner_in_one(client, town):
    await town.ring("95012345", "13800138000")
    await town.complain()
    await town.desk.ladder.assign("95012345", owner="Loans Ltd", actor="li")
    await town.desk.ladder.climb("owner", "Loans Ltd", actor="li", reason="again", to=LadderStep.LIMIT)
    found = (await client.get("/v1/numbers/95012345")).json()
    assert (found["number"], found["kind"], found["owner"]) == ("CN:95012345", "cn-95", "Loans Ltd")
    assert found["open_case"] == 1
    assert (found["evidence"]["rang"], found["evidence"]["counted"]) == (1, 1)
    assert [(rung["kind"], rung["step"]) for rung in found["ladder"]] == [("owner", "limit")]
    owners = (await client.get("/v1/ladder", params={"kind": "owner"})).json()["ladder"]
    assert [(one["name"], one["numbers"]) for one in owners] == [("Loans Ltd", ["CN:95******"])]


async def test_a_number_that_nobody_complained_about(client):
    found = (await client.get("/v1/numbers/%2B8613912345678")).json()
    assert (found["evidence"], found["cases"], found["seal"], found["ladder"]) == (None, [], None, [])


async def test_an_emergency_number_and_no_number(client):
    assert (await client.get("/v1/numbers/110")).status_code == 200
    answer = await client.get("/v1/numbers/jane")
    assert answer.status_code == 422
    assert "jane" not in answer.text
    assert (await client.get("/v1/numbers/85223456789")).status_code == 422  # Hong Kong's, or Zunyi's
