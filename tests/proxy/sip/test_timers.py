"""One structure for all timers: each fires once, at its time, in order, and a cancelled one never."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.sip.timers import Timers


def letters(timers: Timers, now: float) -> str:
    return "".join(timer.letter for timer in timers.due(now))


def test_a_timer_fires_at_its_time_and_once():
    timers = Timers()
    timers.start(0.5, "A", "owner", 10.0)
    assert timers.next_at() == 10.5
    assert letters(timers, 10.49) == ""
    assert letters(timers, 10.5) == "A"
    assert letters(timers, 99.0) == ""
    assert timers.next_at() is None


def test_a_cancelled_timer_never_fires_and_frees_its_owner():
    timers = Timers()
    timer = timers.start(32, "B", "owner", 0.0)
    timer.cancel()
    assert timer.owner is None
    assert len(timers) == 0
    assert timers.next_at() is None
    assert letters(timers, 100.0) == ""


def test_a_timer_may_start_another_while_it_fires():
    timers = Timers()
    timers.start(1, "G", "owner", 0.0)
    fired = []
    for timer in timers.due(1.0):
        fired.append(timer.letter)
        if len(fired) < 3:
            timers.start(1, "G", "owner", 1.0)
    assert fired == ["G"]
    assert timers.next_at() == 2.0


def test_cancelled_timers_before_a_live_one_do_not_hide_it():
    timers = Timers()
    for _ in range(3):
        timers.start(1, "x", "owner", 0.0).cancel()
    timers.start(1, "y", "owner", 0.0)
    assert timers.next_at() == 1.0


@given(st.lists(st.tuples(st.sampled_from([0.5, 1, 2, 4, 5, 32]), st.floats(0, 3), st.booleans()), max_size=40))
def test_every_live_timer_fires_exactly_once_and_never_early(script: list[tuple[float, float, bool]]):
    timers, now, expected = Timers(), 0.0, {}
    for number, (seconds, passes, cancelled) in enumerate(script):
        timer = timers.start(seconds, "x", number, now)
        if cancelled:
            timer.cancel()
        else:
            expected[number] = timer.at
        now += passes
    fired: dict[object, float] = {}
    while (at := timers.next_at()) is not None:
        for timer in timers.due(at):
            assert timer.owner not in fired
            assert timer.at <= at
            fired[timer.owner] = timer.at
    assert fired == expected
