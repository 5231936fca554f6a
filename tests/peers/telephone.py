"""A callee whose every answer a test decides, however long anything takes until then."""

from __future__ import annotations

import re
import socket

from tests.peers.process import SOON_S


class Telephone:
    """A callee that answers when the test says so, however long anything takes until then."""

    def __init__(self, at):
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.wire.bind(at)
        self.wire.settimeout(SOON_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def hears(self, method):
        """The next request of this method; what is repeated before it is passed over."""
        while not (heard := self.wire.recv(65_535).decode()).startswith(f"{method} "):
            continue
        return heard

    def says(self, status, request, proxy):
        copied = re.findall(r"^(?:Via|Record-Route|From|To|Call-ID|CSeq):.*\r\n", request, re.MULTILINE)
        tagged = [re.sub(r"^(To:[^;]*)\r\n", r"\1;tag=t\r\n", line) for line in copied]
        host, port = self.wire.getsockname()
        more = f"Contact: <sip:callee@{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
        self.wire.sendto(f"SIP/2.0 {status}\r\n{''.join(tagged)}{more}".encode(), proxy)
