"""Words are written again under the newest key: all of them, from wherever it was stopped, and once."""

import pytest

from desk.faults import ComplaintError
from desk.key_rotation import rewrite
from desk.secrecy import Secrecy
from rules.storage.keys import Keys

NEW = b"n" * 32


async def filled(town):
    """Words of a reporter, an appellant and an owner."""
    filed = await town.complain(text="he knew my name", contact="a@example.com")
    await town.desk.ladder.climb("number", "CN:95012345", actor="li", reason="again")
    appeal = await town.desk.appeals.file(number="95012345", text="we are a bank", contact="b@example.com")
    await town.desk.letters.set_owner("A bank", "c@example.com", actor="li", confirmed=True)
    return filed.reference, appeal.reference


async def words(town, secrecy, table, bound):
    ((blob,),) = await town.desk.archive.store.connection.execute_fetchall(f"select contents from {table}")
    return secrecy.decrypt(blob, bound)


async def test_everything_is_under_the_newest_key_then_and_nothing_is_lost(town):
    complaint, _ = await filled(town)
    archive, old = town.desk.archive, town.keys()
    archive.secrecy = Secrecy(old._replace(contents=(NEW, *old.contents)))
    assert (await rewrite(archive)) == (3, 3, 0)
    assert (await rewrite(archive)) == (3, 0, 0)
    alone = Secrecy(old._replace(contents=(NEW,)))
    assert (await words(town, alone, "complaint", complaint))["text"] == "he knew my name"
    assert await words(town, alone, "owner_contact", "owner A bank") == {"contact": "c@example.com"}
    with pytest.raises(ComplaintError):
        await words(town, Secrecy(old), "complaint", complaint)


async def test_one_that_was_stopped_goes_on(town):
    await filled(town)
    archive, old = town.desk.archive, town.keys()
    archive.secrecy = Secrecy(old._replace(contents=(NEW, *old.contents)))

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rewrite(archive, stop)
    assert (await rewrite(archive)) == (3, 2, 0)


async def test_what_is_under_a_key_that_is_not_there_is_counted_and_left(town):
    await filled(town)
    town.desk.archive.secrecy = Secrecy(Keys((), b"x" * 32, (NEW,)))
    assert (await rewrite(town.desk.archive)) == (3, 0, 3)
