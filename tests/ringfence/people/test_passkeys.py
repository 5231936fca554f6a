"""Passkeys: made for one console in one session, they sign once for one browser; alone, or beside the password."""

import json

import pytest

from ringfence.people.faults import PeopleError
from ringfence.people.people import Problem
from ringfence.people.people_settings import PeopleSettings
from rules.storage.store import Store
from tests.ringfence.people.authenticator import Authenticator
from tests.ringfence.people.conftest import Office

GOOD = "four blue horses run"
ORIGIN = "https://ringfence.example.com"
BROWSER, SESSION, HOME = "a-browser-of-24-characters", "a session", "192.0.2.1"


@pytest.fixture
async def office(office):
    return Office(office.store, console=f"{ORIGIN}/console")


async def made(office, account, telephone, name="telephone", session=SESSION):
    passkeys = office.people.passkeys
    said = telephone.make(await passkeys.begin_making(account, session))
    return await passkeys.add(account, said, name, session, author=account.name)


async def enter(office, telephone, browser=BROWSER, **more):
    said = telephone.sign(office.people.passkeys.begin_signing(BROWSER))
    return await office.people.sign_in_by_passkey(said, browser, HOME, **more)


async def test_it_lets_in_alone_and_beside_the_password_and_the_password_no_more_without_it(office):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    await made(office, li, telephone)
    session = await enter(office, telephone)
    assert (await office.people.session_of(session.token)).name == "li"
    assert (await enter(office, telephone, name="li", password=GOOD)).actor.name == "li"
    wrong = [
        await enter(office, telephone, name="li", password="a wrong password"),
        await office.people.sign_in("li", GOOD, "", HOME),
        await enter(office, Authenticator(ORIGIN), name="li", password=GOOD),
        await enter(office, Authenticator(ORIGIN)),
    ]
    assert [one.kind for one in wrong] == ["wrong"] * 4
    told = [(deed.step, deed.detail) for deed in await office.people.deeds_of("li")]
    assert ("passkey added", "telephone") in told
    assert ("signed in", f"with passkey telephone, from {HOME}") in told
    (one,) = await office.people.passkeys.listed(li)
    assert (one.name, one.used) == ("telephone", office.time)


async def test_one_that_asks_for_no_pin_is_not_enough_alone(office):
    li, stick = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN, verifies=False)
    await made(office, li, stick)
    assert isinstance(await enter(office, stick), Problem)
    assert (await enter(office, stick, name="li", password=GOOD)).token


async def test_a_challenge_is_good_once_for_one_browser_and_a_few_minutes(office):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    passkeys = office.people.passkeys
    await made(office, li, telephone)
    said = telephone.sign(passkeys.begin_signing(BROWSER))
    assert isinstance(await office.people.sign_in_by_passkey(said, "another-browser-it-was-not", HOME), Problem)
    assert (await office.people.sign_in_by_passkey(said, BROWSER, HOME)).token
    assert isinstance(await office.people.sign_in_by_passkey(said, BROWSER, HOME), Problem)
    telephone.signs -= 1  # a copy of it, which has not signed as often
    assert isinstance(await enter(office, telephone), Problem)
    asked = passkeys.begin_signing(BROWSER)
    office.time += 301
    assert isinstance(await office.people.sign_in_by_passkey(telephone.sign(asked), BROWSER, HOME), Problem)
    for asked in (await passkeys.begin_making(li, SESSION), passkeys.begin_signing("")):
        asked = json.dumps(json.loads(asked) | {"rpId": "ringfence.example.com"})
        assert isinstance(await office.people.sign_in_by_passkey(telephone.sign(asked), BROWSER, HOME), Problem)


