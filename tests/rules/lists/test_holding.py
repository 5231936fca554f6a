"""What waits for a person, by vectors."""

import pytest

from rules.lists.holding import Caught, caught, overlap, reasons, without_few
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
    assert found == Caught(8, 102, ("+8613800138000", "+8613900139000"), 2)
    assert len(reasons(before=5, added=1, removed=0, whole=False, found=found)) == 1
    assert reasons(before=5, added=1, removed=0, whole=False, found=Caught(1, 100, ())) == []


def test_of_few_callers_nobody_learns_how_often_they_rang_nor_whether_they_are_any():
    calls = {f"+861390013900{last}": 2 for last in range(6)}
    whole, none, one = prefix_interval("+86139"), prefix_interval("+86138"), prefix_interval("+8613900139005")
    few = [caught([], [(part.start, part.stop)], calls).coarse(5) for part in (none, one)]
    assert [f"{found.calls:,} {found.callers}" for found in few] == ["under 5 ()"] * 2
    assert few[0] == few[1]._replace(people=0), "whether there is one is not told"
    many = caught([], [(whole.start, whole.stop)], calls)
    assert (many.coarse(5).calls, many.coarse(5).callers, many.coarse(0)) == (12, (), many)
    assert (
        "over 1% of 12 calls" in reasons(before=5, added=1, removed=0, whole=False, found=few[1]._replace(calls=9))[0]
    )


def test_overlap():
    meets = overlap([(1, 100), (5, 6), (200, 201)])
    assert [meets(*span) for span in [(0, 0), (50, 60), (101, 199), (150, 200)]] == [False, True, False, True]
    assert not overlap([])(1, 2)


def test_who_tries_is_not_told_that_few_callers_are_enough_to_wait():
    found = Caught(3, 11, ("+8613800138000",), people=1)
    held = reasons(before=0, added=1, removed=0, whole=False, found=found)
    assert without_few(held, found.coarse(5)) == []
    assert without_few(held, found) == held != []
    assert without_few(["it changes 90%", *held], found.coarse(5)) == ["it changes 90%"]
