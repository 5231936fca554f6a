"""One spelling for each office and business, also of what was filed before there was one."""

import pytest

from desk.reports import report
from desk.spellings import folded, respell


@pytest.mark.parametrize(
    "name", ["Quick Cash", "QUICK CASH", " quick  cash", "QuickCash", "\uff31uick\u3000Cash", "Quick\u200bCash\ufeff"]
)
def test_case_width_blanks_and_what_nobody_sees_are_nothing(name):
    assert folded(name) == "quickcash"


async def test_a_report_has_one_line_for_an_office_and_a_business(town):
    for person, spelling in enumerate(("Quick Cash", "quick cash", "QUICKCASH")):
        await town.complain(reporter=town.subscriber(person), business=spelling, knew={"branch": f"{spelling} shop"})
    for by, name in (("business", "Quick Cash"), ("branch", "Quick Cash shop")):
        (row,) = (await report(town.desk.archive, "2026Q3", by)).rows
        assert (row.key, row.complaints, row.reporters) == (name, 3, 3)


async def test_what_was_filed_before_is_brought_to_one_spelling_once(town):
    store = town.desk.archive.store
    for person, spelling in enumerate(("One", "Two", "Three")):
        await town.complain(reporter=town.subscriber(person), business=spelling)
    async with store.transaction() as connection:
        await connection.execute("delete from spelling")
        await connection.execute("update progress set spelled = 0")
        for table, column in (("complaint", "business"), ("tally", "key")):
            for old, new in (("One", "Quick Cash"), ("Two", "QUICK CASH"), ("Three", "quickcash")):
                await connection.execute(f"update {table} set {column} = ? where {column} = ?", (new, old))
    await town.reopen()
    for period in ("2026Q3", "2026-07", "2026-07-01"):
        (row,) = (await report(town.desk.archive, period, "business")).rows
        assert (row.key, row.complaints, row.reporters) == ("Quick Cash", 3, 3)
    await respell(town.desk.archive.store)
    assert (await town.one("select count(*) from spelling"))[0] == 1
