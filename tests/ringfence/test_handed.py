"""What is handed to a process at its start: sockets by number, meant for it and nobody else."""

import os
import socket

from ringfence.handed import for_child, handed_over


def udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


def test_nothing_is_handed_over_as_a_rule():
    found = handed_over({})
    assert (found.before, found.control, found.sockets.keep([])) == (None, None, [])


def test_sockets_channel_and_control_are_known_by_what_they_are():
    sock, (control, other), (channel, end) = udp(), socket.socketpair(), socket.socketpair()
    at = sock.getsockname()
    environment = for_child({"PATH": "/bin"}, [sock.detach(), control.detach()], channel.detach())
    found = handed_over(environment)
    assert environment == {"PATH": "/bin"}
    assert found.control is not None
    assert found.before is not None
    with found.sockets.open(socket.SOCK_DGRAM, *at) as taken:
        assert taken.getsockname() == at
        assert not os.get_inheritable(taken.fileno())
    found.control.close()
    found.before._channel.close()
    other.close()
    end.close()


def test_sockets_of_systemd_are_taken_where_they_are_meant_for_this_process(monkeypatch):
    sock = udp()
    at = sock.getsockname()
    monkeypatch.setattr("ringfence.handed._FIRST", sock.detach())
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "sip"}
    found = handed_over(environment)
    assert environment == {}
    with found.sockets.open(socket.SOCK_DGRAM, *at) as taken:
        assert taken.getsockname() == at


def test_sockets_that_were_meant_for_another_process_are_left_alone(monkeypatch):
    with udp() as sock:
        monkeypatch.setattr("ringfence.handed._FIRST", sock.fileno())
        found = handed_over({"LISTEN_PID": "1", "LISTEN_FDS": "1"})
        assert found.sockets.keep([]) == []
        assert sock.fileno() >= 0


def test_a_number_under_which_nothing_is_open_is_passed_over():
    found = handed_over({"RINGFENCE_SOCKETS": "9876 x", "RINGFENCE_BEFORE": "9877"})
    assert (found.before, found.sockets.keep([])) == (None, [])


def test_a_standard_stream_is_nobodys_socket():
    before = [os.get_inheritable(number) for number in (0, 1, 2)]
    found = handed_over({"RINGFENCE_SOCKETS": "0 1", "RINGFENCE_BEFORE": "2"})
    assert (found.before, found.sockets.keep([])) == (None, [])
    assert [os.get_inheritable(number) for number in (0, 1, 2)] == before, "whoever is started later had none"


def test_the_process_after_this_one_is_told_nothing_that_was_meant_for_this_one():
    environment = {
        "LISTEN_PID": "1",
        "LISTEN_FDS": "2",
        "WATCHDOG_PID": "1",
        "WATCHDOG_USEC": "5",
        "NOTIFY_SOCKET": "@x",
    }
    assert for_child(environment, [4, 5], 6) == {
        "WATCHDOG_USEC": "5",
        "NOTIFY_SOCKET": "@x",
        "RINGFENCE_SOCKETS": "4 5",
        "RINGFENCE_BEFORE": "6",
    }
