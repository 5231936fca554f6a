"""Origins count and not messengers, and nobody has more than one voice."""

import pytest

from rules.sharing.agreement import Voice, agreement

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
