"""The port that monitoring reads: /metrics for Prometheus, /healthz and /readyz for supervisors and load balancers.

It runs in threads beside the loop, and answers also when that stands still. Whoever may reach it learns how many calls
there are and what becomes of them, in clear: off loopback only the networks of `metrics_from` are answered.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from proxy.proxy_settings import HostPort
from proxy.sockets import Sockets

READ_S: Final = 10  # within which a question must be there
MOST: Final = 16  # questions at once; beyond it connections are closed


class State(NamedTuple):
    """What the node says of itself."""

    hindered: str  # why it does not do what is asked here; empty: it does
    remarks: list[str]  # what somebody should see to all the same


Ask = Callable[[], State]
Respond = Callable[[str, list[tuple[str, str]]], Any]


class _Handler(WSGIRequestHandler):
    timeout = READ_S

    def log_message(self, format: str, *args: Any) -> None:
        """Who asks for figures is no news."""

    def address_string(self) -> str:
        """No name is asked of DNS for whoever asks."""
        return str(self.client_address[0])


class _Server(ThreadingWSGIServer):
    """A thread for each question, of which there are never many."""

    def __init__(self, *words: Any, **named: Any) -> None:
        self._room = threading.Semaphore(MOST)
        super().__init__(*words, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer it in a thread of its own if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone, or asked nonsense."""


class Pages:
    """What is answered to whom."""

    def __init__(self, registry: CollectorRegistry, alive: Ask, ready: Ask, sources: Iterable[str]) -> None:
        self._figures = make_wsgi_app(registry)
        self._states = {"/healthz": ("alive", alive), "/readyz": ("ready", ready)}
        self.allow(sources)

    def allow(self, sources: Iterable[str]) -> None:
        """Answer these networks beside this machine."""
        self._networks = [ipaddress.ip_network(each) for each in sources]

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        """Answer one question (PEP 3333)."""
        if not self._may_ask(environ.get("REMOTE_ADDR", "")):
            return _said(respond, "403 Forbidden", ["this address is in none of the networks of metrics_from"])
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _said(respond, "405 Method Not Allowed", ["GET and HEAD only"])
        path = environ.get("PATH_INFO", "")
        if path in ("/", "/metrics"):
            figures: Iterable[bytes] = self._figures(environ, respond)
            return figures
        if path not in self._states:
            return _said(respond, "404 Not Found", ["there are /metrics, /healthz and /readyz"])
        word, ask = self._states[path]
        state = ask()
        if state.hindered:
            return _said(respond, "503 Service Unavailable", [f"not {word}: {state.hindered}", *state.remarks])
        return _said(respond, "200 OK", [word, *state.remarks])

    def _may_ask(self, address: str) -> bool:
        try:
            source = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(source, ipaddress.IPv6Address) and source.ipv4_mapped is not None:
            source = source.ipv4_mapped
        return source.is_loopback or any(source in network for network in self._networks)


def _said(respond: Respond, status: str, lines: list[str]) -> list[bytes]:
    respond(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return ["".join(f"{line}\n" for line in lines).encode()]


def address_of(at: HostPort) -> str:
    """The address of its host."""
    return "127.0.0.1" if at.host == "localhost" else at.host


class Port(NamedTuple):
    """Where figures are read now."""

    descriptor: int  # to hand it over; -1: nowhere
    end: Callable[[], None]


NOWHERE: Final = Port(-1, lambda: None)


def publish(pages: Pages, address: HostPort, sockets: Sockets | None = None) -> Port:
    """Answer at this address, in a thread beside the loop. Raises OSError."""
    host = address_of(address)
    try:
        sock = (sockets or Sockets()).open(socket.SOCK_STREAM, host, address.port)
    except OSError as error:
        raise OSError(error.errno, f"metrics: {error.strerror}") from None
    sock.setblocking(True)
    server = _Server((host, address.port), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = sock
    server.server_name, server.server_port = host, address.port
    server.setup_environ()
    server.set_app(pages)
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return Port(sock.fileno(), end)
