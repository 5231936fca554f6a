"""Origins count and not messengers, and nobody has more than one voice."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sharing.agreement import Heard, Voice, agreement, standing_of

ALL = dict.fromkeys("abcd", 1.0)


@pytest.mark.parametrize(
    ("said", "weights", "together"),
    [
        ([], ALL, 0),
        ([("a", "a")], ALL, 1),
        ([("a", "a"), ("b", "b")], ALL, 2),
        ([("a", "a"), ("b", "a"), ("c", "a")], ALL, 1),  # an echo, however loud
        ([("a", "a"), ("a", "x"), ("a", "y"), ("a", "z")], ALL, 1),  # one who makes up the others
        ([("a", "x"), ("b", "x"), ("b", "y"), ("c", "y")], ALL, 2),
        ([("a", "x"), ("a", "y"), ("b", "x")], ALL, 2),  # a steps aside for b
        ([("a", "x"), ("b", "x")], {"a": 0.2, "b": 0.9}, 0.9),  # the heavier of two messengers
        ([("a", "x"), ("a", "y"), ("b", "x"), ("c", "x"), ("c", "y")], {"a": 0.5, "b": 0.5, "c": 1.0}, 1.5),
        ([("a", "a"), ("b", "b"), ("c", "c")], {"a": 1.0, "b": 0.5}, 1.5),  # of whom nothing is known weighs nothing
    ],
)
def test_witnesses_are_pairs_of_a_holder_and_an_origin(said, weights, together):
    assert agreement([Voice(*one) for one in said], weights) == together
    assert agreement([Voice(*one) for one in reversed(said)], weights) == together


@pytest.mark.parametrize(
    ("one", "others", "left"),
    [
        ((0, 0), (0, 0), 1.0),
        ((2, 10), (0, 100_000), 1.0),  # two prove nothing
        ((3, 100), (0, 0), 0.367),
        ((3, 100_000), (0, 0), 1.0),
        ((30, 10_000), (20, 10_000), 0.7),
        ((300, 10_000), (20, 10_000), 0.07),
        ((20, 10_000), (300, 10_000), 1.0),
    ],
)
def test_who_is_released_more_often_than_others_weighs_as_much_less(one, others, left):
    assert standing_of(Heard(*one), Heard(*others)) == left


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), max_size=10),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from((0.0, 0.25, 0.5, 1.0)), max_size=4),
)
def test_no_other_choice_of_witnesses_weighs_more(said, weights):
    pairs = set(said)
    best = max(
        sum(weights.get(holder, 0.0) for holder, _ in some)
        for count in range(min(len(pairs), 4) + 1)
        for some in combinations(pairs, count)
        if len({holder for holder, _ in some}) == len({origin for _, origin in some}) == count
    )
    assert agreement([Voice(*one) for one in said], weights) == best
