"""Imports: whole or not at all, told before they happen, undone by their id, live at the next poll."""

import asyncio
import io
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from rules.lists.admission import EntryError
from rules.lists.cache import Lookup
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_file, import_rows, imports
from rules.lists.origins import Qualification
from rules.lists.undoing import undo
from rules.settings.screening import ListSettings
from rules.storage.store import StoreError

LISTS = {
    "bank": ListSettings(kind="allow"),
    "nuisance": ListSettings(kind="block", max_entries=1_000),
    "week": ListSettings(kind="suspect", expires_days=7),
}
WIDE = Wishes(wide=True)
VERSION = Wishes(wide=True, replace_all=True, insist=True)


@asynccontextmanager
async def opened(path, now=1_000.0):
    lists = await Lists.open(path / "lists.db", LISTS, now=lambda: now)
    try:
        yield lists
    finally:
        await lists.close()


def rows(*texts):
    return [(line, text, {}) for line, text in enumerate(texts, start=1)]


async def texts(lists, name="nuisance"):
    return [entry.text for entry in await lists.show(name, limit=10_000)]


def state(path):
    """All that a look-up or a person can see of the lists."""
    with closing(sqlite3.connect(path / "lists.db")) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "select code, list, origin from exact order by code, list",
                "select list, start, stop, places, text, origin from wide order by list, start, stop",
                "select s.start, w.list, w.start, w.stop from span s join wide w on w.id = s.wide order by 1, 2, 3, 4",
                "select name, entries from list order by name",
            )
        ]


async def test_a_file_is_imported_and_live(tmp_path):
    async with opened(tmp_path) as lists:
        lookup = Lookup(tmp_path / "lists.db", entries=16)
        assert lookup.look_up("+8613800138000", 1.0) == ()
        data = "reason,number\nnight,138 0013 8000\n,9558*\n,+8613900000000..+8613900000999\n"
        stream = io.BytesIO(data.encode())
        report = await import_file(lists, "nuisance", stream, Origin("police"), Wishes("CN", wide=True))
        assert (report.lines, report.added, report.changed, report.removed) == (3, 3, 0, 0)
        lookup.poll()
        hit = lookup.look_up("+8613800138000", 1.0)[0]
        assert (hit.list, hit.source) == ("nuisance", "police")
        assert [hit.entry for hit in lookup.look_up("CN:95588", 1.0)] == ["CN:9558*"]
        assert [hit.entry for hit in lookup.look_up("+8613900000500", 1.0)] == ["+8613900000000..+8613900000999"]
        lookup.close()
        assert [entry.origin.reason for entry in await lists.show("nuisance")] == ["", "", "night"]
        assert await lists.counts() == {"bank": 0, "nuisance": 3, "week": 0}