async def test_one_is_made_in_the_session_that_asked_and_once(office):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    passkeys = office.people.passkeys
    said = telephone.make(await passkeys.begin_making(li, SESSION))
    for wrong, session in ((said, "another session"), ("{}", SESSION), ("no JSON", SESSION), ("9" * 30_000, SESSION)):
        with pytest.raises(PeopleError, match="begin again"):
            await passkeys.add(li, wrong, "telephone", session, author="li")
    for name in ("", "two\nlines", "x" * 65):
        with pytest.raises(PeopleError, match="name"):
            await passkeys.add(li, said, name, SESSION, author="li")
    await passkeys.add(li, said, "telephone", SESSION, author="li")
    with pytest.raises(PeopleError, match="made before"):
        await passkeys.add(li, said, "telephone", SESSION, author="li")
    for _ in range(9):
        await made(office, li, Authenticator(ORIGIN))
    with pytest.raises(PeopleError, match="as many as there may be"):
        await passkeys.begin_making(li, SESSION)


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "http://ringfence.example.com"])
async def test_nothing_that_was_made_or_signed_for_another_place_counts(office, elsewhere):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    passkeys = office.people.passkeys
    said = telephone.make(await passkeys.begin_making(li, SESSION), origin=elsewhere)
    with pytest.raises(PeopleError, match="begin again"):
        await passkeys.add(li, said, "telephone", SESSION, author="li")
    await made(office, li, telephone)
    for more in ({"origin": elsewhere}, {"rp": "evil.example"}):
        said = telephone.sign(passkeys.begin_signing(BROWSER), **more)
        assert isinstance(await office.people.sign_in_by_passkey(said, BROWSER, HOME), Problem)


async def test_nonsense_lets_nobody_in(office):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    await made(office, li, telephone)
    said = json.loads(telephone.sign(office.people.passkeys.begin_signing(BROWSER)))
    broken = [{**said, "response": {**said["response"], part: value}} for part in said["response"] for value in ("", 7)]
    texts = ["", "[]", "{", "9" * 30_000, *map(json.dumps, broken[:-2]), json.dumps(said | {"rawId": "x"})]
    for text in texts:
        assert isinstance(await office.people.sign_in_by_passkey(text, BROWSER, HOME), Problem), text


async def test_it_counts_as_second_factor_where_a_role_takes_one_and_is_removed(office):
    office.people._settings = office.people._settings.model_copy(update={"second_factor": ["admin"]})
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    one = await made(office, li, telephone)
    assert (await enter(office, telephone, name="li", password=GOOD)).token
    with pytest.raises(PeopleError, match="li has none with the number 99"):
        await office.people.passkeys.remove(li, 99, author="boss")
    assert (await office.people.passkeys.remove(li, one.id, author="boss")).name == "telephone"
    assert isinstance(await enter(office, telephone), Problem)
    assert (await office.people.sign_in("li", GOOD, "", HOME)).kind == "second-factor"


async def test_whoever_came_in_without_one_is_out_but_for_the_page_that_made_it(office):
    li, telephone = await office.add("li", "admin", password=GOOD), Authenticator(ORIGIN)
    here, elsewhere = [await office.people.sign_in("li", GOOD, "", HOME) for _ in range(2)]
    await made(office, li, telephone, session=here.token)
    assert await office.people.session_of(here.token)
    assert await office.people.session_of(elsewhere.token) is None


async def test_who_is_disabled_gets_in_by_none(office):
    await office.add("boss", "admin", password=GOOD)
    wang, telephone = await office.add("wang", "viewer", password=GOOD), Authenticator(ORIGIN)
    await made(office, wang, telephone)
    await office.accounts.disable("wang", author="boss")
    assert isinstance(await enter(office, telephone), Problem)


async def test_where_no_place_is_configured_none_is_made(tmp_path, office):
    without = Office(office.store)
    li = await without.add("li", "admin", password=GOOD)
    with pytest.raises(PeopleError, match=r"people\.console says for"):
        await without.people.passkeys.begin_making(li, SESSION)
    assert isinstance(await without.people.sign_in_by_passkey("{}", BROWSER, HOME), Problem)


async def test_a_database_of_before_takes_them(tmp_path):
    store = await Store.open(tmp_path / "people.db", "people", durable=False)
    await store.connection.execute("select id, credential from passkey")
    await store.close()


@pytest.mark.parametrize(
    ("console", "is_right"),
    [
        ("https://ringfence.example.com/console/", True),
        ("http://localhost:8607/console", True),
        ("http://console.localhost/console", True),
        ("http://ringfence.example.com", False),
        ("https://192.0.2.1/console", False),
        ("https://[2001:db8::1]/console", False),
        ("ringfence.example.com", False),
    ],
)
def test_a_passkey_is_made_for_a_name_and_never_in_clear(console, is_right):
    if is_right:
        assert PeopleSettings(console=console).passkeys_for == console.rstrip("/")
    else:
        with pytest.raises(ValueError, match="console"):
            PeopleSettings(console=console)
