"""The leak board: people and not complaints, seen and heard of again, with what leads to it and what lies beside it."""

import pytest

from desk.alerts import alerts
from desk.faults import ComplaintError, NotFound, Refused
from desk.leaks import by_bank
from desk.offices import NewOffice
from rules.audit.chain import entries
from tests.desk.town import DAY, SPAM

TITLE = "ABC Bank / Chaoyang"


async def named(town, person, branch="ABC Bank Chaoyang", *, tied=True, accused=SPAM, **knew):
    if tied:
        await town.ring(accused, town.subscriber(person))
    return await town.complain(accused, town.subscriber(person), knew={"branch": branch, **knew})


async def directory(town):
    await town.desk.offices.take([NewOffice(name, "ABC Bank") for name in ("Chaoyang", "Haidian")], actor="li")


async def test_a_leak_leads_to_its_complaints_and_to_the_branches_beside_it(town):
    await directory(town)
    for person in range(5):
        await named(town, person, plan="199 a month", accused=f"9501234{person % 2}")
    await named(town, 9, "ABC Bank Haidian", tied=False)
    await named(town, 10, "Lake shop")
    first, *others = await town.desk.leaks.board()
    assert (first.office, first.bank, first.tied, first.weight, first.alarms) == (TITLE, "ABC Bank", 5, 5.0, True)
    assert [(one.office, one.weight, one.alarms) for one in others] == [
        ("Lake shop", 1.0, False),
        ("ABC Bank / Haidian", 0.2, False),
    ]
    found = await town.desk.leaks.named("abc bank, CHAOYANG branch")
    assert (len(found.complaints), found.knew, found.by_day) == (5, {"plan": 5}, {"2026-07-01": 5})
    assert found.callers == {"CN:95012340": 3, "CN:95012341": 2}
    assert [one.office for one in found.beside] == ["ABC Bank / Haidian"]
    assert list(by_bank([first, *others])) == ["ABC Bank", "Lake shop"]
    with pytest.raises(NotFound, match="nobody named"):
        await town.desk.leaks.named("Pudong")


async def test_a_leak_that_was_seen_is_quiet_until_as_many_others_speak(town):
    await directory(town)
    for person in range(6):
        await named(town, person)
    with pytest.raises(ComplaintError, match="what is done"):
        await town.desk.leaks.see(TITLE, actor="li", reason=" ")
    seen = await town.desk.leaks.see("abc bank chaoyang", actor="li", reason="the bank was called")
    assert (seen.alarms, seen.seen.who, seen.seen.reason) == (False, "li", "the bank was called")
    assert await alerts(town.desk.archive) == []
    town.now += DAY
    for person in range(6):  # the same people, another day
        await named(town, person)
    for person in range(10, 14):
        await named(town, person)
    assert await alerts(town.desk.archive) == []
    await named(town, 14)
    (alert,) = await alerts(town.desk.archive)
    assert (alert.kind, alert.subject, alert.reporters) == ("leak", TITLE, 11)
    (deed,) = [one.deed for one in await entries(town.desk.archive.store.connection, about=("leak", ""))]
    assert (deed.actor, deed.step, deed.subject_id, deed.reason) == ("li", "acknowledged", TITLE, "the bank was called")
    assert [one.who for one in (await town.desk.leaks.named(TITLE)).seen] == ["li"]


async def test_officers_acknowledge(town):
    await town.reopen(officers=["li"])
    await named(town, 1)
    with pytest.raises(Refused):
        await town.desk.leaks.see("ABC Bank Chaoyang", actor="zhang", reason="x")
