"""An import is taken back, and what people did to its entries since then stays done."""

import io
import itertools
from contextlib import asynccontextmanager

import pytest

from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.held_imports import import_or_hold, propose, release_import
from rules.lists.history import happenings
from rules.lists.imports import Wishes, import_rows
from rules.lists.origins import Qualification
from rules.lists.undoing import undo
from rules.settings.screening import ListSettings

NUMBER, PREFIX = "+8613800138000", "+86139*"
WIDE = Wishes(wide=True)
VERSION = Wishes(wide=True, replace_all=True, insist=True)


@asynccontextmanager
async def opened(path):
    lists = await Lists.open(path / "lists.db", {"nuisance": ListSettings(kind="block")}, now=lambda: 1_000.0)
    try:
        yield lists
    finally:
        await lists.close()


async def imported(lists, *texts, wishes=WIDE, source="feed"):
    rows = [(line, text, {}) for line, text in enumerate(texts, start=1)]
    return (await import_rows(lists, "nuisance", rows, Origin(source, author="li"), wishes)).import_id


async def standing(lists):
    return {entry.text: entry.origin.source for entry in await lists.show("nuisance")}


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_a_person_took_off_since_does_not_come_back(tmp_path, text):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", text, Origin("by hand"), wide=True)
        made = await imported(lists, text, "+8613700137000")
        await lists.remove("nuisance", text, author="wang", reason="a mistake")
        done = await undo(lists, made)
        assert (done.off, done.back, done.kept, done.stay_off) == (1, 0, 1, (text,))
        assert await standing(lists) == {}
        assert (await lists.counts())["nuisance"] == 0


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_a_person_added_again_and_took_off_does_not_come_back_either(tmp_path, text):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", text, wide=True)
        made = await imported(lists, "+8613700137000", wishes=VERSION)
        await lists.add("nuisance", text, wide=True)
        await lists.remove("nuisance", text)
        assert (await undo(lists, made)).stay_off == (text,)


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_a_person_edited_stays_as_it_is(tmp_path, text):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", text, Origin("before"), wide=True)
        made = await imported(lists, text, "+8613700137000")
        await lists.add("nuisance", text, Origin("by hand"), wide=True)
        done = await undo(lists, made)
        assert (done.off, done.back, done.kept, done.stay_off) == (1, 0, 1, ())
        assert await standing(lists) == {text: "by hand"}


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_later_imports_that_were_undone_count_for_nothing(tmp_path, text):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", text, Origin("by hand"), wide=True)
        first = await imported(lists, "+8613700137000", wishes=VERSION)
        second = await imported(lists, text)
        third = await imported(lists, "+8613700137000", wishes=VERSION)
        for made in (third, second):
            await undo(lists, made)
        done = await undo(lists, first)
        assert (done.back, done.stay_off) == (1, ())
        assert await standing(lists) == {text: "by hand"}


