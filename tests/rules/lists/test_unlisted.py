"""Numbers that no list covers are told from memory, and never one that some list does."""

import asyncio
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from rules.lists.cache import Lookup
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows
from rules.lists.unlisted import Renewal, Unlisted, read_unlisted
from rules.numbering.intervals import encode, interval_of
from rules.settings.screening import ListSettings
from rules.storage.store import copy_database, put_in_place
from tests.examples import examples

LISTS = {"block": ListSettings(kind="block", min_length=1), "suspect": ListSettings(kind="suspect", min_length=1)}
LISTED, OTHER = "+8613800138000", "+8613800138001"


@asynccontextmanager
async def opened(path):
    lists = await Lists.open(path / "lists.db", LISTS, now=lambda: 0.0)
    lookup = Lookup(path / "lists.db", entries=100)
    try:
        yield lists, lookup
    finally:
        lookup.close()
        await lists.close()


async def renewed(renewal, now):
    """Poll once, and wait for what that began."""
    renewal.poll(now)
    if renewal._task is not None:
        await renewal._task


def read(lookup, **limits):
    return read_unlisted(lookup.path, lambda: False, **limits)


entries = st.one_of(
    st.integers(10**12, 10**12 + 3000).map(lambda n: f"+{n}"),
    st.integers(10**9, 10**9 + 300).map(lambda n: f"+{n}*"),
    st.tuples(st.integers(10**12, 10**12 + 3000), st.integers(0, 500)).map(lambda p: f"+{p[0]}..+{p[0] + p[1]}"),
    st.sampled_from(["CN:95588", "CN:955*", "EXT:1001", "ZZ:123456789012345"]),
)
numbers = st.one_of(
    st.integers(10**12, 10**12 + 3500).map(lambda n: f"+{n}"),
    st.sampled_from(["CN:95588", "CN:9558", "CN:95", "EXT:1001", "EXT:1002", "ZZ:123456789012345", "+1", "+999"]),
)


@examples(300)
@given(st.lists(entries, max_size=12), st.lists(numbers, max_size=30))
def test_what_it_calls_free_no_entry_covers(listed, asked):
    intervals = [interval_of(text) for text in listed]
    known = Unlisted(1, len(intervals), [(each.start, each.stop) for each in intervals if not each.exact])
    for each in intervals:
        if each.exact:
            known.add(each.start)
    for number in asked:
        code = encode(number)
        covered = any(each.start <= code <= each.stop for each in intervals)
        assert not (covered and known.is_free(code))


def test_hardly_a_free_number_is_asked_for_in_vain():
    known = Unlisted(1, 20_000, [])
    for number in range(20_000):
        known.add(encode(f"+86170{number * 7919 % 10**8:08d}"))
    others = [encode(f"+86139{number * 6007 % 10**8:08d}") for number in range(20_000)]
    assert sum(known.is_free(code) for code in others) > 18_000


