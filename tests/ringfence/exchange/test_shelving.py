"""What we give is made ready once a version, and looked for anew every few seconds."""

from ringfence.exchange.shelving import Shelving
from rules.sharing.hashes import hash_of
from tests.ringfence.exchange.operators import Clock, Operator


async def test_another_version_is_found_in_time_and_made_once(tmp_path):
    one = await Operator.open(tmp_path, "a", clock := Clock())
    try:
        shelving = Shelving(one.giving.repository, clock=clock)
        assert (await shelving.shelves()).version == 0
        await one.block("+8617012345678")
        await one.publish()
        assert (await shelving.shelves()).version == 0
        clock.now += 6
        shelves = await shelving.shelves()
        assert (shelves.version, len(shelves.beginning(hash_of("+8617012345678")[:5]))) == (1, 1)
        clock.now += 6
        assert await shelving.shelves() is shelves
    finally:
        await one.lists.close()
