"""Sockets of listeners: handed over or bound, each once, and what nobody wants is closed."""

import socket

import pytest

from proxy.sockets import Sockets
from tests.peers.loopback import new_endpoint


def bound(kind: int = socket.SOCK_DGRAM, host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    sock.bind((host, 0))
    return sock


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_was_handed_over_is_taken_once(kind, host):
    with bound(kind, host) as sock:
        port = sock.getsockname()[1]
        sockets = Sockets([sock])
        taken = sockets.open(kind, host, port)
        assert taken is sock
        assert not taken.getblocking()
        with pytest.raises(OSError, match=f"can't listen on {host} port {port}: .*end who has it"):
            sockets.open(kind, host, port)


def test_a_socket_of_another_kind_is_no_other():
    with bound(socket.SOCK_STREAM) as sock:
        port = sock.getsockname()[1]
        with Sockets([sock]).open(socket.SOCK_DGRAM, "127.0.0.1", port) as made:
            assert made is not sock
            assert made.type == socket.SOCK_DGRAM


def test_what_nobody_wants_is_closed_and_named():
    wanted, other = bound(), bound()
    places = [(socket.SOCK_DGRAM, *each.getsockname()) for each in (wanted, other)]
    sockets = Sockets([wanted, other])
    assert sockets.keep(places[:1]) == places[1:]
    assert other.fileno() == -1
    with sockets.open(*places[1]), sockets.open(*places[0]) as taken:
        assert taken is wanted


def test_what_is_no_address_of_the_internet_is_closed():
    here, _ = pair = socket.socketpair()
    Sockets([here])
    assert here.fileno() == -1
    pair[1].close()


def test_an_address_is_the_same_however_it_is_written():
    with bound(host="::1") as sock:
        assert Sockets([sock]).open(socket.SOCK_DGRAM, "0:0:0:0:0:0:0:1", sock.getsockname()[1]) is sock


def test_a_new_socket_is_bound_and_does_not_block():
    at = new_endpoint()
    with Sockets().open(socket.SOCK_DGRAM, at.host, at.port) as made:
        assert made.getsockname() == (at.host, at.port)
        assert not made.getblocking()
