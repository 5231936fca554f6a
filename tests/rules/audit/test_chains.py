"""The chains of all databases are read as one by time, and each is asked for its head."""

import pytest

from rules.audit.chain import AuditError, Deed, record
from rules.audit.chains import Chains, read_heads, write_heads
from rules.audit.entering import Entering
from rules.storage.keys import Keys
from rules.storage.store import Store, database_path

KEYS = Keys((), b"p" * 32, (), b"k" * 32)


@pytest.fixture
async def database(tmp_path):
    path = tmp_path / "ringfence.db"
    for chain, times in (("complaints", (1, 4, 5)), ("lists", (2, 3)), ("access", (6,))):
        entering = Entering(lambda: KEYS).into(chain)
        store = await Store.open(database_path(path, chain), chain, durable=True, taught=entering)
        async with store.transaction() as connection:
            await record(connection, [Deed(float(at), "li", "thing", "", f"step {at}") for at in times])
        await store.close()
    return path


async def test_all_are_read_as_one_by_time(database):
    async with Chains.open(database, KEYS.audit) as chains:
        found = await chains.entries(limit=4)
        assert [(one.chain, one.entry.id, one.entry.deed.at) for one in found] == [
            ("lists", 2, 3.0),
            ("complaints", 2, 4.0),
            ("complaints", 3, 5.0),
            ("access", 1, 6.0),
        ]
        assert [one.entry.deed.at for one in await chains.entries(limit=2, until=3.0)] == [2.0, 3.0]
        assert [one.entry.id for one in await chains.entries(limit=9, only="lists")] == [1, 2]
        assert await chains.entries(limit=9, actor="wang") == []


async def test_heads_are_written_and_read_again_and_verified(database):
    async with Chains.open(database, KEYS.audit) as chains:
        noted = read_heads(write_heads(await chains.heads()), "now")
        assert {chain: each[0].number for chain, each in noted.items()} == {"complaints": 3, "lists": 2, "access": 1}
        assert not any(each.breaks for each in (await chains.verified(noted)).values())
        assert "complaints" not in await chains.verified(noted, without="complaints")
    database_path(database, "access").unlink()
    async with Chains.open(database, KEYS.audit) as chains:
        assert chains.lost(noted) == ["access"]


@pytest.mark.parametrize("text", ["1", "nothing=1:" + "1" * 64, "lists=x"])
def test_what_is_no_head(text):
    with pytest.raises(AuditError, match="head: "):
        read_heads(text)
