"""Versions, the differences between them, and what withdrawals take back of them."""

import pytest

from rules.sharing.entries import SharedEntry, Withdrawal
from rules.sharing.versions import (
    Difference,
    Gap,
    applied,
    difference,
    digest_of,
    lines_of,
    lines_of_difference,
    split_difference,
    stands,
    state_of,
    withdrawn_for,
)


def entry(number, origin="a.example", version=1, hop=0):
    return SharedEntry(number, "fraud", "bare", "2026-11-01", "2026-12-01", "2027-03-01", origin, version, hop)


OLD = state_of([entry("+8617012345678"), entry("+8617012345679")])
NEW = state_of([entry("+8617012345679", version=2), entry("+8617012345680")])


def test_a_difference_makes_the_new_version_of_the_old_one():
    change = difference(OLD, NEW)
    assert applied(OLD, change) == NEW
    goes, comes = split_difference(lines_of_difference(change))
    assert goes == [("a.example", "+8617012345678")]
    assert comes == [one.line for one in change.comes]


def test_a_difference_that_does_not_fit_is_a_gap():
    with pytest.raises(Gap):
        applied(NEW, difference(OLD, NEW))
    with pytest.raises(Gap):
        state_of([entry("+8617012345678"), entry("+8617012345678", version=2)])


def test_a_digest_tells_versions_apart_and_no_order():
    assert digest_of(lines_of(OLD)) == digest_of(lines_of(dict(reversed(OLD.items()))))
    assert digest_of(lines_of(OLD)) != digest_of(lines_of(NEW))
    assert digest_of(lines_of(applied(OLD, Difference((), ())))) == digest_of(lines_of(OLD))


def back(origin, version, number="+8617012345678"):
    return Withdrawal(number, origin, version, "appeal", "2026-12-01")


@pytest.mark.parametrize(
    ("sender", "feeds", "left"),
    [
        ("a.example", {"a.example": [back("a.example", 1)]}, False),
        ("a.example", {"a.example": [back("a.example", 1), back("a.example", 5)]}, False),
        ("b.example", {"a.example": [back("a.example", 1)]}, False),  # whoever passed it on
        ("b.example", {"b.example": [back("a.example", 1)]}, False),  # what he passed on himself
        ("a.example", {"b.example": [back("a.example", 9)]}, True),  # a messenger silences nobody
        ("c.example", {"b.example": [back("a.example", 9)]}, True),
        ("a.example", {"a.example": [back("a.example", 0)]}, True),  # listed again since
        ("a.example", {"a.example": [back("a.example", 1, "+8617012345679")]}, True),
    ],
)
def test_a_withdrawal_beats_what_is_as_old_whatever_the_order(sender, feeds, left):
    one = entry("+8617012345678")
    for order in (feeds, dict(reversed(feeds.items()))):
        assert stands(one, withdrawn_for(sender, order)) is left
