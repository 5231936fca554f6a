"""The chain of what was done: it grows, it never changes, and a change beneath it shows."""

import sqlite3
from contextlib import closing

import pytest

from rules.complaints.archive import complaints_path
from rules.complaints.audit import Deed, broken_at, deeds_of, record
from rules.store import DatabaseError
from tests.rules.complaints.town import SCREENING


def deed(at, step="take", subject="1"):
    return Deed(float(at), "li", "case", subject, step, "because, 因为", "")


async def test_what_was_done_is_read_back_in_order(town):
    store = town.desk.archive.store
    async with store.transaction() as connection:
        await record(connection, [])
        await record(connection, [deed(1), deed(2, subject="2")])
        await record(connection, [deed(3, "verify")])
    assert await deeds_of(store.connection, "case", "1") == [deed(1), deed(3, "verify")]
    assert await broken_at(store.connection) is None


@pytest.mark.parametrize("query", ["update step set actor = 'zhang'", "delete from step"])
async def test_steps_are_only_added(town, query):
    store = town.desk.archive.store
    async with store.transaction() as connection:
        await record(connection, [deed(1)])
    with pytest.raises(DatabaseError, match="never"):
        await store.connection.execute(query)


async def test_a_change_beneath_the_triggers_shows(town):
    store = town.desk.archive.store
    async with store.transaction() as connection:
        await record(connection, [deed(1), deed(2), deed(3)])
    path = complaints_path(town.folder / SCREENING.storage.database)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("drop trigger step_is_final")
        other.execute("update step set reason = 'another' where id = 2")
    assert await broken_at(store.connection) == 2
