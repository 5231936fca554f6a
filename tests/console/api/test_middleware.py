"""What every request passes: room, host, size, JSON, deadline; and what is logged of it."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from console.api.middleware import Middleware
from rules.storage.store import StoreError
from tests.console.api.conftest import COMPLAINT
from tests.peers.process import eventually

JSON = {"Content-Type": "application/json"}


async def test_every_answer_has_its_own_number_and_is_never_cached(client):
    first, second = [await client.get("/v1/cases", headers={"X-Request-ID": "mine"}) for _ in range(2)]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-content-type-options"] == "nosniff"


async def test_no_such_path_and_no_such_method(client):
    for path, status in (("/v1/nothing", 404), ("/", 404), ("/v1/cases/", 404)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    answer = await client.request("DELETE", "/v1/cases")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    answer = await client.get("/v1/ladder/climb")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_head_is_get_without_its_body(client, town):
    await town.complain()
    whole, head = await client.get("/v1/cases/1"), await client.head("/v1/cases/1")
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in ("etag", "content-length")] == ['"1"', str(len(whole.content))]
    assert (await client.head("/v1/cases/7")).status_code == 404


async def test_ten_megabytes_are_refused_before_they_are_read(client):
    taken = 0

    async def chunks():
        nonlocal taken
        for _ in range(160):
            taken += 65_536
            yield b"x" * 65_536

    announced = await client.post("/v1/complaints", content=b"x" * 10_000_000, headers=JSON)
    chunked = await client.post("/v1/complaints", content=chunks(), headers=JSON)
    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert taken <= 5 * 65_536
    assert "256 KiB" in chunked.json()["detail"]


BODIES = [
    (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"{}", {}, 415),
    (b"{}", {"Content-Type": "application/json; charset=gb18030"}, 415),
    (b"{}", JSON | {"Content-Encoding": "gzip"}, 415),
    (b"{}", {"Content-Type": 'application/json; charset="UTF-8"'}, 422),
    (b"[1", JSON, 400),
    (b'{"accused": NaN}', JSON, 400),
    (b'{"accused": "1", "accused": "2"}', JSON, 400),
    (b'{"accused": "\\ud800"}', JSON, 400),
    (b"[" * 100_000, JSON, 400),
    (b"", JSON, 422),
    (b"null", JSON, 422),
    (b"[]", JSON, 422),
]


async def test_a_body_that_is_none(client):
    for body, headers, status in BODIES:
        answer = await client.post("/v1/complaints", content=body, headers=headers)
        found = (answer.status_code, answer.headers["content-type"])
        assert found == (status, "application/problem+json"), (body[:40], headers)


async def test_a_body_with_two_lengths(client):
    both = JSON | {"Content-Length": "2", "Transfer-Encoding": "chunked"}
    answer = await client.post("/v1/complaints", content=b"{}", headers=both)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")


HOSTS = [
    *(("localhost:8607", 200), ("127.0.0.1", 200), ("[::1]:8607", 200), ("LOCALHOST", 200)),
    *(("evil.example:8607", 421), ("", 421)),
]


async def test_web_pages_that_resolve_to_loopback_stay_outside(client):
    for host, status in HOSTS:
        assert (await client.get("/v1/cases", headers={"Host": host})).status_code == status, host


async def test_other_names_are_those_of_the_configuration(office):
    await office.reopen(hosts=["desk.example"])
    client = await office.client()
    assert (await client.get("/v1/cases", headers={"Host": "desk.example"})).status_code == 200
    assert (await client.get("/v1/cases", headers={"Host": "evil.example"})).status_code == 421


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json"])
async def test_health_and_the_document_are_open_on_loopback_only(office, path):
    assert (await office.asking().get(path)).status_code == 200
    assert (await office.asking(address="192.0.2.1").get(path)).status_code == 401
    assert (await office.asking(await office.key(), "192.0.2.1").get(path)).status_code == 200


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.go, self.done = asyncio.Event(), False

    async def __call__(self, scope, receive, send):
        await self.go.wait()
        self.done = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


def before(office, application, **changed) -> None:
    """Put another application behind the office's gate."""
    settings = office.settings.model_copy(update=changed)
    office.gate = Middleware(application, office.door, office.gate._replays, settings)


