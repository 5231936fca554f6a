"""Imports into the ledger: told before they happen, undone in any order, with a history."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists.admission import EntryError
from rules.lists.editing import Lists
from rules.lists.ledger import codes, complete_beginnings, read_code
from rules.lists.ledger_imports import (
    LedgerWishes,
    forget_ledger_changes,
    import_ledger,
    ledger_history,
    ledger_imports,
    undo_ledger_import,
)
from rules.lists.list_files import Seen


@pytest.fixture
async def lists(tmp_path):
    lists = await Lists.open(tmp_path / "lists.db", {})
    yield lists
    await lists.close()


def rows(**holders):
    return [(line, code.strip("_"), {"holder": holder}) for line, (code, holder) in enumerate(holders.items(), start=1)]


async def load(lists, now=1.0, /, replace_all=False, complete=(), author="li", dry_run=False, **holders):
    return await import_ledger(
        *(lists.store, rows(**holders)),
        LedgerWishes(
            "miit.csv",
            author=author,
            country="CN",
            complete=complete,
            replace_all=replace_all,
            dry_run=dry_run,
        ),
        now=now,
    )


async def held(lists):
    return {code.text: code.holder for code in await codes(lists.store)}


async def test_a_dry_run_tells_the_difference_and_changes_nothing(lists):
    await load(lists, _95012="A", _95013="B")
    (revision,) = await lists.store.connection.execute_fetchall("select ledger from change")
    report = await load(lists, _95012="A", _95014="C", complete=("95",), replace_all=True, dry_run=True)
    assert (report.added, report.changed, report.unchanged, report.removed) == (1, 0, 1, 1)
    assert (report.complete, report.import_id) == (["CN:95*"], None)
    assert await held(lists) == {"CN:95012*": "A", "CN:95013*": "B"}
    assert [*await lists.store.connection.execute_fetchall("select ledger from change")] == [revision]
    assert len(await ledger_imports(lists.store)) == 1


async def test_the_same_file_again_is_no_import(lists):
    await load(lists, _95012="A", complete=("95",))
    again = await load(lists, _95012="A", complete=("95",))
    assert (again.unchanged, again.import_id) == (1, None)
    assert len(await ledger_imports(lists.store)) == 1


async def test_an_import_is_undone_with_what_it_called_complete(lists):
    await load(lists, _95012="A", _95013="B")
    report = await load(lists, _95012="X", _95014="C", complete=("95", "96"), replace_all=True)
    assert [(one.text, one.codes) for one in await complete_beginnings(lists.store)] == [("CN:95*", 2), ("CN:96*", 0)]
    undone = await undo_ledger_import(lists.store, report.import_id, now=2.0, author="wu", reason="wrong file")
    assert (undone.off, undone.back, undone.kept) == (1, 2, 0)
    assert await held(lists) == {"CN:95012*": "A", "CN:95013*": "B"}
    assert await complete_beginnings(lists.store) == []
    latest = (await ledger_imports(lists.store))[0]
    assert (latest.undone, latest.undone_by, latest.undone_why) == (2.0, "wu", "wrong file")
    with pytest.raises(EntryError, match="undone already"):
        await undo_ledger_import(lists.store, report.import_id, now=3.0)
    with pytest.raises(EntryError, match="there is no import 9"):
        await undo_ledger_import(lists.store, 9, now=3.0)


HOLDERS = [{"_95012": "A"}, {"_95012": "B", "_95013": "B"}, {"_95013": "C"}, {"_95012": "D"}]


@pytest.mark.parametrize("order", [order for n in range(5) for order in itertools.permutations(range(4), n)])
async def test_of_imports_undone_in_any_order_nothing_comes_back(lists, order):
    made = [(await load(lists, **holders)).import_id for holders in HOLDERS]
    for place in order:
        await undo_ledger_import(lists.store, made[place], now=9.0)
    expected = {}
    for place, holders in enumerate(HOLDERS):
        if place not in order:
            expected |= {f"CN:{code.strip('_')}*": holder for code, holder in holders.items()}
    assert await held(lists) == expected


async def test_what_a_later_import_changed_stays_so(lists):
    first = await load(lists, _95012="A", _95013="A")
    await load(lists, _95012="B")
    undone = await undo_ledger_import(lists.store, first.import_id, now=3.0)
    assert (undone.off, undone.back, undone.kept) == (1, 0, 1)
    assert await held(lists) == {"CN:95012*": "B"}


async def test_the_history_of_a_code_and_of_a_number_in_it(lists):
    await load(lists, 1.0, _95012="A", _95099="Z", complete=("95",))
    second = await load(lists, 2.0, _95012="B", author="wu")
    await undo_ledger_import(lists.store, second.import_id, now=3.0, author="xu", reason="forged")
    await load(lists, 4.0, _95099="Z", replace_all=True)
    for asked in ("95012", "95012345"):
        found = await ledger_history(lists.store, read_code(asked, "CN"))
        assert [(one.at, one.what, one.code, one.holder, one.author) for one in found] == [
            (1.0, "complete", "CN:95*", "", "li"),
            (1.0, "added", "CN:95012*", "A", "li"),
            (2.0, "changed", "CN:95012*", "B", "wu"),
            (3.0, "undone", "CN:95012*", "B", "xu"),
            (4.0, "incomplete", "CN:95*", "", "li"),
            (4.0, "removed", "CN:95012*", "A", "li"),
        ]


async def test_what_is_forgotten_is_not_undone(lists):
    first = await load(lists, 1.0, _95012="A")
    second = await load(lists, 9.0, _95012="B")
    assert await forget_ledger_changes(lists.store, 5.0) == 1
    with pytest.raises(EntryError, match="is forgotten"):
        await undo_ledger_import(lists.store, first.import_id, now=10.0)
    await undo_ledger_import(lists.store, second.import_id, now=10.0)
    assert await held(lists) == {"CN:95012*": "A"}


async def test_a_repeated_code_counts_once(lists):
    twice = [(1, "95012", {"holder": "A"}), (2, "95012*", {"holder": "B"})]
    report = await import_ledger(lists.store, twice, LedgerWishes("x", country="CN"), now=0.0, seen=Seen(["Fax"], 2))
    assert (report.lines, report.added, report.repeated) == (2, 1, 1)
    assert (report.not_understood, report.comments) == (["Fax"], 2)
    assert await held(lists) == {"CN:95012*": "B"}


imports = st.lists(
    st.dictionaries(st.sampled_from(["_95012", "_95013"]), st.sampled_from("AB"), min_size=1), max_size=5
)


@given(imports, st.data())
async def test_the_ledger_is_what_the_imports_that_stand_make_of_it(tmp_path_factory, made, data):
    lists = await Lists.open(tmp_path_factory.mktemp("ledger") / "lists.db", {})
    try:
        ids, standing = [], []
        for holders in made:
            before = await held(lists)
            report = await load(lists, **holders)
            wanted = {f"CN:{code.strip('_')}*": holder for code, holder in holders.items()}
            if report.import_id is not None:  # what stood there just so is not the import's
                ids.append(report.import_id)
                standing.append({code: one for code, one in wanted.items() if before.get(code) != one})
            if ids and data.draw(st.booleans()):
                place = data.draw(st.integers(0, len(ids) - 1))
                await undo_ledger_import(lists.store, ids.pop(place), now=9.0)
                standing.pop(place)
        expected = {}
        for changed in standing:
            expected |= changed
        assert await held(lists) == expected
    finally:
        await lists.close()
