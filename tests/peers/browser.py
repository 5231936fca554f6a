"""A telephone in a real browser: JsSIP in Chromium, whose page tells this process what happens to its call."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tests.peers.process import SOON_S, Peer

SCRIPT = Path(__file__).parents[2] / ".cache" / "browser" / "phone.js"  # tools/setup bundles tests/peers/page/phone.mjs
PAGE = b'<!doctype html><meta charset="utf-8"><title>telephone</title><script src="/phone.js"></script>'
# What a test machine is: no screen, no microphone, no rights to give to a sandbox, and no host but its own.
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync --disable-quic
    --disable-background-networking --disable-component-update --disable-extensions --ignore-certificate-errors
    --use-fake-ui-for-media-stream --use-fake-device-for-media-stream --allow-loopback-in-peer-connection
"""


class Site:
    """The page, and what it says."""

    def __init__(self) -> None:
        events: queue.Queue[dict[str, Any]] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_script = self.path.startswith("/phone.js")
                self._answer(
                    SCRIPT.read_bytes() if is_script else PAGE, "text/javascript" if is_script else "text/html"
                )

            def do_POST(self) -> None:
                events.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self._answer(b"", "text/plain")

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the test tells."""

        self.events = events
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, wishes: dict[str, str]) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/?{urlencode(wishes)}"


class Browser:
    """A telephone in a browser of its own, from its start to its end."""

    def __init__(self, folder: Path, **wishes: str) -> None:
        """`server`: its WebSocket; `uri`: who calls; `target`: whom; `leaves`: yes where it hangs up once it heard.

        Several servers and targets stand between commas: each target is called by each server. With a `password` it
        registers, and answers. `hears`: how many packets of sound it waits for.
        """
        wishes = {"hears": "50", "leaves": "no", "name": "", **wishes}
        folder.mkdir(parents=True, exist_ok=True)
        self.site = Site()
        command = ["chromium", *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", self.site.url(wishes)]
        self.process = Peer(command, output=folder / "chromium.txt", environment={"HOME": str(folder)})
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()
        self.site.server.shutdown()
        self.site.server.server_close()

    def told(self, event: str) -> dict[str, Any]:
        """The next event of that name."""
        while True:
            try:
                found = self.site.events.get(timeout=SOON_S)
            except queue.Empty:
                raise AssertionError(f"no {event} after {self.events}:\n{self.process.said[-3000:]}") from None
            self.events.append(found)
            if found["event"] == event:
                return found
