"""A staff directory: it lets in who has an account, by no token that is not for us; who is out there is out here."""

import pytest
from joserfc import jwk, jwt

from ringfence.people.directory import Directory
from ringfence.people.faults import DirectoryError
from ringfence.people.people import Problem
from ringfence.people.people_settings import DirectorySettings
from tests.ringfence.people.provider import CONSOLE, ISSUER, LOGOUT, Provider


@pytest.fixture
async def staff(office, tmp_path):
    """An office whose people a directory knows."""
    (tmp_path / "secret").write_text("it is a secret\n")
    settings = DirectorySettings(issuer=ISSUER, client_id="console", client_secret="secret", console=CONSOLE)
    office.provider = Provider(lambda: office.time)
    office.directory = Directory(settings, tmp_path, office.provider.client(), lambda: office.time)
    office.people.directory = office.directory
    await office.add("li", "admin")
    yield office
    await office.directory.close()


async def came_back(office, name="li"):
    begun = await office.directory.begin()
    assert begun.url.startswith(f"{ISSUER}/authorization?response_type=code&client_id=console")
    state, code = office.provider.sign_in(begun.url, name)
    return await office.directory.finish(state, begun.state, code)


async def signed_in(office):
    return (await office.people.let_in(await came_back(office), "192.0.2.1")).token


async def test_whom_the_directory_knows_and_who_has_an_account_is_let_in(staff):
    session = await staff.people.let_in(await came_back(staff), "192.0.2.1")
    assert (session.actor.name, session.actor.by) == ("li", "page")
    assert (await staff.people.session_of(session.token)).name == "li"
    told = [(deed.step, deed.detail) for deed in await staff.people.deeds_of("li")]
    assert told[-1] == ("signed in", "by the staff directory, from 192.0.2.1")


async def test_whom_it_knows_without_an_account_or_with_a_disabled_one_is_not(staff):
    staff.provider.people |= {"zhao": "subject-zhao", "wang": "subject-wang"}
    await staff.add("wang", "viewer")
    await staff.accounts.disable("wang", author="li")
    for name in ("zhao", "wang"):
        assert isinstance(await staff.people.let_in(await came_back(staff, name), "192.0.2.1"), Problem)


async def test_who_is_disabled_there_is_out_within_a_second(staff):
    token = await signed_in(staff)
    del staff.provider.people["li"]
    staff.time += 1.0
    assert await staff.people.session_of(token) is None
    staff.provider.people["li"] = "subject-li"
    assert await staff.people.session_of(token) is None, "and stays out"


async def test_it_is_asked_once_a_second_and_not_at_each_request(staff):
    token = await signed_in(staff)
    before = staff.provider.asked.count("/realms/staff/introspection")
    for _ in range(20):
        staff.time += 0.125
        assert await staff.people.session_of(token)
    assert staff.provider.asked.count("/realms/staff/introspection") - before == 2


async def test_a_directory_that_is_down_ends_sessions_after_a_minute_and_passwords_go_on(staff):
    token = await signed_in(staff)
    staff.provider.down = True
    staff.time += 30
    assert await staff.people.session_of(token)
    staff.time += 31
    assert await staff.people.session_of(token) is None
    with pytest.raises(DirectoryError, match="cannot be asked"):
        await Directory(staff.directory.settings, staff.directory._base, staff.provider.client()).begin()


async def test_without_the_directory_in_the_configuration_its_sessions_are_over(staff):
    token = await signed_in(staff)
    staff.people.directory = None
    assert await staff.people.session_of(token) is None


async def test_the_directory_says_itself_who_is_out(staff):
    first, second = await signed_in(staff), await signed_in(staff)
    sid = "sid-refresh-0"
    out = await staff.directory.logged_out(staff.provider.logout_token(sid=sid))
    assert out == ("subject-li", sid)
    assert await staff.people.sessions.ended_by_directory(*out) == 1
    assert await staff.people.session_of(first) is None
    assert await staff.people.session_of(second)
    assert (
        await staff.people.sessions.ended_by_directory(
            *await staff.directory.logged_out(staff.provider.logout_token(jti="another"))
        )
        == 1
    )
    assert await staff.people.session_of(second) is None
    assert await staff.people.sessions.ended_by_directory("", "") == 0


