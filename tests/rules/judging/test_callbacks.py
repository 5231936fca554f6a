"""After an emergency call calls to that subscriber pass for a while, and the table stays small."""

from hypothesis import given
from hypothesis import strategies as st

from rules.judging.callbacks import Callbacks

CALLED = "+8613800138000"


def test_calls_pass_from_the_call_for_help_until_the_time_is_over():
    callbacks = Callbacks(120)
    assert not callbacks.awaited(CALLED, 1_000.0)
    callbacks.emergency_call_made([CALLED, "EXT:1001"], 1_000.0)
    assert callbacks.awaited(CALLED, 1_000.0)
    assert callbacks.awaited("EXT:1001", 8_199.9)
    assert not callbacks.awaited(CALLED, 8_200.0)
    assert not callbacks.awaited("+8613800138001", 1_000.0)


def test_a_second_call_for_help_begins_the_time_anew():
    callbacks = Callbacks(120)
    callbacks.emergency_call_made([CALLED], 0.0)
    callbacks.emergency_call_made(["EXT:1001"], 1.0)
    callbacks.emergency_call_made([CALLED], 7_000.0)
    callbacks.forget(7_300.0)
    assert list(callbacks.until) == [CALLED]
    assert callbacks.awaited(CALLED, 14_000.0)


def test_who_called_before_a_restart_is_known_by_pseudonym_until_the_time_is_over():
    callbacks = Callbacks(120, pseudonym=lambda number: f"key of {number}")
    callbacks.restore([("key of EXT:1", 7_200.0), (f"key of {CALLED}", 2_300.0)], 7_300.0)
    assert list(callbacks.until) == [f"key of {CALLED}"]
    assert callbacks.awaited(CALLED, 12_199.0)
    assert not callbacks.awaited("EXT:1", 7_300.0)
    assert not callbacks.awaited(CALLED, 12_200.0)


def test_an_emergency_call_in_the_future_may_have_been_just_now():
    """The clock was set back before this start."""
    callbacks = Callbacks(120)
    callbacks.restore([(CALLED, -259_200.0)], 4_000.0)
    assert callbacks.awaited(CALLED, 11_199.0)
    assert not callbacks.awaited(CALLED, 11_200.0)


def test_no_minutes_no_callback():
    callbacks = Callbacks(0)
    callbacks.emergency_call_made([CALLED], 0.0)
    assert callbacks.until == {}


def test_the_oldest_goes_when_the_table_is_full():
    callbacks = Callbacks(120, most=2)
    for second, number in enumerate(("EXT:1", "EXT:2", "EXT:3")):
        callbacks.emergency_call_made([number], float(second))
    assert list(callbacks.until) == ["EXT:2", "EXT:3"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 1_000)), max_size=30))
def test_it_remembers_the_latest_calls_and_nothing_that_is_over(steps):
    callbacks, now, last = Callbacks(5, most=3), 0.0, {}
    for number, later in steps:
        now += later
        callbacks.emergency_call_made([number], now)
        last.pop(number, None)
        last[number] = now
    callbacks.forget(now)
    wanted = [number for number, at in last.items() if at + 300 > now][-3:]
    assert list(callbacks.until) == wanted
    assert all(callbacks.awaited(number, now) for number in wanted)
