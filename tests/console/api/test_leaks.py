"""Leaks and inquiries over HTTP."""

import pytest

from ringfence.people.rights import Right
from tests.desk.town import SPAM

TITLE = "ABC Bank / Chaoyang"


@pytest.fixture
async def leak(client, town):
    await client.post("/v1/offices", json={"offices": [{"name": "Chaoyang", "bank": "ABC Bank", "answers": "Li"}]})
    for person in range(5):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), knew={"branch": "ABC Bank Chaoyang", "plan": "199"})


async def test_a_leak_from_the_board_to_a_finding(client, town, leak):
    (found,) = (await client.get("/v1/leaks")).json()["leaks"]
    assert (found["office"], found["bank"], found["weight"], found["alarms"]) == (TITLE, "ABC Bank", 5.0, True)
    shown = (await client.get("/v1/leaks/office", params={"office": "abc bank chaoyang"})).json()
    assert (len(shown["complaints"]), shown["knew"], shown["callers"]) == (5, {"plan": 5}, {"CN:95******": 5})
    seen = await client.post("/v1/leaks/seen", json={"office": TITLE, "reason": "we look"})
    assert (seen.status_code, seen.json()["seen"]["reason"]) == (200, "we look")
    made = await client.post("/v1/inquiries", json={"office": TITLE, "asked": "who?"})
    assert (made.status_code, made.json()["asked_of"], made.json()["due"][:10]) == (201, "Li", "2026-07-15")
    answer = await client.post("/v1/inquiries/1/answer", json={"answer": "a clerk", "version": 1})
    assert answer.json()["state"] == "answered"
    assert (await client.post("/v1/inquiries/1/answer", json={"answer": "x"})).status_code == 409
    end = await client.post("/v1/inquiries/1/close", json={"finding": "confirmed", "reason": "logs"})
    assert (end.status_code, end.json()["finding"]) == (200, "confirmed")
    assert [one["state"] for one in (await client.get("/v1/inquiries")).json()["inquiries"]] == ["closed"]
    assert (await client.get("/v1/inquiries/2")).status_code == 404
    assert (await client.get("/v1/leaks/office", params={"office": "nowhere"})).status_code == 422


async def test_leaks_are_for_the_desk(office, leak):
    app = await office.client(Right.COMPLAINTS_WRITE, Right.REPORTS_READ, name="centre")
    reader = await office.client(Right.CASES_READ, name="reader")
    for path in ("/v1/leaks", "/v1/inquiries", "/v1/offices"):
        assert [(await one.get(path)).status_code for one in (app, reader)] == [403, 200]
    for path, body in (
        ("leaks/seen", {"office": TITLE, "reason": "x"}),
        ("inquiries", {"office": TITLE, "asked": "x"}),
    ):
        assert (await reader.post(f"/v1/{path}", json=body)).status_code == 403
