"""How often something may happen: never more than the rate and one burst, whatever comes when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pace import Meter, Pace


def test_a_burst_goes_at_once_and_then_one_each_interval():
    pace, meter = Pace(2, 4), Meter()
    assert [meter.take(pace, 100.0) for _ in range(4)] == [0.0] * 4
    assert meter.take(pace, 100.0) == pytest.approx(0.5)
    assert meter.take(pace, 100.4) == pytest.approx(0.1)
    assert meter.take(pace, 100.5) == 0.0
    assert meter.take(pace, 100.5) > 0


@pytest.mark.parametrize(("rate", "most"), [(10, 10), (2.5, 2), (0.1, 1)])
def test_without_a_burst_one_second_of_it_may_come_at_once(rate, most):
    pace, meter = Pace(rate), Meter()
    assert sum(meter.take(pace, 5.0) == 0.0 for _ in range(50)) == most


def test_after_a_pause_no_more_than_a_burst_has_gathered():
    pace, meter = Pace(1, 3), Meter()
    meter.take(pace, 0.0)
    assert sum(meter.take(pace, 10_000.0) == 0.0 for _ in range(50)) == 3


@given(
    st.floats(0.1, 1000),
    st.integers(1, 50),
    st.lists(st.floats(0, 5, allow_subnormal=False), min_size=1, max_size=200),
)
def test_no_window_holds_more_than_its_rate_and_a_burst(rate: float, burst: int, gaps: list[float]):
    pace, meter, now, taken = Pace(rate, burst), Meter(), 1000.0, []
    for gap in gaps:
        now += gap
        if not meter.take(pace, now):
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) * rate + 1e-3


@given(st.floats(0.1, 1000), st.integers(1, 50), st.integers(1, 100))
def test_whoever_waits_as_long_as_he_is_told_is_taken(rate: float, burst: int, calls: int):
    pace, meter, now = Pace(rate, burst), Meter(), 1000.0
    for _ in range(calls):
        now += meter.take(pace, now)
        wait = meter.take(pace, now)
        if wait:
            assert meter.take(pace, now + wait) == 0.0
