"""The queue: who waits for whom, told by people; and many cases at once, of which one that is wrong stops no other."""

import pytest

from desk.faults import ComplaintError, Refused
from desk.queue import Counts, Wanted, counts, holders, in_bulk, officers, queue
from desk.states import CaseState
from rules.lists.origins import Origin
from tests.desk.town import DAY, SPAM

OTHERS = ("95013333", "95014444")


async def three(town):
    for number in (SPAM, *OTHERS):
        await town.complain(number)
    await town.complain(SPAM, category="loan")
    await town.complain(SPAM, town.subscriber(1), category="loan")


async def found(town, **wanted):
    return [one.case.id for one in await queue(town.desk.archive, Wanted(**wanted))]


async def test_cases_are_found_by_what_is_due_who_works_on_them_and_what_they_are_about(town):
    await three(town)
    await town.desk.cases.take(2, actor="li")
    assert set(await found(town)) == {1, 2, 3}
    assert await found(town, mine="li") == await found(town, officer="li") == [2]
    assert await found(town, category="loan") == [1]
    assert await found(town, state=CaseState.COLLECTING) == [1, 3]
    assert await found(town, holder="nobody") == []
    assert await officers(town.desk.archive) == ["li"]
    assert await holders(town.desk.archive) == []
    town.now += DAY
    assert await found(town, due="overdue") == []
    assert set(await found(town, due="today")) == {1, 3}, "one working day to accept it"
    town.now += DAY
    assert set(await found(town, due="overdue")) == {1, 3}
    assert await counts(town.desk.archive, "li") == Counts(2, 0, 1, 3)


async def test_reporters_are_counted_and_working_days_until_it_is_due(town):
    await three(town)
    await town.desk.archive.lists.add("allowed", SPAM, Origin(author="li"), country="CN")
    first, *_ = [one for one in await queue(town.desk.archive, Wanted()) if one.case.id == 1]
    assert (first.listed.complaints, first.reporters, first.allowed, first.days_left) == (2, 2, "allowed", 1)
    assert first.score > 0
    town.now += 5 * DAY  # Monday
    late = next(one for one in await queue(town.desk.archive, Wanted()) if one.case.id == 1)
    assert late.days_left == -2


async def test_a_sealed_case_waits_for_nobody_until_a_complaint_is_withdrawn(town):
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    assert await found(town) == []
    assert await found(town, state=CaseState.SEALED) == [case]
    filed = await town.complain(reporter=town.subscriber(3))
    await town.desk.complaints.withdraw(filed.reference, actor="reporter")
    assert await found(town) == [case]


async def test_a_case_of_very_many_complaints_is_not_weighed_for_a_list(town, monkeypatch):
    monkeypatch.setattr("desk.queue._MOST_WEIGHED", 1)
    await three(town)
    first = next(one for one in await queue(town.desk.archive, Wanted()) if one.case.id == 1)
    assert (first.reporters, first.score, first.listed.complaints) == (None, None, 2)


async def test_many_at_once(town):
    await three(town)
    await town.desk.cases.take(2, actor="wang")
    done = await in_bulk(town.desk, "take", [1, 2, 99], actor="li", reason="")
    assert (done.done, [case for case, _ in done.refused]) == (1, [2, 99])
    ended = await in_bulk(town.desk, "reject", [1, 3], actor="li", reason="another number")
    assert ended.done == 3
    with pytest.raises(ComplaintError, match="say why"):
        await in_bulk(town.desk, "reject", [2], actor="li", reason=" ")
    with pytest.raises(ComplaintError, match="tick"):
        await in_bulk(town.desk, "take", [], actor="li", reason="")
    await town.reopen(officers=["li"])
    with pytest.raises(Refused):
        await in_bulk(town.desk, "withdraw", [2], actor="zhang", reason="x")
