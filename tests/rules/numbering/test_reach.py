"""How many numbers of the plan an entry covers."""

import pytest

from rules.numbering.intervals import number_interval, prefix_interval, range_interval
from rules.numbering.reach import reach


@pytest.mark.parametrize(
    ("prefix", "numbers"),
    [
        ("+86138", 10**8),
        ("+8613800138000", 1),
        ("+8610", 7 * 10**7),
        ("+8610621", 10**5),
        ("CN:95588", 1),
        ("CN:9558", 10),
        ("CN:95012", 1 + 1000),
        ("EXT:20", 1),
        ("+4420", 10**8),
        ("+1212", 10**7),
    ],
)
def test_a_prefix_by_the_lengths_of_its_plan(prefix, numbers):
    assert reach(prefix_interval(prefix)) == numbers


def test_a_number_and_a_range_exactly():
    assert reach(number_interval("+8613800138000")) == 1
    assert reach(range_interval("CN:95012000", "CN:95012999")) == 1000
