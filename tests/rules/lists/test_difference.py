"""An import writes what is different, and nothing else."""

import pytest

from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows, imports
from rules.settings.screening import ListSettings

LISTS = {"nuisance": ListSettings(kind="block"), "bank": ListSettings(kind="allow"), "week": ListSettings(kind="block")}
ROWS = [
    (2, "+8613800138000", {"reason": "night"}),
    (3, "+8613800138001", {"reason": "night", "expires": "2030-12-31"}),
    (4, "+86139*", {"note": "x"}),
]
FEED = Origin("feed", author="li")


@pytest.fixture
async def lists(tmp_path):
    found = await Lists.open(tmp_path / "lists.db", LISTS, now=lambda: 1_000.0)
    yield found
    await found.close()


async def everything(lists):
    tables = ("exact", "wide", "span", "origin", "import", "ending", "past", "past_wide", "list", "change")
    return [[tuple(row) for row in await lists.store.connection.execute_fetchall(f"select * from {t}")] for t in tables]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("author", ["li", "wang"])
async def test_an_identical_import_changes_nothing_and_writes_no_row(lists, whole, author):
    await import_rows(lists, "nuisance", ROWS, FEED, Wishes(wide=True))
    before = await everything(lists)
    for dry in (True, False):
        wishes = Wishes(wide=True, replace_all=whole, dry_run=dry)
        report = await import_rows(lists, "nuisance", ROWS, Origin("feed", author=author), wishes)
        assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 3)
        assert (report.import_id, report.held) == (None, [])
        assert await everything(lists) == before


@pytest.mark.parametrize("dry", [True, False])
async def test_a_dry_run_tells_the_difference_that_the_import_makes(lists, dry):
    await import_rows(lists, "nuisance", ROWS, FEED, Wishes(wide=True))
    new = [ROWS[0], (3, "+8613800138001", {"reason": "noon"}), (4, "+86139*", {"note": "y"}), (5, "+8613700137000", {})]
    report = await import_rows(lists, "nuisance", new, FEED, Wishes(wide=True, dry_run=dry))
    assert (report.added, report.changed, report.unchanged, report.removed) == (1, 2, 1, 0)


async def test_what_was_not_different_keeps_its_origin_and_is_not_undone(lists):
    await import_rows(lists, "nuisance", ROWS, FEED, Wishes(wide=True))
    new = [*ROWS[:1], (5, "+8613700137000", {})]
    second = await import_rows(lists, "nuisance", new, FEED, Wishes(wide=True, replace_all=True, insist=True))
    assert (second.added, second.unchanged, second.removed) == (1, 1, 2)
    by_import = {entry.text: entry.import_id for entry in await lists.show("nuisance")}
    assert by_import == {"+8613800138000": 1, "+8613700137000": 2}
    made = (await imports(lists))[0]
    assert (made.added, made.changed, made.removed) == (1, 0, 2)


async def test_a_row_that_would_be_off_at_once_is_refused(lists):
    gone = [(2, "+8613800138000", {"expires": "1969-12-30"}), (3, "+8613800138001", {})]
    report = await import_rows(lists, "nuisance", gone, FEED, Wishes(on_error="skip"))
    assert (report.added, dict(report.refused)) == (1, {"expired": 1})
    review = dict.fromkeys(("licence", "document", "purpose", "owner", "approver"), "x") | {"review": "1969-12-30"}
    report = await import_rows(lists, "bank", [(2, "95588", review)], FEED, Wishes("CN", on_error="skip"))
    assert dict(report.refused) == {"review-passed": 1}
    today = await import_rows(lists, "nuisance", [(2, "+8613800138002", {"expires": "1970-01-01"})], FEED)
    assert today.added == 1, "a day ends at its end"


async def test_a_file_adds_a_fifth_to_a_list_without_asking_and_no_more(lists):
    rows = [(n, f"+86138{n:08d}", {}) for n in range(100)]
    await import_rows(lists, "nuisance", rows[:50], FEED)
    assert (await import_rows(lists, "nuisance", rows[:60], FEED)).added == 10
    held = await import_rows(lists, "nuisance", rows, FEED)
    assert held.held == ["it changes 67% of the list (40 come, 0 go)"]
    assert (await lists.counts())["nuisance"] == 60


async def test_a_person_sees_how_many_entries_were_written(lists):
    told = []
    rows = ((n, f"+86138{n:08d}", {}) for n in range(45_000))
    await import_rows(lists, "week", rows, FEED, Wishes(writing=told.append))
    assert told == [20_000, 40_000]
