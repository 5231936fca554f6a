"""The keys are asked for when something is entered, and a number has the pseudonym that records have."""

import pytest

from rules.audit.chain import ChainKey, Deed, record, verified
from rules.audit.entering import NO_KEYS, Entering
from rules.records.privacy import pseudonym
from rules.storage.keys import Keys
from rules.storage.store import Store

KEYS = Keys((), b"p" * 32, (), b"k" * 32)


async def test_a_key_is_asked_for_once_something_is_entered(tmp_path):
    asked = []
    entering = Entering(lambda: asked.append(1) or KEYS)
    store = await Store.open(tmp_path / "a.db", "access", durable=True, taught=entering.into("access"))
    assert asked == []
    for at in (1.0, 2.0):
        async with store.transaction() as connection:
            await record(connection, [Deed(at, "li", "key", "1", "added")])
    assert asked == [1]
    assert (await verified(store.connection, ChainKey("access", b"k" * 32))).breaks == []
    assert (await verified(store.connection, ChainKey("lists", b"k" * 32))).breaks, "no chain passes for another"
    await store.close()


async def test_what_is_entered_without_the_key_is_no_entry_of_ours(tmp_path):
    store = await Store.open(tmp_path / "a.db", "access", durable=True, taught=Entering().into("access"))
    async with store.transaction() as connection:
        await record(connection, [Deed(1.0, "li", "key", "1", "added")])
    assert (await verified(store.connection, ChainKey("access", b"k" * 32))).breaks
    assert (await verified(store.connection, ChainKey("access", NO_KEYS.audit))).breaks == []
    await store.close()


@pytest.mark.parametrize("number", ["+8613800138000", "CN:95588", ""])
def test_a_number_has_the_pseudonym_that_records_have(number):
    assert Entering(lambda: KEYS).pseudonym(number) == pseudonym(KEYS.pseudonym, number)
