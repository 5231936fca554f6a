"""The lists of subscribers: bounded, pseudonymous, asked only once somebody has one."""

import sqlite3
from contextlib import closing

import pytest

from rules.lists.admission import EntryError
from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.lists.subscribers import MOST, SubscriberLists, SubscriberStore
from rules.model import Number, NumberClass
from rules.numbering.intervals import EXACT

KEY = b"k" * 32
HOME, CALLER = "+861062345678", Number("+8613800138000", NumberClass.MOBILE)


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", {})
    yield lists
    await lists.close()


@pytest.fixture
def store(lists):
    return SubscriberStore(lists.store, KEY, lambda: 5.0)


@pytest.fixture
def subscribers(lists, tmp_path):
    lookup = Lookup(tmp_path / "lists.db", entries=16)
    yield SubscriberLists(lookup, KEY)
    lookup.close()


def poll(subscribers):
    subscribers._lookup.poll()
    subscribers.poll()


async def test_entries_are_found_for_their_subscriber_only(store, subscribers, tmp_path):
    assert not subscribers.any
    assert await store.add("010-6234 5678", "block", "138*", country="CN") == "+86138*"
    await store.add(HOME, "allow", CALLER.canonical)
    poll(subscribers)
    assert subscribers.any
    allow, block = subscribers.look_up(HOME, (CALLER, Number("", NumberClass.ANONYMOUS)))
    assert (allow.kind, allow.entry, allow.narrowness) == ("subscriber-allow", CALLER.canonical, EXACT)
    assert (block.kind, block.entry, block.number) == ("subscriber-block", "+86138*", CALLER.canonical)
    assert subscribers.look_up("+861062345679", (CALLER,)) == ()
    assert subscribers.look_up("", (CALLER,)) == ()
    assert [(one.kind, one.entry, one.created) for one in await store.show(HOME)] == [
        ("allow", CALLER.canonical, 5.0),
        ("block", "+86138*", 5.0),
    ]
    with closing(sqlite3.connect(tmp_path / "lists.db")) as connection:
        assert "62345678" not in "\n".join(connection.iterdump())


async def test_what_is_removed_is_gone_at_the_next_poll(store, subscribers):
    await store.add(HOME, "block", CALLER.canonical)
    poll(subscribers)
    assert subscribers.look_up(HOME, (CALLER,))
    await store.remove(HOME, "block", CALLER.canonical)
    poll(subscribers)
    assert not subscribers.any
    with pytest.raises(EntryError, match="is not on this subscriber's block list"):
        await store.remove(HOME, "block", CALLER.canonical)


async def test_a_list_is_bounded_and_holds_no_emergency(store):
    for number in range(MOST):
        await store.add(HOME, "block", f"+86138001380{number:02d}")
    await store.add(HOME, "block", "+8613800138000")
    with pytest.raises(EntryError, match="is the most"):
        await store.add(HOME, "block", "+8613900138000")
    await store.add(HOME, "allow", "+8613900138000")
    with pytest.raises(EntryError, match="emergency"):
        await store.add(HOME, "block", "110", country="CN")
    with pytest.raises(EntryError, match="no number of a subscriber"):
        await store.add("nobody@home", "block", "+8613900138000")


async def test_several_callers_are_added_and_removed_all_or_none(store):
    callers = ["+8613800138000", "+8613800138001"]
    with pytest.raises(EntryError, match="zeros only"):
        await store.add_all(HOME, "block", [*callers, "000"])
    assert await store.show(HOME) == []
    assert await store.add_all(HOME, "block", callers) == callers
    with pytest.raises(EntryError, match="would have 101 entries"):
        await store.add_all(HOME, "block", [f"+86139001390{number:02d}" for number in range(MOST - 1)])
    with pytest.raises(EntryError, match="is not on"):
        await store.remove_all(HOME, "block", [callers[0], "+8613900138000"])
    assert [one.entry for one in await store.show(HOME)] == callers
    assert await store.remove_all(HOME, "block", callers) == callers
    assert await store.show(HOME) == []
