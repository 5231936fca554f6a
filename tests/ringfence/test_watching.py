"""Looks at the running node: rates and delays are those of the time between looks."""

import pytest

from ringfence.watching import Seen, Watching, quantiles
from tests.console.cli.node.test_top import FIGURES, later


def test_rates_are_those_between_two_looks():
    watching = Watching()
    watching.saw(Seen(FIGURES, [], 0.0))
    verdicts = {"forward": 1200, "tag": 10, "reject": 9, "divert": 0}
    moment = watching.saw(Seen(later(verdicts=verdicts, answered={"403": 9, "503": 4}, emergency=3), [], 2.0))
    assert moment.verdicts == {"forward": 100.0, "tag": 0.0, "reject": 2.0, "divert": 0.0}
    assert moment.calls == 102.0
    assert moment.emergency == 0.5
    assert moment.answered == {"403": 1.0, "503": 2.0}


def test_delays_are_those_of_the_last_minute():
    watching = Watching()
    for second in range(0, 200, 10):
        added = {"up_to_s": [0.001, 0.002, 0.5], "times": [100 + second, 0, 0, 0]}
        moment = watching.saw(Seen(later(second, added=added), [], second))
        assert len(watching._seen) <= 8
    assert moment.added.half == pytest.approx(0.0005)


@pytest.mark.parametrize(
    ("times", "half", "nearly_all"),
    [
        ([0, 0, 0, 0], None, None),
        ([100, 0, 0, 0], 0.0005, 0.00099),
        ([0, 100, 0, 0], 0.0015, 0.00199),
        ([98, 0, 2, 0], 0.00051, 0.251),
        ([0, 0, 0, 5], float("inf"), float("inf")),
    ],
)
def test_quantiles_lie_within_their_bucket(times, half, nearly_all):
    bounds = [0.001, 0.002, 0.5]
    zero = {"up_to_s": bounds, "times": [0] * 4}
    found = quantiles(zero, {"up_to_s": bounds, "times": times})
    assert found.half == (half if half is None else pytest.approx(half, rel=0.01))
    assert found.nearly_all == (nearly_all if nearly_all is None else pytest.approx(nearly_all, rel=0.01))


def test_a_node_that_was_started_anew_begins_at_nothing():
    watching = Watching()
    watching.saw(Seen(FIGURES, [], 0.0))
    none = dict.fromkeys(FIGURES["verdicts"], 0)
    assert watching.saw(Seen(later(process=2, verdicts=none), [], 2.0)).calls == 0.0
