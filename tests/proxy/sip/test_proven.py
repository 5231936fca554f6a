"""Which addresses have shown that they ask for what we send, in bounded memory."""

from proxy.sip.flow import Flow, Listener
from proxy.sip.proven import Proven

LISTENER = Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")


def flow(number: int, port: int = 5060) -> Flow:
    return Flow(LISTENER, (f"198.51.100.{number}", port))


def test_an_acknowledgement_counts_for_its_time_and_its_port():
    proven = Proven(lasts_s=60.0)
    proven.note(flow(1), 100.0)
    assert proven.holds(flow(1), 159.9)
    assert not proven.holds(flow(1), 160.0)
    assert not proven.holds(flow(1, 5070), 101.0), "another socket of that host"
    assert not proven.holds(flow(2), 101.0)


def test_the_memory_is_bounded_and_keeps_who_was_heard_last():
    proven = Proven(most=3)
    for number in (1, 2, 3):
        proven.note(flow(number), float(number))
    proven.note(flow(1), 4.0)
    proven.note(flow(4), 5.0)
    assert [number for number in (1, 2, 3, 4) if proven.holds(flow(number), 6.0)] == [1, 3, 4]
    assert len(proven) == 3


def test_what_is_awaited_is_bounded_and_proves_once():
    proven = Proven(most=2)
    for number in (1, 2, 3):
        proven.expect(flow(number), b"call", b"tag")
    for number in (1, 2, 3):
        proven.acknowledged(flow(number), b"call", b"tag", 1.0)
    assert [number for number in (1, 2, 3) if proven.holds(flow(number), 2.0)] == [2, 3], "the oldest went"
    proven = Proven(most=2)
    proven.expect(flow(1), b"call", b"tag")
    proven.acknowledged(flow(1), b"call", b"other", 1.0)
    proven.acknowledged(flow(2), b"call", b"tag", 1.0)
    assert len(proven) == 0
