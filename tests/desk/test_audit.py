"""The chain of what was done: it grows, it never changes, and a change beneath it shows."""

import sqlite3
from contextlib import closing

import pytest

from desk.archive import complaints_path
from desk.audit import Deed, deeds_of, entries, record, verified
from desk.faults import ComplaintError
from rules.storage.store import DatabaseError
from tests.desk.town import SCREENING


def deed(at, step="take", subject="1"):
    return Deed(float(at), "li", "case", subject, step, "because, 因为", "")


async def chain(town, count=6):
    """A chain of so many entries."""
    async with town.desk.archive.store.transaction() as connection:
        await record(connection, [deed(at) for at in range(1, count + 1)])


def beneath(town, *statements):
    """What somebody does who can write the file."""
    path = complaints_path(town.folder / SCREENING.storage.database)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("drop trigger step_is_final")
        other.execute("drop trigger step_stays")
        for statement in statements:
            other.execute(statement)


async def seen(town, head=""):
    return await verified(town.desk.archive.store.connection, head)


async def test_what_was_done_is_read_back_in_order(town):
    store = town.desk.archive.store
    async with store.transaction() as connection:
        await record(connection, [])
        await record(connection, [deed(1), deed(2, subject="2")])
        await record(connection, [deed(3, "verify")])
    assert await deeds_of(store.connection, "case", "1") == [deed(1), deed(3, "verify")]
    found = await seen(town)
    assert (found.entries, found.breaks) == (3, [])
    assert found.head.startswith("3:")


@pytest.mark.parametrize("query", ["update step set actor = 'zhang'", "delete from step"])
async def test_steps_are_only_added(town, query):
    store = town.desk.archive.store
    async with store.transaction() as connection:
        await record(connection, [deed(1)])
    with pytest.raises(DatabaseError, match="never"):
        await store.connection.execute(query)


_COPY = "insert into step select {}, at, actor, subject, subject_id, step, reason, detail, hash from step where id = {}"
_MOVE = "update step set id = {} where id = {}"


@pytest.mark.parametrize(
    ("what", "statements", "entry", "told"),
    [
        ("an edit", ["update step set reason = 'another' where id = 3"], 3, "does not follow"),
        ("an edited hash", [f"update step set hash = '{'a' * 64}' where id = 3"], 3, "does not follow"),
        ("the first one edited", ["update step set actor = 'zhang' where id = 1"], 1, "does not follow"),
        ("a deletion", ["delete from step where id = 3"], 4, "entry 3 is missing"),
        ("two deletions", ["delete from step where id in (1, 2)"], 3, "entries 1 to 2 are missing"),
        (
            "a deletion with the numbers closed up",
            ["delete from step where id = 3", *(_MOVE.format(n - 1, n) for n in (4, 5, 6))],
            3,
            "does not follow",
        ),
        (
            "an insertion",
            [*(_MOVE.format(n + 1, n) for n in (6, 5, 4)), _COPY.format(4, 1)],
            5,
            "entry 4 was put in",
        ),
        ("a swap", [_MOVE.format(99, 3), _MOVE.format(3, 4), _MOVE.format(4, 99)], 3, "does not follow"),
        ("a cut end", ["delete from step where id > 4"], 5, "entries 5 to 6 are missing, the end was cut off"),
        ("all of it gone", ["delete from step"], 1, "entries 1 to 6 are missing, the end was cut off"),
    ],
)
async def test_what_was_done_beneath_the_triggers_shows(town, what, statements, entry, told):
    await chain(town)
    beneath(town, *statements)
    breaks = (await seen(town)).breaks
    assert [one for one in breaks if one.entry == entry and told in one.what], (what, breaks)


async def test_an_end_cut_off_with_its_counter_shows_by_a_head_that_was_noted(town):
    await chain(town)
    head = (await seen(town)).head
    beneath(town, "delete from step where id > 4", "update sqlite_sequence set seq = 4 where name = 'step'")
    assert (await seen(town)).breaks == [], "an unkeyed chain alone cannot know"
    (found,) = (await seen(town, head)).breaks
    assert (found.entry, found.what) == (6, "the head that was noted is gone: the chain ends with entry 4")


async def test_a_chain_written_anew_shows_by_a_head_that_was_noted(town):
    await chain(town)
    head = (await seen(town)).head
    beneath(town, "delete from step", "update sqlite_sequence set seq = 0 where name = 'step'")
    async with town.desk.archive.store.transaction() as connection:
        await record(connection, [deed(at, "keep sealed") for at in range(1, 8)])
    assert (await seen(town)).breaks == []
    (found,) = (await seen(town, head)).breaks
    assert (found.entry, found.what) == (6, "it is another one than the head that was noted")


@pytest.mark.parametrize("head", ["1", "x:y", "0:" + "0" * 64, "1:abc"])
async def test_what_is_no_head(town, head):
    with pytest.raises(ComplaintError, match="NUMBER:HASH"):
        await seen(town, head)


async def test_entries_are_found_by_who_what_and_when(town):
    connection = town.desk.archive.store.connection
    await chain(town)
    async with town.desk.archive.store.transaction() as writing:
        await record(writing, [Deed(9.0, "wang", "appeal", "A-1", "granted", "so", "")])
    assert [one.id for one in await entries(connection, limit=2)] == [6, 7]
    assert [one.id for one in await entries(connection, limit=2, before=6)] == [4, 5]
    assert [one.id for one in await entries(connection, actor="wang")] == [7]
    assert [one.id for one in await entries(connection, subject="case", subject_id="1", since=5.0)] == [5, 6]
