"""Each class of data says how long it is kept, and what is held beyond that is told."""

from desk.keeping import kept
from tests.desk.town import DAY, SCREENING, SPAM


async def held(town):
    return {one.data.partition(":")[0]: one for one in await kept(town.desk.archive, SCREENING.storage) if one.days}


async def test_what_is_kept_is_told_by_class_with_its_days(town):
    await town.ring("95012345", "13800138000")
    await town.complain(text="he knew my name")
    found = await held(town)
    assert {one.days for one in found.values()} == {7, 30, 365}
    assert found["calls"].oldest is None or not found["calls"].overdue
    assert not any(one.overdue for one in found.values())


async def test_words_that_should_be_gone_are_told(town):
    filed = await town.complain(SPAM, text="he knew my name")
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    town.now += 366 * DAY
    assert not (await held(town))["words and addresses, answered"].overdue
    town.now += 2 * DAY
    assert (await held(town))["words and addresses, answered"].overdue
