"""Files of a partner are fetched from public addresses, within a deadline, and nobody is followed elsewhere."""

import socket
import threading

import pytest
from tuf.api.exceptions import DownloadHTTPError

from ringfence.exchange.refused import Refused
from ringfence.exchange.web import Web, looked_up

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def answering():
    """A server on loopback that says what it is given, once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads = []

        def answer(said: bytes) -> str:
            def once():
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(said)

            threads.append(threading.Thread(target=once, daemon=True))
            threads[-1].start()
            return f"http://127.0.0.1:{server.getsockname()[1]}/share/metadata/timestamp.json"

        yield answer
        for thread in threads:
            thread.join(30)


def said_of(url, networks=LOOPBACK, **more):
    web = Web(networks, 30, clock=more.pop("clock", lambda: 0.0), **more)
    try:
        return b"".join(web.fetch(url))
    finally:
        web.close()


def test_what_lies_there_is_fetched(answering, tmp_path):
    assert said_of(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) == b"hello"
    (tmp_path / "a b.json").write_bytes(b"hello")
    assert said_of((tmp_path / "a b.json").as_uri()) == b"hello"
    assert "127.0.0.1" in looked_up("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirect"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", "unreachable"),
        (b"SSH-2.0-OpenSSH\r\n", "unreachable"),
        (b"", "unreachable"),
    ],
)
def test_what_goes_wrong_is_told(answering, said, code):
    with pytest.raises(Refused) as refused:
        said_of(answering(said))
    assert refused.value.code == code


def test_what_is_not_there_is_not_there(answering, tmp_path):
    with pytest.raises(DownloadHTTPError):
        said_of(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(DownloadHTTPError):
        said_of((tmp_path / "none.json").as_uri())


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1"])
def test_no_inner_address_is_asked_whatever_the_name(address):
    for answer in ([address], ["192.0.2.1", address]):
        with pytest.raises(Refused) as refused:
            said_of("http://lists.example/x", [], look_up=lambda host, port, answer=answer: answer)
        assert refused.value.code == "address"


def test_a_look_has_an_end(answering):
    ticks = iter([0.0, 0.0, 99.0, 99.0, 99.0])
    with pytest.raises(Refused) as refused:
        said_of(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), clock=lambda: next(ticks))
    assert refused.value.code == "slow"
