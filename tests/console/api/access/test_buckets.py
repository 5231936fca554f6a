"""Token buckets."""

from hypothesis import given
from hypothesis import strategies as st

from console.api.access.buckets import Buckets


def test_so_many_at_once_and_then_so_many_a_second():
    now = 0.0
    buckets = Buckets(2.0, 3.0, lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    now = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.5]
    assert buckets.take("b") == 0


@given(st.lists(st.floats(0, 10), max_size=60))
def test_never_more_than_the_burst_and_the_rate(pauses):
    now, taken = 0.0, 0
    buckets = Buckets(2.0, 5.0, lambda: now)
    for pause in pauses:
        now += pause
        taken += buckets.take("a") == 0
        assert taken <= 5 + 2 * now + 1e-6
        assert 0 <= buckets.left("a") <= 5
