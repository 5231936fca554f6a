"""Appeals over HTTP: a sealed number's owner is heard, and what was wrong is taken back."""

from ringfence.people.rights import Right
from rules.judging.ladder import LadderStep
from tests.desk.town import HOUR


async def sealed(town) -> None:
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five reporters")


async def test_a_granted_appeal_releases_the_seal(client, town):
    await sealed(town)
    filed = await client.post("/v1/appeals", json={"number": "95012345", "text": "we are a bank"})
    assert filed.status_code == 201
    where = filed.headers["location"]
    assert filed.json()["against"] == "seal"
    done = await client.post(f"{where}/grant", json={"reason": "the number was forged"})
    assert (done.json()["state"], done.json()["decided_by"]) == ("granted", "li")
    assert (await client.get("/v1/cases/1")).json()["case"]["state"] == "released"
    late = await client.post(f"{where}/refuse", json={"reason": "x"})
    assert (late.status_code, late.json()["who"]) == (409, "li")


async def test_a_refused_appeal_changes_nothing(client, town):
    await sealed(town)
    where = (await client.post("/v1/appeals", json={"number": "95012345"})).headers["location"]
    late = await client.post(f"{where}/refuse", json={"reason": "x"}, headers={"If-Match": '"9"'})
    assert late.status_code == 409
    tag = (await client.get(where)).headers["etag"]
    done = await client.post(f"{where}/refuse", json={"reason": "x"}, headers={"If-Match": tag})
    assert done.json()["state"] == "refused"
    assert (await client.get("/v1/numbers/95012345")).json()["seal"] == {"id": 1, "case": 1}


async def test_the_same_appeal_again_is_200_and_the_same_number(client, town):
    await sealed(town)
    first = await client.post("/v1/appeals", json={"number": "95012345"})
    town.now += HOUR
    again = await client.post("/v1/appeals", json={"number": "95012345"})
    assert (again.status_code, again.json()) == (200, first.json())
    town.now -= 2 * HOUR
    assert (await client.post("/v1/appeals", json={"number": "95012345"})).status_code == 200, "the clock was set back"


async def test_what_is_said_in_the_same_appeal_once_more_is_kept_beside_what_was_said_before(client, town):
    await sealed(town)
    first = await client.post("/v1/appeals", json={"number": "95012345", "text": "we are a bank"})
    for text in ("and this is our licence", "we are a bank", ""):
        town.now += HOUR
        again = await client.post("/v1/appeals", json={"number": "95012345", "text": text})
        assert (again.status_code, again.json()["reference"]) == (200, first.json()["reference"])
    shown = (await client.get(first.headers["location"])).json()
    assert shown["words"] == {"text": "we are a bank", "text 2": "and this is our licence"}


async def test_an_appeal_by_the_id_that_the_rejection_carried(client, town):
    decision = await town.ring("95012345", "13800138000")
    refused = await client.post("/v1/appeals", json={"decision": decision})
    assert [one["field"] for one in refused.json()["errors"]] == ["/against"]
    filed = await client.post("/v1/appeals", json={"decision": decision, "against": "rule", "target": "night-calls"})
    assert filed.status_code == 201
    pack = (await client.get(f"{filed.headers['location']}/evidence")).json()
    assert pack["call"]["id"] == decision
    assert "called_key" not in pack["call"]


async def test_nothing_to_appeal_against(client):
    answers = [await client.post("/v1/appeals", json=body) for body in ({}, {"decision": "0" * 20})]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert [answer.json()["errors"][0]["field"] for answer in answers] == ["/number", "/decision"]


async def test_a_step_of_the_ladder_is_taken_back(client, town):
    await town.desk.ladder.climb("number", "95012345", actor="li", reason="x", to=LadderStep.TAG)
    (climber,) = (await client.get("/v1/ladder")).json()["ladder"]
    assert (climber["step"], climber["numbers"]) == ("tag", [])
    where = (await client.post("/v1/appeals", json={"number": "95012345"})).headers["location"]
    assert (await client.post(f"{where}/grant", json={"reason": "x"})).status_code == 200
    assert (await client.get("/v1/ladder")).json()["ladder"] == []


