"""Trunks ranked by what was forged on them."""

from desk.trunk_ranking import TrunkRank, ranked_trunks
from tests.desk.town import DAY


async def test_most_forged_first(town):
    for number, trunk in (("95013331", "a"), ("95013332", "b"), ("95013333", "b")):
        case = (await town.complain(number)).case_id
        await town.desk.cases.take(case, actor="li")
        await town.desk.cases.close_forged(case, actor="li", reason="x", trunk=trunk)
    expected = [TrunkRank("b", 2, 2, 2, town.now), TrunkRank("a", 1, 1, 1, town.now)]
    assert await ranked_trunks(town.desk.archive) == expected
    assert await ranked_trunks(town.desk.archive, since=town.now + DAY) == []