async def test_a_request_that_takes_too_long_is_answered_and_goes_on(office):
    slow = Slow()
    before(office, slow, deadline_s=0.01)
    client = await office.client()
    answer = await client.post("/v1/complaints", json={})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:ringfence:problem:slow")
    slow.go.set()
    await eventually(lambda: slow.done, "the work has ended")


async def test_more_at_once_than_there_is_room_for(office):
    slow = Slow()
    before(office, slow, concurrent=1)
    client = await office.client()
    first = asyncio.create_task(client.get("/v1/cases"))
    await eventually(lambda: office.gate._working, "the first is being answered")
    answer = await client.get("/v1/cases")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    slow.go.set()
    assert (await first).status_code == 200


async def test_an_error_of_ours_says_nothing_of_what_it_met(office):
    async def broken(scope, receive, send):
        raise RuntimeError("+8613800138000 of Jane Doe")

    before(office, broken)
    client = await office.client()
    with capture_logs() as logs:
        answer = await client.get("/v1/cases")
    assert answer.status_code == 500
    told = answer.text + json.dumps(logs)
    assert "Jane" not in told
    assert "13800138000" not in told
    assert logs[0]["error"] == "RuntimeError"
    assert logs[0]["at"].startswith(__file__)
    assert answer.json()["detail"].endswith(f"{logs[0]['request']}.")


async def test_keys_that_cannot_be_read_let_nobody_in(office, client, monkeypatch):
    async def locked(token):
        raise StoreError("/var/lib/ringfence-access.db: locked")

    monkeypatch.setattr(office.door.keys, "find", locked)
    answer = await client.get("/v1/cases")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert ".db" not in answer.text


async def test_the_log_names_key_and_template_and_no_number(office, client):
    with capture_logs() as logs:
        await client.get("/v1/numbers/13912345678", params={"x": "13800138000"})
        await office.asking("rf_0_secret").get("/v1/+8613912345678")
        for _ in range(40):
            await client.get("/healthz")
    assert [(line["route"], line["status"], line["actor"]) for line in (*logs[:2], logs[-1])] == [
        *(("/v1/numbers/{number}", 422, "li"), ("none", 401, None), ("none", 429, "li"))
    ]
    assert "13912345678" not in json.dumps(logs)
    assert "secret" not in json.dumps(logs)


async def test_planted_names_are_in_no_page_log_or_error(office, client, town):
    planted = {
        "reporter": "Jane Planted",
        "called": "13800990099",
        "text": "Planted text of 13800990099",
        "contact": "planted@example.com",
        "knew": {"name": "Planted", "plan": "Planted plan", "purchase": "Planted car"},
    }
    with capture_logs() as logs:
        answers = [
            await client.post("/v1/complaints", json=COMPLAINT | planted | more, headers=headers)
            for more, headers in (
                ({}, {"Idempotency-Key": "planted"}),
                ({"category": "Planted"}, {}),
                ({"called": "Planted 13800990099x"}, {}),
                ({"Planted": 1}, {}),
                ({"contact": "Planted <x>"}, {}),
            )
        ]
        where = answers[0].headers["location"]
        answers += [
            await client.get(path) for path in (where, "/v1/cases/1", "/v1/cases/1/complaints", "/v1/complaints")
        ]
    assert [answer.status_code for answer in answers] == [201, 422, 422, 422, 422, 200, 200, 200, 200]
    told = json.dumps(logs) + "".join(answer.text for answer in answers)
    pages = b"".join(file.read_bytes() for file in town.folder.iterdir() if ".db" in file.name)
    for word in ("Planted", "planted", "3800990099"):
        assert word not in told
        assert word.encode() not in pages
