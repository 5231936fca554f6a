"""Inquiries, offices and letters that wait are as they were entered, whoever writes the file."""

import pytest

from desk.offices import NewOffice
from desk.reckoning import verified
from tests.desk.test_reckoning import beneath
from tests.desk.town import SPAM

OFFICE = "ABC Bank / Chaoyang"


async def asked(town):
    """Two inquiries, one closed; a directory that was changed in each way; letters that wait."""
    desk = town.desk
    await desk.offices.take([NewOffice("Chaoyang", "ABC Bank", ("CY",), "li"), NewOffice("Lake")], actor="li")
    await desk.offices.add(NewOffice("Haidian", "ABC Bank"), actor="li")
    one = await desk.inquiries.open(OFFICE, asked="who exported data?", actor="li")
    await desk.inquiries.answer(one.id, answer="a clerk did", actor="li")
    await desk.inquiries.close(one.id, finding="confirmed", reason="the export log", actor="wang")
    await desk.inquiries.open("Lake", asked="who else?", actor="li")
    await desk.offices.merge("Lake", "ABC Bank Haidian", actor="li", reason="the same")
    await desk.offices.split("CY", OFFICE, actor="li", reason="another")
    await town.complain(contact="a@example.com")
    await desk.letters.set_owner("A bank", "b@example.com", actor="li", confirmed=False)


async def shown(town):
    return [one.what for one in (await verified(town.desk.archive)).breaks]


async def test_what_was_asked_and_written_is_as_its_entries_say(town):
    await asked(town)
    assert await shown(town) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("delete from inquiry where id = 1", "inquiry 1 is missing"),
        ("update inquiry set finding = 'unfounded' where id = 1", "inquiry 1: what was found, by whom or why"),
        ("update inquiry set closed_by = 'zhao' where id = 1", "inquiry 1: what was found, by whom or why"),
        ("update inquiry set state = 'closed' where id = 2", "inquiry 2: it is closed, by its entries opened"),
        ("update inquiry set asked = 'x' where id = 2", "inquiry 2: what was asked"),
        ("update inquiry set due = due + 864000 where id = 2", "inquiry 2: of whom it is asked, or until when"),
        ("update inquiry set answer = 'nobody' where id = 1", "inquiry 1: the answer is not as"),
        (
            "insert into inquiry (office, state, opened, opened_by, asked, asked_of, due) "
            "values ('Lake', 'open', 1, 'li', 'x', '', 2)",
            "inquiry 3: it has no entry",
        ),
        ("update office set answers = 'me'", "offices: the directory is not as"),
        ("update office_key set office = 1", "offices: the directory is not as"),
        ("insert into office_name values (1, 'x')", "offices: the directory is not as"),
        ("update letter set contact_key = 'x' where id = 1", "goes to another address than that of its complaint"),
        ("update letter set kind = 'answer', number = 'CN:95019999'", "its number is another than that of its"),
        (
            "insert into letter (kind, about, reference, contact_key, outcome, number, created) "
            "values ('answer', 'complaint', 'none', 'x', 'sealed', 'x', 1)",
            "letter 3: it is about nothing that is there",
        ),
        ("update case_file set holder = 'x' where id = 1", "case 1: not as it came in"),
        ("update case_file set prefix = 'x' where id = 1", "case 1: not as it came in"),
    ],
)
async def test_whatever_is_written_beneath_them_shows(town, statement, told):
    await asked(town)
    beneath(town, statement)
    assert [one for one in await shown(town) if told in one], await shown(town)


async def test_a_case_that_names_the_seal_of_another_is_found(town):
    for number in (SPAM, "95014444"):
        case = await town.verified(number)
        await town.desk.cases.seal(case, actor="li", reason="so")
    beneath(town, "update case_file set seal = 1 where id = 2")
    assert "case 2: seal 1 is of case 1" in await shown(town)
