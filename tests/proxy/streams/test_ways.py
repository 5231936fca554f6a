"""How connections begin: with the kernel asking whether the other end is still there."""

import socket

from proxy.proxy_settings import LimitSettings
from proxy.sip.framing import Framer
from proxy.streams.ways import KEEP_ALIVE_S, Plain, keep_alive


def test_the_kernel_finds_out_that_the_other_end_is_gone():
    with socket.socket() as sock:
        keep_alive(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == KEEP_ALIVE_S
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_plain_connections_are_framed_by_content_length():
    framing = Plain().framing(LimitSettings(message_octets=4096))
    assert isinstance(framing, Framer)
    assert framing.wrap(b"x") == b"x"
    framing.feed(b"OPTIONS sip:x@h SIP/2.0\r\n" + b"X" * 5000)
    assert framing.fault is not None