async def test_what_stands_there_already_is_changed_and_counted(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+8613800138000")
        await lists.add("nuisance", "+86139*", wide=True)
        report = await import_rows(
            lists, "nuisance", rows("+8613800138000", "+8613800138001", "+86139*", "+86138*"), wishes=WIDE
        )
        assert (report.added, report.changed, report.unchanged) == (2, 0, 2)
        assert (await lists.counts())["nuisance"] == 4
        new = rows("+8613800138000", "+8613800138001", "+86139*", "+86138*", "+8613800138002")
        report = await import_rows(lists, "nuisance", new, Origin("feed"), WIDE)
        assert (report.added, report.changed, report.unchanged) == (1, 4, 0)


async def test_a_new_version_removes_what_it_lacks(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("bank", "+8613700137000")
        for text in ("+8613800138000", "+8613800138001", "+86139*", "+86136*"):
            await lists.add("nuisance", text, wide=True)
        report = await import_rows(lists, "nuisance", rows("+8613800138000", "+86139*", "CN:95588"), wishes=VERSION)
        assert (report.added, report.changed, report.unchanged, report.removed) == (1, 0, 2, 2)
        assert await texts(lists) == ["+86139*", "+8613800138000", "CN:95588"]
        assert await texts(lists, "bank") == ["+8613700137000"]
        assert (await lists.counts())["nuisance"] == 3


async def test_a_dry_run_tells_and_changes_nothing(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+8613800138000")
        before = state(tmp_path)
        report = await import_rows(
            lists, "nuisance", rows("+8613800138001", "000"), wishes=Wishes(replace_all=True, dry_run=True)
        )
        assert (report.added, report.removed, report.import_id, report.refused) == (1, 1, None, {"nonsense": 1})
        assert state(tmp_path) == before
        assert await imports(lists) == []
        assert (await import_rows(lists, "nuisance", rows("+8613800138001"))).added == 1


async def test_an_import_is_undone_by_its_id(tmp_path):
    async with opened(tmp_path) as lists:
        for text in ("+8613800138000", "+8613800138001", "+86139*", "+86136*", "+86137*"):
            await lists.add("nuisance", text, wide=True)
        before = state(tmp_path)
        new = rows("+8613800138000", "+8613800138009", "+86139*", "+861391*", "+86137*")
        report = await import_rows(lists, "nuisance", new, Origin("feed", author="li"), VERSION)
        made = (await imports(lists))[0]
        assert (made.id, made.list, made.source, made.author) == (report.import_id, "nuisance", "feed", "li")
        assert (made.added, made.changed, made.removed, made.undone) == (2, 3, 2, None)
        await undo(lists, report.import_id)
        assert state(tmp_path) == before
        assert (await imports(lists))[0].undone == 1_000.0
        with pytest.raises(EntryError, match="was undone already"):
            await undo(lists, report.import_id)
        with pytest.raises(EntryError, match="there is no import 99"):
            await undo(lists, 99)


async def test_what_was_edited_since_stays_when_an_import_is_undone(tmp_path):
    async with opened(tmp_path) as lists:
        report = await import_rows(lists, "nuisance", rows("+8613800138000", "+8613800138001", "+86139*"), wishes=WIDE)
        await lists.add("nuisance", "+8613800138000", Origin("by hand"))
        await undo(lists, report.import_id)
        assert await texts(lists) == ["+8613800138000"]
        assert (await lists.counts())["nuisance"] == 1


async def test_a_bad_line_ends_it_all_or_is_skipped(tmp_path):
    async with opened(tmp_path) as lists:
        before = state(tmp_path)
        with pytest.raises(EntryError, match=r"line 2: .*zeros only.*nothing was imported"):
            await import_rows(lists, "nuisance", rows("+8613800138000", "000"))
        assert state(tmp_path) == before
        report = await import_rows(lists, "nuisance", rows("+8613800138000", "000"), wishes=Wishes(on_error="skip"))
        assert (report.added, [refusal.line for refusal in report.refusals]) == (1, [2])


async def test_a_file_under_another_name_changes_nothing(tmp_path):
    """Who names a source, and a row that does, says another thing of each entry."""
    unsaid = Wishes(wide=True, source_by_default=True)
    new = [(1, "+8613800138000", {}), (2, "+86139*", {}), (3, "+8613800138001", {"source": "police"})]
    async with opened(tmp_path) as lists:
        assert (await import_rows(lists, "nuisance", new, Origin("x.csv"), unsaid)).added == 3
        again = await import_rows(lists, "nuisance", new, Origin("y.csv"), unsaid)
        assert (again.changed, again.unchanged, again.import_id) == (0, 3, None)
        spoken = [(1, "+8613800138000", {"reason": "loans"}), (3, "+8613800138001", {"source": "court"})]
        told = await import_rows(lists, "nuisance", spoken, Origin("z.csv"), unsaid)
        assert (told.changed, told.unchanged) == (2, 0)
        named = await import_rows(lists, "nuisance", new, Origin("police"), WIDE)
        assert (named.changed, named.unchanged) == (3, 0)


async def test_allowed_numbers_are_not_blocked_by_an_import(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("bank", "+8613800138000")
        await lists.add("bank", "+86139*")
        new = rows("+8613800138000", "+8613800138001", "+8613900139000", "+86138*", "+86137*")
        with pytest.raises(
            EntryError, match=r"line 1: \+8613800138000 covers numbers of list bank; nothing was imported"
        ):
            await import_rows(lists, "nuisance", new, wishes=WIDE)
        report = await import_rows(lists, "nuisance", new, wishes=Wishes(on_error="skip", wide=True))
        assert (report.added, report.refused) == (2, {"protected": 3})
        assert [(one.line, one.text) for one in report.refusals] == [
            *((1, "+8613800138000"), (3, "+8613900139000"), (4, "+86138*"))
        ]
        assert await texts(lists) == ["+86137*", "+8613800138001"]
        forced = Wishes(force=True, wide=True, on_error="skip")
        report = await import_rows(lists, "nuisance", new, wishes=forced)
        assert (report.added, report.unchanged) == (1, 2), "+86138* acts on all but one"
        assert report.refused == {"useless": 2}, "what lies wholly in what is allowed would never act"


async def test_a_list_takes_no_more_than_it_may(tmp_path):
    async with opened(tmp_path) as lists:
        before = state(tmp_path)
        with pytest.raises(EntryError, match="would have 1,001 entries"):
            await import_rows(lists, "nuisance", rows(*(f"+86138{n:08d}" for n in range(1_001))))
        assert state(tmp_path) == before
        assert (await import_rows(lists, "nuisance", rows(*(f"+86138{n:08d}" for n in range(1_000))))).added == 1_000


async def test_expiry_is_the_row_s_or_the_list_s(tmp_path):
    async with opened(tmp_path) as lists:
        new = [(1, "+8613800138000", {}), (2, "+8613800138001", {"expires": "1970-01-02"})]
        await import_rows(lists, "week", new)
        assert [entry.origin.expires for entry in await lists.show("week")] == [1_000.0 + 7 * 86_400, 2 * 86_400.0]


IMPORTER = """
import asyncio, sys
from pathlib import Path
from rules.lists.imports import Wishes, import_rows
from rules.lists.editing import Lists
from rules.settings.screening import ListSettings

async def main():
    lists = await Lists.open(Path(sys.argv[1]), {"nuisance": ListSettings(kind="block")})
    for turn in range(1_000):
        rows = [(n, f"+86138{turn * 500 + n:08d}", {}) for n in range(500)] + [(501, f"+8613{turn:05d}*", {})]
        print("begun", flush=True)
        await import_rows(lists, "nuisance", rows, wishes=Wishes(wide=True, insist=True))
        print("done", flush=True)

asyncio.run(main())
"""


def killed_after(database, words):
    """How many imports were begun and acknowledged by a process killed after so many words."""
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", IMPORTER, str(database)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline() for _ in range(words)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
    return told.count("begun\n"), told.count("done\n")


@pytest.mark.parametrize("words", [1, 3, 8, 21])
async def test_kill_9_leaves_whole_imports_only(tmp_path, words):
    begun, done = killed_after(tmp_path / "lists.db", words)
    async with opened(tmp_path) as lists:
        whole = len(await imports(lists))
        assert done <= whole <= begun
        assert (await lists.counts())["nuisance"] == 501 * whole
    numbers, wides, spans, _ = state(tmp_path)
    assert (len(numbers), len(wides), len(spans)) == (500 * whole, whole, whole)


async def test_two_imports_at_once_take_turns(tmp_path):
    async with opened(tmp_path) as one, opened(tmp_path, now=2_000.0) as other:
        numbers = [f"+86138{n:08d}" for n in range(300)]
        first, second = await asyncio.gather(
            import_rows(one, "nuisance", rows(*numbers[:200]), Origin("one"), Wishes(insist=True)),
            import_rows(other, "nuisance", rows(*numbers[100:]), Origin("other"), Wishes(insist=True)),
        )
        assert first.added + second.added == 300
        assert first.changed + second.changed == 100
        assert (await one.counts())["nuisance"] == 300


async def test_a_clock_set_back_does_no_damage(tmp_path):
    async with opened(tmp_path, now=9_000.0) as lists:
        await import_rows(lists, "nuisance", rows("+8613800138000", "+8613800138001"))
    async with opened(tmp_path, now=10.0) as lists:
        report = await import_rows(lists, "nuisance", rows("+8613800138001", "+8613800138002"), wishes=VERSION)
        assert (report.added, report.unchanged, report.removed) == (1, 1, 1)
        assert (await imports(lists))[0].id == report.import_id
        await undo(lists, report.import_id)
        assert await texts(lists) == ["+8613800138000", "+8613800138001"]


async def test_a_full_disk_changes_nothing_and_says_what_to_do(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+8613800138000")
        before = state(tmp_path)
        await lists.store.connection.execute("pragma max_page_count=1")  # SQLite takes what it has already
        many = rows(*(f"+86139{n:08d}" for n in range(900)))
        with pytest.raises(StoreError, match=r"lists\.db: .*full; nothing was changed; make room"):
            await import_rows(lists, "nuisance", [(line, text, {"note": f"{line:0900}"}) for line, text, _ in many])
        assert state(tmp_path) == before
        await lists.store.connection.execute("pragma max_page_count=100000")
        assert (await import_rows(lists, "nuisance", many)).added == 900


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_files_as_they_come(tmp_path, encoding, delimiter):
    lines = [["原因", "号码"], ["夜间骚扰", '"138 0013-8000"'], ["推销", "１３９００１３９０００"], ["骗", "95588"]]
    data = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    async with opened(tmp_path) as lists:
        report = await import_file(lists, "nuisance", io.BytesIO(data), wishes=Wishes("CN"))
        assert report.added == 3
        found = {entry.text: entry.origin.reason for entry in await lists.show("nuisance")}
        assert found == {"+8613800138000": "夜间骚扰", "+8613900139000": "推销", "CN:95588": "骗"}


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("8.61391E+12", "format the column as text"),
        ("13800138000.0", "format the column as text"),
    ],
)
async def test_what_a_spreadsheet_spoilt_is_refused_with_advice(tmp_path, text, advice):
    async with opened(tmp_path) as lists:
        with pytest.raises(EntryError, match=f"line 1: .*{advice}"):
            await import_rows(lists, "nuisance", rows(text), wishes=Wishes("CN"))


async def test_what_an_import_into_an_allow_list_makes_useless(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+8613800138000")
        report = await import_rows(lists, "bank", [(1, "+86138*", {"except": "+861381*"})])
        assert report.overrules == 1
        assert (await lists.show("bank"))[0].exceptions == ("+861381*",)


async def test_a_row_changes_only_what_it_gives_of_an_entry_that_stands(tmp_path):
    async with opened(tmp_path) as lists:
        given = Origin("operator", "rang at night", "li", evidence="case 7", note="twice", expires=2_000.0)
        await lists.add("nuisance", "13800138000", given, country="CN")
        await lists.add("bank", "+86139*", Origin(author="li", reason="ours"), exceptions=("+861390000*",))
        report = await import_file(
            lists, "nuisance", io.BytesIO(b"number,reason\n13800138000,\n"), Origin("police", author="wu"), Wishes("CN")
        )
        assert (report.changed, report.unchanged) == (1, 0)
        (entry,) = await lists.show("nuisance")
        assert entry.origin == Origin("police", "rang at night", "wu", expires=2_000.0, evidence="case 7", note="twice")
        again = await import_rows(lists, "nuisance", [(1, "+8613800138000", {})], Origin("police", author="xu"))
        assert (again.unchanged, again.import_id) == (1, None)
        await import_rows(lists, "bank", [(1, "+86139*", {"note": "new"})], Origin("operator", author="wu"))
        (entry,) = await lists.show("bank")
        assert (entry.exceptions, entry.origin.reason, entry.origin.note) == (("+861390000*",), "ours", "new")


async def test_a_row_can_take_an_end_away(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "13800138000", Origin("police", expires=2_000.0), country="CN")
        await import_rows(lists, "nuisance", [(1, "+8613800138000", {"expires": "never"})], Origin("police"))
        (entry,) = await lists.show("nuisance")
        assert entry.origin.expires is None


async def test_an_import_that_is_undone_gives_back_what_it_added_to(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "13800138000", Origin("police", "rang at night"), country="CN")
        report = await import_rows(lists, "nuisance", [(1, "+8613800138000", {"evidence": "b"})], Origin("police"))
        (entry,) = await lists.show("nuisance")
        assert (entry.origin.reason, entry.origin.evidence) == ("rang at night", "b")
        await undo(lists, report.import_id)
        (entry,) = await lists.show("nuisance")
        assert (entry.origin.reason, entry.origin.evidence) == ("rang at night", "")


async def test_nobody_approves_by_an_import_what_he_approved_before(tmp_path):
    async with opened(tmp_path) as lists:
        shown = Qualification("L1", "sha256:0", "loans", "", 9_000.0, "Firm", "wu")
        await lists.add("bank", "95588", Origin(author="li", qualification=shown), country="CN")
        with pytest.raises(EntryError, match=r"line 4: .*wu cannot approve"):
            await import_rows(lists, "bank", [(4, "CN:95588", {"note": "x"})], Origin(author="wu"), WIDE)
        (entry,) = await lists.show("bank")
        assert entry.origin.note == ""


async def test_what_a_person_had_taken_off_and_a_file_brings_back_is_told(tmp_path):
    rows = [(1, "+8613800138000", {}), (2, "+86139*", {}), (3, "+8613800138001", {})]
    async with opened(tmp_path) as lists:
        await import_rows(lists, "nuisance", rows, wishes=Wishes(wide=True))
        await lists.remove_all("nuisance", ["+8613800138000", "+86139*"], author="li", reason="a doctor")
        report = await import_rows(lists, "nuisance", rows, wishes=Wishes(wide=True))
        assert (report.added, report.returned) == (2, 2)
        assert report.returning == ["+8613800138000 (by li: a doctor)", "+86139* (by li: a doctor)"]
        await lists.remove("nuisance", "+8613800138000", author="li")
        await lists.add("nuisance", "+8613800138000")
        again = [(1, "+8613800138000", {"reason": "night"})]
        assert (await import_rows(lists, "nuisance", again)).returned == 0, "it was put back by hand"
