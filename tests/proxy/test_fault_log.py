"""What goes wrong again and again is told a few times a minute, and then how often it was."""

import pytest
from structlog.testing import capture_logs

from proxy.fault_log import MOST, WINDOW_S, FaultLog


def test_a_fault_for_each_datagram_writes_a_few_tracebacks_a_minute():
    faults = FaultLog()
    with capture_logs() as lines:
        for number in range(1000):
            try:
                raise SystemError(number)
            except SystemError:
                faults.exception("a datagram could not be handled", number / 100)
        assert len(lines) == MOST
        assert all(line["exc_info"] for line in lines)
        faults.exception("a datagram could not be handled", WINDOW_S)
    assert lines[-1]["not_told_before"] == 1000 - MOST


def test_another_fault_is_told_all_the_same():
    faults = FaultLog(most=1)
    with capture_logs() as lines:
        for event in ("one", "one", "other"):
            faults.warning(event, 0.0, octets=3)
    assert [(line["event"], line["octets"]) for line in lines] == [("one", 3), ("other", 3)]


@pytest.mark.parametrize("times", [1, MOST])
def test_what_was_told_whole_is_not_counted_again(times: int):
    faults = FaultLog()
    with capture_logs() as lines:
        for _ in range(times):
            faults.warning("late", 0.0)
        faults.warning("late", WINDOW_S)
    assert "not_told_before" not in lines[-1]
