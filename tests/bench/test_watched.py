"""What the bench of the live view calls good."""

from collections import Counter

from bench.watched import BUSY, LIVE, NOBODY, Turns, faults, told

BOUNDS = [0.001, 0.002, 0.004]


def turns(slow: int, **seen: int) -> Turns:
    """A thousand calls, of which so many took over two milliseconds."""
    return Turns(BOUNDS, Counter({0: 1_000 - slow, 2: slow}), Counter({"calls": 1_000, "events": 5} | seen))


def test_open_views_that_leave_the_delay_as_it_was_are_good():
    found = {NOBODY: turns(2, events=0), LIVE: turns(3), BUSY: turns(50)}
    assert faults(found) == []
    assert told(found)[2:] == [
        f"| {NOBODY} | 1,000 | 0.50 | 0.99 | +0.0% | 0 | 0 |",
        f"| {LIVE} | 1,000 | 0.50 | 0.99 | +0.1% | 5 | 0 |",
        f"| {BUSY} | 1,000 | 0.53 | 3.60 | +262.9% | 5 | 0 |",
    ]


def test_what_is_not_good_is_said():
    found = {NOBODY: turns(0), LIVE: turns(20, lost=3), BUSY: turns(0, events=0)}
    assert faults(found) == [
        f"3 calls lost, {LIVE}",
        f"no view showed anything, {BUSY}",
        "the open views add 203% to the delay",
    ]
