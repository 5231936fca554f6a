"""Keys: shown once, kept as a hash, found while they work."""

import pytest

from console.api.access.key_book import AccessError, KeyBook
from ringfence.people.rights import Right

NOON = 1_782_878_400.0


@pytest.fixture
def book(store) -> KeyBook:
    return KeyBook(store, lambda: NOON)


async def add(book: KeyBook, name: str = "app", *scopes: Right, **more):
    return await book.add(name, scopes or [Right.COMPLAINTS_WRITE], author="root", **more)


async def test_a_key_is_found_by_what_was_told_once(book):
    key, token = await add(book, "app", Right.COMPLAINTS_WRITE, Right.CASES_READ, acts_as="li", daily=7)
    found = await book.find(token)
    assert found == key
    assert (found.scopes, found.actor, found.daily) == ({Right.COMPLAINTS_WRITE, Right.CASES_READ}, "li", 7)


async def test_who_acts_is_the_key_itself_where_nobody_is_named(book):
    assert (await add(book))[0].actor == "app"


async def test_no_secret_is_kept(book, tmp_path):
    _, token = await add(book)
    pages = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.split("_", 2)[2].encode() not in pages


@pytest.mark.parametrize("token", ["", "rf", "rf_", "rf__", "rf_00000000_x", "x" * 10_000, "\u00e9", "rf_1_2_3"])
async def test_what_is_no_key(book, token):
    await add(book)
    assert await book.find(token) is None


async def test_another_prefix_or_secret_opens_nothing(book):
    _, token = await add(book)
    assert await book.find("xx" + token[2:]) is None
    assert await book.find(token + "x") is None
    assert await book.find(token.rpartition("_")[0] + "_") is None


async def test_a_key_works_until_it_expires_or_is_revoked(store):
    now = NOON
    book = KeyBook(store, lambda: now)
    _, first = await add(book, "first", expires=NOON + 10)
    _, second = await add(book, "second")
    now += 9
    assert await book.find(first)
    now += 1
    assert await book.find(first) is None
    assert await book.any_works()
    assert [key.revoked_by for key in await book.revoke("second", author="wang")] == ["wang"]
    assert await book.find(second) is None
    assert not await book.any_works()
    assert [key.name for key in await book.listed()] == ["first", "second"]


async def test_a_key_is_revoked_by_name_or_id_and_its_name_is_free_then(book):
    key, _ = await add(book)
    with pytest.raises(AccessError, match=f"key {key.id} is called app;"):
        await add(book)
    await book.revoke(key.id, author="root")
    await add(book)
    await book.revoke("app", author="root")
    with pytest.raises(AccessError, match="no working key"):
        await book.revoke("app", author="root")


async def test_a_source_gets_a_new_key_while_its_old_one_goes_on_for_a_while(store):
    now = NOON
    book = KeyBook(store, lambda: now)
    old, first = await add(book, "app", Right.CASES_READ, acts_as="li", daily=7)
    new, second = await book.renew("app", author="wang", overlap_s=10)
    assert (new.scopes, new.acts_as, new.daily, new.name) == (old.scopes, "li", 7, "app")
    assert await book.find(first)
    now += 10
    assert await book.find(first) is None
    assert (await book.find(second)).expires is None
    third = (await book.renew(new.id, author="wang", overlap_s=10))[1]
    assert {key.revoked_by for key in await book.revoke("app", author="root")} == {"root"}
    assert [await book.find(token) for token in (second, third)] == [None, None]
    with pytest.raises(AccessError, match="no working key"):
        await book.renew("app", author="wang", overlap_s=10)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": "a b"}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "Ringfence"}),
        ("name", {"name": "x" * 65}),
        ("acts-as", {"acts_as": "ringfence"}),
        ("scope", {"scopes": []}),
        ("expires", {"expires": NOON}),
        ("daily", {"daily": 0}),
    ],
)
async def test_a_key_that_cannot_be(book, field, more):
    values = {"name": "app", "scopes": [Right.CASES_READ], "author": "root"} | more
    with pytest.raises(AccessError) as caught:
        await book.add(values.pop("name"), values.pop("scopes"), **values)
    assert caught.value.field == field
