"""Whoever publishes certificates of signers, as their carriers do: HTTPS on an address of loopback of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from tests.authority import Authority
from tests.peers.loopback import new_host

PORT = 8443  # one of the two that PASSporTs may name; the address is this run's own


class CertificateServer:
    """Serves what `pages` holds, by path."""

    def __init__(self, folder: Path) -> None:
        self.host = new_host()
        self.authority = Authority(folder, "web-ca")
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer((self.host, PORT), _handler(self.pages, self.asked))
        context = self.authority.server(self.authority.sign(self.host, file="web"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    def publish(self, name: str, page: bytes) -> str:
        """Put it there; its address."""
        self.pages[f"/{name}"] = page
        return f"https://{self.host}:{PORT}/{name}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(pages: Mapping[str, bytes], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_GET(self) -> None:
            asked.append(self.path)
            page = pages.get(self.path)
            self.send_response(200 if page else 404)
            self.send_header("Content-Length", str(len(page or b"")))
            self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *_: object) -> None:
            pass

    return Handler
