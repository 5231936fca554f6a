"""Who knows whom: a call that rang makes two known to each other, and a number is as old as its first call here."""

from contextlib import asynccontextmanager

from rules.model import Outcome
from rules.screening.contacts import Contacts
from rules.screening.screen import Screen
from rules.settings.screening import ScreeningSettings
from tests.rules.calls import EVENING, LISTS, call, rule, rules

DAY = 86_400.0
NAMES = {"known_contact_30d", "known_contact_1h", "seen_days"}
TEXT = rule("{caller: {class: mobile}}", "tag", name="stranger", unless="[{known_contact: {within: 30d}}]")
RANG, BUSY = Outcome(200, True, 1000), Outcome(486, False, 1000)


def asked(contacts, outcome=RANG, number="d", **more):
    made = call(**more)
    contacts.measure(made, number)
    if outcome is not None:
        contacts.ended(number, outcome)
    return made.facts


def test_a_call_that_rang_makes_a_known_contact_and_one_that_did_not_none():
    contacts = Contacts(b"k" * 32, 100)
    contacts.ask(NAMES)
    assert asked(contacts, BUSY) == {"known_contact_30d": False, "known_contact_1h": False, "seen_days": 0.0}
    assert asked(contacts)["known_contact_30d"] is False
    assert asked(contacts, at=EVENING + 7200) == {
        "known_contact_30d": True,
        "known_contact_1h": False,
        "seen_days": 0.08,
    }
    assert asked(contacts, called="13800138001")["known_contact_30d"] is False, "another called number"
    assert asked(contacts, caller="13912345679")["seen_days"] == 0.0
    assert asked(contacts, at=EVENING + 40 * DAY)["known_contact_30d"] is False
    assert asked(contacts, caller="anonymous") is None
    assert not [key for key in (*contacts._last, *contacts._seen) if not isinstance(key, int)], "pseudonyms alone"


def test_whom_the_called_party_called_himself_is_known_to_him():
    contacts = Contacts(b"k" * 32, 100)
    contacts.called(["+8613800138000"], "+8613912345678", EVENING)
    assert len(contacts) == 0, "nobody asks"
    contacts.ask(NAMES)
    contacts.called(["+8613800138000", "+8613800138001"], "+8613912345678", EVENING)
    facts = asked(contacts, BUSY, at=EVENING + 7200)
    assert (facts["known_contact_30d"], facts["known_contact_1h"]) == (True, False)
    assert asked(contacts, BUSY, called="13800138001")["known_contact_30d"] is True, "each number of his"
    assert asked(contacts, BUSY, caller="13912345679")["known_contact_30d"] is False


def test_memory_is_bounded_and_who_called_last_stays():
    contacts = Contacts(b"k" * 32, 100)
    contacts.ask(NAMES)
    for number in range(300):
        asked(contacts, caller=f"139123{number:05d}", number=str(number))
        asked(contacts, caller="13800000000", number="again", at=EVENING + number)
    assert len(contacts) == 200
    assert asked(contacts, caller="13800000000")["known_contact_30d"] is True
    assert asked(contacts, caller="13912300000")["known_contact_30d"] is False
    contacts.ask(())
    assert len(contacts) == 0


@asynccontextmanager
async def node(path, now):
    settings = ScreeningSettings(time_zone="Asia/Shanghai", lists=LISTS)
    screen = await Screen.open(settings, rules(TEXT), path, now=lambda: now)
    try:
        yield screen
    finally:
        await screen.close()


async def test_a_restart_knows_them_from_the_records(tmp_path):
    async with node(tmp_path, EVENING) as screen:
        verdict = screen.judge(call())
        assert verdict.rule == "stranger"
        screen.ended(verdict.decision, RANG)
        assert screen.judge(call(at=EVENING + 60)).rule == ""
    async with node(tmp_path, EVENING + DAY) as screen:
        screen.poll()
        if screen._restoring is not None:
            await screen._restoring
        assert screen.judge(call(at=EVENING + DAY)).rule == ""
        assert screen.judge(call(called="13800138009", at=EVENING + DAY)).rule == "stranger"
