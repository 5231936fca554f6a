"""What ended is kept with the change that ended it, for as long as the operator says; older databases bring theirs."""

import sqlite3
from contextlib import asynccontextmanager, closing
from importlib import resources

import pytest

from rules.lists.admission import EntryError
from rules.lists.editing import Lists, Origin
from rules.lists.endings import forget_endings
from rules.lists.history import periods
from rules.lists.imports import Wishes, import_rows
from rules.lists.undoing import undo
from rules.numbering.intervals import encode
from rules.settings.screening import ListSettings
from rules.storage.store import migrate

LISTS = {"nuisance": ListSettings(kind="block", max_entries=3)}
NUMBER = "+8613800138000"
VERSION = Wishes(replace_all=True, insist=True)


@asynccontextmanager
async def opened(path):
    clock = [1_000.0]
    lists = await Lists.open(path / "lists.db", LISTS, now=lambda: clock[0])
    try:
        yield lists, clock
    finally:
        await lists.close()


def rows(*texts):
    return [(line, text, {}) for line, text in enumerate(texts, start=1)]


def ask(path, query):
    with closing(sqlite3.connect(path / "lists.db")) as connection:
        return connection.execute(query).fetchall()


async def test_a_change_that_fails_ends_nothing(tmp_path):
    async with opened(tmp_path) as (lists, _):
        await lists.add("nuisance", NUMBER)
        with pytest.raises(EntryError, match="has its 3 entries"):
            await lists.add_all("nuisance", (NUMBER, "+8613800138001", "+8613800138002", "+8613800138003"))
        with pytest.raises(EntryError, match="is not on list"):
            await lists.remove_all("nuisance", (NUMBER, "+8613800138009"))
        dry = Wishes(replace_all=True, dry_run=True)
        assert (await import_rows(lists, "nuisance", rows("+8613800138005"), wishes=dry)).removed == 1
        assert ask(tmp_path, "select * from ending union all select *, 0, 0 from past") == []


async def test_what_is_new_takes_no_room_here(tmp_path):
    async with opened(tmp_path) as (lists, _):
        await lists.add("nuisance", NUMBER)
        await import_rows(lists, "nuisance", rows("+8613800138001", "+8613800138002"))
        assert ask(tmp_path, "select * from past") == []


async def test_the_old_is_forgotten_the_rest_stays(tmp_path):
    async with opened(tmp_path) as (lists, clock):
        await lists.add("nuisance", NUMBER, Origin(reason="rang at night"))
        await lists.add("nuisance", "+86170*", Origin(reason="of no use"), wide=True)
        clock[0] = 2_000.0
        await lists.remove_all("nuisance", (NUMBER, "+86170*"), author="li")
        await lists.add("nuisance", NUMBER, Origin(reason="again"))
        clock[0] = 3_000.0
        await lists.remove("nuisance", NUMBER, author="wang")
        assert await forget_endings(lists.store, 2_000.0) == 0
        assert len(await periods(lists, NUMBER)) == 2
        assert await forget_endings(lists.store, 2_500.0) == 2
        assert [one.author for one in await periods(lists, NUMBER)] == ["wang"]
        assert await periods(lists, "+8617012345678") == []
        assert ask(tmp_path, "select reason from origin") == [("again",)], "no reason outlives what it was given for"
        assert ask(tmp_path, "select author from ending") == [("wang",)]


async def test_reasons_of_what_stands_are_never_forgotten(tmp_path):
    async with opened(tmp_path) as (lists, clock):
        await import_rows(lists, "nuisance", rows(NUMBER, "+8613800138001"), Origin(reason="file"))
        clock[0] = 2_000.0
        await lists.remove("nuisance", NUMBER)
        assert await forget_endings(lists.store, 9_000.0) == 1
        (entry,) = await lists.show("nuisance")
        assert entry.origin.reason == "file"


