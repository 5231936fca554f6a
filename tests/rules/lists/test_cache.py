"""The look-up: equal to a slow and obvious reference, live within a poll, unknown rather than late."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists.cache import Lookup
from rules.lists.editing import Lists, Origin, mark_changed
from rules.lists.editing import put as write
from rules.lists.editing import take as erase
from rules.lists.endings import begin_ending
from rules.lists.origins import INSERT
from rules.numbering.intervals import encode, number_interval, prefix_interval, range_interval
from rules.settings.screening import ListSettings
from tests.examples import examples

KINDS = ("allow", "block", "suspect", "sealed", "do-not-originate", "own", "emergency", "group", "plain")
LISTS = {kind: ListSettings(kind=kind, suspicion=4, shared=kind == "block", min_length=1) for kind in KINDS}


@asynccontextmanager
async def opened(path, policies=LISTS, **more):
    lists = await Lists.open(path / "lists.db", policies, now=lambda: 0.0)
    lookup = Lookup(path / "lists.db", **{"entries": 100, **more})
    try:
        yield lists, lookup
    finally:
        lookup.close()
        await lists.close()


def names(hits):
    return [(hit.list, hit.entry) for hit in hits]


async def test_a_hit_tells_list_kind_entry_source_and_policy(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("suspect", "+86138*", Origin("feed 7"), wide=True)
        await lists.add("block", "+8613800138000")
        await lists.add("allow", "+8613800138000", Origin("bank", trunks=("north", "south")))
        lookup.poll()
        allow, block, suspect = lookup.look_up("+8613800138000", 1.0)
        assert (allow.kind, allow.source, allow.trunks, allow.suspicion) == ("allow", "bank", ("north", "south"), 0)
        assert (block.list, block.shared, block.number) == ("block", True, "+8613800138000")
        assert (suspect.suspicion, suspect.entry, suspect.source) == (4, "+86138*", "feed 7")
        assert allow.narrowness == block.narrowness > suspect.narrowness


async def test_a_change_is_live_after_the_next_poll_and_not_before(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        assert lookup.look_up("+8613800138000", 1.0) == ()
        await lists.add("block", "+8613800138000")
        assert lookup.look_up("+8613800138000", 1.0) == (), "negative answers are cached"
        lookup.poll()
        assert names(lookup.look_up("+8613800138000", 1.0)) == [("block", "+8613800138000")]
        await lists.remove("block", "+8613800138000")
        lookup.poll()
        assert lookup.look_up("+8613800138000", 1.0) == ()


async def test_what_is_cached_is_not_read_again(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", "+8613800138000")
        lookup.poll()
        for _ in range(3):
            lookup.look_up("+8613800138000", 1.0)
            lookup.look_up("+8613800138001", 1.0)
            lookup.poll()
        assert (lookup.hits, lookup.misses, lookup.unknown) == (4, 2, 0)


async def test_a_write_that_touches_no_list_empties_nothing(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        lookup.look_up("+8613800138000", 1.0)
        async with lists.store.transaction() as connection:
            await connection.execute("create table elsewhere (a)")
        lookup.poll()
        lookup.look_up("+8613800138000", 1.0)
        assert lookup.hits == 1


async def test_the_wide_entry_reappears_when_the_narrow_one_expires(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.add("block", "+86138*", wide=True)
        await lists.add("allow", "+8613800138000", Origin(expires=100.0))
        lookup.poll()
        assert names(lookup.look_up("+8613800138000", 99.9)) == [("allow", "+8613800138000"), ("block", "+86138*")]
        assert names(lookup.look_up("+8613800138000", 100.0)) == [("block", "+86138*")]
        assert names(lookup.look_up("+8613800138000", 99.9)) == [
            ("allow", "+8613800138000"),
            ("block", "+86138*"),
        ], "a clock set back does no damage"


async def test_a_list_that_left_the_configuration_is_silent(tmp_path):
    async with opened(tmp_path) as (lists, _):
        await lists.add("block", "+8613800138000")
    async with opened(tmp_path, {"allow": LISTS["allow"]}) as (_, lookup):
        assert lookup.look_up("+8613800138000", 1.0) == ()


async def test_what_no_list_can_hold_is_on_none(tmp_path):
    async with opened(tmp_path) as (_, lookup):
        assert lookup.look_up("", 1.0) == ()
        assert lookup.look_up("EXT:12345678901234567", 1.0) == ()
        assert lookup.misses == 0


async def test_a_read_over_its_budget_is_unknown_counted_and_not_kept(tmp_path):
    async with opened(tmp_path, budget_s=-1.0) as (lists, lookup):
        async with lists.store.transaction() as connection:
            rows = [(encode("+8613800138000"), list_id, 1) for list_id in range(5_000)]
            await connection.executemany("insert into exact values (?, ?, ?)", rows)
            await connection.execute(INSERT, (*Origin().row(), 0.0, None, 1))
        assert lookup.look_up("+8613800138000", 1.0) is None
        assert lookup.look_up("+8613800138000", 1.0) is None
        assert (lookup.unknown, lookup.misses, lookup.hits) == (2, 2, 0)


async def test_a_locked_database_is_unknown(tmp_path):
    async with opened(tmp_path) as (lists, lookup):
        await lists.store.close()
        lookup.close()
        with closing(sqlite3.connect(tmp_path / "lists.db", isolation_level=None)) as connection:
            connection.execute("pragma journal_mode=delete")
            waits_for_nobody = Lookup(tmp_path / "lists.db", entries=100)
            connection.execute("begin exclusive")
            assert waits_for_nobody.look_up("+8613800138000", 1.0) is None
            assert waits_for_nobody.unknown == 1
            connection.execute("commit")
            assert waits_for_nobody.look_up("+8613800138000", 1.0) == ()
            waits_for_nobody.close()


NUMBERS = ["+86138", "+8613800", "+8613801", "+86138001", "+86139002", "CN:95588", "CN:955880", "CN:9558", "EXT:13800"]
numbers = st.sampled_from(NUMBERS)
prefixes = st.sampled_from(["+861*", "+8613*", "+86138*", "+8613800*", "CN:9558*", "CN:955*", "EXT:138*"])
ranges = st.sampled_from(
    ["+86138..+86139", "+8613800..+8613899", "+8613801..+8613999", "CN:95588..CN:95599", "CN:955000..CN:955999"]
)
listed = st.tuples(
    st.sampled_from(KINDS),
    st.one_of(numbers, prefixes, ranges),
    st.one_of(st.none(), st.integers(1, 4).map(float)),
    st.booleans(),
)


def covers(entry, number):
    """Does the entry cover the number? As slow and as obvious as can be."""
    if entry.endswith("*"):
        return number.startswith(entry[:-1])
    first, _, last = entry.partition("..")
    if not last:
        return number == first
    plan, digits = ("+", number[1:]) if number[0] == "+" else number.split(":")
    start, stop = first.removeprefix("+").rpartition(":")[2], last.removeprefix("+").rpartition(":")[2]
    same_plan = first.startswith(plan)
    return same_plan and len(digits) == len(start) and int(start) <= int(digits) <= int(stop)


@examples(150)
@given(st.lists(listed, max_size=14), st.lists(st.tuples(numbers, st.integers(0, 5).map(float)), max_size=12))
def test_the_look_up_equals_a_slow_and_obvious_reference(tmp_path_factory, entries, questions):
    path = tmp_path_factory.mktemp("lookup")
    reference = {}

    async def play():
        async with opened(path) as (lists, lookup):
            for name, text, expires, stays in entries:
                await put(lists, name, text, expires)
                reference[name, text] = expires
                if not stays:
                    await take(lists, name, text)
                    del reference[name, text]
                lookup.poll()
                check(lookup, questions[:2])
            check(lookup, questions)
            check(lookup, reversed(questions))

    def check(lookup, questions):
        for number, now in questions:
            expected = {
                (name, text)
                for (name, text), expires in reference.items()
                if covers(text, number) and (expires is None or now < expires)
            }
            hits = lookup.look_up(number, now)
            assert len(hits) == len(expected)
            assert set(names(hits)) == expected
            assert [hit.narrowness for hit in hits] == sorted((hit.narrowness for hit in hits), reverse=True)

    asyncio.run(play())


async def put(lists, name, text, expires):
    # Beneath the reading of spellings, so that short made-up numbers fit.
    policy = lists.policy(name)
    async with lists.store.transaction() as connection:
        list_id, _ = await lists.row_of(connection, name)
        origin_id, _, _ = await lists.keep_origin(connection, Origin(expires=expires), policy)
        await write(connection, list_id, interval(text), origin_id)
        await mark_changed(connection)


async def take(lists, name, text):
    async with lists.store.transaction() as connection:
        list_id, _ = await lists.row_of(connection, name)
        ending = await begin_ending(connection, 1.0, "removed", author="")
        await erase(connection, list_id, interval(text), ending)
        await mark_changed(connection)


def interval(text):
    if text.endswith("*"):
        return prefix_interval(text[:-1])
    first, _, last = text.partition("..")
    return range_interval(first, last) if last else number_interval(first)


@pytest.mark.parametrize("size", [16])
async def test_the_cache_holds_no_more_than_it_may(tmp_path, size):
    async with opened(tmp_path, entries=size) as (_, lookup):
        for number in range(100):
            lookup.look_up(f"+86138{number:08d}", 1.0)
        lookup.look_up("+8613800000099", 1.0)
        lookup.look_up("+8613800000000", 1.0)
        assert (lookup.hits, lookup.misses) == (1, 101)
