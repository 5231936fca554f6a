"""Sessions: found anew at each request, over at once, short, and kept as a hash."""

from ringfence.people.accounts import read_roles

GOOD = "four blue horses run"


async def signed_in(office, address="192.0.2.1"):
    if not await office.accounts.any():
        await office.add("li", "admin", password=GOOD)
    return (await office.people.sign_in("li", GOOD, "", address)).token


async def test_a_session_ends_when_nothing_is_asked(office):
    token = await signed_in(office)
    for _ in range(4):
        office.time += 29 * 60
        assert await office.people.session_of(token)
    office.time += 31 * 60
    assert await office.people.session_of(token) is None
    assert await office.sessions.listed() == []


async def test_a_session_ends_in_the_evening_whatever_is_done_in_it(office):
    token = await signed_in(office)
    for _ in range(12 * 3):
        office.time += 19 * 60
        assert await office.people.session_of(token)
    office.time += 37 * 60
    assert await office.people.session_of(token) is None


async def test_what_ends_a_session_ends_it_at_the_next_request(office):
    await office.add("zhao", "admin")
    await office.add("li", "admin", password=GOOD)

    async def over(change):
        token = await signed_in(office)
        assert await office.people.session_of(token)
        await change()
        return await office.people.session_of(token) is None

    assert await over(lambda: office.accounts.disable("li", author="zhao"))
    await office.accounts.enable("li", author="zhao")
    assert await over(lambda: office.people.set_password("li", GOOD, author="zhao"))
    one = (await office.accounts.named("li")).id
    assert await over(lambda: office.sessions.revoke(one, "li", author="zhao"))
    assert await over(lambda: office.accounts.remove("li", author="zhao"))


async def test_one_session_of_several_is_revoked(office):
    first, second = await signed_in(office), await signed_in(office, "192.0.2.2")
    account = (await office.accounts.named("li")).id
    listed = {one.address: one.id for one in await office.sessions.listed(account)}
    assert await office.sessions.revoke(account, "li", which=listed["192.0.2.1"], author="li") == 1
    assert await office.people.session_of(first) is None
    assert await office.people.session_of(second)
    await office.people.sign_out(second)
    assert await office.people.session_of(second) is None


async def test_rights_are_those_of_this_moment(office):
    await office.add("zhao", "admin")
    await office.add("li", "viewer", password=GOOD)
    token = (await office.people.sign_in("li", GOOD, "", "192.0.2.1")).token
    assert "rules:write" not in (await office.people.session_of(token)).rights
    await office.accounts.set_roles("li", read_roles(["rule-author"]), author="zhao")
    assert "rules:write" in (await office.people.session_of(token)).rights


async def test_no_token_is_kept_and_what_is_none_opens_nothing(office, tmp_path):
    token = await signed_in(office)
    assert len(token) >= 43
    pages = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in pages
    assert GOOD.encode() not in pages
    for wrong in ("", "x", token[:-1], token + "x", "x" * 10_000, "\u00e9"):
        assert await office.people.session_of(wrong) is None


async def test_one_account_has_ten_sessions_at_most(office):
    tokens = []
    for _ in range(12):
        tokens.append(await signed_in(office))
        office.time += 1
    alive = [await office.people.session_of(token) is not None for token in tokens]
    assert alive == [False] * 2 + [True] * 10
