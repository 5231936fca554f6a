"""What our lists say as others are told it."""

from rules.lists.editing import Lists
from rules.lists.origins import Origin
from rules.settings.screening import ListSettings
from rules.sharing.entries import days_after
from rules.sharing.giving import Own, ended_by_itself, passed_on

NOON = 1_796_126_400.0  # 2026-12-01 12:00 UTC
LISTS = {"blocked": ListSettings(kind="block"), "theirs": ListSettings(kind="block", shared=True)}


async def test_others_learn_numbers_and_nothing_that_names_anybody(tmp_path):
    lists = await Lists.open(tmp_path / "ringfence.db", LISTS, now=lambda: NOON)
    try:
        said = Origin(author="li", reason="she rang Mrs Wang of 13800138000", evidence="file 7", note="secret")
        await lists.add("blocked", "+8617012345678", said)
        await lists.add("blocked", "+8617012345679", Origin(author="li", expires=NOON + 86_400 * 3))
        await lists.add("blocked", "+8617012345680", Origin(source="partner beta", author="li"))
        await lists.add("blocked", "+861*", Origin(author="li"), wide=True)
        await lists.add("theirs", "+8617012345681", Origin(author="li"))
        own = Own("us.example", 180, {}, NOON)
        state = await own.state(lists.store, {"blocked": "fraud", "theirs": "fraud"})
        first, second = state.values()
        assert first[:6] == ("+8617012345678", "fraud", "documented", "2026-12-01", "2026-12-01", "2027-05-30")
        assert (second.strength, second.expires) == ("bare", "2026-12-04")
        assert own.left_out == 1
        assert "Wang" not in repr(state) + first.line
        later = await Own("us.example", 180, state, NOON + 86_400 * 40).state(lists.store, {"blocked": "fraud"})
        assert [one.expires for one in later.values()] == ["2027-05-30"]  # told for long enough: nothing changes
        much = await Own("us.example", 180, state, NOON + 86_400 * 120).state(lists.store, {"blocked": "fraud"})
        assert [one.expires for one in much.values()] == [days_after("2026-12-01", 300)]
        assert ended_by_itself(second, "2026-12-04")
        others = {key: one._replace(origin="b.example") for key, one in state.items()}
        assert {one.hop for one in passed_on(others, "us.example", 2).values()} == {1}
        assert passed_on(others, "us.example", 0) == passed_on(state, "us.example", 2) == {}
    finally:
        await lists.close()
