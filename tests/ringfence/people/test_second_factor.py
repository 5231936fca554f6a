"""The second factor: a code of this moment opens once, one on paper too, and the database shows neither."""

import pyotp
import pytest

from ringfence.people.faults import PeopleError
from ringfence.people.people import Problem

GOOD = "four blue horses run"


@pytest.fixture
async def enrolled(office):
    """An admin with a second factor: what his telephone shows, and his codes on paper."""
    account = await office.add("li", "admin", password=GOOD)
    uri = await office.people.second_factors.begin(account, author="li")
    telephone = pyotp.parse_uri(uri)
    paper = await office.people.second_factors.confirm(account, telephone.at(int(office.time)), author="li")
    office.time += 30
    return office, telephone, paper


async def enter(office, code, password=GOOD, address="192.0.2.1"):
    return not isinstance(await office.people.sign_in("li", password, code, address), Problem)


async def test_what_the_telephone_reads_names_the_account(office):
    account = await office.add("li", "admin", password=GOOD)
    uri = await office.people.second_factors.begin(account, author="li")
    assert uri.startswith("otpauth://totp/Ringfence:li?secret=")
    assert (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token, "it counts once a code was given"
    with pytest.raises(PeopleError, match="clock of the telephone"):
        await office.people.second_factors.confirm(account, "000000", author="li")
    await office.people.second_factors.remove(account, author="li")
    with pytest.raises(PeopleError, match="no second factor of li was begun"):
        await office.people.second_factors.confirm(account, "000000", author="li")


async def test_it_takes_password_and_code_and_both_are_answered_alike(enrolled):
    office, telephone, _ = enrolled
    code = telephone.at(int(office.time))
    wrong = [
        await office.people.sign_in("li", password, typed, "192.0.2.1")
        for password, typed in ((GOOD, ""), (GOOD, "000000"), ("wrong", code), (GOOD, "\u0661" * 6))
    ]
    assert len(set(wrong)) == 1
    assert await enter(office, f"{code[:3]} {code[3:]}", address="192.0.2.2")


async def test_a_code_opens_once_and_only_near_its_moment(enrolled):
    office, telephone, _ = enrolled
    code = telephone.at(int(office.time))
    assert await enter(office, code)
    assert not await enter(office, code)
    assert not await enter(office, telephone.at(int(office.time) - 30)), "nor an older one after it"
    assert await enter(office, telephone.at(int(office.time) + 30)), "a telephone may be half a minute ahead"
    office.time += 300
    assert not await enter(office, telephone.at(int(office.time) - 90))


async def test_a_code_on_paper_opens_once_when_the_telephone_is_lost(enrolled):
    office, _, paper = enrolled
    assert len(set(paper)) == 10
    assert await enter(office, paper[3].upper())
    assert not await enter(office, paper[3])
    assert await enter(office, paper[4].replace("-", " "))
    told = [deed.step for deed in await office.people.deeds_of("li")]
    assert told.count("code on paper used") == 2


async def test_neither_secret_nor_code_lies_in_the_database(enrolled, tmp_path):
    _, telephone, paper = enrolled
    pages = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert telephone.secret.encode() not in pages
    assert all(code.replace("-", "").encode() not in pages for code in paper)


async def test_whose_role_takes_one_is_let_in_with_one_or_not_at_all(office):
    office.people._settings = office.people._settings.model_copy(update={"second_factor": ["admin"]})
    account = await office.add("li", "admin", password=GOOD)
    await office.add("wang", "viewer", password=GOOD)
    lacking = await office.people.sign_in("li", GOOD, "", "192.0.2.1")
    assert lacking.kind == "second-factor"
    assert "people second-factor" in lacking.said
    assert (await office.people.sign_in("li", "wrong", "", "192.0.2.1")).kind == "wrong"
    assert (await office.people.sign_in("wang", GOOD, "", "192.0.2.1")).token
    telephone = pyotp.parse_uri(await office.people.second_factors.begin(account, author="li"))
    await office.people.second_factors.confirm(account, telephone.at(int(office.time)), author="li")
    office.time += 30
    assert await enter(office, telephone.at(int(office.time)))
