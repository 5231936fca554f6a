"""Seals: in force at once, whatever allowed the number; a release gives everything back."""

import pytest

from desk.faults import ComplaintError, Conflict, NotFound
from desk.seals import last_seal, release_seal, sealed_list, set_seal, standing_seal
from rules.lists.cache import Lookup
from rules.lists.editing import Origin
from rules.lists.origins import Qualification
from rules.settings.screening import ListSettings
from tests.desk.town import DAY, LISTS, SCREENING, SPAM

BANK = Origin("contract", qualification=Qualification("l", "d", "p", "", 9e9, "Bank of Somewhere", "wang"))


@pytest.fixture
def lookup(town):
    found = Lookup(town.folder / SCREENING.storage.database, entries=100)
    yield found
    found.close()


def kinds(lookup, number, now):
    lookup.poll()
    return sorted(hit.kind for hit in lookup.look_up(number, now))


async def test_what_allowed_the_number_is_suspended_and_comes_back(town, lookup):
    lists, archive = town.desk.archive.lists, town.desk.archive
    await lists.add("allowed", "95012*", BANK, country="CN")
    await lists.add("allowed", "95012345", Origin("contract"), country="CN")
    assert kinds(lookup, SPAM, town.now) == ["allow", "allow"]
    before = [await lists.show("allowed"), await lists.counts()]
    seal = await set_seal(archive, SPAM, case_id=7, author="li", reason="verified")
    assert kinds(lookup, SPAM, town.now) == ["sealed"]
    assert kinds(lookup, "CN:95012346", town.now) == ["allow"], "the neighbours keep what they have"
    assert [(one.entry, one.owner) for one in seal.suspended] == [
        (SPAM, "contract"),
        ("CN:95012*", "Bank of Somewhere"),
    ]
    assert await standing_seal(archive, SPAM) == (seal.id, 7)
    (hit,) = lookup.look_up(SPAM, town.now)
    assert (hit.list, hit.of, hit.source) == ("sealed", "seal", str(seal.id)), (
        "the id of the seal stands in every record"
    )
    await lists.add("allowed", "9501*", Origin("late"), country="CN")
    assert kinds(lookup, SPAM, town.now) == ["sealed"], "nothing that comes later frees it"
    await lists.remove("allowed", "9501*", country="CN")
    restored = await release_seal(archive, seal.id, SPAM, author="wang", reason="appeal")
    assert {one.entry for one in restored} == {SPAM, "CN:95012*"}
    assert kinds(lookup, SPAM, town.now) == ["allow", "allow"]
    assert [await lists.show("allowed"), await lists.counts()] == before
    assert await standing_seal(archive, SPAM) is None
    assert (await last_seal(archive, 7, SPAM)).released == town.now


async def test_who_reads_the_list_reads_no_number_in_an_officers_reason(town):
    lists, archive = town.desk.archive.lists, town.desk.archive
    seal = await set_seal(archive, SPAM, case_id=7, author="li", reason="victim 13800138998")
    assert "13800138998" not in repr(await lists.show("sealed"))
    assert "victim 138" in repr(await lists.show("sealed"))
    await release_seal(archive, seal.id, SPAM, author="wang", reason="13800138998 took it back")
    rows = await archive.lists.store.connection.execute_fetchall("select reason from ending")
    assert "13800138998" not in repr([tuple(row) for row in rows])


async def test_where_nobody_answers_for_an_entry_whoever_typed_it_is_named(town):
    await town.desk.archive.lists.add("allowed", SPAM, Origin(author="wang"), country="CN")
    seal = await set_seal(town.desk.archive, SPAM, case_id=7, author="li", reason="verified")
    assert [one.owner for one in seal.suspended] == ["wang"], "there is nobody called operator to be told"


async def test_two_seals_in_one_allowed_prefix_come_off_one_by_one(town, lookup):
    archive = town.desk.archive
    await archive.lists.add("allowed", "95012*", country="CN")
    first = await set_seal(archive, SPAM, case_id=1, author="li", reason="x")
    await set_seal(archive, "CN:95012346", case_id=2, author="li", reason="x")
    await release_seal(archive, first.id, SPAM, author="li", reason="x")
    assert kinds(lookup, SPAM, town.now) == ["allow"]
    assert kinds(lookup, "CN:95012346", town.now) == ["sealed"]


async def test_what_was_taken_off_meanwhile_stays_off(town, lookup):
    archive = town.desk.archive
    await archive.lists.add("allowed", "95012*", country="CN")
    seal = await set_seal(archive, SPAM, case_id=1, author="li", reason="x")
    await archive.lists.remove("allowed", "95012*", country="CN")
    assert await release_seal(archive, seal.id, SPAM, author="li", reason="x") == ()
    assert kinds(lookup, SPAM, town.now) == []


async def test_a_seal_outlives_the_default_life_of_its_list(town, lookup):
    """What it suspends stays suspended until the release, so the rejection must last as long."""
    archive = town.desk.archive
    await archive.lists.configure(LISTS | {"sealed": ListSettings(kind="sealed", expires_days=1)})
    await archive.lists.add("allowed", "95012*", country="CN")
    await set_seal(archive, SPAM, case_id=1, author="li", reason="x")
    (entry,) = await archive.lists.show("sealed")
    assert entry.origin.expires is None
    assert kinds(lookup, SPAM, town.now + 1_000 * DAY) == ["sealed"]


async def test_once_is_enough(town):
    archive = town.desk.archive
    seal = await set_seal(archive, SPAM, case_id=1, author="li", reason="x")
    with pytest.raises(Conflict) as conflict:
        await set_seal(archive, SPAM, case_id=2, author="wang", reason="x")
    assert (conflict.value.who, conflict.value.when) == ("li", town.now)
    await release_seal(archive, seal.id, SPAM, author="li", reason="x")
    with pytest.raises(Conflict, match="released already"):
        await release_seal(archive, seal.id, SPAM, author="li", reason="x")
    with pytest.raises(NotFound):
        await release_seal(archive, 99, SPAM, author="li", reason="x")


async def test_without_a_list_for_seals_it_says_what_to_write(town):
    await town.desk.archive.lists.configure({})
    with pytest.raises(ComplaintError, match="kind: sealed"):
        sealed_list(town.desk.archive)


async def test_a_number_that_no_list_can_hold(town):
    with pytest.raises(ComplaintError, match="no list can hold it"):
        await set_seal(town.desk.archive, "+1234567890123456", case_id=1, author="li", reason="x")
