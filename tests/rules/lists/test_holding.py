"""What waits for a person, by vectors."""

import pytest

from rules.lists.holding import Caught, caught, overlap, reasons
from rules.numbering.intervals import encode, prefix_interval

NOTHING = Caught(0, 0, ())


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"before": 0, "added": 9, "removed": 0}, ""),
        ({"before": 10, "added": 0, "removed": 10}, "the new version is empty"),
        ({"before": 10, "added": 1, "removed": 1}, ""),
        ({"before": 10, "added": 2, "removed": 1}, "it changes 30% of the list"),
    ],
)
def test_a_new_version(numbers, words):
    assert "".join(reasons(**numbers, whole=True, found=NOTHING)).startswith(words)
    assert bool(reasons(**numbers, whole=True, found=NOTHING)) is bool(words)
    assert bool(reasons(**numbers, whole=False, found=NOTHING)) is bool(words), "without --replace, too"


def test_a_short_list_is_filled_without_asking():
    assert reasons(before=9, added=9, removed=0, whole=False, found=NOTHING) == []
    assert reasons(before=9, added=9, removed=0, whole=True, found=NOTHING)


def test_calls_that_would_have_been_caught():
    calls = {"+8613800138000": 5, "+8613900139000": 3, "CN:95588": 90, "": 4}
    prefix = prefix_interval("+86139")
    found = caught([encode("+8613800138000")], [(prefix.start, prefix.stop)], calls)
    assert found == Caught(8, 102, ("+8613800138000", "+8613900139000"))
    assert len(reasons(before=5, added=1, removed=0, whole=False, found=found)) == 1
    assert reasons(before=5, added=1, removed=0, whole=False, found=Caught(1, 100, ())) == []


def test_overlap():
    meets = overlap([(1, 100), (5, 6), (200, 201)])
    assert [meets(*span) for span in [(0, 0), (50, 60), (101, 199), (150, 200)]] == [False, True, False, True]
    assert not overlap([])(1, 2)
