"""Letters on their way: an outage costs none, what may go later pauses for days, what never will is told."""

import sqlite3
from contextlib import closing

import pytest

from desk.alerts import Alert, alerts
from desk.archive import complaints_path
from desk.desk_settings import MailSettings
from desk.faults import NotFound, Refused
from desk.outbox import Fault
from desk.story import story_of
from rules.audit.chain import entries
from tests.desk.older import laid_out_before
from tests.desk.town import DAY, HOUR, SCREENING

MAIL = MailSettings(host="127.0.0.1", sender="desk@example.com", tls="none")


async def fail(town, fault, error="the server said so"):
    (letter,) = await town.desk.letters.waiting()
    await town.desk.letters.failed([letter.id], error, fault)


async def pauses(town, fault, tries):
    """How long it pauses after each try, in minutes."""
    found = []
    for _ in range(tries):
        await fail(town, fault)
        assert await town.desk.letters.waiting() == []
        (one,) = await town.desk.letters.kept()
        found.append(round((one.next_try - town.now) / 60))
        town.now = one.next_try
    return found


@pytest.mark.parametrize("fault", [Fault.SERVER, Fault.TEMPORARY])
async def test_pauses_grow(town, fault):
    await town.complain(contact="a@example.com")
    assert await pauses(town, fault, 9) == [1, 5, 15, 30, 60, 120, 240, 240, 240]


async def test_a_server_that_is_off_for_weeks_costs_no_letter(town):
    await town.complain(contact="a@example.com")
    for _ in range(30):
        await fail(town, Fault.SERVER)
        town.now += DAY
    assert len(await town.desk.letters.waiting()) == 1
    (one,) = await town.desk.letters.kept()
    assert (one.state, one.waits_for) == ("waits", "another try: the server said so")


async def test_what_may_be_taken_later_is_tried_for_days_and_then_given_up(town):
    await town.reopen(mail=MAIL.model_copy(update={"patience_days": 2.0}))
    await town.complain(contact="a@example.com")
    began = town.now
    while await town.desk.letters.waiting():
        await fail(town, Fault.TEMPORARY, "the server said 451")
        town.now += 6 * HOUR
    assert 2 * DAY <= town.now - began <= 3 * DAY
    (one,) = await town.desk.letters.kept()
    assert (one.state, one.next_try, one.waits_for) == (
        *("given up", None),
        "letters retry 1; given up: the server said 451",
    )


async def test_what_the_server_never_takes_is_told_to_the_desk_at_once(town):
    filed = await town.complain(contact="a@example.com")
    await fail(town, Fault.PERMANENT, "the server refused the recipient (550)")
    town.now += 10 * DAY
    assert await town.desk.letters.waiting() == []
    assert await alerts(town.desk.archive) == [Alert("letters", "given up", 1, 1, 0.0)]
    (entry,) = await entries(town.desk.archive.store.connection, step="letter given up")
    assert (entry.deed.subject, entry.deed.subject_id, entry.deed.step, entry.deed.reason) == (
        *("complaint", filed.reference, "letter given up"),
        "the server refused the recipient (550)",
    )
    events = (await story_of(town.desk.archive, filed.case_id)).events
    assert [one.what for one in events if one.who == "ringfence"] == [
        f"letter 1 to the reporter of {filed.reference} given up"
    ]
    assert [one.id for one in await town.desk.letters.kept(given_up=True)] == [1]


async def test_a_person_puts_it_back(town):
    await town.reopen(officers=["li"])
    await town.complain(contact="a@example.com")
    await fail(town, Fault.PERMANENT)
    with pytest.raises(Refused):
        await town.desk.letters.retry([1], actor="wang")
    with pytest.raises(NotFound, match="no letter 7 waits"):
        await town.desk.letters.retry([1, 7], actor="li")
    assert await town.desk.letters.retry([1], actor="li") == [1]
    assert len(await town.desk.letters.waiting()) == 1
    assert await alerts(town.desk.archive) == []
    await fail(town, Fault.TEMPORARY)
    assert await town.desk.letters.retry([], actor="li") == [1]
    (letter,) = await town.desk.letters.waiting()
    assert await town.desk.letters.retry([], actor="li") == [], "it is due already"
    await town.desk.letters.sent(letter.id)
    with pytest.raises(NotFound):
        await town.desk.letters.retry([1], actor="li")


async def test_when_the_server_is_back_whatever_waited_for_it_is_due(town):
    for person in range(3):
        await town.complain(reporter=town.subscriber(person), contact=f"a{person}@example.com")
    await town.desk.letters.failed([1, 2], "away", Fault.SERVER)
    await town.desk.letters.failed([3], "full", Fault.TEMPORARY)
    assert await town.desk.letters.waiting() == []
    await town.desk.letters.server_is_back()
    assert [one.id for one in await town.desk.letters.waiting()] == [1, 2]


async def test_a_server_that_is_away_for_an_hour_is_an_alert(town):
    await town.complain(contact="a@example.com")
    await fail(town, Fault.SERVER)
    assert await alerts(town.desk.archive) == []
    town.now += HOUR
    assert await alerts(town.desk.archive) == [Alert("letters", "the mail server takes none", 0, 1, 0.0)]


async def test_letters_that_an_older_ringfence_gave_up_are_tried_anew(town):
    """Layout 9 counted tries, and gave up after eight of them, eight minutes into an outage."""
    await town.complain(contact="a@example.com")
    await laid_out_before(town, 9)
    with closing(sqlite3.connect(complaints_path(town.folder / SCREENING.storage.database))) as connection, connection:
        connection.execute("update letter set attempts = 8, error = 'ConnectionRefusedError'")
    await town.open()
    (letter,) = await town.desk.letters.waiting()
    assert letter.to == "a@example.com"


async def test_a_letter_whose_address_cannot_be_read_stops_no_other(town):
    for person in range(2):
        await town.complain(reporter=town.subscriber(person), contact=f"a{person}@example.com")
    async with town.desk.archive.store.transaction() as connection:
        await connection.execute("update complaint set contents = zeroblob(60) where id = 1")
    assert [letter.id for letter in await town.desk.letters.waiting()] == [2]
    (one, _) = await town.desk.letters.kept()
    assert one.waits_for == "another try: was written under another key; is the right key file in place?"
