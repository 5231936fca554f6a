"""Held imports: kept as they came, released through every check, dropped; who did it and why stays known."""

import gzip
import io
import random

import pytest

from rules.lists import held_imports as module
from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.held_imports import drop_import, forget_lapsed, held_imports, import_or_hold, propose, release_import
from rules.lists.imports import Wishes, imports
from rules.lists.origins import Qualification
from rules.settings.screening import ListSettings

POLICIES = {
    "nuisance": ListSettings(kind="block", changed_by=["li", "wang"]),
    "bank": ListSettings(kind="allow", qualified=True),
}
BY_LI = Origin("feed", "night calls", "li", evidence="file 7")
VERSION = Wishes("CN", replace_all=True)


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", POLICIES, now=lambda: 1_000.0)
    yield lists
    await lists.close()


async def new_version(lists, *numbers, wishes=VERSION, name="nuisance", origin=BY_LI, column=""):
    data = "".join(f"{number}\n" for number in ("", *numbers)).encode("utf-16")
    return await import_or_hold(lists, name, io.BytesIO(data), origin, wishes, column=column)


@pytest.fixture
async def waiting(lists):
    """A list of one number, and a new version of it that waits."""
    await lists.add("nuisance", "17012345678", BY_LI, country="CN")
    return (await new_version(lists, "138 0013 8000", "13800138001")).held_id


async def texts(lists, name="nuisance"):
    return [entry.text for entry in await lists.show(name)]


async def release(lists, held_id, **more):
    return await release_import(lists, held_id, **{"author": "wang", "reason": "I rang them", "calls": {}} | more)


async def test_what_is_held_waits_and_changes_nothing(lists, waiting):
    (one,) = await held_imports(lists)
    assert (one.id, one.list, one.author, one.source, one.created) == (waiting, "nuisance", "li", "feed", 1_000.0)
    assert one.why == "it changes 300% of the list (2 come, 1 go)"
    assert await texts(lists) == ["+8617012345678"]
    assert await imports(lists) == []


async def test_released_as_it_came_and_known_by_whom_and_why(lists, waiting):
    report = await release(lists, waiting)
    assert (report.added, report.removed) == (2, 1)
    first, _ = await lists.show("nuisance")
    assert (first.text, first.origin) == ("+8613800138000", BY_LI)
    (made,) = await imports(lists)
    assert (made.author, made.source) == ("li", "feed")
    assert made.insisted == "it changes 300% of the list (2 come, 1 go); released by wang: I rang them"
    assert await held_imports(lists) == []
    (one,) = await held_imports(lists, ended=True)
    assert (one.ended, one.ended_by, one.ended_why, one.import_id, one.bytes) == (1_000.0, "wang", "I rang them", 1, 0)
    for again in (release(lists, waiting), drop_import(lists, waiting, author="wang")):
        with pytest.raises(EntryError, match="was released as import 1 by wang"):
            await again


async def test_a_release_makes_every_check_again(lists, waiting):
    await lists.add(
        *("bank", "13800138001", Origin(author="li", qualification=Qualification("l", "d", "p", "", 9e6, "o", "wang"))),
        country="CN",
    )
    with pytest.raises(EntryError, match=r"line 3: \+8613800138001 covers numbers of list bank"):
        await release(lists, waiting)
    assert [one.id for one in await held_imports(lists)] == [waiting], "it waits on"
    await lists.remove("bank", "+8613800138001")
    assert (await release(lists, waiting, calls={"+8613800138000": 7})).caught.calls == 7


async def test_dropped(lists, waiting):
    assert (await drop_import(lists, waiting, author="wang", reason="an old file")).source == "feed"
    (one,) = await held_imports(lists, ended=True)
    assert (one.ended_by, one.ended_why, one.import_id, one.bytes) == ("wang", "an old file", None, 0)
    with pytest.raises(EntryError, match="held import 1 was dropped by wang"):
        await release(lists, waiting)
    assert await texts(lists) == ["+8617012345678"]


