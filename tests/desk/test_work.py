"""What is done at the desk is done whole: with its sums and its entries, or not at all."""

import pytest

from desk.faults import Refused
from desk.work import work
from rules.audit.chain import deeds_of, entries


async def sums(town):
    query = "select period, measure, value from tally where dimension = 'class' order by period, measure"
    return [tuple(row) for row in await town.desk.archive.store.connection.execute_fetchall(query)]


async def test_its_sums_and_entries_come_with_it(town):
    archive = town.desk.archive
    async with work(archive, "li") as doing:
        await doing.connection.execute("insert into confirmed values ('k', 1.0) on conflict do nothing")
        doing.count([("class", "cn-95")], "verified")
        doing.count([("class", "cn-95")], "rejected", doing.now - 86_400)
        doing.enter("case", "7", "verify", "why", "trunk")
    assert [tuple(deed)[1:7] for deed in await deeds_of(archive.store.connection, "case", "7")] == [
        ("li", "case", "7", "verify", "why", "trunk")
    ]
    assert {measure for _, measure, _ in await sums(town)} == {"verified", "rejected"}
    assert len({period for period, measure, _ in await sums(town) if measure == "verified"}) == 3


async def failing(archive):
    async with work(archive, "li") as doing:
        doing.count([("class", "cn-95")], "verified")
        doing.enter("case", "7", "verify")
        raise ZeroDivisionError


async def test_what_fails_leaves_nothing(town):
    archive, before = town.desk.archive, await entries(town.desk.archive.store.connection)
    with pytest.raises(ZeroDivisionError):
        await failing(archive)
    assert await entries(archive.store.connection) == before
    assert await sums(town) == []


async def test_only_an_officer_works_as_one(town):
    await town.reopen(officers=["li"])
    with pytest.raises(Refused, match="zhang is no officer"):
        async with work(town.desk.archive, "zhang"):
            pass
    async with work(town.desk.archive, "zhang", officer=False) as doing:
        assert doing.actor == "zhang"
