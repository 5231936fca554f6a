"""Whom nobody can complain about, and whom nobody can stop."""

import pytest

from rules.complaints.faults import ComplaintError, Refused
from rules.complaints.protection import ALLOWED, accusable, on_list_of, restrainable
from rules.lists.editing import Origin
from tests.rules.complaints.town import DAY, SPAM


@pytest.mark.parametrize("number", ["110", "112", "0086 120", "+86110", "911"])
async def test_emergency_numbers(town, number):
    with pytest.raises(Refused, match="emergency"):
        await accusable(town.desk.archive, number)


@pytest.mark.parametrize("number", ["", "anonymous", "nobody", "1001", "+", "8.6E+12"])
async def test_what_is_no_caller(town, number):
    with pytest.raises(ComplaintError):
        await accusable(town.desk.archive, number)


async def test_our_own_numbers(town):
    await town.desk.archive.lists.add("own", "0208888*", country="CN")
    with pytest.raises(Refused, match="on list own"):
        await accusable(town.desk.archive, "02088886666")


async def test_service_numbers_can_be_complained_about_and_not_stopped(town):
    assert (await accusable(town.desk.archive, "10086")).canonical == "CN:10086"
    with pytest.raises(Refused, match="public service"):
        await restrainable(town.desk.archive, "10086")
    assert (await restrainable(town.desk.archive, "95012345")).canonical == SPAM


async def test_an_entry_that_has_expired_protects_nobody(town):
    await town.desk.archive.lists.add("allowed", SPAM, Origin(expires=town.now + DAY))
    assert await on_list_of(town.desk.archive, SPAM, ALLOWED) == "allowed"
    town.now += DAY
    assert await on_list_of(town.desk.archive, SPAM, ALLOWED) == ""
