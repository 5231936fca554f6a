"""The port of figures: what Prometheus, a supervisor and a load balancer read, and who may."""

import socket
import threading
import urllib.error
import urllib.request
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry, Gauge

from proxy.proxy_settings import HostPort
from ringfence import figures
from ringfence.figures import Pages, State, publish
from tests.peers.loopback import new_endpoint

FINE = State("", ["a PBX is silent"])


@pytest.fixture
def registry():
    registry = CollectorRegistry()
    Gauge("ringfence_answer", "The answer.", registry=registry).set(42)
    return registry


class Port:
    """A port with states that a test sets."""

    def __init__(self, registry, host=""):
        at = new_endpoint(host)
        self.alive = self.ready = State("", [])
        self.pages = Pages(registry, lambda: self.alive, lambda: self.ready, [])
        self.address = HostPort(host=at.host, port=at.port)
        self.end = publish(self.pages, self.address).end

    def read(self, path: str, method: str = "GET") -> tuple[int, str]:
        request = urllib.request.Request(f"http://{self.address}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def port(registry):
    port = Port(registry)
    yield port
    port.end()


@pytest.mark.parametrize("path", ["/metrics", "/"])
def test_prometheus_reads_the_figures(port, path):
    status, text = port.read(path)
    assert (status, "ringfence_answer 42.0" in text) == (200, True)


def test_it_is_alive_and_ready_and_says_what_somebody_should_see_to(port):
    port.ready = FINE
    assert port.read("/healthz") == (200, "alive\n")
    assert port.read("/readyz") == (200, "ready\na PBX is silent\n")


def test_it_says_why_it_is_not(port):
    port.alive = State("its loop has stood still for 9 s", [])
    port.ready = State("no PBX answers", ["the disk is full"])
    assert port.read("/healthz") == (503, "not alive: its loop has stood still for 9 s\n")
    assert port.read("/readyz") == (503, "not ready: no PBX answers\nthe disk is full\n")


def test_nothing_else_is_there_and_nothing_is_changed_by_asking(port):
    assert port.read("/etc/passwd") == (404, "there are /metrics, /healthz and /readyz\n")
    assert port.read("/metrics", "POST") == (405, "GET and HEAD only\n")
    assert port.read("/healthz", "HEAD")[0] == 200


def test_on_ipv6_too(registry):
    port = Port(registry, "::1")
    assert port.read("/healthz")[0] == 200
    port.end()


@pytest.mark.parametrize(
    ("source", "may"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::1", False),
        ("", False),
    ],
)
def test_other_machines_read_where_they_are_named(registry, source, may):
    pages = Pages(registry, lambda: FINE, lambda: FINE, ["192.0.2.7"])
    said = []
    pages({"REMOTE_ADDR": source, "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz"}, lambda *words: said.append(words))
    assert said[0][0].startswith("200" if may else "403")
    pages.allow([])
    pages({"REMOTE_ADDR": source, "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz"}, lambda *words: said.append(words))
    assert said[1][0].startswith("200" if source in ("127.0.0.1", "::1") else "403")


def test_an_address_in_use_is_named(port, registry):
    with pytest.raises(OSError, match=f"metrics: can't listen on {port.address.host} port {port.address.port}: "):
        publish(port.pages, port.address)


def test_who_holds_connections_costs_nobody_else_more_than_a_moment(registry, monkeypatch):
    monkeypatch.setattr(figures, "MOST", 2)
    monkeypatch.setattr(figures._Handler, "timeout", 0.3)
    port = Port(registry)
    held = [socket.create_connection((port.address.host, port.address.port)) for _ in range(5)]
    gone = threading.Event()
    for _ in range(100):
        try:
            if port.read("/healthz")[0] == 200:
                gone.set()
                break
        except OSError:
            threading.Event().wait(0.05)
    assert gone.is_set()
    for each in held:
        each.close()
    port.end()


def test_nonsense_gets_an_answer_or_none_and_the_next_is_answered(port):
    with socket.create_connection((port.address.host, port.address.port)) as asking:
        asking.sendall(b"\xff\x00 nonsense\r\n\r\n")
        asking.recv(1000)
    connection = HTTPConnection(port.address.host, port.address.port, timeout=60)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
