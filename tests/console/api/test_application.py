"""The API put together: a fault of a request is told field by field, a database that cannot be used as 503."""

import asyncio

import pytest

from desk.catching_up import CatchingUp
from rules.storage.store import DatabaseError, StoreError
from tests.console.api.conftest import COMPLAINT


async def test_it_answers_while_its_databases_can_be_read(client):
    assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize("error", [StoreError("/var/lib/x.db: locked"), DatabaseError("disk I/O error in select x")])
async def test_a_database_that_cannot_be_used(client, town, monkeypatch, error):
    async def broken(new):
        raise error

    monkeypatch.setattr(town.desk.complaints, "file", broken)
    answer = await client.post("/v1/complaints", json=COMPLAINT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "select" not in answer.text
    assert ".db" not in answer.text


async def test_every_fault_at_once_each_by_its_pointer(client):
    body = {"reporter": 7, "knew": {"plan": 1}, "+8613800138000": "x"}
    answer = await client.post("/v1/complaints", json=body)
    assert sorted(one["field"] for one in answer.json()["errors"]) == ["", "/accused", "/knew/plan", "/reporter"]
    assert "13800138000" not in answer.text


async def test_parameters_are_named_as_they_are_written(client):
    answer = await client.get("/v1/cases", params={"limit": 0, "state": "moon"})
    assert sorted(one["field"] for one in answer.json()["errors"]) == ["limit", "state"]
    answer = await client.get("/v1/cases/zero")
    assert [one["field"] for one in answer.json()["errors"]] == ["case"]


async def test_a_long_backlog_keeps_nobody_waiting(client, town, monkeypatch):
    go = asyncio.Event()

    async def catch_up():
        await go.wait()
        return 0

    monkeypatch.setattr(town.desk.counting, "catch_up", catch_up)
    monkeypatch.setattr(CatchingUp, "patience_s", 0.01)
    assert (await client.get("/v1/cases")).status_code == 200
    go.set()


async def test_calls_are_counted_once_a_second_however_many_ask(client, town, monkeypatch):
    counted = []

    async def catch_up():
        counted.append(1)
        return 0

    monkeypatch.setattr(town.desk.counting, "catch_up", catch_up)
    for _ in range(3):
        await client.get("/v1/cases")
    assert counted == [1]
