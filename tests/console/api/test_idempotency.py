"""Idempotency-Key: done once, answered the same; another request under the same key is refused."""

import asyncio

import pytest

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.answer import Answer
from console.api.idempotency import Idempotency
from console.api.problems import Problem
from rules.storage.store import StoreError
from tests.console.api.conftest import COMPLAINT
from tests.desk.town import DAY

ONCE = {"Idempotency-Key": "7a1c"}


async def test_the_same_request_gets_the_same_answer(client, town):
    first = await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    again = await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_step_is_taken_once_and_answered_the_same(client, town, office):
    await town.complain()
    first = await client.post("/v1/cases/1/take", json={}, headers=ONCE)
    await office.reopen()
    client = office.asking(await office.key(name="second"))
    assert (await client.post("/v1/cases/1/take", json={}, headers=ONCE)).status_code == 409  # another source's own
    assert first.json()["case"]["version"] == 2


async def test_the_answer_outlives_a_restart(office, town):
    token = await office.key()
    await town.complain()
    first = await office.asking(token).post("/v1/cases/1/take", json={}, headers=ONCE)
    await office.reopen()
    again = await office.asking(token).post("/v1/cases/1/take", json={}, headers=ONCE)
    assert (again.status_code, again.content) == (200, first.content)


async def test_another_request_under_the_same_key_is_refused(client):
    await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    other = await client.post("/v1/complaints", json=COMPLAINT | {"reporter": "13800138001"}, headers=ONCE)
    assert other.status_code == 422
    assert [one["field"] for one in other.json()["errors"]] == ["Idempotency-Key"]


async def test_what_was_not_done_may_be_asked_again(client, town):
    await town.complain()
    early = await client.post("/v1/cases/1/seal", json={"reason": "x"}, headers=ONCE)
    assert early.status_code == 409
    await client.post("/v1/cases/1/take", json={})
    await client.post("/v1/cases/1/verify", json={"found_by": "owner", "reason": "x"})
    assert (await client.post("/v1/cases/1/seal", json={"reason": "x"}, headers=ONCE)).status_code == 200


async def test_it_is_forgotten_after_a_day(client, town):
    await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    town.now += DAY + 1
    other = await client.post("/v1/complaints", json=COMPLAINT | {"reporter": "13800138001"}, headers=ONCE)
    assert other.status_code == 201


async def test_a_key_that_is_none(client):
    for token in (b"a b", b"x" * 256, b"\xe9", b"", b'""'):
        answer = await client.post("/v1/complaints", json=COMPLAINT, headers={"Idempotency-Key": token})
        assert answer.status_code == 400


async def test_the_same_at_once_works_once(office):
    replays = Idempotency(IdempotencyKeys(office.store), str)
    started, go = asyncio.Event(), asyncio.Event()

    async def work() -> Answer:
        started.set()
        await go.wait()
        return Answer(200, (), b"{}")

    request = ("POST", "/", b"")
    first = asyncio.create_task(replays.answer("key", "token", request, work))
    await started.wait()
    with pytest.raises(Problem) as caught:
        await replays.answer("key", "token", request, work)
    assert (caught.value.status, caught.value.kind) == (409, "running")
    go.set()
    assert (await first).status == 200
    assert (await replays.answer("key", "token", request, work)).header("idempotent-replayed") == "true"


async def test_no_body_of_a_request_is_kept(client, office):
    await client.post("/v1/complaints", json=COMPLAINT | {"text": "Jane"}, headers={"Idempotency-Key": "jane-doe"})
    rows = list(await office.store.connection.execute_fetchall("select * from answer"))
    assert "jane" not in repr(rows).lower()
    assert "13800138000" not in repr(rows)


async def test_what_was_done_is_answered_although_the_answer_cannot_be_kept(client, office, monkeypatch):
    async def full(self, *_):
        raise StoreError("disk is full")

    monkeypatch.setattr(IdempotencyKeys, "keep", full)
    first = await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    again = await client.post("/v1/complaints", json=COMPLAINT, headers=ONCE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["reference"] == first.json()["reference"]
