"""A number in full: for a reason, so many in an hour, and on record before it is seen."""

import pytest

from desk.alerts import alerts
from desk.faults import ComplaintError, Refused
from desk.unmasking import REFUSED, Unmasking, unmask
from rules.audit.chain import entries
from rules.audit.second import confirmed
from tests.desk.town import HOUR


def wanted(*ids, actor="li", reason="the bank asked"):
    return Unmasking("number", ids, actor, reason, "log")


async def told(town):
    deeds = [one.deed for one in await entries(town.desk.archive.store.connection)]
    return [(deed.actor, deed.subject_id, deed.step) for deed in deeds]


async def test_each_number_stands_in_the_audit_with_the_reason(town):
    await unmask(town.desk.archive, wanted("a", "b", "a"))
    assert await told(town) == [("li", "a", "unmasked"), ("li", "b", "unmasked")]
    (entry, _) = await entries(town.desk.archive.store.connection)
    assert (entry.deed.reason, entry.deed.detail) == ("the bank asked", "log")


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
async def test_nothing_is_shown_without_a_reason(town, reason):
    with pytest.raises(ComplaintError, match="reason: say why"):
        await unmask(town.desk.archive, wanted("a", reason=reason))
    assert await told(town) == []


async def test_so_many_in_an_hour_and_by_each_person_and_what_goes_beyond_is_an_alert(town):
    archive = town.desk.archive
    most = archive.privacy.unmask_hour
    await unmask(archive, wanted(*map(str, range(most))))
    await unmask(archive, wanted("x", actor="wang"))
    assert await alerts(archive) == []
    with pytest.raises(Refused, match=f"saw {most} numbers in full in this hour, and {most} is the most"):
        await unmask(archive, wanted("x"))
    assert (await told(town))[-1] == ("li", "", REFUSED)
    (alert,) = await alerts(archive)
    assert (alert.kind, alert.complaints) == ("conduct", 1)
    assert alert.subject == "li wanted to see more numbers in full than one may in an hour"
    town.now += HOUR + 1
    await unmask(archive, wanted("x"))


async def test_many_at_once_are_as_many_as_one_by_one(town):
    with pytest.raises(Refused):
        await unmask(town.desk.archive, wanted(*map(str, range(town.desk.archive.privacy.unmask_hour + 1))))


async def test_what_a_second_person_confirmed_goes_beyond_it_and_says_so(town):
    many = [str(n) for n in range(town.desk.archive.privacy.unmask_hour + 1)]
    with confirmed("confirmed by wang"):
        await unmask(town.desk.archive, wanted(*many))
    entry = (await entries(town.desk.archive.store.connection, limit=1))[0].deed
    assert (entry.step, entry.detail) == ("unmasked", "log; confirmed by wang")
