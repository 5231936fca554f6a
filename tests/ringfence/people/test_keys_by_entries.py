"""A key of the API is as it was made: one that was written into the table by hand is found by `audit verify`."""

from console.api.access.key_book import KeyBook
from ringfence.audits import verify
from ringfence.installation import Installation
from ringfence.people.rights import Right
from tests.ringfence.people.changed_by_hand import as_of_before, missed

BY_HAND = {
    "insert into access_key (id, name, secret_hash, scopes, acts_as, daily, created, author) "
    "values ('00', 'door', x'00', 'seals:write', 'wang', 9, 9e9, 'li')": "access: key 00: it has no entry",
    "update access_key set scopes = 'seals:write' where name = 'shop'": "the scopes are another",
    "update access_key set acts_as = 'wang' where name = 'shop'": "acts-as is another",
    "update access_key set secret_hash = x'00' where name = 'shop'": "the secret is another",
    "update access_key set expires = null where name = 'shop'": "its end is another",
    "update access_key set revoked = null where name = 'old'": "it works, against its entries",
    "delete from access_key where name = 'shop'": "it is gone",
}


async def keyed(here):
    """One that was renewed, and one that was revoked."""
    book = KeyBook(await here.access())
    await book.add("shop", [Right.CASES_READ], author="li", expires=8e9)
    await book.add("old", [Right.CASES_READ], author="li")
    await book.revoke("old", author="li")
    await book.renew("shop", author="li", overlap_s=60.0, expires=8e9)


async def test_a_key_that_was_written_or_changed_by_hand_is_found(file):
    async with Installation.open(file) as here:
        await keyed(here)
        assert (await verify(here)).broken == []
        path = here.database_of("access")
    assert await missed(file, path, BY_HAND) == []


async def test_a_key_of_before_keys_were_entered_is_counted_and_no_forgery(file):
    unknown = "update access_key set created = 0 where id not in (select subject_id from step)"
    async with Installation.open(file) as here:
        await keyed(here)
        as_of_before(here, "access", "delete from step where id = 1", unknown)
    async with Installation.open(file) as here:
        found = await verify(here)
        assert (found.broken, found.older["keys"]) == ([], 1)