async def test_a_number_on_no_list_costs_no_query(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        await lists.add("suspect", "+86139*", wide=True)
        lookup.poll()
        lookup.unlisted = read(lookup)
        assert lookup.look_up(OTHER, 1.0) == ()
        assert (lookup.hits, lookup.misses) == (1, 0)
        assert [hit.list for hit in lookup.look_up(LISTED, 1.0)] == ["block"]
        assert [hit.list for hit in lookup.look_up("+8613900138000", 1.0)] == ["suspect"]


async def test_after_a_change_it_does_not_count_until_it_is_made_anew(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        lookup.unlisted = read(lookup)
        assert lookup.look_up(LISTED, 1.0) == ()
        await lists.add("block", LISTED)
        lookup.poll()
        assert [hit.list for hit in lookup.look_up(LISTED, 1.0)] == ["block"]
        lookup.look_up(OTHER, 1.0)
        assert lookup.misses == 2, "the database is asked"
        lookup.unlisted = read(lookup)
        lookup.look_up("+8613800138002", 1.0)
        assert lookup.misses == 2


async def test_it_is_made_a_second_after_the_last_change(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        renewal = Renewal(lookup)
        await renewed(renewal, 100.0)
        assert lookup.unlisted is None
        await renewed(renewal, 101.0)
        first = lookup.unlisted
        assert first.revision == lookup.revision
        await lists.add("block", LISTED)
        lookup.poll()
        await renewed(renewal, 8000.0)
        assert lookup.unlisted is first
        await renewed(renewal, 8001.0)
        assert lookup.unlisted.revision == lookup.revision
        assert not lookup.unlisted.is_free(encode(LISTED))
        made = lookup.unlisted
        await renewed(renewal, 16000.0)
        assert lookup.unlisted is made, "nothing has changed"


async def test_a_clock_set_back_does_not_stop_it(tmp_path):
    async with opened(tmp_path) as (_, lookup):
        renewal = Renewal(lookup)
        await renewed(renewal, 1_000_000.0)
        await renewed(renewal, 0.0)
        await renewed(renewal, 1.0)
        assert lookup.unlisted is not None


async def test_more_codes_than_are_read_at_once_are_all_in_it(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        rows = [(n, f"+86138{n:08d}", {}) for n in range(100)]
        for name in LISTS:  # each number stands on two lists
            await import_rows(lists, name, rows, Origin(), Wishes("CN", force=True, insist=True))
        lookup.poll()
        lookup.unlisted = read(lookup, at_once=7)
        assert all(len(lookup.look_up(text, 1.0)) == 2 for _, text, _ in rows)


async def test_with_too_many_wide_entries_there_is_none(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", "+86138*", wide=True)
        assert read(lookup, most_wide=1) is not None
        await lists.add("block", "+86139*", wide=True)
        assert read(lookup, most_wide=1) is None


async def test_with_too_many_single_entries_there_is_none(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        assert read(lookup, most_single=1) is not None
        await lists.add("block", OTHER)
        assert read(lookup, most_single=1) is None


async def test_what_cannot_be_made_is_not_tried_again_until_something_changes(tmp_path, monkeypatch):
    tries = []
    monkeypatch.setattr("rules.lists.unlisted.read_unlisted", lambda *_: tries.append("tried"))
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        lookup.poll()
        renewal = Renewal(lookup)
        for now in (100.0, 101.0, 200.0, 300.0):
            await renewed(renewal, now)
        assert len(tries) == 1
        await lists.add("block", OTHER)
        lookup.poll()
        for now in (400.0, 500.0):
            await renewed(renewal, now)
        assert len(tries) == 2


async def test_what_was_read_while_the_lists_changed_is_thrown_away(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        loop = asyncio.get_running_loop()

        added = []

        def changing():
            if not added:
                added.append(OTHER)
                asyncio.run_coroutine_threadsafe(lists.add("block", OTHER), loop).result(60)
            return False

        assert await asyncio.to_thread(read_unlisted, lookup.path, changing) is None


async def test_reading_ends_when_the_node_does(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        lookup.poll()
        renewal = Renewal(lookup)
        renewal.poll(100.0)
        renewal.poll(101.0)
        await renewal.close()
        assert lookup.unlisted is None


async def test_another_file_begins_without_one(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", LISTED)
        copy_database(tmp_path / "lists.db", tmp_path / "copy.db")
        await lists.remove("block", LISTED)
        lookup.poll()
        renewal = Renewal(lookup)
        await renewed(renewal, 100.0)
        await renewed(renewal, 101.0)
        assert lookup.unlisted is not None
        put_in_place(tmp_path / "copy.db", tmp_path / "lists.db", tmp_path / "aside.db")
        lookup.poll()
        assert lookup.unlisted is None
        assert [hit.list for hit in lookup.look_up(LISTED, 1.0)] == ["block"]


async def test_a_file_that_cannot_be_read_leaves_the_database_to_be_asked(tmp_path):
    async with opened(tmp_path) as (_, lookup):
        renewal = Renewal(lookup)
        renewal.poll(100.0)
        lookup.reading = tmp_path / "nowhere.db"
        await renewed(renewal, 101.0)
        assert lookup.unlisted is None
        assert lookup.look_up(LISTED, 1.0) == ()
        assert lookup.misses == 1