async def test_only_who_may_change_the_list_decides_and_says_why(lists, waiting):
    with pytest.raises(EntryError, match="changed by li, wang only"):
        await release(lists, waiting, author="zhao")
    with pytest.raises(EntryError, match="changed by li, wang only"):
        await drop_import(lists, waiting, author="zhao")
    with pytest.raises(EntryError, match="say why"):
        await release(lists, waiting, reason=" ")
    with pytest.raises(EntryError, match="there is no held import 9; `ringfence lists held` shows them"):
        await release(lists, 9)


async def test_the_column_and_a_qualification_are_kept(lists):
    shown = Qualification("l", "d", "p", "09:00-18:00", 9e6, "Bank of Somewhere", "wang")
    origin = Origin("contract", author="li", trunks=("north",), qualification=shown)
    await lists.add("bank", "95588", origin, country="CN")
    data = io.BytesIO(b"licence,where\nl,95599\n")
    held = await import_or_hold(lists, "bank", data, origin, VERSION, column="where")
    await release(lists, held.held_id)
    assert [(entry.text, entry.origin) for entry in await lists.show("bank")] == [("CN:95599", origin)]


async def test_a_dry_run_and_one_who_insists_are_not_kept(lists, waiting):
    assert (await new_version(lists, "13800138000", wishes=Wishes("CN", replace_all=True, dry_run=True))).held
    assert (await new_version(lists, "13800138000", wishes=Wishes("CN", replace_all=True, insist=True))).import_id
    assert [one.id for one in await held_imports(lists)] == [waiting]


async def test_a_file_too_large_is_held_and_not_kept(lists, waiting, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1_000)
    rand = random.Random(1)
    numbers = [f"138{rand.randrange(10**8):08d}" for _ in range(1_000)]
    report = await new_version(lists, *numbers)
    assert (bool(report.held), report.held_id) == (True, None)
    assert len(await held_imports(lists)) == 1


async def test_a_file_packed_by_gzip_is_none_of_numbers(lists):
    with pytest.raises(ValueError, match=r"it is packed: unpack it, with `zcat FILE"):
        await import_or_hold(lists, "nuisance", io.BytesIO(gzip.compress(b"13800138000\n" * 9)), BY_LI)


async def test_what_nobody_releases_within_72_hours_lapses(lists, waiting):
    created, hours = 1_000.0, 3_600.0
    (one,) = await held_imports(lists)
    assert one.lapses == created + 72 * hours
    lists.now = lambda: one.lapses - 1
    assert await forget_lapsed(lists) == 0
    assert len(await held_imports(lists)) == 1
    lists.now = lambda: one.lapses
    assert await held_imports(lists) == [], "whoever looks knows it before its file is forgotten"
    for step in (release(lists, waiting), drop_import(lists, waiting, author="wang")):
        with pytest.raises(EntryError, match=r"held import 1 lapsed: nobody released it within 72 hours"):
            await step
    assert await texts(lists) == ["+8617012345678"]
    assert (await held_imports(lists, ended=True))[0].bytes > 0
    assert await forget_lapsed(lists) == 1
    (gone,) = await held_imports(lists, ended=True)
    assert (gone.ended, gone.ended_by, gone.bytes) == (one.lapses, "ringfence", 0)
    assert gone.ended_why == "nobody released it within 72 hours"
    assert await forget_lapsed(lists) == 0


async def test_a_qualified_entry_that_waits_lapses_after_the_hours_of_its_list(tmp_path):
    policies = {"bank": ListSettings(kind="allow", qualified=True, proposal_hours=2)}
    lists = await Lists.open(tmp_path / "own.db", policies, now=lambda: 1_000.0)
    shown = Qualification("L-1", "sha256:1", "reminders", "", 9_000_000.0, "zhang", "wang")
    proposed = await propose(lists, "bank", ["+8617012345678"], Origin(author="li", qualification=shown), Wishes("CN"))
    lists.now = lambda: 1_000.0 + 7_200
    with pytest.raises(EntryError, match="nobody released it within 2 hours"):
        await release(lists, proposed.held_id)
    await lists.close()


async def test_what_was_released_or_dropped_in_time_does_not_lapse(lists, waiting):
    await drop_import(lists, waiting, author="wang")
    lists.now = lambda: 1e9
    assert await forget_lapsed(lists) == 0
    assert (await held_imports(lists, ended=True))[0].ended_by == "wang"