async def test_why_it_was_undone_stands_in_the_history(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", NUMBER)
        made = await imported(lists, NUMBER, "+8613700137000")
        await undo(lists, made, author="wang", reason="the wrong file")
        for number, what in ((NUMBER, "put back"), ("+8613700137000", "removed")):
            last = (await happenings(lists, number))[-1]
            assert last.what == f"{what} by the undoing of import {made}"
            assert (last.author, last.reason) == ("wang", "the wrong file")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_two_imports_of_a_number_that_are_both_undone_leave_what_stood_before_them(tmp_path, text, before, order):
    async with opened(tmp_path) as lists:
        if before:
            await lists.add("nuisance", text, Origin("by hand"), wide=True)
        made = [await imported(lists, text, source=source) for source in ("a.csv", "b.csv")]
        for one in order:
            await undo(lists, made[one])
        assert await standing(lists) == ({text: "by hand"} if before else {})
        assert (await lists.counts())["nuisance"] == len(await standing(lists))


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_of_three_imports_those_that_were_undone_never_come_back(tmp_path, text):
    async with opened(tmp_path) as lists:
        made = [await imported(lists, text, source=source) for source in "abc"]
        await undo(lists, made[0])
        await undo(lists, made[1])
        done = await undo(lists, made[2])
        assert (done.off, done.back, done.kept) == (1, 0, 0)
        assert await standing(lists) == {}


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_an_undone_import_had_brought_and_a_new_version_removed_stays_off(tmp_path, text):
    async with opened(tmp_path) as lists:
        first = await imported(lists, text)
        version = await imported(lists, "+8613700137000", wishes=VERSION)
        await undo(lists, first)
        done = await undo(lists, version)
        assert (done.off, done.back, done.stay_off) == (1, 0, (text,))
        assert await standing(lists) == {}


async def test_the_history_tells_which_undoing_put_an_entry_back(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", NUMBER, Origin("by hand"))
        for made in [await imported(lists, NUMBER, source=source) for source in "ab"]:
            await undo(lists, made, author="wang", reason=f"no {made}")
        last = (await happenings(lists, NUMBER))[-1]
        assert (last.what, last.author, last.reason) == ("put back by the undoing of import 2", "wang", "no 2")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_one_undone_import_had_removed_and_another_brought_again_is_owed_back(tmp_path, text, order):
    """Undone in the order they came, the first finds it standing, and the second had only added it."""
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", text, Origin("by hand"), wide=True)
        made = [await imported(lists, "+8613700137000", wishes=VERSION), await imported(lists, text)]
        for one in order:
            await undo(lists, made[one])
        assert await standing(lists) == {text: "by hand"}
        assert (await lists.counts())["nuisance"] == 1


async def test_what_comes_back_so_is_counted_as_changed_back(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", NUMBER, Origin("by hand"))
        made = [await imported(lists, "+8613700137000", wishes=VERSION), await imported(lists, NUMBER)]
        first, second = [await undo(lists, one) for one in made]
        assert (first.off, first.back) == (1, 0)
        assert (second.off, second.back, second.kept, second.stay_off) == (0, 1, 0, ())


KINDS = {
    "add": (("a", "b"), WIDE),
    "others": (("c",), WIDE),
    "version without": (("c",), VERSION),
    "version with": (("a", "c"), VERSION),
}
TEXTS = {"a": NUMBER, "b": PREFIX, "c": "+8613700137000"}


@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, repeat=3)), ids=" + ".join)
async def test_of_imports_that_are_all_undone_in_whatever_order_nothing_is_left(tmp_path, kinds):
    orders = list(itertools.permutations(range(3)))
    for number, order in enumerate(orders):
        (tmp_path / str(number)).mkdir()
        async with opened(tmp_path / str(number)) as lists:
            for name in "ab":
                await lists.add("nuisance", TEXTS[name], Origin(f"by hand {name}"), wide=True)
            before, made = await standing(lists), []
            for place, kind in enumerate(kinds):
                names, wishes = KINDS[kind]
                made.append(await imported(lists, *(TEXTS[n] for n in names), wishes=wishes, source=f"feed {place}"))
            for one in order:
                if made[one]:
                    await undo(lists, made[one])
            assert await standing(lists) == before, order
            assert (await lists.counts())["nuisance"] == len(before)


@pytest.mark.parametrize("text", [NUMBER, PREFIX])
async def test_what_a_person_took_off_between_two_imports_does_not_come_back_by_undoing_both(tmp_path, text):
    for order in ((0, 1), (1, 0)):
        folder = tmp_path / str(order[0])
        folder.mkdir()
        async with opened(folder) as lists:
            await lists.add("nuisance", text, wide=True)
            made = [await imported(lists, text, source="a")]
            await lists.remove("nuisance", text, author="wang", reason="a mistake")
            made.append(await imported(lists, text, source="b"))
            for one in order:
                await undo(lists, made[one])
            assert await standing(lists) == {}


async def test_qualified_entries_come_back_into_force_by_their_approver_only(tmp_path):
    """Two accounts act on such a list, whichever way an entry comes onto it."""
    policies = {"bank": ListSettings(kind="allow", qualified=True)}
    lists = await Lists.open(tmp_path / "own.db", policies, now=lambda: 1_000.0)
    shown = Qualification("L-1", "sha256:1", "reminders", "", 9_000_000.0, "zhang", "wang")
    for text in ("+8617012345678", "+8617012345679"):
        held = (await propose(lists, "bank", [text], Origin(author="li", qualification=shown), Wishes("CN"))).held_id
        await release_import(lists, held, author="wang", reason="seen", calls={})
    by_li, version = Origin(author="li", qualification=shown), Wishes("CN", replace_all=True)
    held = (await import_or_hold(lists, "bank", io.BytesIO(b"+8617012345678\n"), by_li, version)).held_id
    made = (await release_import(lists, held, author="wang", reason="moved", calls={})).import_id
    with pytest.raises(EntryError, match="entries would come back into force that wang approved"):
        await undo(lists, made, author="li", reason="back")
    assert [one.text for one in await lists.show("bank")] == ["+8617012345678"]
    assert (await undo(lists, made, author="wang", reason="back")).back == 1
    assert [one.text for one in await lists.show("bank")] == ["+8617012345678", "+8617012345679"]
    await lists.close()
