"""Complaints over HTTP: a number at once, seen and withdrawn by the source that filed, and by nobody else."""

from ringfence.people.rights import Right
from tests.console.api.conftest import COMPLAINT

WRITE, READ, CASES = Right.COMPLAINTS_WRITE, Right.COMPLAINTS_READ, Right.CASES_READ


async def test_a_complaint_gets_its_number_at_once(client, town):
    done = await client.post("/v1/complaints", json=COMPLAINT)
    assert done.status_code == 201
    found = done.json()
    assert found["state"] == "received"
    assert done.headers["location"] == f"/v1/complaints/{found['reference']}"
    row = await town.one("select accused, channel, source, category from complaint")
    assert row == ("CN:95012345", "api", "app", "loan")


async def test_the_same_complaint_again_is_200_and_the_same_number(client):
    first = (await client.post("/v1/complaints", json=COMPLAINT)).json()
    again = await client.post("/v1/complaints", json=COMPLAINT)
    assert again.status_code == 200
    assert again.json() == first | {"duplicate": True}


async def test_many_at_once_each_by_itself(client):
    sent = [COMPLAINT, COMPLAINT | {"accused": "110"}, COMPLAINT, COMPLAINT | {"reporter": "13800138001"}]
    done = await client.post("/v1/complaints/batch", json={"complaints": sent})
    assert done.status_code == 200
    first, wrong, again, other = done.json()["results"]
    assert [one["field"] for one in wrong["errors"]] == ["/complaints/1/accused"]
    assert (again["reference"], again["duplicate"]) == (first["reference"], True)
    assert other["reference"] != first["reference"]
    malformed = await client.post("/v1/complaints/batch", json={"complaints": [COMPLAINT, {"accused": 1}]})
    assert sorted(one["field"] for one in malformed.json()["errors"]) == [
        *("/complaints/1/accused", "/complaints/1/reporter")
    ]


async def test_each_of_many_counts_as_a_request_of_the_day(office, town):
    client = await office.client(WRITE, daily=10)
    many = [COMPLAINT | {"reporter": f"1380013800{last}"} for last in range(6)]
    done = await client.post("/v1/complaints/batch", json={"complaints": many})
    assert done.status_code == 200
    assert '"day";r=4;' in done.headers["ratelimit"]
    over = await client.post("/v1/complaints/batch", json={"complaints": many})
    assert over.status_code == 429
    assert (await town.one("select count(*) from complaint"))[0] == 6
    assert (await client.post("/v1/complaints/batch", json={"complaints": many[:3]})).status_code == 200


async def test_the_reporter_sees_how_it_stands(client, town):
    at = "2026-07-01T11:30:00+08:00"
    where = (await client.post("/v1/complaints", json=COMPLAINT | {"at": at})).headers["location"]
    shown = (await client.get(where)).json()
    assert shown["accused"] == "CN:95******"
    assert (shown["received"], shown["call_at"]) == ("2026-07-01T04:00:00Z", "2026-07-01T03:30:00Z")
    await town.desk.cases.take(1, actor="li")
    assert (await client.get(where)).json()["state"] == "accepted"


async def test_a_source_sees_only_its_own_unless_it_may_read_all(office):
    app, other, desk = [
        await office.client(*scopes, name=name) for name, *scopes in (("app", WRITE), ("other", WRITE), ("desk", READ))
    ]
    where = (await app.post("/v1/complaints", json=COMPLAINT)).headers["location"]
    assert "tie" not in (await app.get(where)).json()
    assert (await other.get(where)).status_code == 404
    assert (await other.post(f"{where}/withdraw", json={})).status_code == 404
    assert (await desk.get(where)).json()["source"] == "app"
    assert (await desk.post(f"{where}/withdraw", json={})).status_code == 403


async def test_who_rings_whom_is_not_told_to_who_files(office, town):
    app = await office.client(WRITE)
    await town.ring("95012345", "13800138000")
    known = (await app.post("/v1/complaints", json=COMPLAINT)).json()
    unknown = (await app.post("/v1/complaints", json=COMPLAINT | {"reporter": "13800138001"})).json()
    assert known.keys() == unknown.keys() == {"reference", "state", "duplicate"}


async def test_a_withdrawn_complaint_loses_its_effect(client, town):
    where = (await client.post("/v1/complaints", json=COMPLAINT)).headers["location"]
    assert (await client.post(f"{where}/withdraw", json={"reason": "mistake"})).json()["state"] == "withdrawn"
    again = await client.post(f"{where}/withdraw", json={})
    assert again.status_code == 409
    assert again.json()["when"] == "2026-07-01T04:00:00Z"
    assert (await client.get("/v1/numbers/95012345")).json()["evidence"]["score"] == 0


async def test_what_was_written_is_shown_to_officers_and_who_read_it_is_recorded(office, town):
    app, desk = await office.client(WRITE), await office.client(CASES, name="desk", acts_as="li")
    said = {
        "text": "he rang 13800138000 and +86 138-0013-8000 twice",
        "contact": "jane@example.com",
        "knew": {"name": "Jane Doe", "plan": "gold"},
    }
    where = (await app.post("/v1/complaints", json=COMPLAINT | said)).headers["location"]
    assert (await app.get(f"{where}/words")).status_code == 403
    shown = (await desk.get(f"{where}/words")).json()["words"]
    assert shown == {"text": "he rang 138******00 and +86138******00 twice", "knew plan": "gold"}
    assert await town.one("select actor, step from step where subject = 'complaint'") == ("li", "words read")