async def test_a_logout_token_that_is_none_ends_nothing(staff):
    again = staff.provider.logout_token(jti="once")
    await staff.directory.logged_out(again)
    other = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    forged = {"iss": ISSUER, "aud": "console", "iat": int(staff.time), "jti": "f", "sub": "s", "events": {LOGOUT: {}}}
    for token in (
        *(again, "", "x.y.z"),
        staff.provider.logout_token(jti="a", events={}),
        staff.provider.logout_token(jti="b", nonce="n"),
        staff.provider.logout_token(jti="c", aud="another"),
        staff.provider.logout_token(jti="d", iss="https://evil.example"),
        staff.provider.logout_token(jti="e", iat=int(staff.time) - 300),
        staff.provider.logout_token(jti="", sub="subject-li"),
        staff.provider.logout_token(jti="g", sub=""),
        jwt.encode({"alg": "RS256", "kid": "one"}, forged, other),
    ):
        with pytest.raises(DirectoryError):
            await staff.directory.logged_out(token)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["console", "another"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"preferred_username": None},
        {"preferred_username": 7},
    ],
)
async def test_a_token_that_is_not_for_us_lets_nobody_in(staff, claims):
    staff.provider.claims = claims
    with pytest.raises(DirectoryError):
        await came_back(staff)


async def test_a_token_with_another_signature_or_none_lets_nobody_in(staff):
    staff.provider.published = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    with pytest.raises(DirectoryError, match="not signed by it"):
        await came_back(staff)
    claims = {"iss": ISSUER, "aud": "console", "sub": "s", "exp": int(staff.time) + 9, "iat": int(staff.time)}
    secret = jwk.OctKey.import_key("it is a secret it is a secret it is a secret")
    for token in (jwt.encode({"alg": "HS256"}, claims, secret), "e30.e30."):
        with pytest.raises(DirectoryError, match="not signed by it"):
            await staff.directory._claims(token)


async def test_new_keys_of_the_directory_are_read_when_they_are_needed(staff):
    await came_back(staff)
    staff.provider.key = jwk.RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    assert (await came_back(staff)).name == "li"


async def test_who_did_not_begin_here_is_not_let_in(staff):
    begun = await staff.directory.begin()
    state, code = staff.provider.sign_in(begun.url, "li")
    for brought, kept in (("another", begun.state), (state, ""), (state, "another"), ("", "")):
        with pytest.raises(DirectoryError, match="had not begun here"):
            await staff.directory.finish(brought, kept, code)
    begun = await staff.directory.begin()
    state, code = staff.provider.sign_in(begun.url, "li")
    await staff.directory.finish(state, begun.state, code)
    with pytest.raises(DirectoryError, match="had not begun here"):
        await staff.directory.finish(state, begun.state, code)
    late = await staff.directory.begin()
    state, code = staff.provider.sign_in(late.url, "li")
    staff.time += 601
    with pytest.raises(DirectoryError, match="too late"):
        await staff.directory.finish(state, late.state, code)


async def test_no_token_of_the_directory_lies_in_the_database(staff, tmp_path):
    await signed_in(staff)
    pages = b"".join(file.read_bytes() for file in tmp_path.glob("ringfence-people.db*"))
    assert b"refresh-" not in pages.replace(b"sid-refresh-", b"")


def test_a_directory_in_clear_is_refused_but_on_this_machine():
    told = {"client_id": "console", "client_secret": "secret", "console": CONSOLE}
    with pytest.raises(ValueError, match="is not encrypted"):
        DirectorySettings(issuer="http://id.example.com", **told)
    assert DirectorySettings(issuer="http://127.0.0.1:9000/", **told).issuer == "http://127.0.0.1:9000"