async def test_who_files_sees_how_it_stands_and_who_decides_sees_what_was_said(office, town):
    app = await office.client(Right.APPEALS_WRITE)
    desk = await office.client(Right.APPEALS_READ, name="desk", acts_as="wang")
    await sealed(town)
    body = {"number": "95012345", "text": "ask Jane on 13800138000", "contact": "jane@example.com"}
    where = (await app.post("/v1/appeals", json=body)).headers["location"]
    assert (await app.get(where)).json().keys() >= {"state", "reason"}
    assert "words" not in (await app.get(where)).json()
    assert (await app.get("/v1/appeals")).status_code == 403
    assert (await desk.get(where)).json()["words"] == {"text": "ask Jane on 138******00"}
    query = "select actor from step where subject = 'appeal' and step = 'words read'"
    assert await town.one(query) == ("wang",)
    assert (await desk.post(f"{where}/grant", json={"reason": "x"})).status_code == 403


async def test_the_appellants_address_is_confirmed(client, town):
    await sealed(town)
    body = {"number": "95012345", "contact": "bank@example.com"}
    where = (await client.post("/v1/appeals", json=body)).headers["location"]
    code = town.desk.letters.code_of((await town.one("select contact_key from appeal"))[0])
    assert (await client.post(f"{where}/confirm", json={"code": code})).status_code == 204
    nobody = await client.post("/v1/appeals/A-00000-00000/confirm", json={"code": code})
    assert nobody.status_code == 404


async def test_lists_turn_pages(client, town):
    filed = []
    for digit in range(3):
        body = {"number": f"9501234{digit}", "against": "rule", "target": "x"}
        filed.append((await client.post("/v1/appeals", json=body)).json()["reference"])
    first = (await client.get("/v1/appeals", params={"limit": 2, "state": "filed"})).json()
    rest = (await client.get("/v1/appeals", params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["reference"] for one in first["appeals"] + rest["appeals"]] == filed
    assert {one["number"] for one in first["appeals"]} == {"CN:95******"}
    assert rest["next"] is None


async def test_nobody_is_skipped_while_appeals_are_decided(client, town):
    filed = []
    for digit in range(5):
        body = {"number": f"9501333{digit}", "against": "rule", "target": "night-calls"}
        filed.append((await client.post("/v1/appeals", json=body)).json()["reference"])
        town.now += HOUR
    first = (await client.get("/v1/appeals", params={"limit": 2})).json()
    await client.post(f"/v1/appeals/{first['appeals'][0]['reference']}/refuse", json={"reason": "x"})
    rest = (await client.get("/v1/appeals", params={"limit": 9, "cursor": first["next"]})).json()
    assert [one["reference"] for one in first["appeals"]] == filed[:2]
    assert [one["reference"] for one in rest["appeals"]] == [*filed[2:], filed[0]]
    assert rest["next"] is None


async def test_whoever_may_only_file_appeals_learns_no_number_owner_or_list_from_a_decision(office, town):
    """The id stands in what the callee's PBX and the caller see: it must not lead back to the caller."""
    await town.desk.ladder.climb("number", "95012345", actor="li", reason="again", to=LadderStep.LIMIT)
    writer = await office.client(Right.APPEALS_WRITE, name="portal")
    filed = await writer.post("/v1/appeals", json={"number": "95012345"})
    assert filed.status_code == 201, filed.text
    for answer in (filed, await writer.get(filed.headers["location"])):
        assert answer.json()["against"] == "ladder"
        assert "95012345" not in answer.text
        assert "target" not in answer.json()
    reader = await office.client(Right.APPEALS_READ, name="desk")
    assert (await reader.get(filed.headers["location"])).json()["target"] == "number CN:95******"