async def test_an_officer_rejects_what_is_none(client, town):
    where = (await client.post("/v1/complaints", json=COMPLAINT)).headers["location"]
    assert (await client.post(f"{where}/reject", json={"reason": " "})).status_code == 422
    assert (await client.post(f"{where}/reject", json={"reason": "no call"})).json()["state"] == "rejected"


async def test_an_address_is_confirmed_by_the_code_that_was_sent_there(client, town):
    contact = {"contact": "jane@example.com"}
    where = (await client.post("/v1/complaints", json=COMPLAINT | contact)).headers["location"]
    (letter,) = await town.desk.letters.waiting()
    code = town.desk.letters.code_of((await town.one("select contact_key from complaint"))[0])
    assert code in letter.body
    assert (await client.post(f"{where}/confirm", json={"code": "0000000000"})).status_code == 422
    assert (await client.post(f"{where}/confirm", json={"code": code})).status_code == 204


async def test_lists_turn_pages(client):
    for last in range(5):
        await client.post("/v1/complaints", json=COMPLAINT | {"reporter": f"1380013800{last}"})
    first = (await client.get("/v1/complaints", params={"limit": 3, "about": "95012345"})).json()
    rest = (await client.get("/v1/complaints", params={"limit": 3, "cursor": first["next"]})).json()
    assert [len(first["complaints"]), len(rest["complaints"]), rest["next"]] == [3, 2, None]
    assert len({one["reference"] for one in first["complaints"] + rest["complaints"]}) == 5


async def faults(client, **changed) -> list[str]:
    answer = await client.post("/v1/complaints", json=COMPLAINT | changed)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    return [one["field"] for one in answer.json()["errors"]]


async def test_each_fault_names_its_field(client):
    assert await faults(client, accused="110") == ["/accused"]
    assert await faults(client, accused="no number") == ["/accused"]
    assert await faults(client, accused="85223456789") == [
        "/accused"
    ]  # Hong Kong's without its +, or Zunyi's without 0
    assert await faults(client, reporter="37123456789") == ["/reporter"]
    assert await faults(client, accused=95012345) == ["/accused"]
    assert await faults(client, reporter=None) == ["/reporter"]
    assert await faults(client, reporter="13800138000 / 13900139000") == ["/reporter"]
    assert await faults(client, at="2027-01-01T00:00:00Z") == ["/at"]
    assert await faults(client, at="2026-02-31T00:00:00Z") == ["/at"]
    assert await faults(client, at="yesterday", category=7) == ["/at", "/category"]
    assert await faults(client, category="nonsense") == ["/category"]
    assert await faults(client, knew={"shoe size": "43"}) == ["/knew"]
    assert await faults(client, knew={"branch": "a\r\nSet-Cookie: x=y"}) == ["/knew/branch"]
    assert await faults(client, business="x" * 201, decision="zz") == ["/business", "/decision"]


async def test_text_that_attacks_is_kept_as_text(client, town, office):
    attack = "'; drop table complaint; -- {{7*7}} ${jndi:x} <script> \u202egnp.exe =cmd()"
    where = (await client.post("/v1/complaints", json=COMPLAINT | {"text": attack})).headers["location"]
    assert (await client.get(f"{where}/words")).json()["words"] == {"text": attack}


async def test_whoever_filed_can_ask_what_came_of_it(client, office):
    app = await office.client(Right.COMPLAINTS_WRITE, name="another")
    where = (await app.post("/v1/complaints", json=COMPLAINT)).headers["location"]
    waiting = (await app.get(where)).json()
    assert (waiting["state"], waiting["outcome"], waiting["answer"]) == ("received", "", "")
    await client.post("/v1/cases/1/unfounded", json={"reason": "a wrong number"})
    told = (await app.get(where)).json()
    assert (told["state"], told["outcome"]) == ("answered", "unfounded")
    assert told["answer"].endswith("a wrong number"), "without an address it is told here only"
    assert "case" not in told
    desk = (await client.get(where)).json()
    assert (desk["case"], desk["answer"]) == (1, told["answer"])


async def test_many_are_withdrawn_by_their_source_and_rejected_by_an_officer(office, client):
    app = await office.client(Right.COMPLAINTS_WRITE, name="first")
    other = await office.client(Right.COMPLAINTS_WRITE, name="other")
    names = []
    for last in range(4):
        body = COMPLAINT | {"reporter": f"1380013800{last}"}
        names.append((await (app if last else other).post("/v1/complaints", json=body)).json()["reference"])
    found = (await app.post("/v1/complaints/withdraw", json={"complaints": names[:2], "reason": "mistake"})).json()
    assert found["results"][0]["errors"][0]["field"] == "/complaints/0"
    assert found["results"][1]["state"] == "withdrawn"
    asked = {"complaints": [*names[1:], "C-00000-00000"], "reason": "a flood"}
    assert (await app.post("/v1/complaints/reject", json=asked)).status_code == 403
    found = (await client.post("/v1/complaints/reject", json=asked)).json()["results"]
    assert [one["state"] for one in found] == [None, "rejected", "rejected", None]
    assert (await client.post("/v1/complaints/reject", json={"complaints": [], "reason": "x"})).status_code == 422
