"""What waits in the outbox, over HTTP: why, and never to whom."""

from desk.outbox import Fault
from ringfence.people.rights import Right
from tests.console.api.conftest import COMPLAINT


async def test_what_waits_and_why(client):
    where = (await client.post("/v1/complaints", json=COMPLAINT | {"contact": "jane@example.com"})).headers["location"]
    await client.post("/v1/cases/1/unfounded", json={"reason": "nothing"})
    answer = await client.get("/v1/letters")
    confirm, told = answer.json()["letters"]
    assert (confirm["kind"], confirm["waits_for"]) == ("confirm", "letters send")
    assert told == {
        "id": 2,
        "kind": "answer",
        "about": where.rpartition("/")[2],
        "outcome": "unfounded",
        "created": "2026-07-01T04:00:00Z",
        "attempts": 0,
        "state": "unconfirmed",
        "next_try": None,
        "waits_for": "the address to be confirmed",
    }
    assert "jane" not in answer.text


async def test_page_after_page(client):
    for last in range(3):
        contact = {"reporter": f"1380013800{last}", "contact": f"jane{last}@example.com"}
        await client.post("/v1/complaints", json=COMPLAINT | contact)
    first = (await client.get("/v1/letters", params={"limit": 2})).json()
    rest = (await client.get("/v1/letters", params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["letters"] + rest["letters"]] == [1, 2, 3]
    assert rest["next"] is None


async def test_the_outbox_is_for_the_desk(office):
    app = await office.client(Right.COMPLAINTS_WRITE)
    assert (await app.get("/v1/letters")).status_code == 403


async def test_a_letter_that_was_given_up_is_put_back(client, town, office):
    await client.post("/v1/complaints", json=COMPLAINT | {"contact": "jane@example.com"})
    await town.desk.letters.failed([1], "the server said 550", Fault.PERMANENT)
    (letter,) = (await client.get("/v1/letters")).json()["letters"]
    assert (letter["state"], letter["next_try"]) == ("given up", None)
    reader = await office.client(Right.CASES_READ, name="reader")
    assert (await reader.post("/v1/letters/1/retry")).status_code == 403
    assert (await client.post("/v1/letters/1/retry")).status_code == 204
    assert (await client.get("/v1/letters")).json()["letters"][0]["state"] == "waits"
    assert (await client.post("/v1/letters/9/retry")).status_code == 404


async def test_an_address_is_asked_once_more(client, town):
    filed = await town.complain(contact="a@example.com")
    (asked,) = await town.desk.letters.waiting()
    await town.desk.letters.sent(asked.id)
    answer = await client.post("/v1/letters/ask", json={"about": filed.reference})
    assert (answer.status_code, answer.json()) == (200, {"asked": True})
    assert [one.kind for one in await town.desk.letters.waiting()] == ["confirm"]
    assert (await client.post("/v1/letters/ask", json={"about": "Nobody"})).status_code == 404
