"""The office directory: what reporters name is found in it, before and after; a person merges and parts the rest."""

import pytest

from desk.alerts import alerts
from desk.complaint_rows import find
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.offices import Changed, NewOffice
from desk.reports import report
from rules.audit.chain import entries

BRANCH = NewOffice("Chaoyang branch", "ABC Bank", ("CY counter",), "compliance@abc.example")
TITLE = "ABC Bank / Chaoyang branch"


async def named(town, person, branch):
    return await town.complain(reporter=town.subscriber(person), knew={"branch": branch})


async def branches(town):
    rows = await town.desk.archive.store.connection.execute_fetchall("select branch, heard from complaint order by id")
    return [tuple(row) for row in rows]


async def figures(town):
    return {
        row.key: (row.complaints, row.withdrawn) for row in (await report(town.desk.archive, "2026Q3", "branch")).rows
    }


async def test_what_is_named_is_found_in_the_directory(town):
    assert await town.desk.offices.add(BRANCH, actor="li") == Changed((TITLE,), 0)
    for person, name in enumerate(("abc bank chaoyang", "CY  COUNTER", "Chaoyang branch of ABC Bank", "Haidian")):
        await named(town, person, name)
    assert [branch for branch, _ in await branches(town)] == [TITLE, TITLE, TITLE, "Haidian"]
    assert await figures(town) == {TITLE: (3, 0), "Haidian": (1, 0)}
    bank, branch = await town.desk.offices.listed()
    assert (bank.title, bank.bank, branch.title, branch.bank) == ("ABC Bank", "", TITLE, "ABC Bank")
    assert (branch.answers, branch.names, branch.complaints) == ("compliance@abc.example", ("CY counter",), 3)


async def test_complaints_of_before_are_found_when_the_office_is_added_and_sums_go_with_them(town):
    filed = [await named(town, person, name) for person, name in enumerate(("ABC Bank Chaoyang", "CY counter"))]
    await town.desk.complaints.withdraw(filed[1].reference, actor="li")
    await named(town, 2, "Pudong")
    assert await town.desk.offices.add(BRANCH, actor="li") == Changed((TITLE,), 2)
    assert await branches(town) == [(TITLE, "ABC Bank Chaoyang"), (TITLE, "CY counter"), ("Pudong", "")]
    assert await figures(town) == {TITLE: (2, 1), "Pudong": (1, 0)}
    assert (await find(town.desk.archive.store.connection, filed[0].reference)).branch == TITLE


async def test_a_person_merges_what_is_left_and_can_part_it_again(town):
    await town.desk.offices.add(BRANCH, actor="li")
    for person, name in enumerate(("that shop at the lake", "That shop  at the lake", "ABC Bank Chaoyang")):
        await named(town, person, name)
    (heard,) = await town.desk.offices.unknown()
    assert (heard.name, heard.complaints, heard.reporters) == ("that shop at the lake", 2, 2)
    assert (await town.desk.offices.merge(heard.name, TITLE, actor="li", reason="asked")).complaints == 2
    assert await town.desk.offices.unknown() == []
    assert await figures(town) == {TITLE: (3, 0)}
    with pytest.raises(Conflict, match="already"):
        await town.desk.offices.merge(heard.name, TITLE, actor="li")
    await named(town, 3, "THAT SHOP AT THE LAKE")
    assert (await town.desk.offices.split("that shop at the lake", "abc bank chaoyang", actor="li")).complaints == 3
    assert await figures(town) == {TITLE: (1, 0), "that shop at the lake": (3, 0)}
    told = await entries(town.desk.archive.store.connection, about=("office", ""))
    assert [(one.deed.actor, one.deed.step) for one in told] == [("li", "added"), ("li", "merged"), ("li", "split")]


async def test_one_office_of_the_directory_becomes_another(town):
    await town.desk.offices.take([BRANCH, NewOffice("Chao Yang Rd", "ABC Bank")], actor="li")
    await named(town, 1, "ABC Bank Chao Yang Rd")
    await town.desk.offices.merge("ABC Bank / Chao Yang Rd", TITLE, actor="li")
    assert [one.title for one in await town.desk.offices.listed()] == ["ABC Bank", TITLE]
    await named(town, 2, "abc bank, chao yang rd")
    assert [branch for branch, _ in await branches(town)] == [TITLE, TITLE]
    with pytest.raises(ComplaintError, match="has branches"):
        await town.desk.offices.merge("ABC Bank", TITLE, actor="li")


async def test_other_names_of_the_settings_lead_to_the_directory(town):
    await town.reopen(offices={"Lake shop": "ABC Bank Chaoyang"})
    await town.desk.offices.add(BRANCH, actor="li")
    await named(town, 1, "lake SHOP")
    assert await branches(town) == [(TITLE, "lake SHOP")]


async def test_names_of_one_office_raise_its_alert(town):
    await town.desk.offices.add(BRANCH, actor="li")
    for person, name in enumerate(("ABC Bank Chaoyang", "CY counter", "abcbank chaoyang", "CYcounter", TITLE)):
        await town.ring("95012345", town.subscriber(person))
        await named(town, person, name)
    assert [(one.kind, one.subject, one.reporters) for one in await alerts(town.desk.archive)] == [("leak", TITLE, 5)]


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (NewOffice(" "), "say what it is called"),
        (NewOffice("a\nb"), "control characters"),
        (NewOffice("x" * 201), "200 at most"),
        (NewOffice("b", "A / B"), "apart"),
    ],
)
async def test_what_is_wrong_is_named_with_its_place_and_nothing_is_added(town, new, what):
    with pytest.raises(ComplaintError, match=what):
        await town.desk.offices.add(new, actor="li")
    with pytest.raises(ComplaintError, match="office 2"):
        await town.desk.offices.take([BRANCH, new], actor="li")
    assert await town.desk.offices.listed() == []
    with pytest.raises(NotFound):
        await town.desk.offices.merge("x", "no such office", actor="li")


async def test_the_directory_is_for_officers(town):
    await town.reopen(officers=["li"])
    with pytest.raises(Refused):
        await town.desk.offices.add(BRANCH, actor="zhang")


async def test_two_thousand_offices_are_taken_at_once(town):
    news = [NewOffice(f"Branch {n}", f"Bank {n % 20}") for n in range(2_000)]
    assert len((await town.desk.offices.take(news, actor="li")).offices) == 2_000
    assert (await town.desk.offices.take(news[:5], actor="li")).offices[0] == "Bank 0 / Branch 0", "it is there already"
    assert len(await town.desk.offices.listed()) == 2_020
