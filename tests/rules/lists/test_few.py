"""A count of too few people is written as `under 5`, and counts as nothing."""

from rules.lists.few import told


def test_a_count_of_few_is_not_told_and_none_looks_like_one():
    assert f"{told(1_234, 5, 5):,}" == "1,234"
    assert {f"{told(calls, people, 5):,}" for calls, people in ((0, 0), (1, 1), (900, 4))} == {"under 5"}
    assert str(told(3, 1, 5)) == "under 5"
    assert told(3, 1, 5) + 0 == 0
    assert told(3, 1, 0) == 3