async def test_an_import_whose_victims_are_forgotten_is_not_half_undone(tmp_path):
    async with opened(tmp_path) as (lists, clock):
        await lists.add("nuisance", NUMBER)
        report = await import_rows(lists, "nuisance", rows("+8613800138001"), wishes=VERSION)
        clock[0] = 9_000.0
        await forget_endings(lists.store, 5_000.0)
        with pytest.raises(EntryError, match=r"what import 1 changed is forgotten \(storage.history_days\)"):
            await undo(lists, report.import_id)
        assert [entry.text for entry in await lists.show("nuisance")] == ["+8613800138001"]


async def test_many_are_forgotten_in_small_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("rules.lists.endings._AT_ONCE", 2)
    async with opened(tmp_path) as (lists, clock):
        numbers = [f"+861380013800{last}" for last in range(3)]
        for _ in range(3):
            await lists.add_all("nuisance", numbers)
            await lists.remove_all("nuisance", numbers)
            clock[0] += 1_000.0
        assert await forget_endings(lists.store, 2_500.0) == 6
        assert ask(tmp_path, "select count(*) from past") == [(3,)]


async def test_the_layout_before_brings_what_its_imports_had_replaced(tmp_path):
    code = encode(NUMBER)
    folder = resources.files("rules").joinpath("storage", "migrations", "lists")
    with closing(sqlite3.connect(tmp_path / "lists.db")) as connection:
        for file in sorted(folder.iterdir(), key=lambda file: file.name)[:5]:
            connection.executescript(file.read_text())
        connection.executescript(f"""
            insert into list (id, name, kind, suspicion, shared, entries) values (1, 'nuisance', 'block', 5, 0, 1);
            insert into import (id, list, source, author, created, added, changed, removed, undone)
                values (1, 1, 'old', 'li', 10, 1, 0, 0, null), (2, 1, 'new', 'wang', 20, 0, 1, 1, null),
                       (3, 1, 'mistake', 'wang', 30, 1, 0, 0, 40);
            insert into origin (id, source, reason, author, created, evidence, note, trunks, import_id)
                values (1, 'old', 'first', 'li', 10, '', '', '', 1), (2, 'new', '', 'wang', 20, '', '', '', 2);
            insert into exact values ({code}, 1, 2);
            insert into replaced values (2, {code}, 1, 1);
            insert into replaced_wide (import_id, list, start, stop, places, text, origin)
                values (2, 1, {encode("CN:9501")}, {encode("CN:95019")}, 0, 'CN:9501*', 1);
            pragma user_version=5;
        """)
    migrate(tmp_path / "lists.db", "lists")
    async with opened(tmp_path) as (lists, _):
        told = [(one.entry.origin.reason, one.until, one.how, one.author) for one in await periods(lists, NUMBER)]
        assert told == [("first", 20.0, "import", "wang"), ("", None, "", "")]
        assert [one.how for one in await periods(lists, "CN:95012345")] == ["import"]
        assert ask(tmp_path, "select at, how, import_id from ending where how = 'undo'") == [(40.0, "undo", 3)]
        await undo(lists, 2)
        assert [entry.origin.reason for entry in await lists.show("nuisance")] == ["first", "first"]


async def test_ranges_of_the_layout_before_are_written_with_two_dots(tmp_path):
    folder = resources.files("rules").joinpath("storage", "migrations", "lists")
    start, stop = encode("CN:95012000"), encode("CN:95012999")
    with closing(sqlite3.connect(tmp_path / "lists.db")) as connection:
        for file in sorted(folder.iterdir(), key=lambda file: file.name)[:6]:
            connection.executescript(file.read_text())
        connection.executescript(f"""
            insert into list (id, name, kind, suspicion, shared, entries) values (1, 'nuisance', 'block', 5, 0, 1);
            insert into origin (id, source, reason, author, created, evidence, note, trunks)
                values (1, 'old', '', 'li', 10, '', '', '');
            insert into wide (id, list, start, stop, places, text, origin)
                values (1, 1, {start}, {stop}, 8, 'CN:95012000-CN:95012999', 1);
            insert into span values ({start}, 1);
            pragma user_version=6;
        """)
    migrate(tmp_path / "lists.db", "lists")
    async with opened(tmp_path) as (lists, _):
        assert [entry.text for entry in await lists.show("nuisance")] == ["CN:95012000..CN:95012999"]
        assert await lists.remove("nuisance", "CN:95012000..CN:95012999")
