"""What an allow entry leaves out stays left out, however the entry is edited; what passes again is named."""

import io

import pytest

from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.held_imports import import_or_hold, release_import
from rules.lists.imports import Wishes, import_rows
from rules.lists.undoing import undo
from rules.settings.screening import ListSettings

LISTS = {"bank": ListSettings(kind="allow"), "nuisance": ListSettings(kind="block")}
PREFIX, BLOCKED, OTHER = "+86139222*", "+8613922200001", "+8613922299999"
VERSION = Wishes(replace_all=True, insist=True)


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: 1_000.0)
    await lists.add("bank", PREFIX, Origin(reason="bank"))
    await lists.add("nuisance", BLOCKED, force=True)
    yield lists
    await lists.close()


async def by_hand(lists):
    return await lists.add("bank", PREFIX, exceptions=(OTHER,))


async def by_import(lists):
    await import_rows(lists, "bank", [(1, PREFIX, {"except": OTHER})])


async def by_a_new_version(lists):
    await import_rows(lists, "bank", [(1, PREFIX, {"except": OTHER})], wishes=VERSION)


async def by_a_release(lists):
    await import_rows(lists, "bank", [(n, f"+86138000000{n:02}", {}) for n in range(20)])
    file = io.BytesIO(f"number,except\n{PREFIX},{OTHER}\n".encode())
    held = await import_or_hold(lists, "bank", file, Origin(author="li"), Wishes(replace_all=True))
    assert held.held_id is not None
    await release_import(lists, held.held_id, author="wang", reason="seen", calls={})


@pytest.mark.parametrize("edit", [by_hand, by_import, by_a_new_version, by_a_release])
async def test_a_blocked_number_that_was_forced_never_rings_again_by_an_edit(lists, edit):
    await edit(lists)
    (entry,) = [one for one in await lists.show("bank") if one.text == PREFIX]
    assert entry.exceptions == (BLOCKED, OTHER)
    assert [one.list for one in await lists.covering(BLOCKED)] == ["nuisance"]


async def test_an_exception_that_stands_already_is_no_change(lists):
    assert (await lists.add("bank", PREFIX, exceptions=(BLOCKED,))).changed == ()
    assert (await by_hand(lists)).changed == ("except",)


async def test_an_edit_names_the_blocks_that_it_makes_useless_and_only_these(tmp_path):
    clock = [1_000.0]
    lists = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: clock[0])
    try:
        await lists.add("bank", PREFIX, Origin(expires=2_000.0))
        clock[0] = 3_000.0
        await lists.add("nuisance", OTHER, force=True)
        await lists.remove("bank", PREFIX)
        await lists.add("bank", PREFIX, Origin(expires=4_000.0))
        assert (await lists.add("bank", PREFIX, Origin(reason="bank"))).overrules == ()
        clock[0] = 5_000.0
        assert (await lists.add("bank", PREFIX, Origin(expires=6_000.0))).overrules == (f"{OTHER} on nuisance",)
    finally:
        await lists.close()


@pytest.mark.parametrize(("text", "block"), [(PREFIX, BLOCKED), (OTHER, OTHER)])
async def test_an_undoing_names_the_blocks_that_what_comes_back_makes_useless(tmp_path, text, block):
    lists = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: 1_000.0)
    try:
        await lists.add("bank", text)
        made = await import_rows(lists, "bank", [(1, "+8613800000001", {})], wishes=VERSION)
        await lists.add("nuisance", block)
        done = await undo(lists, made.import_id)
        assert (done.overrules, done.useless) == (1, (f"{block} on nuisance",))
    finally:
        await lists.close()


async def test_so_many_exceptions_and_no_more(lists):
    for first in range(0, 99, 33):
        await lists.add("bank", PREFIX, exceptions=tuple(f"+86139222{n:05}" for n in range(100 + first, 133 + first)))
    with pytest.raises(EntryError, match="101 exceptions; 100 at most"):
        await lists.add("bank", PREFIX, exceptions=(OTHER,))
    with pytest.raises(EntryError, match=r"line 3: .*101 exceptions"):
        await import_rows(lists, "bank", [(3, PREFIX, {"except": OTHER})])
