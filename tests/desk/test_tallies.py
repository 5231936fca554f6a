"""Sums: under every key, in every period, added up."""

from desk.tallies import CountedUnder, Sums, add, places_of, write
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.model import Number, NumberClass


def test_what_is_unknown_has_no_sum():
    assert CountedUnder("cn-95", "CN:950", "", "").keys() == [("all", "all"), ("class", "cn-95"), ("prefix", "CN:950")]


async def test_added_up_in_each_period(town):
    sums = Sums()
    add(sums, [("all", "all")], ("2026-07-01", "2026-07", "2026Q3"), "calls", 2)
    async with town.desk.archive.store.transaction() as connection:
        await write(connection, sums)
        await write(connection, sums)
    assert (await town.one("select count(*), min(value), max(value) from tally"))[:] == (3, 4, 4)


async def test_numbers_belong_where_plan_and_ledger_say(town):
    await import_ledger(
        town.desk.archive.lists.store,
        [(1, "95012", {"holder": "Loan King"}), (2, "9501399", {"holder": "East"})],
        LedgerWishes("x", country="CN"),
        now=0.0,
    )
    named = [town.desk.archive.read_number(text, "x") for text in ("95012345", "95013333", "95013999", "13912345678")]
    anonymous = Number("", NumberClass.ANONYMOUS)
    assert await places_of(town.desk.archive, [*named, anonymous]) == {
        "CN:95012345": CountedUnder("cn-95", "CN:950", "CN:95012*", "Loan King"),
        "CN:95013333": CountedUnder("cn-95", "CN:950", "", ""),
        "CN:95013999": CountedUnder("cn-95", "CN:950", "CN:9501399*", "East"),
        "+8613912345678": CountedUnder("mobile", "+86139", "", ""),
        "": CountedUnder("anonymous", "", "", ""),
    }
