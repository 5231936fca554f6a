"""Whose entry stopped a call last month, and who took it off: told from the first adding to now."""

import asyncio
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.seals import release_seal, set_seal
from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.history import happenings, periods
from rules.lists.imports import Wishes, import_rows
from rules.lists.undoing import undo
from rules.settings.screening import ListSettings
from tests.examples import examples

LISTS = {
    "bank": ListSettings(kind="allow"),
    "nuisance": ListSettings(kind="block"),
    "sealed": ListSettings(kind="sealed"),
}
NUMBER, OTHER = "+8613800138000", "+8613800138001"
VERSION = Wishes(replace_all=True, insist=True)
LI = Origin("hotline", "rang at night", "li")
FILE = Origin("police", "list 7", "wang")


class Clock:
    """Each change has a minute of its own."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 60.0
        return self.now


@pytest.fixture
async def lists(tmp_path):
    async with _opened(tmp_path) as lists:
        yield lists


@asynccontextmanager
async def _opened(path):
    lists = await Lists.open(path / "lists.db", LISTS, now=Clock())
    try:
        yield lists
    finally:
        await lists.close()


def rows(*texts):
    return [(line, text, {}) for line, text in enumerate(texts, start=1)]


async def told(lists, number=NUMBER):
    return [(one.what, one.author, one.reason) for one in await happenings(lists, number)]


async def test_added_changed_removed(lists):
    await lists.add("nuisance", NUMBER, LI)
    await lists.add("nuisance", NUMBER, Origin("court", "order 5", "chen"))
    await lists.remove("nuisance", NUMBER, author="wang", reason="its owner changed")
    assert await told(lists) == [
        ("added", "li", "rang at night"),
        ("changed", "chen", "order 5"),
        ("removed", "wang", "its owner changed"),
    ]
    first, second = await periods(lists, NUMBER)
    assert (first.entry.origin, first.how, second.how) == (LI, "changed", "removed")
    assert first.until == second.since == second.entry.created
    assert await told(lists, OTHER) == []


async def test_a_number_added_again_stands_anew(lists):
    await lists.add("nuisance", NUMBER, LI)
    await lists.remove("nuisance", NUMBER, author="li")
    await lists.add("nuisance", NUMBER, LI)
    assert [what for what, _, _ in await told(lists)] == ["added", "removed", "added"]
    first, second = await periods(lists, NUMBER)
    moment = (first.until + second.since) / 2
    assert [one.stood(moment) for one in (first, second)] == [False, False]
    assert [one.stood(second.since) for one in (first, second)] == [False, True]


async def test_prefixes_and_ranges_that_covered_it(lists):
    await lists.add("nuisance", "+86138*", LI, wide=True)
    await lists.add("nuisance", "+8613800138000..+8613800138999", LI, wide=True)
    await lists.remove("nuisance", "+86138*", author="wang")
    assert [(one.entry, one.what) for one in await happenings(lists, NUMBER)] == [
        ("+86138*", "added"),
        ("+8613800138000..+8613800138999", "added"),
        ("+86138*", "removed"),
    ]
    assert [one.entry for one in await happenings(lists, "+8613911111111")] == []


async def test_what_an_allow_prefix_left_out_was_not_covered(lists):
    await lists.add("bank", "+86138*", LI, exceptions=(NUMBER,))
    await lists.remove("bank", "+86138*")
    await lists.add("bank", "+86138*", LI, exceptions=("+86138999*",))
    assert len(await periods(lists, NUMBER)) == 1
    assert len(await periods(lists, OTHER)) == 2


async def test_imports_that_change_and_remove(lists):
    await lists.add("nuisance", NUMBER, LI)
    await import_rows(lists, "nuisance", rows(NUMBER), FILE)
    await import_rows(lists, "nuisance", rows(OTHER), FILE, VERSION)
    assert await told(lists) == [
        ("added", "li", "rang at night"),
        ("changed by import 1", "wang", "list 7"),
        ("removed by import 2", "wang", "list 7"),
    ]
    assert await told(lists, OTHER) == [("added by import 2", "wang", "list 7")]


async def test_an_undone_import_puts_back_what_it_had_changed(lists):
    await lists.add("nuisance", NUMBER, LI)
    await import_rows(lists, "nuisance", rows(NUMBER, OTHER), FILE)
    await undo(lists, 1, author="chen")
    assert await told(lists) == [
        ("added", "li", "rang at night"),
        ("changed by import 1", "wang", "list 7"),
        ("put back by the undoing of import 1", "chen", ""),
    ]
    assert await told(lists, OTHER) == [
        ("added by import 1", "wang", "list 7"),
        ("removed by the undoing of import 1", "chen", ""),
    ]


async def test_an_undone_version_puts_back_what_it_had_removed(lists):
    await lists.add("nuisance", NUMBER, LI)
    await import_rows(lists, "nuisance", rows(OTHER), FILE, VERSION)
    await undo(lists, 1, author="chen")
    await lists.remove("nuisance", NUMBER, author="wang")
    assert [(what, who) for what, who, _ in await told(lists)] == [
        ("added", "li"),
        ("removed by import 1", "wang"),
        ("put back by the undoing of import 1", "chen"),
        ("removed", "wang"),
    ]
    first, second = await periods(lists, NUMBER)
    assert first.until < second.since < second.until


async def test_what_was_edited_after_an_import_stays_as_edited(lists):
    await lists.add("nuisance", NUMBER, LI)
    await import_rows(lists, "nuisance", rows(OTHER), FILE, VERSION)
    await lists.add("nuisance", NUMBER, Origin(author="chen"))
    await undo(lists, 1, author="wang")
    assert [(what, who) for what, who, _ in await told(lists)] == [
        ("added", "li"),
        ("removed by import 1", "wang"),
        ("added", "chen"),
    ]


async def test_an_entry_that_expired(lists):
    await lists.add("nuisance", NUMBER, Origin(author="li", expires=100.0))
    assert [one.what for one in await happenings(lists, NUMBER)] == ["added", "expired"]
    await lists.remove("nuisance", NUMBER, author="wang")
    assert [one.what for one in await happenings(lists, NUMBER)] == ["added", "expired", "removed"]


async def test_a_seal_suspends_and_its_release_lets_pass_again(lists):
    archive = SimpleNamespace(lists=lists, now=lists.now, country="CN")
    await lists.add("bank", NUMBER, LI)
    seal = await set_seal(archive, NUMBER, case_id=7, author="chen", reason="five people")
    await lists.add("bank", "+86138*", LI)
    await release_seal(archive, seal.id, NUMBER, author="wang", reason="appeal")
    assert [(one.list, one.entry, one.what, one.author) for one in await happenings(lists, NUMBER)] == [
        ("bank", NUMBER, "added", "li"),
        ("bank", NUMBER, "suspended by seal 1 (case 7)", "chen"),
        ("sealed", NUMBER, "added", "chen"),
        ("bank", "+86138*", "added", "li"),
        ("bank", "+86138*", "suspended by seal 1 (case 7)", "chen"),
        ("sealed", NUMBER, "removed by the release of its seal", "wang"),
        ("bank", NUMBER, "passes again, seal 1 was released", "wang"),
        ("bank", "+86138*", "passes again, seal 1 was released", "wang"),
    ]


async def test_a_name_that_no_list_can_hold_has_none(lists):
    assert await happenings(lists, "") == await periods(lists, "bob") == []


entries = st.sampled_from([NUMBER, OTHER, "+86138*", "+8613800138000..+8613800138999"])
changes = st.one_of(
    st.tuples(st.just("add"), entries),
    st.tuples(st.just("remove"), entries),
    st.tuples(st.just("import"), st.lists(entries, max_size=3, unique=True), st.booleans()),
    st.tuples(st.just("undo"), st.integers(1, 4)),
)


async def change(lists, what, reason):
    """Make one change, if it can be made."""
    with suppress(EntryError):
        match what:
            case ("add", text):
                await lists.add("nuisance", text, Origin(reason=reason), wide=True)
            case ("remove", text):
                await lists.remove("nuisance", text)
            case ("import", texts, whole):
                wishes = Wishes(wide=True, replace_all=whole, insist=True)
                await import_rows(lists, "nuisance", rows(*texts), Origin(reason=reason), wishes)
            case ("undo", import_id):
                await undo(lists, import_id)


@examples(40)
@given(made=st.lists(changes, max_size=12))
def test_history_tells_for_every_moment_what_stood_then(tmp_path_factory, made):
    async def play():
        clock, seen = [0.0], []
        lists = await Lists.open(tmp_path_factory.mktemp("lists") / "lists.db", LISTS, now=lambda: clock[0])
        try:
            for what in made:
                clock[0] += 1.0
                await change(lists, what, f"at {clock[0]}")
                seen.append({(one.text, one.origin.reason) for one in await lists.covering(NUMBER)})
            found = await periods(lists, NUMBER)
            for at, stood in enumerate(seen, start=1):
                assert {(one.entry.text, one.entry.origin.reason) for one in found if one.stood(at)} == stood
        finally:
            await lists.close()

    asyncio.run(play())
