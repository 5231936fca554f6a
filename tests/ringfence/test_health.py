"""Does the proxy answer SIP? Asked of a socket that answers as one would, and of one that does not."""

import socket
import threading
from contextlib import contextmanager

import pytest

from proxy.proxy_settings import ListenerSettings
from ringfence.health import Health, ask, reachable


@contextmanager
def answering(reply: bytes | None, family=socket.AF_INET, host="127.0.0.1"):
    """A listener on loopback that answers one datagram, or none."""
    got: list[bytes] = []
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        own.bind((host, 0))
        own.settimeout(60)

        def answer():
            data, source = own.recvfrom(65_535)
            got.append(data)
            if reply is not None:
                own.sendto(reply, source)

        thread = threading.Thread(target=answer)
        thread.start()
        shown = f"[{host}]" if ":" in host else host
        yield ListenerSettings.model_validate({"address": f"{shown}:{own.getsockname()[1]}"}), got
        thread.join()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_status_of_what_comes_back(family, host):
    with answering(b"SIP/2.0 200 OK\r\n\r\n", family, host) as (listener, got):
        assert ask(listener, wait_s=60) == Health(200)
    assert got[0].startswith(f"OPTIONS sip:{listener.address} SIP/2.0\r\n".encode())
    assert got[0].endswith(b"Content-Length: 0\r\n\r\n")


def test_a_listener_of_connections_is_asked_on_one():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen()
        own.settimeout(60)
        got: list[bytes] = []

        def answer():
            taken, _ = own.accept()
            with taken:
                got.append(taken.recv(65_535))
                for piece in (b"SIP/2.0 200", b" OK\r\nContent-Length: 0\r\n", b"\r\n"):
                    taken.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        at = f"127.0.0.1:{own.getsockname()[1]}"
        assert ask(ListenerSettings.model_validate({"address": at, "transport": "tcp"}), wait_s=60) == Health(200)
        thread.join()
    assert b"\r\nVia: SIP/2.0/TCP 127.0.0.1:" in got[0]


def test_what_is_not_sip_is_no_answer():
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as (listener, _):
        assert ask(listener, wait_s=60).status == 0


def test_silence_is_no_answer():
    with answering(None) as (listener, _):
        assert ask(listener, wait_s=0.05).status == 0


def test_nobody_there_is_no_answer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ask(ListenerSettings.model_validate({"address": f"127.0.0.1:{port}"})).status == 0


@pytest.mark.parametrize(
    ("address", "asked"),
    [("0.0.0.0:5062", "127.0.0.1:5062"), ("[::]:5062", "[::1]:5062"), ("192.0.2.1", "192.0.2.1:5060")],
)
def test_all_interfaces_are_asked_on_loopback(address, asked):
    assert str(reachable(ListenerSettings.model_validate({"address": address}))) == asked


def test_that_calls_would_be_refused_is_told():
    """The documented configuration has a trunk for the carrier and none for this machine."""
    with answering(b"SIP/2.0 403 Forbidden\r\n\r\n") as (listener, _):
        status, remarks = ask(listener, wait_s=60)
    assert status == 403
    assert len(remarks) == 1
    assert "calls from 127.0.0.1 would be refused" in remarks[0]


def test_what_ails_the_proxy_is_told():
    reply = (
        b'SIP/2.0 200 OK\r\nWarning: 399 ringfence "office: nothing comes from 1 of its addresses"\r\n'
        b'Warning: 399 ringfence "stopping"\r\n\r\n'
    )
    with answering(reply) as (listener, _):
        assert ask(listener, wait_s=60).remarks == ("office: nothing comes from 1 of its addresses", "stopping")
