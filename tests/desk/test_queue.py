"""The queue: who waits for whom, told by people; and many cases at once, of which one that is wrong stops no other."""

import random

import pytest

from desk.case_files import every_case
from desk.deadlines import Clock, clocks_of
from desk.faults import ComplaintError, Refused
from desk.queue import Counts, Wanted, counts, holders, in_bulk, officers, queue
from desk.reading import NewComplaint
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


async def test_page_by_page_everybody_sees_each_case_once_and_in_the_order_of_its_clocks(town):
    """Whatever waits, on top or not, met or not; against the order that Python puts them in."""
    await town.desk.complaints.file_many(
        [NewComplaint(f"9501{n:04}", town.subscriber(n), category=("loan", "other")[n % 2]) for n in range(60)]
    )
    rand, connection = random.Random(5), town.desk.archive.store.connection
    for case in range(1, 61):
        what = rand.randrange(6)
        await connection.execute("update clock set due = due + ? where id = ?", (rand.randrange(20) * 4 * 3_600, case))
        if what < 3:
            names = ("accept", "decide", "answer")[: what + 1]
            marks = ", ".join("?" * len(names))
            query = f"update clock set met = 1 where id = ? and name in ({marks})"
            await connection.execute(query, (case, *names))
        state = rand.choice(("collecting", "collecting", "verifying", "released"))
        query = "update case_file set on_top = ?, state = ?, last_actor = ? where id = ?"
        await connection.execute(query, (rand.choice(("", "", "x")), state, rand.choice(("", "li", "wang")), case))
    town.now += 3 * DAY
    wishes = [{}, {"due": "overdue"}, {"due": "today"}, {"mine": "li"}, {"officer": "wang", "category": "loan"}]
    wishes += [{"state": CaseState.RELEASED}, {"state": CaseState.COLLECTING, "mine": "li"}]
    for wish in wishes:
        expected = await in_order(town, **wish)
        assert len(expected) > 2, wish
        seen, beyond = [], None
        while page := await queue(town.desk.archive, Wanted(**wish), limit=7, beyond=beyond):
            seen += page
            beyond = page[-1].listed.turn
        assert [one.case.id for one in seen] == expected, wish
        assert [one.listed.due for one in seen] == [await next_clock(town, case) for case in expected]
    overdue, today, mine, waiting = [len(await in_order(town, **wish)) for wish in (*wishes[1:4], wishes[0])]
    assert await counts(town.desk.archive, "li") == Counts(overdue, today, mine, waiting)


async def next_clock(town, case):
    running = [one for one in await clocks_of(town.desk.archive.store.connection, "case", case) if one.met is None]
    return min(running, key=lambda one: (one.due, one.name), default=None)


async def in_order(town, due="", mine="", officer="", category="", state=None):
    """Every case that fits, sorted without the database's help."""
    archive, found = town.desk.archive, []
    for case in await every_case(archive.store.connection):
        at = (await next_clock(town, case.id) or Clock("", 0, float("inf"), None)).due
        rows = await archive.store.connection.execute_fetchall(
            "select category from complaint where case_id = ?", (case.id,)
        )
        fits = (
            (not due or (at < town.now if due == "overdue" else town.now <= at <= archive.day_ends(town.now)))
            and (case.last_actor == (mine or officer) or not (mine or officer))
            and (not category or category in {row[0] for row in rows})
            and (case.state == state if state else at < float("inf") or case.on_top)
        )
        if fits:
            found.append((not case.on_top, at, case.id))
    return [case for _, _, case in sorted(found)]


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
