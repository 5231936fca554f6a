"""Sums: under every key, in every period, added up."""

from rules.complaints.tallies import Place, Sums, add, place_of, write
from rules.model import Number, NumberClass


def test_what_is_unknown_has_no_sum():
    assert Place("cn-95", "CN:950", "", "").keys() == [("all", "all"), ("class", "cn-95"), ("prefix", "CN:950")]


async def test_added_up_in_each_period(town):
    sums = Sums()
    add(sums, [("all", "all")], ("2026-07-01", "2026-07", "2026Q3"), "calls", 2)
    async with town.desk.archive.store.transaction() as connection:
        await write(connection, sums)
        await write(connection, sums)
    assert (await town.one("select count(*), min(value), max(value) from tally"))[:] == (3, 4, 4)


async def test_a_number_no_list_can_hold_has_a_place(town):
    assert await place_of(town.desk.archive, Number("", NumberClass.ANONYMOUS)) == Place("anonymous", "", "", "")
